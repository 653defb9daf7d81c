import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import astropy.units as u
from astropy.coordinates import Longitude, SkyCoord
from astropy.time import Time
from astropy.wcs import WCS

from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst, get_earth, sun

from sunpy_farside.coordinates import earth as earth_module
from sunpy_farside.coordinates.arrival import east_limb_delay
from sunpy_farside.coordinates.earth import remember_earth
from sunpy_farside.coordinates.far_side import (
    carrington_frame,
    disk_center_latitude,
    disk_coordinates,
    far_side_center,
    far_side_central_meridian,
    far_side_distance,
    to_carrington,
    to_stonyhurst,
)
from sunpy_farside.coordinates.window import (
    carrington_header,
    carrington_wcs,
    window_longitudes,
    window_wcs,
)

LIST_DATE = "2022-05-05"
times = st.floats(55317, 61400).map(lambda mjd: Time(mjd, format="mjd"))


def test_far_side_center_is_the_vantage_of_a_published_region_list():
    # AR_LIST_2022.05.05_00:00:00: CLon = 128.0, Lat = 3.8
    center = far_side_center(LIST_DATE)
    assert center.lon.deg == pytest.approx(128.0, abs=0.05)
    assert center.lat.deg == pytest.approx(3.8, abs=0.05)


def test_published_window():
    # NN-2019-003 was drawn over 237..376 deg, around the central meridian of 2019-02-03 12:00.
    longitudes = window_longitudes("2019-02-03T12:00", 140)
    assert longitudes[0] == 237 * u.deg
    assert longitudes[-1] == 16 * u.deg


