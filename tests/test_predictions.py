import csv
import json
from dataclasses import replace
from importlib import resources

import jsonschema
import numpy as np
import pytest
from bs4 import BeautifulSoup
from bulletins import START, day_of, detections_of, properties

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy_farside import track_regions
from sunpy_farside.bulletin import Day, Series, bulletin_document
from sunpy_farside.catalog.region_stack import carrington_positions
from sunpy_farside.catalog.tracking import no_tracks
from sunpy_farside.coordinates.arrival import east_limb_arrival
from sunpy_farside.coordinates.far_side import carrington_frame, far_side_central_meridian
from sunpy_farside.detection.methods import SAR
from sunpy_farside.evaluation.predictions import (
    check_predictions,
    noaa_arrivals,
    predictions_in,
    predictions_of,
)
from sunpy_farside.evaluation.scores_page import scores_document, write_scores
from sunpy_farside.evaluation.scores_schema import scores_schema
from sunpy_farside.io import read_noaa_summaries

MIDDLE = far_side_central_meridian(START).deg
ALWAYS = range(-100, 100)
STEPS = range(-12, 13)
# Four regions that arrive one after another, the last one short-lived and weak.
REGIONS = [
    (MIDDLE + 30, 10, 7, ALWAYS),
    (MIDDLE, -15, 7, ALWAYS),
    (MIDDLE - 40, 20, 7, ALWAYS),
    (MIDDLE - 10, 40, 2.5, ALWAYS),
]


@pytest.fixture(scope="module")
def tracks():
    return track_regions(detections_of(REGIONS, STEPS))


@pytest.fixture(scope="module")
def predictions(tracks):
    return predictions_of(tracks)


def arrivals_of(places, first=-10, last=30):
    """
    NOAA's regions at places (longitude, latitude) two days after their arrival.
    """
    table = QTable()
    table["number"] = np.arange(len(places)) + 13000
    longitude, latitude = np.reshape(np.array(places, dtype=float), (-1, 2)).T
    at_start = SkyCoord(longitude * u.deg, latitude * u.deg, frame=carrington_frame(START))
    when = east_limb_arrival(at_start)
    table["position"] = carrington_positions(longitude, latitude, when + 2 * u.day)
    table["arrival"] = when
    table.meta = {"dates": START + np.arange(first, last) * u.day}
    return table


def test_prediction_is_the_last_one_that_was_early_enough(tracks, predictions):
    assert len(predictions) == len(REGIONS)
    lead = (predictions["arrival"] - predictions["issued"]).to_value(u.day)
    assert np.all(lead >= 3)
    # Half a day later it would have been too late, unless the region was not seen any more.
    last = {row["designation"]: row["last_date"].mjd for row in tracks.tracks}
    for days, row in zip(lead, predictions, strict=True):
        assert days < 3.6 or row["issued"].mjd - 2.5 == last[row["designation"]]
    assert len(predictions_of(tracks, lead=30 * u.day)) == 0
    assert predictions["confirmed"].tolist().count(False) == 1


def test_what_comes_later_does_not_change_a_prediction(predictions):
    """
    The detections that existed on the day of a prediction give the same prediction.
    """
    for row in predictions:
        then = [
            item
            for item in detections_of(REGIONS, STEPS)
            if item.date.mjd <= row["issued"].mjd - 2.5
        ]
        table = track_regions(then).tracks
        (known,) = table[table["designation"] == row["designation"]]
        assert abs((known["east_limb_arrival"] - row["arrival"]).to_value(u.s)) < 2
        assert known["mean_position"].separation(row["position"]) < 1e-6 * u.deg
        uncertainty = known["arrival_uncertainty"].to_value(u.day)
        assert row["uncertainty"].to_value(u.day) == pytest.approx(uncertainty)


def test_bulletins_hold_the_same_predictions(predictions):
    bulletins = [bulletin_document(day_of(REGIONS, range(-12, last))) for last in range(-11, 14)]
    published = predictions_in(reversed(bulletins))
    assert sorted(published["designation"]) == sorted(predictions["designation"])
    both = zip(
        published[np.argsort(published["designation"])],
        predictions[np.argsort(predictions["designation"])],
        strict=True,
    )
    for row, other in both:
        assert abs((row["arrival"] - other["arrival"]).to_value(u.s)) < 2
        assert bool(row["confirmed"]) == bool(other["confirmed"])
    assert published.meta["dates"] == predictions.meta["dates"]
    assert len(predictions_in([])) == 0


def test_hits_false_alarms_and_misses(predictions):
    places = [region[:2] for region in REGIONS[:2]] + [(MIDDLE - 20, -40)]
    scores = check_predictions(predictions, arrivals_of(places))
    outcome = dict(zip(scores.predictions["number"], scores.predictions["outcome"], strict=True))
    assert {outcome[13000], outcome[13001]} == {"hit"}
    assert sorted(scores.confirmed["outcome"]) == ["false alarm", "hit", "hit"]
    assert scores.arrivals["outcome"].tolist() == ["hit", "hit", "missed"]
    total = scores.total()
    assert (total["hits"], total["false_alarms"], total["misses"]) == (2, 1, 1)
    assert total["correct"] == total["completeness"] == pytest.approx(2 / 3)
    hits = scores.predictions[scores.predictions["outcome"] == "hit"]
    assert np.all(np.abs(hits["error"]) < 0.2 * u.day)
    assert total["error"] < 0.2


