"""
Masks of active regions from daily synoptic frames and from other maps.
"""

import numpy as np
import pytest
from frames import REAL_SHAPE, frame_nodes, spot, write_frame
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits

from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst, Helioprojective, sun
from sunpy.map import Map, make_fitswcs_header
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import simulate_sequence
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.datasets.fields import near_side_field
from sunpy_farside.datasets.masks import active_mask, mask_from_map, mask_in_window
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.synoptic_frames import read_frame

SMALL = (144, 360)
# Dates at which the disk's center is near longitudes 302, 91, 58 (the 0/360 boundary 2 degrees
# inside its edge) and 358 (the boundary in the middle).
DATES = ["2014-05-08T12:00", "2014-05-24T12:00", "2014-05-27T00:00", "2014-05-31T12:00"]
# Degrees from the disk's center.
PLACES = [(0.0, 0.0), (33.37, 21.72), (-51.23, -34.58), (48.04, 61.3)]


def flux(data, longitude_step, sine_edges):
    """
    Integrate over the part of the Sun's surface that a map shows, in units of the radius.
    """
    area = np.deg2rad(longitude_step) * np.diff(sine_edges)[:, None]
    return np.nansum(data * area)


def on_network(data):
    return flux(data, 1, np.sin(np.deg2rad(np.arange(-72, 73) - 0.5)))


def center(field):
    """
    Return the Carrington position of the mean of a field, in degrees.
    """
    weight = np.nan_to_num(field.data.astype(float))
    row, column = (np.sum(index * weight) / weight.sum() for index in np.indices(weight.shape))
    where = field.pixel_to_world(column * u.pix, row * u.pix)
    return where.lon.deg, where.lat.deg


def field_map(data, date="2014-05-05", first=100):
    header = carrington_header(date, data.shape, first_longitude=first, first_latitude=-72)
    return Map(data, header)


@pytest.mark.parametrize("date", DATES)
def test_a_spot_keeps_its_place_and_its_flux(tmp_path, date):
    meridian = sun.L0(date).deg
    longitude, latitude = frame_nodes(meridian)
    sines = np.linspace(-1, 1, REAL_SHAPE[0] + 1)
    for k, (east, north) in enumerate(PLACES):
        data = spot(longitude, latitude, (meridian + east, north))
        frame = read_frame(write_frame(tmp_path / f"{k}.fits", date, data))
        field = near_side_field(frame)
        assert field.data.shape == (144, 120)
        lon, lat = center(field)
        assert abs((lon - meridian - east + 180) % 360 - 180) < 0.5
        assert abs(lat - north) < 0.5
        assert on_network(field.data) == pytest.approx(flux(data, 0.1, sines), rel=0.01)


def test_frames_have_right_coordinates(tmp_path):
    date = "2014-05-27T00:00"
    meridian = sun.L0(date).deg
    longitude, latitude = frame_nodes(meridian)
    frame = read_frame(write_frame(tmp_path / "frame.fits", date, np.zeros(REAL_SHAPE)))
    column, row = np.array([0, 1, 600, 1199, 3599]), np.array([0, 1, 719, 720, 1439])
    where = frame.pixel_to_world(column * u.pix, row * u.pix)
    assert_allclose((where.lon.deg - longitude[column] + 180) % 360 - 180, 0, atol=1e-9)
    assert_allclose(where.lat.deg, latitude[row], atol=1e-9)
    assert frame.unit == u.G
    assert abs((frame.date - where.obstime).to_value("s")) < 1e-3
    back = frame.world_to_pixel(where)
    assert_allclose(back[0].value, column, atol=1e-6)
    assert_allclose(back[1].value, row, atol=1e-6)


def test_only_what_was_seen_on_the_day_counts(tmp_path):
    date = DATES[0]
    data = np.full(SMALL, 1000.0)
    data[:, :120] = 5
    data[:, 50:52] = np.nan
    field = near_side_field(read_frame(write_frame(tmp_path / "frame.fits", date, data)))
    assert_allclose(np.unique(field.data[np.isfinite(field.data)]), [5], rtol=1e-6)
    assert np.isnan(field.data).any(axis=0).sum() in (1, 2)
    first = field.pixel_to_world(0 * u.pix, 72 * u.pix).lon.deg
    assert 0 <= (first - (sun.L0(date).deg - 60.5)) % 360 < 1


