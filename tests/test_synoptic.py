"""
HMI's synoptic frames and charts as maps.
"""

import numpy as np
import pytest
from frames import write_frame
from numpy.testing import assert_allclose

import astropy.units as u
from astropy.io import fits
from astropy.table import QTable
from astropy.time import Time

from sunpy.map import Map

from sunpy_farside import overplot_regions
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io import read_chart, read_frame
from sunpy_farside.maps.synoptic import SynopticMap

# As in the frame of 2018-11-06: Carrington time, which falls from 160.0 degrees in column 0.
FRAME = {
    "CRPIX1": 360.4,
    "CRVAL1": 795260.299997,
    "CUNIT2": "sin(deg)",
    "CARRTIME": 795260.299997,
    "CONTENT": "Update Synoptic MAP (Mr)",
    "INSTRUME": "HMI_COMBINED",
    "WCSNAME": "Carrington Heliographic",
}
# As in the chart of rotation 2210.
CHART = {
    "TELESCOP": "SDO/HMI",
    "INSTRUME": "HMI_SIDE1",
    "CONTENT": "Carrington Synoptic Chart Of Br Field",
    "BUNIT": "Mx/cm^2",
    "CTYPE1": "CRLN-CEA",
    "CTYPE2": "CRLT-CEA",
    "CUNIT1": "Degree",
    "CUNIT2": "Sine Latitude",
    "CRPIX1": 360.4,
    "CRPIX2": 180.5,
    "CRVAL1": 795420.0,
    "CRVAL2": 0.0,
    "CDELT1": -0.5,
    "CDELT2": 0.005556,
    "T_REC": "-4712.01.01_11:59:28_TAI",
    "T_ROT": "2018.11.09_12:30:52_TAI",
    "CARRTIME": 795420.0,
    "CAR_ROT": 2210,
}
SMALL = (360, 720)


@pytest.fixture
def frame_path(tmp_path):
    path = tmp_path / "frame.fits"
    data = np.random.default_rng(1).normal(0, 10, SMALL)
    return write_frame(path, "2018-11-06T11:59:23", data, meridian=219.890274, **FRAME)


def write_chart(path, shape=SMALL, **cards):
    data = np.random.default_rng(1).normal(0, 10, shape).astype(np.float32)
    fits.PrimaryHDU(data, fits.Header(CHART | cards)).writeto(path)
    return path


