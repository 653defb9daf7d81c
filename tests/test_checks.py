"""
Checks of phase shifts.
"""

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import read_phase_map
from sunpy_farside.errors import FileFormatError, SequenceError
from sunpy_farside.maps.checks import check_phases, check_rows, warn_of_holes


def phases(deviation=0.05, shape=(181, 361)):
    return np.random.default_rng(1).normal(-0.02, deviation, shape)


@given(st.floats(0.02, 0.12))
def test_phases_pass(deviation):
    check_phases(phases(deviation), "map")
    check_phases(phases(deviation).astype(np.float32), "map")


@pytest.mark.parametrize("share", [0, 0.5, 0.99, 0.9999, 1])
def test_maps_that_are_mostly_missing_pass(share):
    data = phases()
    data.flat[: int(share * data.size)] = np.nan
    check_phases(data, "map")
    check_rows(data, "map")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (np.rad2deg(phases()), "values up to"),
        (phases() * 1000, "values up to"),
        (phases(0.6).clip(-3, 3), r"deviation of 0\.(6|59)"),
        (phases() * 1e-3, r"deviation of (5|4\.98)e-05"),
        (phases() / 60, "deviation of 0.00083"),
        (np.zeros((181, 361)), r"deviation of 0\."),
        (np.full((181, 361), -0.02), "deviation of"),
        (np.where(phases() > 0.15, np.inf, phases()), "infinite"),
        (np.where(phases() > 0.15, -np.inf, phases()), "infinite"),
        (np.where(phases() > 0.15, -9, phases()), "values up to 9"),
    ],
)
@pytest.mark.parametrize("missing", [0, 30_000])
def test_what_cannot_be_phases_is_refused_by_name(data, found, missing):
    data = data.copy()
    data.flat[:missing] = np.nan
    with pytest.raises(FileFormatError, match=rf"the map of May: .*{found}"):
        check_phases(data, "the map of May")
    with pytest.raises(SequenceError, match="the map of May"):
        check_phases(data, "the map of May", error=SequenceError)


def test_a_patch_of_few_pixels_may_be_flat():
    data = np.full((181, 361), np.nan)
    data[90:100, 180:190] = -0.1
    check_phases(data, "map")
    data[90] = 4
    with pytest.raises(FileFormatError, match="values up to 4"):
        check_phases(data, "map")


def test_rows_of_one_value_are_refused():
    data = phases(shape=(11, 144, 120))
    data[3, 100] = np.nan
    data[4, 100, :119] = 0
    check_rows(data, "map")
    data[4, 100:103] = 0
    with pytest.raises(FileFormatError, match=r"the map of May: .* row, 3 times"):
        check_rows(data, "the map of May")


def test_real_maps_of_every_kind_pass(real_data):
    for path in (real_data / "jsoc/farside/Phase_Maps/2022").iterdir():
        check_phases(read_phase_map(path).data, path.name)
    with h5py.File(real_data / "farnet2/20220505_00_20220505_12.h5") as file:
        for data in file["phases"][...].reshape(-1, 144, 120):
            check_phases(data, "farnet2")
    from astropy.io import fits

    for path in (real_data / "td_fsi_12h").glob("*.fits"):
        check_phases(fits.getdata(path), path.name)
    for path in (real_data / "gong").glob("*.fits"):
        data = fits.getdata(path)
        check_phases(np.where(data < -0.39, np.nan, data), path.name)


@pytest.mark.parametrize("value", [0, -0.02])
@pytest.mark.parametrize("first", [0, 37, 353])
def test_a_hole_in_a_row(value, first):
    data = phases()
    data[[100, 120], first : first + 8] = value
    with pytest.warns(SunpyUserWarning, match="map: 8 or more adjacent pixels .* in 2 rows"):
        warn_of_holes(data, "map")


def test_few_equal_pixels_are_no_hole():
    data = phases()
    data[100, 9:16] = 0
    warn_of_holes(data, "map")


def test_missing_pixels_are_no_hole():
    data = phases()
    data[50:60] = np.nan
    warn_of_holes(data, "map")


def test_a_lost_block_of_a_file_is_doubted(jsoc_files, tmp_path):
    content = jsoc_files[3].read_bytes()
    place = 512 * (len(content) // 1024)
    path = tmp_path / jsoc_files[3].name
    path.write_bytes(content[:place] + bytes(512) + content[place + 512 :])
    with pytest.warns(SunpyUserWarning, match=rf"{path.name}: 8 or more adjacent pixels .* 1 row"):
        read_phase_map(path)
