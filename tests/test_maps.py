import gc
import shutil
import warnings
from datetime import datetime

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import astropy.units as u
from astropy.io import fits
from astropy.time import Time

from sunpy.map import Map
from sunpy.map.sources import HMIMap
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import FarsidePhaseMap, FileFormatError, read_phase_map, read_stack
from sunpy_farside.io.phase_maps import parse_file_name
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
    ],
)
def test_file_names(name, date, product):
    time, found = parse_file_name(name)
    assert time == Time(date)
    assert found == product


@pytest.mark.parametrize("name", ["map.fits", "PHASE_MAP_2022.13.05_00:00:00.fits", "2022.fits"])
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


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_phase_map(tmp_path / "PHASE_MAP_2022.05.05_00:00:00.fits")


def test_two_sources_never_claim_one_map():
    header = phase_map_header("2022-05-05")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert type(Map(phases(), header)) is FarsidePhaseMap


def stack(width=120, n=2):
    return np.random.default_rng(1).normal(size=(n, 11, 144, width)).astype(np.float32)


@pytest.mark.parametrize("width", [120, 140])
def test_read_hdf5_stack(tmp_path, width):
    path = tmp_path / "stack.h5"
    with h5py.File(path, "w") as file:
        file["phases"] = stack(width)
    assert np.array_equal(read_stack(path), stack(width))


def idl_save(path, name, array):
    """
    Write one big-endian float array as IDL does.
    """

    def long(value):
        return int(value).to_bytes(4, "big", signed=True)

    def text(value):
        padded = value.encode().ljust(-(-len(value) // 4) * 4, b"\0")
        return long(len(value)) + padded

    dims = array.shape[::-1]
    # Type float, flag array; then the array's descriptor, and 7 before the data.
    kind = long(4) + long(4)
    extent = [8, 0, array.nbytes, array.size, array.ndim, 0, 0, 8]
    extent += [*dims, *[1] * (8 - len(dims))]
    body = text(name) + kind + b"".join(map(long, extent)) + long(7)
    body += array.astype(">f4").tobytes()
    start = 4
    content = b"SR\x00\x04"
    position = start + 16 + len(body)
    content += long(2) + long(position) + long(0) + long(0) + body
    content += long(6) + long(position + 16) + long(0) + long(0)
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["DATA_OUT", "PHASES"])
def test_read_idl_stack(tmp_path, name):
    path = tmp_path / "stack.sav"
    idl_save(path, name, stack(140, n=1)[0])
    found = read_stack(path)
    assert found.dtype == np.dtype("=f4")
    assert np.array_equal(found, stack(140, n=1))


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [("phases", (11, 120, 144), "found"), ("other", (11, 144, 120), "found other")],
)
def test_unusable_hdf5_stacks(tmp_path, name, shape, message):
    path = tmp_path / "stack.h5"
    with h5py.File(path, "w") as file:
        file[name] = np.zeros(shape, np.float32)
    with pytest.raises(FileFormatError, match=message):
        read_stack(path)


# scipy's reader leaves a damaged file open.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_truncated_and_foreign_stacks(tmp_path):
    path = tmp_path / "stack.h5"
    with h5py.File(path, "w") as file:
        file["phases"] = stack()
    cut = tmp_path / "cut.h5"
    cut.write_bytes(path.read_bytes()[:5000])
    other = tmp_path / "stack.sav"
    other.write_text("not a save file")
    damaged = tmp_path / "damaged.sav"
    damaged.write_bytes(b"SR\x00\x04" + b"\x07" * 40)
    foreign = tmp_path / "foreign.sav"
    idl_save(foreign, "OTHER", stack(n=1)[0])
    for bad in (cut, other, damaged, foreign):
        with pytest.raises(FileFormatError, match=bad.name):
            read_stack(bad)
    with pytest.raises(FileNotFoundError):
        read_stack(tmp_path / "absent.h5")
    gc.collect()


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