def assert_on_grid(item, first_longitude):
    """
    All longitudes and latitudes, and the way back to pixels, are those of the grid.
    """
    rows, columns = item.data.shape
    column, row = np.meshgrid(np.arange(columns), np.arange(rows)[:: rows // 40])
    point = item.pixel_to_world(column * u.pix, row * u.pix)
    longitude = first_longitude + 360 / columns * column
    latitude = np.rad2deg(np.arcsin((2 * row + 1) / rows - 1))
    assert_allclose((point.lon.deg - longitude + 180) % 360 - 180, 0, atol=1e-3)
    assert_allclose(point.lat.deg, latitude, atol=1e-9)
    x, y = item.world_to_pixel(point)
    assert_allclose(x.value, column, atol=1e-6)
    assert_allclose(y.value, row, atol=1e-6)


@pytest.mark.parametrize("read", [read_frame, Map])
def test_frames_open_with_the_longitudes_of_their_carrington_time(frame_path, read):
    frame = read(frame_path)
    assert type(frame) is SynopticMap
    assert_on_grid(frame, 160.0)
    assert frame.unit == u.G
    assert abs(frame.date - Time("2018-11-06T12:00", scale="tai")) < 1 * u.s
    assert frame.observer_coordinate.lon.deg == pytest.approx(0, abs=1e-9)


def test_saved_frames_open_as_the_same(frame_path, tmp_path):
    frame = Map(frame_path)
    frame.save(tmp_path / "saved.fits")
    again = Map(tmp_path / "saved.fits")
    assert type(again) is SynopticMap
    assert again.date == frame.date
    assert again.wcs.wcs.compare(frame.wcs.wcs)
    assert np.array_equal(again.data, frame.data)


def test_wrong_carrington_time_is_not_taken(tmp_path):
    path = write_frame(
        tmp_path / "frame.fits",
        "2018-11-06T11:59:23",
        np.zeros(SMALL),
        meridian=219.9,
        **FRAME | {"CRVAL1": 795000.0},
    )
    assert_on_grid(Map(path), 159.9)


def test_patches_in_the_same_coordinates_stay_with_sunpy():
    cards = {"INSTRUME": "HMI_SIDE1", "CTYPE1": "CRLN-CEA", "CTYPE2": "CRLT-CEA", "CRLN_OBS": 219.9}
    cards |= {"CUNIT1": "deg", "CUNIT2": "deg", "CDELT1": 0.03, "CDELT2": 0.03, "CRVAL1": 200.0}
    cards |= {"DATE-OBS": "2018-11-06T12:00:00", "CRLT_OBS": 3.8, "DSUN_OBS": 1.48e11}
    assert type(Map(np.zeros((4, 4)), fits.Header(cards))).__name__ == "HMIMap"


@pytest.mark.parametrize(
    ("cards", "shape", "first"),
    [
        ({}, SMALL, 0.3),
        # The headers of the first years.
        ({"CRPIX1": 360.0, "CDELT2": 0.006944, "CONTENT": "Carrington Synoptic Chart"}, SMALL, 0.3),
        ({"CRPIX1": 360.0, "CRVAL1": 766619.75, "CAR_ROT": 2130}, SMALL, 0.3),
        ({"CRPIX1": 1800.0, "CDELT1": -0.1}, (1440, 3600), 0.1),
    ],
)
def test_charts_are_read_on_their_grid(tmp_path, cards, shape, first):
    chart = read_chart(write_chart(tmp_path / "chart.fits", shape, **cards))
    assert type(chart) is SynopticMap
    assert_on_grid(chart, first)
    assert chart.date.isot == "2018-11-09T12:30:15.000"
    assert chart.unit == u.G


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ({"CONTENT": "HMI"}, "expected a synoptic chart"),
        ({"BUNIT": "K"}, "found BUNIT = 'K'"),
        ({"T_ROT": ""}, "expected a date in T_ROT or T_OBS or T_REC, found none"),
        ({"T_ROT": "noon"}, "expected a date in T_ROT, found 'noon'"),
        ({"CRVAL1": 795400.0}, "first column at longitude 0.3, found it at 20.3"),
        ({"CRVAL1": "west"}, "first column at longitude 0.3, found it at nan"),
    ],
)
def test_charts_that_are_none_are_refused_by_name(tmp_path, cards, message):
    path = write_chart(tmp_path / "chart.fits", **cards)
    with pytest.raises(FileFormatError, match=message) as error:
        read_chart(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_regions_are_drawn_at_their_longitudes_on_frames_and_charts(frame_path, tmp_path):
    for item in (Map(frame_path), read_chart(write_chart(tmp_path / "chart.fits"))):
        rows, columns = [100, 250], [300, 20]
        regions = QTable({"label": [1, 2]})
        regions["centroid"] = item.pixel_to_world(columns * u.pix, rows * u.pix)
        drawn = overplot_regions(regions, item)
        places = [np.ravel(marker.get_xydata()) for marker in drawn.markers]
        assert_allclose(places, np.transpose([columns, rows]), atol=0.1)
        drawn.axes.figure.clear()


def test_real_frame_agrees_with_the_chart_of_the_same_days(real_data):
    """
    The older columns of a daily frame are those of the synoptic chart.
    """
    (path,) = (real_data / "frames").glob("*.fits")
    chart = read_chart(real_data / "synoptic" / "hmi.Synoptic_Mr_small.2210.fits")
    for frame in (read_frame(path), Map(path)):
        longitude = np.arange(285, 355, 0.1)
        row = np.arange(60, 300)

        def field(item, longitude, row=row):
            column = item.wcs.wcs_world2pix(longitude % 360, 0 * longitude, 0)[0]
            low = np.floor(column).astype(int)
            data = np.nan_to_num(item.data[row])
            return (1 - column + low) * data[:, low] + (column - low) * data[:, low + 1]

        shifts = np.arange(-3, 3.05, 0.1).round(1)
        likeness = [
            np.corrcoef(field(frame, longitude).ravel(), field(chart, longitude + shift).ravel())[
                0, 1
            ]
            for shift in shifts
        ]
        assert abs(shifts[np.argmax(likeness)]) <= 0.1
        assert max(likeness) > 0.85


def test_real_charts_are_on_their_grid(real_data):
    for path in sorted((real_data / "synoptic").glob("*.fits")):
        chart = read_chart(path)
        assert_on_grid(chart, 0.3)
        assert np.nanstd(chart.data) > 1
