import gzip
import os
import shutil
import warnings
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import astropy.units as u
from astropy.io import fits
from astropy.time import Time

from sunpy.map import Map
from sunpy.map.sources import HMIMap
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import FarsidePhaseMap, read_phase_map
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.maps import phase_map_header


def phases(seed=0):
    data = np.random.default_rng(seed).normal(-0.02, 0.05, (181, 361)).astype(np.float32)
    data[:, :90] = np.nan
    data[:, 360] = data[:, 0]
    return data


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "PHASE_MAP_2022.05.05_12:00:00.fits"
    fits.PrimaryHDU(phases()).writeto(path)
    return path


def test_read_phase_map_keeps_every_value(path):
    phase_map = read_phase_map(path)
    assert isinstance(phase_map, FarsidePhaseMap)
    assert phase_map.data.dtype == np.float32
    assert np.array_equal(phase_map.data, phases(), equal_nan=True)
    assert phase_map.unit == u.rad
    assert phase_map.date == Time("2022-05-05T12:00")
    assert phase_map.product == "phase_map"


def test_nodes_stand_on_whole_degrees(path):
    phase_map = read_phase_map(path)
    columns, rows = np.array([0, 1, 180, 359, 360]), np.array([0, 90, 91, 179, 180])
    lon, lat = phase_map.wcs.wcs_pix2world(columns, rows, 0)
    assert np.array_equal(lon, [0, 1, 180, 359, 360])
    assert np.array_equal(lat, [-90, 0, 1, 89, 90])
    point = phase_map.pixel_to_world(104 * u.pix, 107 * u.pix)
    assert (point.lon.deg, point.lat.deg) == pytest.approx((104, 17))
    x, y = phase_map.world_to_pixel(point)
    assert (x.value, y.value) == pytest.approx((104, 107))


def test_observer_is_earth(path):
    observer = read_phase_map(path).observer_coordinate
    assert observer.lon.deg == pytest.approx(0, abs=1e-9)
    assert observer.lat.deg == pytest.approx(-3.74, abs=0.05)


def test_saved_map_opens_as_the_same_class(path, tmp_path):
    phase_map = read_phase_map(path)
    phase_map.save(tmp_path / "saved.fits")
    back = Map(tmp_path / "saved.fits")
    assert type(back) is FarsidePhaseMap
    assert not isinstance(back, HMIMap)
    assert np.array_equal(back.data, phase_map.data, equal_nan=True)
    assert back.date == phase_map.date
    assert back.unit == phase_map.unit
    assert back.wcs.wcs.compare(phase_map.wcs.wcs)
    again = read_phase_map(tmp_path / "saved.fits")
    assert again.date == phase_map.date


def test_coverage_and_central_meridian(path):
    phase_map = read_phase_map(path)
    assert phase_map.coverage.value == pytest.approx(270 / 361)
    assert phase_map.central_meridian.deg == pytest.approx(121.4, abs=0.05)


def test_float64_and_scaled_integers_come_out_as_float32(tmp_path):
    path = tmp_path / "PHASE_MAP_2022.05.05_00:00:00.fits"
    fits.PrimaryHDU(phases().astype(float)).writeto(path)
    data = read_phase_map(path).data
    assert data.dtype == np.float32
    assert np.array_equal(data, phases(), equal_nan=True)


@pytest.mark.parametrize(
    ("name", "date", "product"),
    [
        ("PHASE_MAP_2022.05.05_00:00:00.fits", "2022-05-05T00:00", "phase_map"),
        ("PHASE_MAP_2010.12.31_12_00_00.fits", "2010-12-31T12:00", "phase_map"),
        ("CUM_PHASE_2022.05.05_00-00-00.fits", "2022-05-05T00:00", "phase_map_5day"),
        ("phase_map_20220505T120000.fits", "2022-05-05T12:00", "phase_map"),
        ("PHASE_MAP_2022.05.05_12%3A00%3A00.fits", "2022-05-05T12:00", "phase_map"),
        ("PHASE_MAP_2022.05.05_12%253a00%253a00.fits.gz", "2022-05-05T12:00", "phase_map"),
        ("PHASE_MAP_2022.05.05_12+00+00.FITS", "2022-05-05T12:00", "phase_map"),
        ("PHASE_MAP_2022.05.05_12 00 00.fits", "2022-05-05T12:00", "phase_map"),
        ("CUM_PHASE_2022.05.05 12\ua78900\ua78900 (1).fits", "2022-05-05T12:00", "phase_map_5day"),
    ],
)
def test_file_names(name, date, product):
    time, found = parse_file_name(name)
    assert time == Time(date)
    assert found == product


