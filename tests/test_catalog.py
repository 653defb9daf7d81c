"""
Region lists of the SAR method.
"""

import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from list_files import THREE_REGIONS as THREE
from list_files import region_list

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington, get_earth, sun
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside.errors import FileFormatError
from sunpy_farside.io import read_region_list

ONE = region_list(
    "2015-03-01.5",
    168.4,
    7.2,
    ["FS-2015-032   203.9       -9.8      1100      2015-03-05.4    3.9"],
)
NONE = region_list("2022-04-06.0", 151.1, 6.3)


@pytest.fixture
def write(tmp_path):
    def write_list(text, name="list.txt"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return write_list


def ecsv(table):
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    return QTable.read(text.getvalue(), format="ascii.ecsv")


def assert_same(table, again):
    assert table.colnames == again.colnames
    assert list(table["designation"]) == list(again["designation"])
    assert table["seismic_strength"].unit == again["seismic_strength"].unit
    np.testing.assert_array_equal(table["seismic_strength"], again["seismic_strength"])
    for name in ("lon", "lat"):
        first, second = getattr(table["centroid"], name), getattr(again["centroid"], name)
        np.testing.assert_array_equal(first, second)
    assert np.all(table["centroid"].obstime == again["centroid"].obstime)
    for name in ("east_limb_arrival", "date"):
        assert list(table[name].isot) == list(again[name].isot)
    assert table.meta == again.meta


def test_one_list(write):
    table = read_region_list(write(THREE))
    assert table.colnames == [
        "designation",
        "centroid",
        "seismic_strength",
        "east_limb_arrival",
        "date",
    ]
    assert list(table["designation"]) == ["FS-2015-030", "FS-2015-033", "FS-2015-032"]
    centroid = table["centroid"]
    assert isinstance(centroid.frame, HeliographicCarrington)
    np.testing.assert_allclose(centroid.lon.deg, [239.3, 226.5, 204.7])
    np.testing.assert_allclose(centroid.lat.deg, [19.0, -30.4, -10.1])
    assert centroid.obstime.isot == "2015-03-01T00:00:00.000"
    observer = get_earth("2015-03-01")
    assert centroid.observer.separation_3d(observer) < 1 * u.km
    np.testing.assert_allclose(table["seismic_strength"].to_value(u.rad), [177e-6, 809e-6, 1088e-6])
    assert list(table["seismic_strength"].value) == [177, 809, 1088]
    assert [time[:16] for time in table["east_limb_arrival"].isot] == [
        "2015-03-03T04:48",
        "2015-03-03T16:48",
        "2015-03-05T09:36",
    ]
    (facts,) = table.meta["lists"]
    assert facts["date"] == Time("2015-03-01")
    assert facts["vantage_longitude"] == 175.0 * u.deg
    assert facts["vantage_latitude"] == 7.2 * u.deg
    assert facts["regions"] == 3


def test_a_list_without_a_region(write):
    table = read_region_list(write(NONE))
    assert len(table) == 0
    assert table.colnames == read_region_list(write(THREE)).colnames
    assert table["seismic_strength"].unit == u.Unit("1e-6 rad")
    assert table.meta["lists"][0]["vantage_latitude"] == 6.3 * u.deg
    assert table["centroid"].obstime.isot == "2022-04-06T00:00:00.000"


def test_many_lists_in_order_of_their_dates(write):
    paths = [write(text, f"{k}.txt") for k, text in enumerate((NONE, ONE, THREE))]
    table = read_region_list(paths)
    assert len(table) == 4
    assert list(table["designation"])[-1] == "FS-2015-032"
    assert [time[:13] for time in table["date"].isot] == 3 * ["2015-03-01T00"] + ["2015-03-01T12"]
    assert np.all(table["centroid"].obstime == table["date"])
    assert [item["regions"] for item in table.meta["lists"]] == [3, 1, 0]
    assert len(read_region_list(paths[:1] * 2)) == 0


@pytest.mark.parametrize("texts", [(THREE,), (NONE,), (THREE, ONE), (NONE, NONE), (THREE, NONE)])
def test_nothing_is_lost_in_ecsv(write, texts):
    table = read_region_list([write(text, f"{k}.txt") for k, text in enumerate(texts)])
    assert_same(table, ecsv(table))


def test_windows_line_ends(write):
    crlf = write(THREE.replace("\n", "\r\n"), "crlf.txt")
    assert_same(read_region_list(write(THREE)), read_region_list(crlf))


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing.txt: no such file"):
        read_region_list(tmp_path / "nothing.txt")
    with pytest.raises(ValueError, match="one region list or more"):
        read_region_list([])


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "the list's date .* found the end of the file"),
        ("<!DOCTYPE html><html>404</html>", "the list's date .* found '<!DOCTYPE"),
        ("2015-03-01.0\n", "far-side vantage, found the end"),
        (THREE[: THREE.index("FS-")], "a region's designation.* found the end"),
        (THREE[:-4], "found 'FS-2015-032.*line 10"),
        (THREE.replace("226.5", "626.5"), "longitude 626.5"),
        (THREE.replace("-30.4", "-93.4"), "latitude -93.4"),
        (THREE.replace("    2.7", "   92.7"), "92.7 days"),
        (THREE.replace("809", "8.0.9"), "numbers and dates"),
        (THREE.replace("2015-03-01.0", "2015-13-01.0"), "numbers and dates"),
        (THREE.replace("2015-03-01.0", "0015-03-01.0"), "a list of 0015-03-01"),
        (THREE.replace("FS-2015-033", "AR12345"), "'AR12345"),
        (THREE.replace("177", "\uff11\uff17\uff17"), "line 8"),
        (NONE + "FS-2015-032  203.9  -9.8  1100  2015-03-05.4  3.9\n", "No Strong"),
        (NONE.strip() + "FS-2015-032  203.9  -9.8  1100  2015-03-05.4  3.9\n", "No Strong"),
        (THREE.replace("\n\nFS", "FS"), r"'\(degree\)"),
        (THREE.replace("\n\nFS", "\n\n(degree) FS"), r"'\(degree\) FS-2015-030"),
        (THREE.replace("FS-2015-033", "\0FS-2015-033"), "line 9"),
        (THREE.replace("2.2\nFS", "2.2 FS"), "line 8"),
        (THREE.replace("FS-2015-033", "FS-2015-030"), "FS-2015-030 twice"),
        (THREE.replace("  2.7", " 12.7"), "FS-2015-033 to arrive on 2015-03-03.7, 12.7 days"),
        (THREE.replace("2015-03-03.7", "2015-03-30.7"), "FS-2015-033 to arrive"),
        (" " * 1_000_001, "more than 1000000 bytes"),
    ],
)
def test_what_is_no_list(write, text, match):
    with pytest.raises(FileFormatError, match=match):
        read_region_list(write(text))


