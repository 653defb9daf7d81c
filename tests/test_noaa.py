"""
NOAA's solar region summaries: tables of many days, first appearances, positions at other times.
"""

import gzip
import io
import locale
import os
import re
import shutil
import tarfile
import warnings
from contextlib import contextmanager
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from list_files import WHOLE_SUMMARY as FULL
from list_files import location, summary
from numpy.testing import assert_allclose, assert_array_equal

import astropy.units as u
from astropy.time import Time

from sunpy.coordinates import sun
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io import read_noaa_summaries, read_noaa_summary, split_summaries
from sunpy_farside.io.noaa_regions import first_appearances, positions_at
from sunpy_farside.io.noaa_text import MAX_SIZE, parse_summary


def write(folder, date, *args, **kwargs):
    path = folder / f"{Time(date).strftime('%Y%m%d')}SRS.txt"
    path.write_text(summary(date, *args, **kwargs))
    return path


@pytest.fixture(scope="module")
def record(real_data):
    """
    Read NOAA's summaries of ten years; return the regions and the warnings.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        regions = read_noaa_summaries(real_data / "noaa")
    return regions, [str(item.message) for item in said if item.category is SunpyUserWarning]


def test_published_numbers(record):
    regions, _ = record
    first = first_appearances(regions)
    first = first[first["date"].isot < "2018-10-27"]
    assert len(first) == 1644
    assert (first["stonyhurst_longitude"] > -60 * u.deg).sum() == 1033
    # 967 regions were blanked for the published network.
    assert first["emerged"].sum() == pytest.approx(967, rel=0.02)


def test_broken_files_are_named_and_nothing_else_is_lost(record):
    regions, said = record
    names = [name[-15:] for name in regions.meta["broken"]]
    assert names == ["20190804SRS.txt", "20190807SRS.txt"]
    assert len(regions.meta["dates"]) == 3473 - 2
    assert (regions["section"] != "II").sum() == 15851
    broken, cut_short = said
    assert "2 solar" in broken
    assert "20190804SRS.txt" in broken
    assert "20190807SRS.txt" in broken
    # Its only heading is followed by nothing.
    assert "20191011SRS.txt" in cut_short


def test_regions_whose_longitude_or_class_is_open(record):
    regions, _ = record
    day = regions[regions["date"].isot == "2011-02-13T00:00:00.000"]
    assert day["number"].tolist() == [11156, 11157, 11158, 11159, 11160]
    assert day["stonyhurst_longitude"].value.tolist() == [22, 18, -11, -9, -88]


def test_many_days_are_the_single_days(tmp_path):
    first = write(tmp_path, "2014-05-05", ["2051 S09W64   059"], due=["2037 S10    264"])
    second = write(tmp_path, "2014-05-06", ["2051 S09W77   059"], ["2056  N05E40   300"])
    table = read_noaa_summaries([second, first])
    single = read_noaa_summary(first)
    assert table["number"].tolist() == [12051, 12037, 12051, 12056]
    assert table["section"].tolist() == ["I", "II", "I", "IA"]
    assert (
        table["date"].isot.tolist()
        == ["2014-05-05T00:00:00.000"] * 2 + ["2014-05-06T00:00:00.000"] * 2
    )
    assert_allclose(table["centroid"].lon.deg[:2], single["centroid"].lon.deg, rtol=0, atol=1e-9)
    assert_allclose(
        table["centroid"].transform_to("heliographic_stonyhurst").lon.deg[[0, 2, 3]],
        [64, 77, -40],
        atol=0.01,
    )
    assert_allclose(table["centroid"].lat.deg, [-9, -10, -9, 5])


def test_tarballs_folders_and_files_give_one_table(tmp_path):
    days = tmp_path / "days"
    days.mkdir()
    paths = [write(days, f"2014-05-0{k}", ["2051 S09W64   059"]) for k in (5, 6, 7)]
    with tarfile.open(tmp_path / "2014_SRS.tar.gz", "w:gz") as archive:
        for path in paths:
            archive.add(path, f"2014_SRS/{path.name}")
        archive.addfile(tarfile.TarInfo("2014_SRS/README"), io.BytesIO())
    expected = read_noaa_summaries(paths)
    for source in (days, tmp_path / "2014_SRS.tar.gz", tmp_path, [days, tmp_path]):
        table = read_noaa_summaries(source)
        # Duplicates count once.
        assert table["date"].isot.tolist() == expected["date"].isot.tolist()
        assert table["number"].tolist() == [12051] * 3


def test_days_without_regions(tmp_path):
    write(tmp_path, "2019-08-01")
    regions = read_noaa_summaries(tmp_path)
    assert len(regions) == 0
    assert len(first_appearances(regions)) == 0
    assert len(positions_at(regions, "2019-08-01T12:00")) == 0


def test_which_regions_emerged_on_the_near_side(tmp_path):
    # 2001 comes round the limb, 2002 emerges beside it, 2003 far from it.
    write(tmp_path, "2014-05-05", ["2001 N10E70   290", "2003 S20E60   300"])
    write(tmp_path, "2014-05-06", ["2001 N10E57   290", "2002 N14E50   300", "2004 S20W20   010"])
    regions = read_noaa_summaries(tmp_path)
    first = first_appearances(regions)
    assert first["number"].tolist() == [12001, 12003, 12002, 12004]
    assert first["emerged"].tolist() == [False, False, False, True]
    assert first["neighbor"][2].to_value(u.deg) == pytest.approx(7.9, abs=0.1)
    # 12003 is at the limit, and counts as having come round the limb.
    assert first_appearances(regions, limb=-61 * u.deg)["emerged"].tolist() == [False, True] * 2
    near = first_appearances(regions, distance=5 * u.deg)
    assert near["emerged"].tolist() == [False, False, True, True]


def test_positions_move_from_midnight_to_noon(tmp_path):
    write(tmp_path, "2014-05-05", ["2001 N40W10   000", "2002 S00E30   000"], due=["2037 S10  264"])
    write(tmp_path, "2014-05-07", ["2009 N10W10   000"])
    regions = read_noaa_summaries(tmp_path)
    noon = positions_at(regions, "2014-05-05T12:00")
    assert noon["number"].tolist() == [12001, 12002]
    meridian = sun.L0("2014-05-05").deg
    expected = meridian + [10, -30] + carrington_drift([40, 0]) / 2
    assert_allclose(noon["centroid"].lon.deg, expected % 360)
    assert noon["centroid"].obstime.isot == "2014-05-05T12:00:00.000"
    # A day without a summary takes the one before, up to two days.
    assert positions_at(regions, "2014-05-06T12:00")["number"].tolist() == [12001, 12002]
    assert positions_at(regions, "2014-05-07T00:00")["number"].tolist() == [12009]
    for time in ("2014-05-04T23:59", "2014-05-09T00:01"):
        with pytest.raises(ValueError, match="Expected a solar region summary of"):
            positions_at(regions, time)


@given(
    longitude=st.integers(-90, 90),
    latitude=st.integers(-50, 50),
    hours=st.integers(0, 48),
)
def test_positions_are_those_of_the_summary_plus_the_drift(
    tmp_path_factory, longitude, latitude, hours
):
    folder = tmp_path_factory.mktemp("day")
    path = write(folder, "2014-12-31", [f"2001 {location(longitude, latitude)}   000"])
    regions = read_noaa_summaries(path)
    assert regions["stonyhurst_longitude"][0].value == longitude
    moved = positions_at(regions, Time("2014-12-31") + hours * u.hour)["centroid"]
    drift = (moved.lon - regions["centroid"].lon).wrap_at("180d").deg
    assert_allclose(drift, carrington_drift(latitude) * hours / 24, atol=1e-3)
    assert_allclose(moved.lat.deg, latitude)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "no date of issue"),
        (b"<html>404</html>", "no date of issue"),
        (b":Issued: 2014 May 35 0030 UTC\n", "a wrong date of issue"),
        (b":Issued: 2014 May 05 0030 UTC\n", "no section"),
        (summary("2014-05-05", ["2051 S09?64   059"]).encode(), "the line '2051 S09"),
        (summary("2014-05-05", due=["2051 S09"]).encode(), "the line '2051 S09"),
        (summary("2014-05-05").encode()[:-60], "not all of its sections"),
        (b"x" * 1_000_001, "more than"),
    ],
)
def test_broken_summaries(tmp_path, content, found):
    path = tmp_path / "20140505SRS.txt"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=found) as error:
        read_noaa_summary(path)
    assert str(path) in str(error.value)


def test_a_whole_summary(tmp_path):
    path = tmp_path / "20140505SRS.txt"
    for text in (
        FULL,
        FULL.replace("\n", "\r\n"),
        FULL.rstrip("\n"),
        FULL.replace(" May ", " MAY "),
    ):
        path.write_bytes(text.encode())
        table = read_noaa_summary(path)
        assert table["number"].tolist() == [12049, 12051, 12045, 12052, 12035, 12037]
        assert table["section"].tolist() == ["I", "I", "IA", "IA", "II", "II"]
    remark = FULL.replace("2049 S07", "****CORRECTION FOR REGION LOCATION****\n2049 S07")
    path.write_text(remark)
    assert len(read_noaa_summary(path)) == 6


ROWS = [line for line in FULL.splitlines() if line[:2] == "20"]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_that_does_not_read_is_no_row_less(tmp_path, row):
    """
    Refuse rows joined to others, after a zero byte, in other digits or without some letters.
    """
    path = tmp_path / "20140505SRS.txt"
    wide = row.translate({ord("0") + k: 0xFF10 + k for k in range(10)})
    persian = row.translate({ord("0") + k: 0x6F0 + k for k in range(10)})
    changed = [
        f"\0{row}",
        f"\x01 {row}",
        f"- {row}",
        f"* {row}",
        f"None {row}",
        wide,
        persian,
        row[4:],
    ]
    changed += [row.replace(" ", "\0"), row.replace(row[6], "?", 1), row[0] + row[3:]]
    texts = [FULL.replace(f"{row}\n", f"{other}\n") for other in changed]
    texts += [FULL.replace(f"\n{row}", row), FULL.replace(f"\n{row}", f" {row}")]
    for text in texts:
        path.write_bytes(text.encode())
        with pytest.raises(FileFormatError, match=path.name):
            read_noaa_summary(path)


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        ("2049 S07W41", "2049 S07W200"),
        ("2049 S07W41", "2049 S07E111"),
        ("2049 S07W41", "2049 S97W41"),
        ("2037 S10    264", "2037 S10    364"),
        ("2037 S10    264", "2037 S91    264"),
    ],
)
def test_places_off_the_sun(tmp_path, row, changed):
    path = tmp_path / "20140505SRS.txt"
    path.write_text(FULL.replace(row, changed))
    with pytest.raises(FileFormatError, match=f"no place on the Sun in the line '{changed}"):
        read_noaa_summary(path)


def test_every_cut_is_seen_but_one_at_the_end_of_a_line_of_the_last_section(tmp_path):
    path = tmp_path / "20140505SRS.txt"
    last = FULL.index("2037 S10")
    for length in range(len(FULL)):
        path.write_text(FULL[:length])
        if length in (last - 1, last, len(FULL) - 1):
            read_noaa_summary(path)
            continue
        with pytest.raises(FileFormatError, match=path.name):
            read_noaa_summary(path)


def test_sections_that_are_lost_or_doubled(tmp_path):
    path = tmp_path / "20140505SRS.txt"
    for lost in ("I.  Regions", "IA. H-alpha", "II. Regions"):
        path.write_text("\n".join(line for line in FULL.splitlines() if not line.startswith(lost)))
        with pytest.raises(FileFormatError, match=path.name):
            read_noaa_summary(path)
    again = FULL[FULL.index("I.  Regions") :]
    for doubled in (FULL + FULL.replace("May 05", "May 06"), FULL + again):
        path.write_text(doubled)
        with pytest.raises(FileFormatError, match=r"Product|the sections I, IA, II, I, IA, II"):
            read_noaa_summary(path)


def test_months_are_english_in_every_locale(tmp_path):
    names = [name for name in ("de_DE.UTF-8", "de_DE.utf8", "de_DE", "fr_FR.UTF-8") if _known(name)]
    for name in names or [pytest.skip("no other locale is installed here")]:
        for month in range(1, 13):
            path = write(tmp_path, f"2014-{month:02d}-05", ["2051 S09W64   059"])
            with _locale(name):
                assert read_noaa_summary(path).meta["date"][:7] == f"2014-{month:02d}"


def _known(name):
    try:
        with _locale(name):
            return True
    except locale.Error:
        return False


@contextmanager
def _locale(name):
    before = locale.setlocale(locale.LC_TIME)
    try:
        locale.setlocale(locale.LC_TIME, name)
        yield
    finally:
        locale.setlocale(locale.LC_TIME, before)


def test_months_are_not_asked_of_the_locale(tmp_path, monkeypatch):
    # Where no other locale is installed, replace the months that strptime uses.
    german = ["", *"jan feb mär apr mai jun jul aug sep okt nov dez".split()]
    monkeypatch.setattr("calendar.month_abbr", german)
    monkeypatch.setattr("_strptime._getlang", lambda: ("de_DE", "UTF-8"))
    with pytest.raises(ValueError, match="does not match"):
        datetime.strptime("2014 May 05", "%Y %b %d")
    for month in (3, 5, 10, 12):
        path = write(tmp_path, f"2014-{month:02d}-05", ["2051 S09W64   059"])
        assert read_noaa_summary(path).meta["date"][:7] == f"2014-{month:02d}"


def test_tarball_bombs(tmp_path):
    path = tmp_path / "2014_SRS.tar.gz"
    path.write_bytes(gzip.compress(bytes(101_000_000), 1))
    with pytest.raises(FileFormatError, match="more than 100000000 bytes"):
        read_noaa_summaries(path)
    os.mkfifo(tmp_path / "20140505SRS.txt")
    with pytest.raises(FileFormatError, match="no regular file"):
        read_noaa_summary(tmp_path / "20140505SRS.txt")


def test_the_users_home(tmp_path, monkeypatch):
    write(tmp_path, "2014-05-05", ["2051 S09W64   059"])
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(read_noaa_summary("~/20140505SRS.txt")) == 1
    assert len(read_noaa_summaries("~")) == 1


def test_all_the_real_summaries_keep_every_row(real_data, record):
    regions, _ = record
    rows = 0
    for path in sorted((real_data / "noaa").glob("*.tar.gz")):
        with tarfile.open(path) as archive:
            for member in archive:
                if member.name.endswith("SRS.txt"):
                    text = archive.extractfile(member).read().decode()
                    rows += len(re.findall(r"^\d{4} +[NS]\d\d", text, re.MULTILINE))
    assert len(regions) == rows


def test_broken_files_among_others(tmp_path):
    write(tmp_path, "2014-05-05", ["2051 S09W64   059"])
    (tmp_path / "20140506SRS.txt").write_text("")
    with pytest.warns(SunpyUserWarning, match="20140506SRS"):
        regions = read_noaa_summaries(tmp_path)
    assert regions["number"].tolist() == [12051]


def test_a_tarball_that_does_not_read_among_others(tmp_path):
    write(tmp_path, "2014-05-05", ["2051 S09W64   059"])
    (tmp_path / "2013_SRS.tar.gz").write_bytes(b"\x1f\x8bcut short")
    with pytest.warns(SunpyUserWarning, match="2013_SRS.tar.gz"):
        regions = read_noaa_summaries(tmp_path)
    assert regions["number"].tolist() == [12051]


def test_single_days_of_a_table(tmp_path):
    rows = {"2014-05-05": ["2051 S09W64   059", "2052 N09W60   055"], "2014-05-06": []}
    rows["2014-05-07"] = ["2052 N09W60   055"]
    paths = [write(tmp_path, date, found) for date, found in rows.items()]
    days = split_summaries(read_noaa_summaries(tmp_path))
    for day, path in zip(days, paths, strict=True):
        expected = read_noaa_summary(path)
        assert day.meta == expected.meta
        for name in ("number", "section", "stonyhurst_longitude"):
            assert_array_equal(day[name], expected[name])
        assert_allclose(day["centroid"].lon.deg, expected["centroid"].lon.deg)
        assert day["centroid"].obstime.isot == expected["centroid"].obstime.isot


@pytest.mark.parametrize("content", [bytes(60), b"\x1b[31m" * 20, bytes(range(200, 256))])
def test_what_is_no_text_is_not_shown(tmp_path, content):
    path = tmp_path / "20140505SRS.txt"
    path.write_bytes(summary("2014-05-05").encode() + content + b"\n")
    with pytest.raises(FileFormatError, match="characters that are no text") as error:
        read_noaa_summary(path)
    assert str(error.value).isprintable()
    assert "\\x" not in str(error.value)


def test_nothing_to_read(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_noaa_summaries(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError, match="found none"):
        read_noaa_summaries(tmp_path)
    (tmp_path / "20140506SRS.txt").write_text("")
    with pytest.raises(FileFormatError, match="20140506SRS"):
        read_noaa_summaries(tmp_path)
    shutil.copy(tmp_path / "20140506SRS.txt", tmp_path / "2014_SRS.tar.gz")
    with pytest.raises(FileFormatError, match="expected a tarball"):
        read_noaa_summaries(tmp_path / "2014_SRS.tar.gz")


def test_old_numbers_have_four_digits(tmp_path):
    path = write(tmp_path, "2001-03-29", ["9393 N20W19   152"])
    assert read_noaa_summaries(path)["number"].tolist() == [9393]
    assert np.isfinite(read_noaa_summary(path)["centroid"].lon.deg).all()


def test_summaries_that_are_cut_short_are_named_and_kept(tmp_path):
    path = write(tmp_path, "2014-05-05", ["2051 S09W64   059"], due=["2037 S10    264"])
    whole = path.read_text()
    path.write_text(whole[: whole.index("II.")])
    with pytest.warns(SunpyUserWarning, match=r"1 solar .* cut short: .*20140505SRS"):
        regions = read_noaa_summaries(tmp_path)
    assert regions["number"].tolist() == [12051]


@pytest.mark.parametrize(("old", "new"), [("May 05 0030", "Mar 05 0030"), ("0505SRS", "0506SRS")])
def test_two_dates_in_a_summary_are_doubted(tmp_path, old, new):
    path = tmp_path / "20140505SRS.txt"
    assert old in FULL
    path.write_text(FULL.replace(old, new))
    for read in (read_noaa_summary, read_noaa_summaries):
        with pytest.warns(SunpyUserWarning, match=r"date of issue differs .*20140505SRS\.txt"):
            read(path)


def test_a_summary_of_many_megabytes():
    with pytest.raises(FileFormatError, match=r"20140505SRS\.txt: .*more than [0-9]+ bytes"):
        parse_summary("20140505SRS.txt", b" " * (MAX_SIZE + 1))
