"""
Far-side maps of GONG.
"""

import warnings

import numpy as np
import pytest
from gong_files import FULL, gong_bytes, write_gong_map

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time

import sunpy.map
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import FarsidePhaseMap
from sunpy_farside.coordinates.far_side import far_side_center
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io import read_gong_map
from sunpy_farside.io.file_names import parse_gong_name
from sunpy_farside.maps import globe_of


@pytest.fixture(scope="module")
def source(simulated):
    return simulated.sequence.maps[4]


@pytest.fixture
def path(tmp_path, source):
    return write_gong_map(tmp_path, source)


def opened(path):
    """
    The map that sunpy makes of a file, whose cards of numbers astropy mends with a warning.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fits.verify.VerifyWarning)
        return sunpy.map.Map(path)


def test_phases_lie_at_their_carrington_coordinates(path, source):
    found, expected = globe_of(read_gong_map(path)), globe_of(source)

    def unlike(shift=0, axis=0):
        other = np.roll(expected, shift, axis)
        known = np.isfinite(found) & np.isfinite(other)
        assert known.sum() > 0.85 * np.isfinite(expected).sum()
        return 1 - np.corrcoef(found[known], other[known])[0, 1]

    assert unlike() < 0.005
    assert all(unlike(shift, axis) > 3 * unlike() for shift in (-1, 1) for axis in (0, 1))


def test_the_disk_center_is_the_far_side_center(path):
    phase_map = read_gong_map(path)
    center = phase_map.pixel_to_world(100 * u.pix, 100 * u.pix)
    assert center.separation(far_side_center(phase_map.date)) < 0.01 * u.deg
    east, north = phase_map.pixel_to_world([99, 100] * u.pix, [100, 101] * u.pix)
    assert east.lon < center.lon
    assert north.lat > center.lat


@pytest.mark.parametrize("seconds", [FULL, 85920, 80520])
def test_the_date_is_the_middle_of_the_data(tmp_path, source, seconds):
    phase_map = read_gong_map(write_gong_map(tmp_path, source, seconds))
    start = source.date - 12 * u.hour
    assert abs(phase_map.date - start - seconds / 2 * u.s) < 1 * u.ms
    assert abs(phase_map.date_start - start) < 1 * u.ms
    assert abs(phase_map.date_end - start - seconds * u.s) < 1 * u.ms


def test_only_the_fill_value_changes(path):
    data = read_gong_map(path).data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fits.verify.VerifyWarning)
        raw = fits.getdata(path)
    missing = np.isclose(raw, -0.4)
    assert 0.3 < missing.mean() < 0.4
    np.testing.assert_array_equal(np.isnan(data), missing)
    np.testing.assert_array_equal(data[~missing], raw[~missing])


def test_sunpy_opens_a_raw_file_as_the_reader_does(path):
    expected, found = read_gong_map(path), opened(path)
    assert type(found) is FarsidePhaseMap
    assert (found.product, found.unit, found.instrument) == ("gong", u.rad, "GONG")
    assert found.date == expected.date
    assert found.wcs.wcs.compare(expected.wcs.wcs)
    np.testing.assert_array_equal(found.data, expected.data)
    assert "GONG" in found.meta["history"]


def test_a_saved_map_opens_the_same(path, tmp_path):
    expected = read_gong_map(path)
    expected.save(tmp_path / "saved.fits")
    for found in (sunpy.map.Map(tmp_path / "saved.fits"), read_gong_map(tmp_path / "saved.fits")):
        assert type(found) is FarsidePhaseMap
        assert found.product == "gong"
        assert found.date == expected.date
        assert found.wcs.wcs.compare(expected.wcs.wcs)
        np.testing.assert_array_equal(found.data, expected.data)


def test_a_map_may_be_cut_and_turned(path):
    phase_map = read_gong_map(path)
    part = phase_map.submap([50, 60] * u.pix, top_right=[149, 139] * u.pix)
    assert type(part) is FarsidePhaseMap
    assert part.data.shape == (80, 100)
    point = phase_map.pixel_to_world(70 * u.pix, 90 * u.pix)
    np.testing.assert_allclose(u.Quantity(part.world_to_pixel(point)).value, [20, 30], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("mrfqo140303t1200.fits", "2014-03-03T12:00"),
        ("mrfqo060513t0000.fits.gz", "2006-05-13T00:00"),
        ("MRFQO260101T0000 (1).FITS", "2026-01-01T00:00"),
        ("mrf6x140303t1200.txt", "2014-03-03T12:00"),
        ("gong_mrfqo140303t1200.fits", "2014-03-03T12:00"),
        ("mrfqo140231t1200.fits", None),
        ("mrfqo140303t12000.fits", None),
        ("mrzqs190310t0014c2215_333.fits", None),
    ],
)
def test_names(name, time):
    assert parse_gong_name(name) == (None if time is None else Time(time))


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"TIME0": None}, "needs"),
        ({"REF_L0": None}, "needs"),
        ({"TIME0": "'2014 03 33 00:00'"}, "TIME0 as"),
        ({"TIME0": "'9999 01 01 00:00'"}, "TIME0 as"),
        ({"DTIME": "0"}, "DTIME between"),
        ({"DTIME": "'a day'"}, "DTIME between"),
        ({"DTIME": "1E+9"}, "DTIME between"),
        ({"REF_L0": "4.000000E+02"}, "REF_L0 between"),
        ({"REF_B0": "8.500000E+01"}, "REF_B0 between"),
        ({"DAXIS1": "0.000000E+00"}, "DAXIS1 between"),
        ({"X0": "1.000000E+09"}, "X0 between"),
        ({"DAXIS1": "2.000000E-02"}, "data out to 1 solar radius"),
        ({"BSCALE": "1.000000E+00"}, "phases in rad"),
        ({"BSCALE": "2.000000E-13"}, "phases in rad"),
    ],
)
def test_broken_headers_are_refused_in_one_line(tmp_path, source, changes, found):
    path = write_gong_map(tmp_path, source, **changes)
    with pytest.raises(FileFormatError, match=found) as caught:
        read_gong_map(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (lambda good: good[:90000], "cut short"),
        (lambda good: b"<html>blocked</html>", "web page"),
        (lambda good: b"", "FITS"),
        (lambda good: gong_bytes(np.full((200, 200), np.nan), (0, 0), "2014-03-03"), "no data"),
        (lambda good: gong_bytes(np.zeros((200, 200)), (0, 0), "2014-03-03"), "phases in rad"),
        (lambda good: gong_bytes(np.zeros((180, 360)), (0, 0), "2014-03-03"), "200 x 200"),
        # Zeros for the northern half of the disk.
        (lambda good: good[:82000].ljust(len(good), b"\0"), "one value all along a row"),
    ],
)
def test_broken_files_are_refused_in_one_line(path, content, found):
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(FileFormatError, match=found) as caught:
        read_gong_map(path)
    assert str(path) in str(caught.value)


def test_a_map_of_another_kind_is_refused(tmp_path):
    hdu = fits.PrimaryHDU(np.random.default_rng(1).normal(0, 0.05, (200, 200)))
    hdu.writeto(tmp_path / "mrfqo140303t1200.fits")
    with pytest.raises(FileFormatError, match="DAXIS1"):
        read_gong_map(tmp_path / "mrfqo140303t1200.fits")


def test_doubtful_dates_are_named(path, tmp_path, source):
    renamed = path.rename(tmp_path / "mrfqo220506t0000.fits")
    with pytest.warns(SunpyUserWarning, match="the name gives 2022-05-06"):
        read_gong_map(renamed)
    path = write_gong_map(tmp_path, source, REF_L0="1.000000E+01")
    with pytest.warns(SunpyUserWarning, match="the disk center is at longitude 10"):
        read_gong_map(path)


@pytest.fixture(scope="module")
def real_maps(real_data):
    paths = sorted((real_data / "gong").glob("mrfqo*.fits"))
    return [read_gong_map(path) for path in paths]


def test_real_disks_are_those_of_their_dates(real_maps):
    assert [item.date.isot[:16] for item in real_maps] == [
        "2014-03-03T11:56",
        "2014-03-05T11:11",
        "2014-03-09T12:00",
    ]
    for item in real_maps:
        center = item.pixel_to_world(100 * u.pix, 100 * u.pix)
        assert center.separation(far_side_center(item.date)) < 0.03 * u.deg
        # All of the disk has data, and nothing else.
        y, x = (np.indices(item.data.shape) - 100) * 0.011
        np.testing.assert_array_equal(np.isfinite(item.data), np.hypot(x, y) < 1)


def mean_depth(phase_map, table, shift=0, flip=None):
    """
    Depths of 5 x 5 pixels at listed regions in standard deviations of the map.
    """
    depths = (phase_map.data - np.nanmean(phase_map.data)) / np.nanstd(phase_map.data)
    if flip is not None:
        # The center is pixel 100 of 0 to 199.
        depths = np.roll(np.flip(depths, flip), 1, flip)
    place = SkyCoord(
        (table["carrington_longitude"] + shift) * u.deg,
        table["latitude"] * u.deg,
        frame=phase_map.coordinate_frame,
    )
    x, y = phase_map.world_to_pixel(place)
    inside = np.isfinite(x)
    columns, rows = (np.rint(axis[inside].value).astype(int) for axis in (x, y))
    return [
        np.nanmean(depths[row - 2 : row + 3, column - 2 : column + 3])
        for row, column in zip(rows, columns, strict=True)
    ]


def test_listed_regions_are_dark_in_the_real_maps(real_maps, real_data):
    table = Table.read(real_data / "jsoc" / "strong_regions_2010_2021.csv", format="csv")
    table = table[[text.startswith("2014-03") for text in table["time"]]]
    times = Time(list(table["time"]))
    depths = {}
    for item in real_maps:
        near = table[abs(times - item.date) < 18 * u.hour]
        for name, change in {
            "as read": {},
            "east": {"shift": -40},
            "west": {"shift": 40},
            "upside down": {"flip": 0},
            "mirrored": {"flip": 1},
        }.items():
            depths.setdefault(name, []).extend(mean_depth(item, near, **change))
    means = {name: np.mean(values) for name, values in depths.items()}
    assert len(depths["as read"]) >= 16
    assert means.pop("as read") < -1.2
    assert min(means.values()) > -0.5