def test_a_strength_just_below_zero(write):
    table = read_region_list(write(THREE.replace(" 177 ", " -97 ")))
    assert table["seismic_strength"].value.tolist() == [-97, 809, 1088]


def test_broken_lists_among_others_are_named_and_left_out(write):
    empty, page = write("", "empty.txt"), write("<html>404</html>", "page.txt")
    good = [write(ONE, "one.txt"), write(NONE, "none.txt")]
    with pytest.warns(SunpyUserWarning, match=r"2 of 4 region lists .*empty\.txt.*page\.txt"):
        table = read_region_list([empty, good[0], page, good[1]])
    assert list(table["designation"]) == ["FS-2015-032"]
    assert [item["regions"] for item in table.meta["lists"]] == [1, 0]
    assert table.meta["broken"] == [str(empty), str(page)]
    with pytest.raises(FileFormatError, match=r"empty\.txt"):
        read_region_list([empty, page])


def test_every_cut_is_seen_but_one_at_the_end_of_a_row(write):
    whole = {THREE.index(row) + len(row): k + 1 for k, row in enumerate(THREE.splitlines()[7:])}
    for length in range(len(THREE)):
        path = write(THREE[:length])
        rows = whole.get(length) or whole.get(length - 1)
        if rows:
            assert len(read_region_list(path)) == rows
            continue
        with pytest.raises(FileFormatError):
            read_region_list(path)