@pytest.mark.parametrize(
    "name",
    [
        "map.fits",
        "PHASE_MAP_2022.13.05_00:00:00.fits",
        "2022.fits",
        "PHASE_MAP_12022.05.05_00:00:00.fits",
        "PHASE_MAP_2022.05.05_00:00:000.fits",
        "PHASE_MAP_9999.05.05_00:00:00.fits",
        "PHASE_MAP_\uff12\uff10\uff12\uff12.05.05_00:00:00.fits",
    ],
)
def test_file_names_without_a_date(name):
    assert parse_file_name(name)[0] is None


@given(st.datetimes(min_value=datetime(2010, 4, 25), max_value=datetime(2026, 12, 31)))
def test_any_jsoc_name_reads_back(date):
    date = date.replace(microsecond=0)
    time, _ = parse_file_name(date.strftime("PHASE_MAP_%Y.%m.%d_%H:%M:%S.fits"))
    assert time.datetime == date


def test_date_comes_from_the_name_then_the_header_then_the_argument(tmp_path, path):
    hdu = fits.PrimaryHDU(phases())
    bare = tmp_path / "bare.fits"
    hdu.writeto(bare)
    assert read_phase_map(bare, time="2020-01-01").date == Time("2020-01-01")
    hdu.header["DATE-OBS"] = "2021-02-03T12:00:00"
    dated = tmp_path / "dated.fits"
    hdu.writeto(dated)
    assert read_phase_map(dated, time="2020-01-01").date == Time("2021-02-03T12:00")
    assert read_phase_map(path, time="2020-01-01").date == Time("2022-05-05T12:00")


def test_no_date_anywhere(tmp_path):
    path = tmp_path / "bare.fits"
    fits.PrimaryHDU(phases()).writeto(path)
    with pytest.raises(FileFormatError, match="Give it with time="):
        read_phase_map(path)


def test_reference_longitude_is_a_cross_check(tmp_path):
    hdu = fits.PrimaryHDU(phases())
    path = tmp_path / "PHASE_MAP_2022.05.05_00:00:00.fits"
    hdu.header["REF_L0"] = 128.02
    hdu.writeto(path)
    read_phase_map(path)
    hdu.header["REF_L0"] = 308.0
    hdu.writeto(path, overwrite=True)
    with pytest.warns(SunpyUserWarning, match="REF_L0"):
        read_phase_map(path)


def _wrong_shape(path):
    fits.PrimaryHDU(np.zeros((180, 360), np.float32)).writeto(path)


def _all_nan(path):
    fits.PrimaryHDU(np.full((181, 361), np.nan, np.float32)).writeto(path)


def _infinite(path):
    data = phases()
    data[90, 180] = np.inf
    fits.PrimaryHDU(data).writeto(path)


def _wrong_unit(path):
    fits.PrimaryHDU(phases(), fits.Header({"BUNIT": "s"})).writeto(path)


def _text(path):
    path.write_text("1 2 3\n")


def _html(path):
    path.write_text("<!DOCTYPE html><html><body>404 Not Found</body></html>")


def _empty(path):
    path.write_bytes(b"")


def _truncated(path):
    fits.PrimaryHDU(phases()).writeto(path)
    path.write_bytes(path.read_bytes()[:100_000])


def _cut_in_the_header(path):
    fits.PrimaryHDU(phases()).writeto(path)
    path.write_bytes(path.read_bytes()[:1000])


def _no_image(path):
    fits.HDUList([fits.PrimaryHDU()]).writeto(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_wrong_shape, "181 x 361 pixels, found 180 x 360"),
        (_all_nan, "no data"),
        (_infinite, "infinite"),
        (_wrong_unit, "BUNIT = 's'"),
        (_text, "does not read"),
        (_html, "web page"),
        (_empty, "does not read"),
        (_truncated, "cut short"),
        (_cut_in_the_header, "cut short"),
        (_no_image, "none in it"),
    ],
)
def test_unusable_files_are_named_and_left_alone(tmp_path, make, message):
    path = tmp_path / "PHASE_MAP_2022.05.05_00:00:00.fits"
    make(path)
    content = path.read_bytes()
    with pytest.raises(FileFormatError, match=message) as error:
        read_phase_map(path)
    assert path.name in str(error.value)
    assert path.read_bytes() == content


