import numpy as np
import pytest
from grids import EXACT, RESAMPLED, UNITS, degree_spelled_out, half_degree
from hypothesis import given, settings
from hypothesis import strategies as st

import astropy.units as u
from astropy.time import Time

from sunpy.map import Map

from sunpy_farside import FarsidePhaseMap, FarsideSequence, detect_farside, detect_seismic_strength
from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.errors import SequenceError
from sunpy_farside.maps import globe_of, phase_map_header

NAMES = {"ids": lambda grid: grid.__name__}
START = Time("2022-05-02T12:00")


@pytest.fixture(scope="module")
def plain(simulated):
    return simulated.sequence


@pytest.mark.parametrize("grid", EXACT, **NAMES)
def test_whole_degrees_are_copied_exactly_whatever_the_header_looks_like(plain, grid):
    item = plain.maps[5]
    np.testing.assert_array_equal(globe_of(grid(item)), globe_of(item))


@pytest.mark.parametrize("grid", RESAMPLED, **NAMES)
def test_other_grids_are_resampled_to_the_same_globe(plain, grid):
    item = plain.maps[5]
    expected, found = globe_of(item), globe_of(grid(item))
    known = np.isfinite(expected) & np.isfinite(found)
    # Interpolation costs the pixels at the edge of the far side alone.
    assert known.sum() > 0.97 * np.isfinite(expected).sum()
    assert np.corrcoef(expected[known], found[known])[0, 1] > 0.99


@pytest.mark.parametrize("grid", UNITS, **NAMES)
def test_units_of_angle_are_converted(plain, grid):
    item = plain.maps[5]
    np.testing.assert_allclose(globe_of(grid(item)), globe_of(item), atol=1e-7)


@pytest.mark.parametrize("grid", [degree_spelled_out, *RESAMPLED], **NAMES)
def test_a_window_does_not_depend_on_the_one_that_was_asked_for_first(plain, grid):
    maps = [grid(item) for item in plain.maps]
    narrow, wide = FarsideSequence(maps, width=120), FarsideSequence(maps, width=140)
    np.testing.assert_array_equal(narrow.comoving(140), wide.comoving_data)
    np.testing.assert_array_equal(wide.comoving(120), narrow.comoving_data)
    np.testing.assert_array_equal(wide.data[..., 10:130], narrow.data)


@given(shift=st.integers(0, 359), columns=st.sampled_from([359, 360, 361]), down=st.booleans())
@settings(max_examples=25)
def test_any_first_meridian_and_number_of_columns(shift, columns, down):
    rng = np.random.default_rng(shift)
    globe = rng.normal(size=(181, 360)).astype(np.float32) / 20
    longitudes = (shift + np.arange(columns)) % 360
    header = carrington_header(START, (181, columns), first_longitude=0, first_latitude=-90)
    header |= {"crval1": float(shift), "crpix1": 1.0, "bunit": "rad"}
    data = globe[:, longitudes]
    if down:
        data, header = data[::-1], header | {"cdelt2": -1.0}
    found = globe_of(Map(data, header))
    expected = globe[18:162].copy()
    expected[:, np.setdiff1d(np.arange(360), longitudes)] = np.nan
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("form", ["mask", "masked array"])
def test_masked_pixels_are_missing(plain, form):
    item = plain.maps[5]
    bad = np.zeros(item.data.shape, dtype=bool)
    bad[80:100] = True
    filled = np.where(bad, np.float32(-9), item.data)
    if form == "mask":
        masked = Map(filled, item.meta, mask=bad)
    else:
        masked = Map(np.ma.array(filled, mask=bad, fill_value=-9), item.meta)
    globe = globe_of(masked)
    assert np.isnan(globe[62:82]).all()
    np.testing.assert_array_equal(globe[82:], globe_of(item)[82:])


def test_arrays_keep_their_units_and_masks(plain):
    data = plain.data
    sequence = FarsideSequence.from_array((data * 1000) << u.mrad, plain.date)
    np.testing.assert_allclose(sequence.data, data, atol=1e-7)
    bad = np.zeros(data.shape, dtype=bool)
    bad[:, 70] = True
    masked = np.ma.array(np.where(bad, -9, data), mask=bad)
    assert np.isnan(FarsideSequence.from_array(masked, plain.date).data[:, 70]).all()
    with pytest.raises(SequenceError, match="unit s"):
        FarsideSequence.from_array(data * u.s, plain.date)


@pytest.mark.parametrize("angle", [10, 45, 80])
def test_a_wide_map_that_is_turned_is_refused(plain, angle):
    item = plain.maps[5]
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    turn = {"pc1_1": cosine, "pc1_2": -sine, "pc2_1": sine, "pc2_2": cosine}
    with pytest.raises(SequenceError, match="rotated"):
        globe_of(Map(item.data, dict(item.meta) | turn))


def strongest(detection, number):
    regions = detection.regions[:number]
    return regions["centroid"].lon.deg, regions["centroid"].lat.deg, regions["east_limb_arrival"]


@pytest.fixture(scope="module")
def real_maps(real_data):
    paths = sorted((real_data / "jsoc/farside/Phase_Maps/2022").iterdir())[:11]
    return FarsideSequence.from_files(paths).maps


@pytest.mark.parametrize("width", [120, 140])
@pytest.mark.parametrize("detect", [detect_farside, detect_seismic_strength])
@pytest.mark.parametrize("grid", [*EXACT[:7], *RESAMPLED], **NAMES)
def test_real_maps_on_other_grids_give_the_same_regions(real_maps, grid, detect, width):
    expected = detect(FarsideSequence(real_maps, width=width))
    found = detect(FarsideSequence([grid(item) for item in real_maps], width=width))
    number = int(expected.regions["significant"].sum())
    assert number
    lon, lat, arrival = strongest(expected, number)
    other_lon, other_lat, other_arrival = strongest(found, number)
    assert separations(lon, lat, other_lon, other_lat).max() < 1.5
    assert np.abs((arrival - other_arrival).to_value(u.hour)).max() < 3


def test_a_map_of_nothing_but_its_own_window_stays_as_it_is(plain):
    header = phase_map_header(START, shape=(144, 120), first_longitude=300, first_latitude=-72)
    data = np.random.default_rng(0).normal(size=(144, 120)).astype(np.float32)
    globe = globe_of(FarsidePhaseMap(data, header))
    np.testing.assert_array_equal(globe[:, np.arange(300, 420) % 360], data)
    assert np.isnan(globe[:, 60:300]).all()
    half = half_degree(FarsidePhaseMap(data, header))
    np.testing.assert_allclose(globe_of(half)[1:-1, :59], data[1:-1, 60:119], atol=1e-6)
