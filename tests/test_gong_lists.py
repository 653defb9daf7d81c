"""
Region lists of GONG.
"""

import io

import numpy as np
import pytest

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import match_regions
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io import read_gong_list

HEAD = '"C. Long" "Lat" "Dist" "Strength" "Prob" "Area" "Flux" "Max" "Return" "NOAA"'
ROWS = [
    "296.5  -3.5  20.0  -0.21  93  310  620  95  20140309  NOAA 11967 11968",
    "245.7  14.6  -8.1  -0.13  71  150  310  60  20140313",
]


@pytest.fixture
def write(tmp_path):
    def write(*lines, name="mrf6x140303t1200.txt"):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    return write


def test_columns(write):
    table = read_gong_list(write(HEAD, *ROWS))
    assert isinstance(table, QTable)
    np.testing.assert_array_equal(table["centroid"].lon.deg, [296.5, 245.7])
    np.testing.assert_array_equal(table["centroid"].lat.deg, [-3.5, 14.6])
    assert table["centroid"].obstime == Time("2014-03-03T12:00")
    np.testing.assert_array_equal(table["phase_strength"], [-0.21, -0.13])
    np.testing.assert_array_equal(table["detection_probability"], [93, 71] * u.percent)
    np.testing.assert_array_equal(table["area"], [310, 150])
    np.testing.assert_array_equal(table["flux"], [620, 310])
    assert list(table["return_date"].isot) == ["2014-03-09T00:00:00.000", "2014-03-13T00:00:00.000"]
    assert list(table["noaa_numbers"]) == ["11967 11968", ""]
    assert (table["date"] == Time("2014-03-03T12:00")).all()


def test_the_latitude_is_in_the_column_of_its_name(write):
    head = '"C. Long" "S. Long" "Latitude" "Strength" "Prob" "Area" "Flux" "Max" "Return"'
    table = read_gong_list(write(head, "296.5 16.9 -3.5 0.21 93 310 620 95 20140309"))
    assert table["centroid"].lat.deg == [-3.5]


def test_many_lists_in_order_of_date(write):
    paths = [
        write(HEAD, ROWS[0], name="mrf6x140304t0000.txt"),
        write(HEAD, name="mrf6x140303t1200.txt"),
        write(HEAD, ROWS[1], name="mrf6x140303t0000.txt"),
    ]
    table = read_gong_list(paths)
    assert list(table["centroid"].lon.deg) == [245.7, 296.5]
    assert list(table["date"].isot) == ["2014-03-03T00:00:00.000", "2014-03-04T00:00:00.000"]
    assert [text[:13] for text in table.meta["dates"]] == [
        "2014-03-03T00",
        "2014-03-03T12",
        "2014-03-04T00",
    ]


def test_a_list_without_a_region_is_an_empty_table(write):
    table = read_gong_list(write(HEAD))
    assert len(table) == 0
    assert table.colnames == read_gong_list(write(HEAD, *ROWS)).colnames
    assert table["detection_probability"].unit == u.percent


def test_a_table_is_written_and_read(write):
    table = read_gong_list(write(HEAD, *ROWS))
    text = io.StringIO()
    table.write(text, format="ascii.ecsv")
    again = QTable.read(text.getvalue(), format="ascii.ecsv")
    assert again["centroid"].lon.deg.tolist() == [296.5, 245.7]
    assert (again["return_date"] == table["return_date"]).all()


def test_a_list_is_matched_with_others(write):
    table = read_gong_list(write(HEAD, *ROWS))
    matches = match_regions(table, table[:1])
    assert list(matches["outcome"]) == ["matched", "extra"]


@pytest.mark.parametrize(
    "row",
    [
        "296.5 -3.5 20 0.21 93 310 8e37 95 20140309",
        "296.5 -3.5 20 0.21 93 310 -1 95 20140309",
        "296.5 -3.5 20 0.21 930 310 620 95 20140309",
        "296.5 -93.5 20 0.21 93 310 620 95 20140309",
        "496.5 -3.5 20 0.21 93 310 620 95 20140309",
        "296.5 -3.5 20 0.21 93 1e9 620 95 20140309",
        "296.5 -3.5 20 nan 93 310 620 95 20140309",
        "296.5 -3.5 20 0.21 93 310 ******* 95 20140309",
        "296.5 -3.5 20 0.21 93 310 620 95 20140399",
        "296.5 -3.5 20 0.21 93 310 620 95 20150309",
    ],
)
def test_absurd_rows_are_left_out_with_a_warning(write, row):
    path = write(HEAD, ROWS[0], row, ROWS[1])
    with pytest.warns(SunpyUserWarning, match="1 of 3 regions with impossible values, in lines 3"):
        table = read_gong_list(path)
    assert list(table["centroid"].lon.deg) == [296.5, 245.7]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], "empty file"),
        (["<html><body>403 Forbidden</body></html>"], "403"),
        (ROWS, "begins with"),
        ([HEAD, ROWS[0][:40]], "line 2"),
        ([HEAD, ROWS[0], "296.5 -3.5"], "line 3"),
        ([HEAD, ROWS[0].replace("93", "high")], "high"),
        ([HEAD, ROWS[0].replace("20140309", "9 March")], "9 March"),
        ([HEAD, "\0" * 100], "line 2"),
    ],
)
def test_broken_lists_are_refused_in_one_line(write, lines, found):
    path = write(*lines)
    with pytest.raises(FileFormatError, match=found) as caught:
        read_gong_list(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_list_without_a_date_in_its_name_is_refused(write):
    with pytest.raises(FileFormatError, match="mrf6xYYMMDDtHHMM"):
        read_gong_list(write(HEAD, *ROWS, name="list.txt"))
    with pytest.raises(FileNotFoundError):
        read_gong_list("mrf6x140303t1200.txt")
    with pytest.raises(ValueError, match="found none"):
        read_gong_list([])


def test_two_regions_in_one_line(write):
    lines = [HEAD, f"{ROWS[0]} {ROWS[1]}"]
    with pytest.raises(FileFormatError, match=r"in line 2 \(two regions\)"):
        read_gong_list(write(*lines))