def test_the_users_home(write, monkeypatch):
    path = write(THREE)
    monkeypatch.setenv("HOME", str(path.parent))
    assert len(read_region_list("~/list.txt")) == 3


def test_a_vantage_of_another_date_is_doubtful(write):
    with pytest.warns(SunpyUserWarning, match="vantage is at longitude 100.0 deg"):
        read_region_list(write(THREE.replace("175.0", "100.0")))


@pytest.mark.parametrize("date", ["1915-05-05.0", "2095-05-05.0"])
def test_a_date_far_off_is_doubtful_for_its_vantage_alone(write, date):
    for text in (region_list(date, 100.0, 3.8), THREE.replace("2015-03", date[:7])):
        with pytest.warns(SunpyUserWarning, match="vantage is at longitude") as warned:
            read_region_list(write(text))
        assert len(warned) == 1


@given(
    st.integers(0, len(THREE) - 1),
    st.text(alphabet="0123456789.-FS \n<", max_size=3),
    st.integers(0, 3),
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50
)
@pytest.mark.filterwarnings("ignore:.*vantage is at longitude")
def test_a_changed_list_is_a_list_or_a_format_error(write, at, text, drop):
    changed = THREE[:at] + text + THREE[at + drop :]
    try:
        table = read_region_list(write(changed))
    except FileFormatError:
        return
    assert len(table) <= 4


def test_the_arrival_is_by_the_days_that_are_left(write):
    """
    Allow for lists of 12 UT, which print a date that is half a day early.
    """
    text = ONE.replace("2015-03-05.4", "2015-03-04.9")
    assert read_region_list(write(text))["east_limb_arrival"][0].isot[:16] == "2015-03-05T09:36"


def expected_arrival(centroid):
    """
    Compute the days until the limb from Snodgrass's rotation and the tilt of the Sun's axis.
    """
    date, latitude = centroid.obstime, centroid.lat.rad
    limb = -np.degrees(np.arccos(-np.tan(latitude) * np.tan(sun.B0(date).rad)))
    distance = (limb - centroid.lon.deg + sun.L0(date).deg) % 360
    s = np.sin(latitude)
    return distance / (14.38 - 1.95 * s**2 - 2.18 * s**4 - 0.9856)


def test_all_the_real_lists(real_data):
    paths = sorted((real_data / "jsoc" / "farside" / "AR_Lists").glob("*/*.txt"))
    assert len(paths) == 75
    total = 0
    for path in paths:
        text = path.read_text()
        table = read_region_list(path)
        assert len(table) == text.count("\nFS-")
        total += len(table)
        (facts,) = table.meta["lists"]
        stamp = path.name[8:-4].replace(".", "-").replace("_", "T")
        assert facts["date"] == Time(stamp)
        vantage = (facts["vantage_longitude"] - sun.L0(stamp) - 180 * u.deg).to_value(u.deg)
        assert abs((vantage + 180) % 360 - 180) < 0.5
    everything = read_region_list(paths)
    assert len(everything) == total
    left = (everything["east_limb_arrival"] - everything["date"]).to_value(u.day)
    # A region that has reached the limb already is a rotation ahead.
    off = (left - expected_arrival(everything["centroid"]) + 13) % 26 - 13
    assert np.abs(off[left > 0.2]).max() < 0.15
    assert_same(everything, ecsv(everything))