@given(times, st.integers(8, 90).map(lambda half: 2 * half))
def test_the_central_meridian_stands_in_the_middle_column(time, width):
    longitudes = window_longitudes(time, width).to_value(u.deg)
    meridian = far_side_central_meridian(time).deg
    assert longitudes[width // 2] == np.floor(meridian)
    assert len(longitudes) == width
    assert np.all((longitudes >= 0) & (longitudes < 360))
    assert np.all(np.diff(longitudes) % 360 == 1)


@given(times)
def test_central_meridian_is_opposite_to_the_one_that_earth_sees(time):
    meridian = far_side_central_meridian(time)
    assert (meridian - sun.L0(time)).wrap_at("360d").deg == pytest.approx(180)
    assert meridian == far_side_central_meridian(Time([time]))[0]


@given(times, st.sampled_from([16, 120, 140, 180]))
def test_window_wcs_agrees_with_the_longitudes_both_ways(time, width):
    wcs = window_wcs(time, width)
    longitudes = window_longitudes(time, width).to_value(u.deg)
    columns = np.arange(width)
    lon, lat = wcs.wcs_pix2world(columns, np.full(width, 72), 0)
    assert np.allclose((lon - longitudes + 180) % 360 - 180, 0, atol=1e-9)
    assert np.allclose(lat, 0)
    back, row = wcs.wcs_world2pix(longitudes, np.full(width, -72.0), 0)
    assert np.allclose(back, columns, atol=1e-9)
    assert np.allclose(row, 0)


def test_window_wcs_is_a_carrington_frame_of_its_own_date_seen_from_earth():
    point = window_wcs(LIST_DATE, 120).pixel_to_world(0, 143)
    assert isinstance(point.frame, HeliographicCarrington)
    assert point.obstime == Time(LIST_DATE)
    assert (point.lon.deg, point.lat.deg) == pytest.approx((68, 71))
    assert point.observer.lon.deg == pytest.approx(0)
    assert point.observer.radius.to_value(u.AU) == pytest.approx(1.008, abs=1e-3)


@pytest.mark.parametrize("longitude", [0, 359, 180.5])
def test_stonyhurst_and_carrington_views_are_inverse(longitude):
    frame = HeliographicCarrington(obstime=LIST_DATE, observer="earth")
    point = SkyCoord(longitude * u.deg, 17 * u.deg, frame=frame)
    stonyhurst = to_stonyhurst(point)
    assert isinstance(stonyhurst.frame, HeliographicStonyhurst)
    expected = point.lon - sun.L0(LIST_DATE)
    assert (stonyhurst.lon - expected).wrap_at("180d").deg == pytest.approx(0, abs=1e-6)
    back = to_carrington(stonyhurst)
    assert (back.lon - point.lon).wrap_at("180d").deg == pytest.approx(0, abs=1e-9)


def test_far_side_distance_agrees_with_spherical_trigonometry():
    center = far_side_center(LIST_DATE)
    point = SkyCoord(103 * u.deg, 17 * u.deg, frame=center.frame.replicate_without_data())
    separation = center.separation(point)
    assert far_side_distance(point).deg == pytest.approx(separation.deg)


@given(st.floats(0, 360), st.floats(-90, 90), st.floats(0, 360), st.floats(-7.25, 7.25))
def test_disk_coordinates_are_a_rotation(lon, lat, center_lon, center_lat):
    point = disk_coordinates(lon, lat, center_lon, center_lat)
    assert np.linalg.norm(point) == pytest.approx(1)
    x, y, z = disk_coordinates(center_lon, center_lat, center_lon, center_lat)
    assert (x, y, z) == pytest.approx((0, 0, 1), abs=1e-12)


def test_disk_coordinates_point_west_and_north():
    x, y, _ = disk_coordinates(11, 1, 10, 0)
    assert x > 0
    assert y > 0


def test_east_limb_delay_reproduces_a_published_arrival():
    # AR_LIST_2022.05.05_00:00:00: FS-2022-026 at (98.7, 20.8) arrives on 2022-05-14.2.
    stonyhurst = 98.7 - sun.L0(LIST_DATE).deg
    delay = east_limb_delay(stonyhurst, 20.8, sun.B0(LIST_DATE).deg)
    assert delay == pytest.approx(9.2, abs=0.12)


def test_east_limb_delay_follows_from_the_geometry_of_the_equator():
    assert east_limb_delay(-90, 0, 7) == pytest.approx(0)
    assert east_limb_delay(180, 0, 0) == pytest.approx(90 / 13.3944)
    # With B0 > 0 northern regions come into view early.
    north, south = east_limb_delay(180, [30, -30], 7)
    assert north < south


@given(st.floats(-90, 90), st.floats(-7.25, 7.25), st.floats(-360, 720))
def test_east_limb_delay_is_finite_and_less_than_a_rotation(lat, b0, lon):
    delay = east_limb_delay(lon, lat, b0)
    assert np.isfinite(delay)
    assert abs(delay) < 40


def test_the_header_survives_the_seam():
    header = carrington_header(LIST_DATE, (144, 120), first_longitude=300, first_latitude=-72)
    assert header["crval1"] == 0
    assert header["crpix1"] == 61


@pytest.mark.parametrize("date", ["2010-05-01", "2016-02-29T12:00", "2022-05-05T00:00:30.5"])
@pytest.mark.parametrize("shape", [(181, 361), (144, 120), (144, 16)])
def test_world_coordinates_are_those_of_the_header(date, shape):
    place = {"first_longitude": 331, "first_latitude": -72}
    found = carrington_wcs(date, shape, **place)
    expected = WCS(carrington_header(date, shape, **place))
    assert found.wcs.compare(expected.wcs)
    assert repr(found.to_header()) == repr(expected.to_header())
    assert found.array_shape == shape


def test_positions_of_the_earth_are_the_same_alone_and_together():
    times = Time("2013-07-01") + np.arange(100) * 0.5 * u.day
    alone = [sun.L0(Time(time.jd1, time.jd2, format="jd")).deg + 180 for time in times]
    remember_earth(times)
    together = [far_side_central_meridian(time).deg for time in times]
    assert together == Longitude(alone * u.deg).deg.tolist()
    for time in times[:3]:
        earth = get_earth(Time(time.jd1, time.jd2, format="jd"))
        assert disk_center_latitude(time) == earth.lat
        assert carrington_frame(time).observer.radius == earth.radius


@pytest.mark.parametrize("scale", ["tai", "tt", "ut1"])
def test_times_of_any_scale_have_the_position_of_their_instant(monkeypatch, scale):
    time = Time("2013-07-01T12:00")
    expected = sun.L0(time).deg, sun.B0(time).deg
    for remembered in (True, False):
        monkeypatch.setattr(earth_module, "_known", {})
        same = getattr(time, scale)
        if remembered:
            remember_earth(same.reshape(1))
        found = far_side_central_meridian(same).deg - 180, disk_center_latitude(same).deg
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_only_the_latest_positions_are_remembered(monkeypatch):
    monkeypatch.setattr(earth_module, "_known", {})
    monkeypatch.setattr(earth_module, "_MOST_KNOWN", 5)
    times = Time("2013-07-01") + np.arange(8) * 0.5 * u.day
    remember_earth(times)
    assert list(earth_module._known) == list(zip(times.jd1[3:], times.jd2[3:], strict=True))