@given(meridian=st.floats(0, 360, exclude_max=True), seed=st.integers(0, 99))
def test_flux_is_neither_lost_nor_made(tmp_path_factory, meridian, seed):
    rng = np.random.default_rng(seed)
    data = np.zeros(SMALL)
    # Away from the edges of the grid in both directions.
    data[10:130, 3:117] = rng.normal(0, 50, (120, 114))
    folder = tmp_path_factory.mktemp("frame")
    path = write_frame(folder / "f.fits", "2014-05-05", data, meridian=meridian)
    off = abs((meridian - sun.L0("2014-05-05").deg + 180) % 360 - 180) > 1
    with pytest.warns(SunpyUserWarning, match="Check the date") if off else np.errstate():
        field = near_side_field(read_frame(path))
    expected = flux(data, 1, np.linspace(-1, 1, SMALL[0] + 1))
    assert on_network(field.data) == pytest.approx(expected, abs=1e-3)
    assert np.isfinite(field.data).all()


def test_small_frames_and_dates_of_any_kind(tmp_path):
    for k, cards in enumerate(
        [
            {},
            {"T_REC": "", "T_OBS": "2014.05.05_12:00:00_TAI"},
            {"T_REC": "", "DATE-OBS": "2014-05-05T11:59:25"},
        ]
    ):
        path = write_frame(tmp_path / f"{k}.fits", "2014-05-05T11:59:25", np.zeros(SMALL), **cards)
        assert read_frame(path).date.isot == "2014-05-05T11:59:25.000"
    path = write_frame(
        tmp_path / "hmi.Mldailysynframe_720s.20140505_120000_TAI.data.fits",
        "2014-05-05T12:00",
        np.zeros(SMALL),
        T_REC="",
    )
    # Names of the frames are in TAI, as T_REC is.
    assert read_frame(path).date.isot == "2014-05-05T11:59:25.000"


@pytest.mark.parametrize(
    ("cards", "found"),
    [
        ({"CRLN_OBS": ""}, "expected a daily synoptic frame"),
        ({"BUNIT": "K"}, "found BUNIT = 'K'"),
        ({"T_REC": "noon"}, "expected a date in T_REC"),
        ({"T_REC": ""}, "expected a date in T_REC or"),
    ],
)
def test_frames_that_are_none(tmp_path, cards, found):
    path = write_frame(tmp_path / "f.fits", "2014-05-05T12:00", np.zeros(SMALL), **cards)
    with pytest.raises(FileFormatError, match=found) as error:
        read_frame(path)
    assert str(path) in str(error.value)


def test_frames_that_do_not_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_frame(tmp_path / "nothing.fits")
    path = write_frame(tmp_path / "f.fits", "2014-05-05T12:00", np.zeros(SMALL))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(FileFormatError, match="does not read"):
        read_frame(path)
    fits.PrimaryHDU(np.zeros((10, 10))).writeto(tmp_path / "square.fits")
    with pytest.raises(FileFormatError, match="daily synoptic frame"):
        read_frame(tmp_path / "square.fits")


def test_published_mask_of_a_known_field():
    data = np.zeros((144, 120))
    data[72 + 20, 60] = 1e4
    mask = active_mask(field_map(data))
    # A point of flux F is above 30 where F / (2 pi 3^2) exp(-r^2 / (2 3^2)) is.
    radius = 3 * np.sqrt(2 * np.log(1e4 / (2 * np.pi * 9 * 30)))
    row, column = np.indices(data.shape)
    inside = np.hypot(row - 92, column - 60) < radius
    assert (mask.data == inside).mean() > 0.9995
    assert mask.data.dtype.itemsize * 8 == 32
    assert mask.date.isot[:10] == "2014-05-05"


def test_polarities_add_up_or_cancel():
    data = np.zeros((144, 120))
    data[80:84, 50:54], data[80:84, 54:58] = 300, -300
    field = field_map(data)
    assert active_mask(field).data.sum() > 50
    assert active_mask(field, unsigned=False).data.sum() < active_mask(field).data.sum() / 2
    assert active_mask(field, threshold=3 * u.mT).data.sum() == active_mask(field).data.sum()
    assert active_mask(field, threshold=400 * u.G, smoothing=0 * u.deg).data.sum() == 0
    assert active_mask(field, threshold=200 * u.G, smoothing=0 * u.deg).data.sum() == 32


def test_regions_that_emerged_on_the_near_side_are_left_out():
    data = np.full((144, 120), 100.0)
    frame = HeliographicCarrington(obstime="2014-05-05", observer="earth")
    # The map shows 300 to 59 degrees, across the 0/360 boundary.
    regions = SkyCoord([2, 200] * u.deg, [20, 0] * u.deg, frame=frame)
    mask = active_mask(field_map(data, first=300), regions, smoothing=0 * u.deg).data
    rows, columns = np.where(mask == 0)
    assert (rows.min() - 72, rows.max() - 72) == (14, 26)
    assert (columns.min() + 300, columns.max() + 300) == (355, 369)
    assert (mask == 0).sum() == 15 * 13
    mask = active_mask(
        field_map(data, first=300), regions[0], smoothing=0 * u.deg, box=(4, 2) * u.deg
    ).data
    assert (mask == 0).sum() == 5 * 3


