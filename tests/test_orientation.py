"""
Maps whose pixel axes are exchanged or reversed.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from astropy.wcs import WCS

from sunpy.map import Map

from sunpy_farside.coordinates.window import window_header, window_wcs
from sunpy_farside.maps.orientation import upright
from sunpy_farside.maps.resampling import values_of

DATE = "2022-05-05"
VALUES = np.random.default_rng(1).normal(size=(144, 120))


def corners(wcs):
    return wcs.wcs_pix2world([[0, 0], [119, 0], [119, 143]], 0)


def latitude_first():
    """
    Return a map whose columns run along latitude, as its coordinates do.
    """
    return VALUES.T, window_wcs(DATE).swapaxes(0, 1)


def east_to_the_left():
    """
    Return a reversed map with a CD matrix.
    """
    wcs = window_wcs(DATE)
    cards = wcs.to_header()
    for name in ("CDELT1", "CDELT2"):
        cards.remove(name, ignore_missing=True)
    cards["CD1_1"], cards["CD2_2"] = -1.0, 1.0
    cards["CRPIX1"] = 121 - wcs.wcs.crpix[0]
    return VALUES[:, ::-1], WCS(cards)


@pytest.mark.parametrize("make", [latitude_first, east_to_the_left])
def test_pixels_and_their_coordinates_stay_together(make):
    data, wcs = upright(*make())
    assert_array_equal(data, VALUES)
    assert_allclose(corners(wcs), corners(window_wcs(DATE)), rtol=0, atol=1e-9)
    assert wcs.wcs.lng == 0


def test_masked_pixels_of_whole_numbers_are_missing():
    mask = np.zeros((144, 120), bool)
    mask[3, 4] = True
    values = values_of(Map(np.ones((144, 120), int), window_header(DATE), mask=mask))
    assert np.isnan(values[3, 4])
    assert np.nansum(values) == 144 * 120 - 1