def test_odd_cards_do_no_harm(path):
    content = bytearray(path.read_bytes())
    end = content.index(b"END" + b" " * 77)
    content[end : end + 80] = b"BADCARD   no equals sign \x01".ljust(80)
    content[end + 80 : end + 160] = b"END".ljust(80)
    path.write_bytes(bytes(content))
    assert np.array_equal(read_phase_map(path).data, phases(), equal_nan=True)


@pytest.mark.parametrize(
    ("unit", "radians"),
    [
        ("rad", 1),
        ("RADIANS", 1),
        ("", 1),
        ("mrad", 1e-3),
        ("deg", np.pi / 180),
        ("Degrees", np.pi / 180),
        ("arcmin", np.pi / 180 / 60),
    ],
)
def test_other_angles_are_converted(tmp_path, unit, radians):
    path = tmp_path / "PHASE_MAP_2022.05.05_00:00:00.fits"
    header = fits.Header({"BUNIT": unit})
    fits.PrimaryHDU(phases() / radians, header).writeto(path)
    phase_map = read_phase_map(path)
    assert phase_map.unit == u.rad
    assert_allclose(phase_map.data, phases(), rtol=1e-6)


@pytest.mark.parametrize("unit", ["s", "m/s", "G", "deg2", "parsnip", "5"])
def test_what_is_no_angle_is_refused(tmp_path, unit):
    path = tmp_path / "PHASE_MAP_2022.05.05_00:00:00.fits"
    fits.PrimaryHDU(phases(), fits.Header({"BUNIT": unit})).writeto(path)
    with pytest.raises(FileFormatError, match=f"BUNIT (= )?'{unit}'"):
        read_phase_map(path)