def test_a_late_region_has_the_error_of_its_arrival(predictions):
    """
    Seven degrees further west on the far side is half a day later.
    """
    longitude, latitude = REGIONS[1][:2]
    for shift, days in ((-7, -7 / 13.3), (7, 7 / 13.3), (15, None)):
        scores = check_predictions(predictions, arrivals_of([(longitude + shift, latitude)]))
        hits = scores.predictions[scores.predictions["outcome"] == "hit"]
        errors = hits["error"].to_value(u.day)
        assert errors == pytest.approx([] if days is None else [days], abs=0.1)


def test_a_prediction_counts_when_its_date_has_come(predictions):
    places = [region[:2] for region in REGIONS[:3]]
    arrival = predictions["arrival"].mjd
    for last in range(0, 25, 3):
        scores = check_predictions(predictions, arrivals_of(places, last=last + 1))
        due = arrival + 3 <= START.mjd + last
        assert scores.until.mjd == START.mjd + last
        assert (scores.predictions["outcome"] != "waiting").tolist() == due.tolist()
        assert scores.total()["hits"] == int(np.sum(due & predictions["confirmed"]))
        assert scores.total()["misses"] == 0


def test_a_gap_in_the_summaries_checks_nothing(predictions):
    arrivals = arrivals_of([])
    gap = predictions["arrival"].mjd[1] + [-0.1, 3.1]
    dates = arrivals.meta["dates"]
    arrivals.meta["dates"] = dates[(dates.mjd < gap[0]) | (dates.mjd > gap[1])]
    outcome = check_predictions(predictions, arrivals).predictions["outcome"]
    assert outcome[1] == "not checked"
    assert "false alarm" in outcome


def test_a_region_that_was_never_in_the_window_is_not_missed(predictions):
    """
    There are no detections early enough of what arrives on the first days, or weeks later.
    """
    early, late = (MIDDLE + 115, 0), (MIDDLE - 130, 0)
    rows = predictions.copy()
    rows.meta["dates"] = [date for date in predictions.meta["dates"] if date < START.isot]
    scores = check_predictions(rows, arrivals_of([early, late]))
    assert scores.arrivals["outcome"].tolist() == ["not covered", "not covered"]
    rows.meta["dates"].append((START + 8 * u.day).isot)
    scores = check_predictions(rows, arrivals_of([early, late]))
    assert scores.arrivals["outcome"].tolist() == ["not covered", "missed"]


def test_one_region_makes_one_hit(predictions):
    """
    A confirmed prediction goes before an unconfirmed one at the same place.
    """
    twice = predictions[[1, 1]]
    twice["confirmed"] = [False, True]
    twice.meta = predictions.meta
    scores = check_predictions(twice, arrivals_of([REGIONS[1][:2]]))
    assert scores.predictions["outcome"].tolist() == ["false alarm", "hit"]


def test_chance_is_what_moved_predictions_find(predictions):
    longitude, latitude = REGIONS[1][:2]
    alone = check_predictions(predictions, arrivals_of([(longitude, latitude)], last=60))
    assert alone.chance == 0
    # Regions all along the parallel are found at any time.
    crowd = [(longitude + shift, latitude) for shift in range(-160, 160, 5)]
    rows = predictions[np.abs(predictions["position"].lat.deg - latitude) < 5]
    rows.meta = predictions.meta
    assert check_predictions(rows, arrivals_of(crowd, first=-40, last=60)).chance == 1


def test_months_add_up_to_the_total(predictions):
    places = [region[:2] for region in REGIONS[:2]] + [(MIDDLE - 20, -40)]
    scores = check_predictions(predictions, arrivals_of(places))
    months, total = scores.monthly(), scores.total()
    for name in ("hits", "false_alarms", "misses", "waiting"):
        assert months[name].sum() == total[name]
    assert months["month"].tolist() == sorted(set(months["month"]))


def test_reliability_is_compared_with_the_outcome(predictions):
    rows = predictions[[0, 1, 2]]
    rows["reliability"], rows.meta = [0.95, 0.91, 0.15], predictions.meta
    scores = check_predictions(rows, arrivals_of([region[:2] for region in REGIONS[:2]]))
    bins = scores.reliability()
    assert bins["number"].tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (bins["real"][1], bins["real"][9]) == (0, 1)