def test_the_unknown_stays_unknown_and_does_not_fade_the_rest():
    data = np.full((144, 120), 31.0)
    data[:, :10] = np.nan
    mask = active_mask(field_map(data)).data
    assert np.isnan(mask[:, :10]).all()
    assert (mask[:, 10:] == 1).all()


def test_masks_fall_into_the_far_side_window():
    date, later = "2022-05-05T00:00", "2022-05-18T12:00"
    first = int(np.ceil(sun.L0(later).deg - 60.05)) % 360
    data = np.zeros((144, 120), dtype=np.float32)
    data[:, 50] = 1
    mask = mask_in_window(field_map(data, later, first), date)
    truth = simulate_sequence(date, seed=1).truth
    assert mask.wcs.to_header_string() == truth.wcs.to_header_string()
    column = np.flatnonzero((mask.data == 1).all(axis=0))
    where = mask.pixel_to_world(column[0] * u.pix, 72 * u.pix)
    assert where.lon.deg == pytest.approx((first + 50) % 360)
    # Half a rotation is 1.8 degrees less than 13.5 days.
    assert np.flatnonzero(np.isnan(mask.data).all(axis=0)).tolist() in ([0, 1], [0, 1, 2])
    wide = mask_in_window(field_map(data, later, first), date, width=180).data
    assert_allclose(wide[:, 30:150], mask.data)
    with pytest.raises(ValueError, match="144 latitudes"):
        mask_in_window(field_map(data[1:], later, first), date)


def test_maps_off_the_grid_are_told(tmp_path):
    frame = read_frame(write_frame(tmp_path / "f.fits", "2014-05-05T12:00", np.zeros(SMALL)))
    with pytest.raises(ValueError, match="near_side_field"):
        active_mask(frame)
    with pytest.raises(ValueError, match="found a map in CRLN-CAR"):
        near_side_field(near_side_field(frame))


def behind(date, longitude, field, place):
    """
    Return a full-disk map from behind the Sun with a spot at a Carrington position.
    """
    observer = SkyCoord(
        longitude * u.deg, 2 * u.deg, 0.4 * u.au, frame=HeliographicStonyhurst(obstime=date)
    )
    reference = SkyCoord(
        0 * u.arcsec, 0 * u.arcsec, frame=Helioprojective(observer=observer, obstime=date)
    )
    scale = [2.1 * 2400 / 256] * 2 * u.arcsec / u.pix
    header = make_fitswcs_header((256, 256), reference, scale=scale, unit=u.G)
    blank = Map(np.zeros((256, 256)), header)
    frame = HeliographicCarrington(obstime=date, observer="earth")
    x, y = blank.world_to_pixel(SkyCoord(*place * u.deg, frame=frame))
    row, column = np.indices((256, 256))
    data = field * np.exp(-0.5 * ((column - x.value) ** 2 + (row - y.value) ** 2) / 4**2)
    return Map(data, header)


@pytest.mark.parametrize("field", [500, -500])
def test_truth_from_a_spacecraft_behind_the_sun(field):
    date = "2022-05-05T00:00"
    # Three hours later, as Solar Orbiter's magnetogram of that day.
    source = behind("2022-05-05T03:00", 150, field, (105, 17))
    mask = mask_from_map(source, date, 30 * u.G)
    assert mask.data.shape == (144, 120)
    active = np.argwhere(mask.data == 1).mean(axis=0)
    where = mask.pixel_to_world(active[1] * u.pix, active[0] * u.pix)
    assert where.lon.deg == pytest.approx(105, abs=0.5)
    assert where.lat.deg == pytest.approx(17, abs=0.5)
    assert (
        mask.wcs.to_header_string() == simulate_sequence(date, seed=1).truth.wcs.to_header_string()
    )
    smooth = mask_from_map(source, date, 3, smoothing=3 * u.deg)
    assert (smooth.data == 1).sum() > (mask.data == 1).sum()
    # The spacecraft sees less than the window, and nothing of it from the other side.
    assert np.isnan(mask.data).any()
    with pytest.raises(ValueError, match="shows some of the far side"):
        mask_from_map(behind("2022-05-05T03:00", 0, field, (308, 0)), date, 30 * u.G, width=100)


@pytest.mark.parametrize("date", ["2022-05-05", "2022-05-14"])
def test_truth_from_a_map_of_the_whole_sun(date):
    # The second window crosses longitude 0, the edge of the map.
    sequence = simulate_sequence(date, seed=1).sequence
    mask = mask_from_map(sequence.maps[5], date, 0.1)
    expected = np.abs(sequence.data[5]) > 0.1
    assert np.isfinite(mask.data).all()
    assert (mask.data == expected).mean() > 0.997
    assert int(far_side_central_meridian(date).deg) in (128, 9)