@pytest.mark.parametrize("scale", [{}, {"BSCALE": 1e-4}, {"BSCALE": 1e-4, "BZERO": -0.01}])
def test_masked_integers_are_missing(tmp_path, scale):
    data = phases()
    whole = (data - scale.get("BZERO", 0)) / scale.get("BSCALE", 1e-4)
    whole = np.where(np.isnan(data), -32768, whole).round().astype(np.int16)
    # The pattern of bits that astropy would write for scaled floats.
    header = fits.PrimaryHDU(whole).header
    header.update(scale | {"BLANK": -32768, "BUNIT": "rad" if scale else "1e-4 rad"})
    body = whole.astype(">i2").tobytes()
    path = tmp_path / "PHASE_MAP_2022.05.05_00:00:00.fits"
    path.write_bytes(header.tostring().encode() + body.ljust(-(-len(body) // 2880) * 2880, b"\0"))
    found = read_phase_map(path).data
    assert np.array_equal(np.isnan(found), np.isnan(data))
    assert_allclose(found, data, atol=6e-5)


def _with_header(change):
    def make(content):
        return change(content[:2880]) + content[2880:]

    return make


def _with_data(change):
    def make(content):
        size = 181 * 361 * 4
        data = np.frombuffer(content[2880 : 2880 + size], ">f4")
        return content[:2880] + change(data) + content[2880 + size :]

    return make


@pytest.mark.parametrize(
    "spoil",
    [
        _with_header(lambda header: header.replace(b"-32", b" 32")),
        _with_header(lambda header: header.replace(b"-32", b" 16")),
        _with_header(lambda header: header.replace(b"-32", b"  8")),
        _with_header(lambda header: header.replace(b"-32", b"-64")),
        _with_data(lambda data: data.byteswap().tobytes()),
        lambda content: content.replace(b"\n", b"\r\n"),
        lambda content: content.replace(b"\r\n", b"\n"),
        lambda content: content[:2880] + content[2881:],
        _with_data(lambda data: (data * np.float32(1e30)).astype(">f4").tobytes()),
        _with_data(lambda data: np.rad2deg(data).astype(">f4").tobytes()),
        _with_data(lambda data: (data * np.float32(1e3)).astype(">f4").tobytes()),
        _with_data(lambda data: (data * np.float32(0.05)).astype(">f4").tobytes()),
        _with_data(lambda data: (data * 0).tobytes()),
        _with_data(lambda data: np.full_like(data, -0.02).tobytes()),
        _with_data(lambda data: data.tobytes()[:200_000].ljust(data.nbytes, b"\0")),
        _with_data(lambda data: data.tobytes()[:100_000] + bytes(3000) + data.tobytes()[103_000:]),
    ],
)
def test_impossible_phases_are_refused(path, spoil):
    content = path.read_bytes()
    changed = spoil(content)
    assert changed != content
    path.write_bytes(changed)
    with pytest.raises(FileFormatError, match=path.name):
        read_phase_map(path)


def test_numbers_beyond_single_precision_are_refused(path):
    fits.PrimaryHDU(phases().astype(float) * 1e300).writeto(path, overwrite=True)
    with pytest.raises(FileFormatError, match=r"values up to .*e\+29"):
        read_phase_map(path)


@pytest.mark.parametrize(
    ("date", "doubt"),
    [
        ("2022-05-01", False),
        ("2022.05.05_12:00:00_TAI", False),
        ("odd", False),
        ("2015-05-05", True),
        ("2022-06-05T12:00:00", True),
    ],
)
def test_a_header_of_another_date_is_doubtful(path, date, doubt):
    fits.PrimaryHDU(phases(), fits.Header({"DATE-OBS": date})).writeto(path, overwrite=True)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert read_phase_map(path).date == Time("2022-05-05T12:00")
    assert [str(item.message).startswith(str(path)) for item in said] == [True] * doubt


def test_a_date_that_no_map_has(tmp_path):
    path = tmp_path / "map.fits"
    for date in ("odd", "9022-05-05", "1022-05-05"):
        header = fits.Header({"DATE-OBS": date})
        fits.PrimaryHDU(phases(), header).writeto(path, overwrite=True)
        with warnings.catch_warnings():
            # astropy's, that such a year is dubious.
            warnings.simplefilter("ignore")
            with pytest.raises(FileFormatError, match="expected a date"):
                read_phase_map(path)


def test_changed_data_belie_their_checksum(path):
    hdu = fits.PrimaryHDU(phases())
    hdu.add_datasum()
    hdu.writeto(path, overwrite=True)
    read_phase_map(path)
    content = bytearray(path.read_bytes())
    content[100_001] ^= 1
    path.write_bytes(content)
    with pytest.warns(SunpyUserWarning, match="DATASUM"):
        read_phase_map(path)


@pytest.mark.parametrize(
    "change",
    [
        {"cdelt1": -1.0, "crpix1": 181.0, "crval1": 180.0},
        {"crval1": 10.0},
        {"cdelt1": 0.5, "cdelt2": 0.5},
        {"pc1_1": -1.0, "pc2_2": -1.0},
    ],
)
def test_our_maps_on_other_grids_are_not_taken_for_published_ones(path, change):
    header = dict(phase_map_header("2022-05-05T12:00"))
    Map(phases(), header | change).save(path, overwrite=True)
    with pytest.raises(FileFormatError, match=r"sunpy\.map\.Map"):
        read_phase_map(path)
    # Headers of other origin may hold anything.
    header.pop("content")
    Map(phases(), header | change).save(path, overwrite=True)
    with pytest.warns(SunpyUserWarning, match="Check it"):
        read_phase_map(path)


@pytest.mark.parametrize("name", ["{}.gz", "{}"])
def test_packed_files(path, name):
    packed = path.with_name(name.format(path.name))
    packed.write_bytes(gzip.compress(path.read_bytes()))
    phase_map = read_phase_map(packed)
    assert np.array_equal(phase_map.data, phases(), equal_nan=True)
    assert phase_map.date == Time("2022-05-05T12:00")


def test_the_users_home(path, monkeypatch):
    monkeypatch.setenv("HOME", str(path.parent))
    assert read_phase_map(f"~/{path.name}").date == Time("2022-05-05T12:00")


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file(tmp_path, make):
    path = tmp_path / "PHASE_MAP_2022.05.05_00:00:00.fits"
    make(path)
    with pytest.raises(FileFormatError, match="expected a FITS file, found"):
        read_phase_map(path)


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_phase_map(tmp_path / "PHASE_MAP_2022.05.05_00:00:00.fits")


def test_two_sources_never_claim_one_map():
    header = phase_map_header("2022-05-05")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert type(Map(phases(), header)) is FarsidePhaseMap


def test_real_files(real_data, tmp_path):
    files = sorted((real_data / "jsoc/farside/Phase_Maps/2022").iterdir())
    for file in files:
        phase_map = read_phase_map(file)
        window = np.flatnonzero(np.isfinite(phase_map.data).any(axis=0))
        assert window[0] == np.floor(phase_map.central_meridian.deg) - 60
        assert window.size == 120
    local = tmp_path / files[0].name.replace(":", "_")
    shutil.copy(files[0], local)
    assert read_phase_map(local).date == read_phase_map(files[0]).date