def test_noaa_regions_that_came_round(tmp_path):
    """
    Of three regions, one is there on the first day and one appears in the middle of the disk.
    """
    for day, first, second, third in ((5, "E70", None, None), (6, "E57", "E66", "E10")):
        rows = [("3001", first), ("3002", second), ("3003", third)]
        lines = [
            f"{name} S12{place}   290  0040 Hsx  02   01 Alpha" for name, place in rows if place
        ]
        (tmp_path / f"2022050{day}SRS.txt").write_text(
            f":Issued: 2022 May 0{day} 0030 UTC\nI.  Regions with Sunspots.\n"
            + "\n".join(lines)
            + "\nIA. H-alpha Plages without Spots.\nNone\nII. Regions Due to Return\nNone\n"
        )
    arrivals = noaa_arrivals(read_noaa_summaries(tmp_path))
    assert arrivals["number"].tolist() == [13002]
    # 24 degrees from the limb on May 6 at 0 UT.
    assert abs(arrivals["arrival"][0].mjd - (Time("2022-05-06").mjd - 24 / 13.3)) < 0.2


def test_no_summary_is_refused(predictions):
    arrivals = arrivals_of([], first=0, last=0)
    with pytest.raises(ValueError, match="Expected summaries of NOAA"):
        check_predictions(predictions, arrivals)


def valid_scores(folder):
    """
    Read published scores, valid by the schema beside them alone.
    """
    document = json.loads((folder / "scores.json").read_text())
    schema = json.loads((folder / "scores.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    return document


def test_published_schema_of_scores_is_current():
    path = resources.files("sunpy_farside.data") / "scores.schema.json"
    assert properties(json.loads(path.read_text())) == properties(scores_schema())


@pytest.mark.parametrize(
    ("name", "value"),
    [("version", "2.0"), ("total", None), ("until", "2022-05-08"), ("another", 1)],
)
def test_other_documents_are_no_scores(name, value, predictions, tmp_path):
    write_scores(tmp_path, check_predictions(predictions, arrivals_of([REGIONS[0][:2]])))
    document = valid_scores(tmp_path) | {name: value}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, scores_schema())


def test_no_tracks_have_scores(tmp_path):
    predictions = predictions_of(no_tracks("seismic_strength"))
    scores = check_predictions(predictions, arrivals_of([REGIONS[0][:2]]))
    assert scores.arrivals["outcome"].tolist() == ["not covered"]
    write_scores(tmp_path, scores)
    page = (tmp_path / "scores.html").read_text()
    assert "No prediction has come due yet." in page
    assert valid_scores(tmp_path)["total"]["correct"] is None


def test_page_of_scores(predictions, tmp_path):
    rows = predictions[[0, 1, 3]]
    rows["reliability"], rows.meta = [0.95, 0.91, 0.15], predictions.meta
    scores = check_predictions(rows, arrivals_of([region[:2] for region in REGIONS[:2]]))
    write_scores(tmp_path, scores)
    document = valid_scores(tmp_path)
    assert document == scores_document(scores).model_dump()
    assert [row["outcome"] for row in document["predictions"]] == ["hit", "hit", "false alarm"]
    page = BeautifulSoup((tmp_path / "scores.html").read_text(), "html.parser")
    assert page.html["lang"] == "en"
    assert not page.select("script, link[href^=http], img")
    assert "Of 3 predicted arrivals at the east limb, 2 (67 %)" in page.get_text()
    assert len(page.select("circle")) == len(document["reliability"]) == 2
    for table in page.select("table"):
        labels = [cell.get_text() for cell in table.select("thead th")]
        for row in table.select("tbody tr"):
            assert [cell["data-label"] for cell in row.find_all(["td", "th"])] == labels


def test_listed_regions_of_the_real_sun_come_round(real_data):
    """
    JSOC's strong regions of 2014 foretell NOAA's, twice as often as chance.
    """
    with (real_data / "jsoc" / "strong_regions_2010_2021.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["time"].startswith("2014")]
    rows.sort(key=lambda row: row["time"])
    stack = QTable()
    stack["date"] = Time((Time([row["time"] for row in rows]) - 2.5 * u.day).isot)
    stack["label"] = np.arange(len(rows)) + 1
    columns = ("carrington_longitude", "latitude", "strength")
    longitude, latitude, strength = (
        np.array([float(row[name]) for row in rows]) for name in columns
    )
    stack["centroid"] = carrington_positions(longitude, latitude, stack["date"])
    stack["seismic_strength"] = np.maximum(strength, 1) * SAR.unit
    stack["significant"] = strength >= 400
    stack["reliability"] = np.full(len(rows), np.nan)
    stack.meta = {"dates": sorted(set(stack["date"].isot)), "strength": SAR.strength}
    predictions = predictions_of(track_regions(stack))
    arrivals = noaa_arrivals(read_noaa_summaries(real_data / "noaa" / "2014_SRS.tar.gz"))
    total = check_predictions(predictions, arrivals).total()
    assert total["hits"] + total["false_alarms"] > 50
    assert total["correct"] > 2 * total["chance"] > 0
    assert total["error"] < 0.6


def test_two_methods_share_a_bulletin_and_its_predictions():
    """
    A region of two series is one prediction.
    """
    days = [day_of(REGIONS[:1], range(-12, last)) for last in (-6, -2)]
    both = [
        Day(day.date, (*day.series, replace(day.series[0], product="phase_map_5day")))
        for day in days
    ]
    assert all(isinstance(series, Series) for day in both for series in day.series)
    assert len(predictions_in(bulletin_document(day) for day in both)) == 1
