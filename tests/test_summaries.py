"""
Detections against NOAA's solar region summaries.
"""

import tarfile

import numpy as np
import pytest
from list_files import summary as summary_text
from numpy.testing import assert_allclose

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington

from sunpy_farside.catalog import match_summaries
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.io import read_noaa_summaries, read_noaa_summary, read_region_list

ISSUED = "2014-05-05"
SUMMARY = summary_text(
    ISSUED,
    ["2047 S17W54   049", "2054 S12E65   290", "2055 S12E45   310"],
    plages=["2056 N12E70   285"],
    due=["2034 N05    264"],
)


@pytest.fixture
def summary(tmp_path):
    path = tmp_path / "20140505SRS.txt"
    path.write_text(SUMMARY)
    return read_noaa_summary(path)


def catalog(places, dates=("2014-04-30",)):
    """
    Return detections of all the dates which rotate to given Stonyhurst longitudes and latitudes
    by the time of the summary.
    """
    dates, issued = Time(list(dates)), Time(ISSUED)
    away, latitude = np.reshape(np.array(places, dtype=float), (-1, 2)).T
    owner = np.repeat(np.arange(len(dates)), len(away))
    away, latitude = np.tile(away, len(dates)), np.tile(latitude, len(dates))
    elapsed = (issued - dates).to_value(u.day)[owner]
    longitude = far_side_central_meridian(issued).deg - 180 + away
    longitude = longitude - carrington_drift(latitude) * elapsed
    frame = HeliographicCarrington(obstime=dates[owner] if len(owner) else ISSUED, observer="earth")
    table = QTable({"date": dates[owner]})
    table["centroid"] = SkyCoord(longitude * u.deg, latitude * u.deg, frame=frame)
    table["seismic_strength"] = np.arange(len(owner)) * 1e-6 * u.rad
    table.meta = {"dates": dates.isot.tolist(), "strength": "seismic_strength"}
    return table


def outcomes(table):
    return dict(zip(table["designation"], table["outcome"], strict=True))


def test_regions_due_to_return_and_new_ones_at_the_limb(summary):
    table = match_summaries(catalog([(-66, -11), (-90, 6), (-110, 30)]), [summary])
    # Neither the region on the west of the disk nor the one that is no longer new.
    assert outcomes(table) == {
        "12054": "matched",
        "12056": "missed",
        "12034": "matched",
        "": "extra",
    }
    assert dict(zip(table["designation"], table["section"], strict=True)) == {
        "12054": "I",
        "12056": "IA",
        "12034": "II",
        "": "",
    }
    assert (table["date"].isot == "2014-04-30T00:00:00.000").all()
    assert (table["summary"].isot == "2014-05-05T00:00:00.000").all()
    matched = table[table["outcome"] == "matched"]
    assert matched["detected"].tolist() == [0, 1]
    assert summary["number"][matched["reference"]].tolist() == [12054, 12034]
    assert_allclose(matched["separation"].value, 1, atol=1)
    assert table.meta | {"version": ""} == {
        "summaries": ["2014-05-05T00:00:00.000"],
        "distance": "10.0 deg",
        "version": "",
        "matched": 2,
        "missed": 1,
        "extra": 1,
        "outside": 0,
    }


@pytest.mark.parametrize(
    ("longitude", "extra"), [(-58, 0), (-62, 1), (-127, 1), (-133, 0), (-170, 0), (160, 0)]
)
def test_what_a_summary_does_not_speak_of_is_not_extra(summary, longitude, extra):
    assert match_summaries(catalog([(longitude, 50)]), [summary]).meta["extra"] == extra


def test_the_latest_date_on_which_the_limb_was_in_the_window(summary):
    days = [f"2014-04-{day:02d}" for day in range(20, 31)] + ["2014-05-01", "2014-05-04"]
    detected = catalog([(-66, -11)], days)
    for reach, date in ((60, "2014-04-30"), (75, "2014-05-01"), (180, "2014-05-04")):
        table = match_summaries(detected, [summary], reach=reach * u.deg)
        assert set(table["date"].isot) == {f"{date}T00:00:00.000"}
    matched = match_summaries(detected, [summary])["detected"].max()
    assert detected["date"].isot[matched] == "2014-04-30T00:00:00.000"


def test_regions_outside_of_the_window_count_as_nothing(summary):
    # Ten days before, the region due to return was beyond the far side's west.
    table = match_summaries(catalog([(-66, -11)], ["2014-04-23"]), [summary])
    assert table.meta["outside"] == 1
    assert outcomes(table) == {"12054": "matched", "12056": "missed"}


def test_a_table_of_many_days_is_its_days(tmp_path):
    found = catalog([(-66, -11), (-90, 6)], dates=("2014-04-30", "2014-05-01"))
    days = []
    for date in ("2014-05-05", "2014-05-06"):
        path = tmp_path / f"{date.replace('-', '')}SRS.txt"
        path.write_text(summary_text(date, ["2054 S12E65   290"]))
        days.append(read_noaa_summary(path))
    expected = match_summaries(found, days)
    table = match_summaries(found, read_noaa_summaries(tmp_path))
    assert table.meta == expected.meta
    for name in ("designation", "outcome", "reference", "detected", "section"):
        assert table[name].tolist() == expected[name].tolist()
    alone = match_summaries(found, days[0])
    assert alone.meta["summaries"] == ["2014-05-05T00:00:00.000"]


def test_no_detection_and_no_region(summary):
    nothing = catalog([])
    table = match_summaries(nothing, [summary, summary])
    assert table.meta["missed"] == 6
    assert len(table.meta["summaries"]) == 2
    quiet = summary[:0]
    assert len(match_summaries(nothing, [quiet])) == 0
    assert match_summaries(catalog([(-100, 0)]), [quiet]).meta["extra"] == 1


@pytest.mark.parametrize("date", ["2014-04-01", "2014-05-04", "2014-05-09"])
def test_dates_that_do_not_fit(summary, date):
    with pytest.raises(ValueError, match=r"4\.5 to 13\.6 days before"):
        match_summaries(catalog([(-66, -11)], [date]), [summary])


def test_a_table_without_dates(summary):
    detected = catalog([(-66, -11)])
    del detected.meta["dates"]
    with pytest.raises(ValueError, match="stack_regions"):
        match_summaries(detected, [summary])


def test_real_lists_and_summaries(real_data, tmp_path):
    """
    Match JSOC's lists of March 2015 with regions that came round the limb later.
    """
    lists = read_region_list(sorted((real_data / "jsoc/farside/AR_Lists/2015").glob("*.txt")))
    lists.meta["dates"] = [item["date"].isot for item in lists.meta["lists"]]
    with tarfile.open(real_data / "noaa" / "2015_SRS.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    paths = sorted(tmp_path.rglob("2015*SRS.txt"))
    wanted = [path for path in paths if "20150306" <= path.name[:8] <= "20150410"]
    table = match_summaries(lists, [read_noaa_summary(path) for path in wanted])
    assert len(table.meta["summaries"]) == 36
    seen = table[table["section"] == "I"]
    assert (seen["outcome"] == "matched").sum() >= 6
    assert len(seen) == 8
