"""
Evaluation against published regions, with those of a realization.
"""

import json

import numpy as np
import pytest
from list_files import location, summary
from list_files import region_list as region_list_text
from map_files import save_maps

import astropy.units as u
from astropy.time import Time

from sunpy_farside.cli import main
from sunpy_farside.coordinates.far_side import disk_center_latitude, far_side_central_meridian
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.evaluation.published import read_published_regions
from sunpy_farside.evaluation.real import ANY, evaluate_real
from sunpy_farside.evaluation.real_report import summarize_real
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.simulation import simulate_maps

START = "2022-05-01"


@pytest.fixture(scope="module")
def sun():
    return simulate_maps(START, 22, seed=7, activity=0.8)


def region_list(date, rows):
    """
    Return a region list of longitudes, latitudes and strengths as JSOC publishes it.
    """
    # As JSOC prints it: the days are added to the date of the list.
    days = (date + 5.7 * u.day).mjd
    arrival = f"{Time(np.floor(days), format='mjd').isot[:10]}.{int(days % 1 * 10)}"
    lines = [
        f"FS-2022-{number:03d}   {lon % 360:.1f}  {lat:.1f}  {strength:.0f}  {arrival}  5.7"
        for number, (lon, lat, strength) in enumerate(rows, start=1)
    ]
    day = f"{date.isot[:10]}.{round(date.mjd % 1 * 10)}"
    meridian, latitude = far_side_central_meridian(date).deg, -disk_center_latitude(date).deg
    return region_list_text(day, meridian, latitude, lines)


def listed(sun, date, flux=1e22):
    regions = sun.regions(date)
    regions = regions[regions["flux"].value >= flux]
    place = regions["centroid"]
    east = (place.lon.deg - far_side_central_meridian(date).deg + 180) % 360 - 180
    return [
        (lon, lat, 800)
        for lon, lat, offset in zip(place.lon.deg, place.lat.deg, east, strict=True)
        if abs(offset) < 55
    ]


@pytest.fixture(scope="module")
def folder(sun, tmp_path_factory):
    """
    Write maps, and region lists of the dates of all last maps.
    """
    folder = tmp_path_factory.mktemp("real")
    save_maps(folder, sun.maps)
    for item in sun.maps[10:]:
        text = region_list(item.date, listed(sun, item.date))
        (folder / item.date.strftime("AR_LIST_%Y.%m.%d_%H_%M_%S.txt")).write_text(text)
    return folder


def sequence_of(sun, first=0):
    return FarsideSequence(sun.maps[first : first + 11])


def test_a_list_belongs_to_the_last_map(sun, tmp_path):
    sequence = sequence_of(sun)
    longitude = far_side_central_meridian(sequence.date).deg
    for date, covers in ((sequence.times[-1], True), (sequence.date, False)):
        path = tmp_path / "AR_LIST_1.txt"
        path.write_text(region_list(date, [(longitude, 20, 500)]))
        known = read_published_regions(tmp_path).on(sequence)
        assert known.meta["sources"] == (["JSOC"] if covers else [])
        assert len(known) == covers
    path.write_text(region_list(sequence.times[-1], [(longitude, 20, 500)]))
    known = read_published_regions(tmp_path).on(sequence)
    # Two and a half days of rotation back.
    moved = (longitude - known["longitude"][0] + 180) % 360 - 180
    assert moved == pytest.approx(2.5 * carrington_drift(20), abs=0.06)
    assert known["source"].tolist() == ["JSOC"]
    # A list without regions counts as well: detections have no counterpart.
    path.write_text(region_list(sequence.times[-1], []))
    known = read_published_regions(tmp_path).on(sequence)
    assert (len(known), known.meta["sources"]) == (0, ["JSOC"])


def test_a_large_listed_region_reaches_as_far_as_its_area(sun, tmp_path):
    sequence = sequence_of(sun)
    longitude = far_side_central_meridian(sequence.date).deg
    rows = [(longitude, 20, 5861), (longitude + 24, 20, 100), (longitude + 40, 20, 100)]
    (tmp_path / "AR_LIST_1.txt").write_text(region_list(sequence.times[-1], rows))
    known = read_published_regions(tmp_path).on(sequence)
    assert known["radius"] == pytest.approx([20.2, 2.6, 2.6], abs=0.1)
    assert known["complex"].tolist() == [0, 0, 1]


def write_summaries(folder, sequence, days, rows):
    """
    Write summaries of some days after the sequence, with regions of some of them.
    """
    for day in days:
        date = sequence.date + day * u.day
        seen = [
            f"{number} {location(longitude, latitude)}   100"
            for number, latitude, longitude in rows.get(day, ())
        ]
        (folder / date.strftime("%Y%m%dSRS.txt")).write_text(summary(date, seen))


def test_what_noaa_saw_come_and_go(sun, tmp_path):
    sequence = sequence_of(sun, 2)
    assert sequence.date.isot[11:16] == "12:00"
    # One that comes round the limb, one that emerges on the disk, and one that leaves.
    rows = {8: [(3001, 15, -70), (3002, -12, 20)], -5: [(2990, 10, 75)]}
    write_summaries(tmp_path, sequence, range(-13, 13), rows)
    known = read_published_regions(tmp_path).on(sequence)
    assert known.meta["sources"] == ["NOAA arrived", "NOAA left"]
    assert sorted(known["name"]) == ["12990", "13001"]
    for name, day, place in (("13001", 7.5, -70), ("12990", -5.5, 75)):
        (row,) = known[known["name"] == name]
        # By hand: degrees a day as seen from the Earth.
        rate = 13.2 + carrington_drift(row["latitude"])
        expected = place - day * rate
        east = row["longitude"] - far_side_central_meridian(sequence.date).deg + 180
        assert (east - expected + 180) % 360 - 180 == pytest.approx(0, abs=1.5)
    # Too few days to have seen the window arrive.
    for path in list(tmp_path.iterdir()):
        path.unlink()
    write_summaries(tmp_path, sequence, range(1, 9), rows)
    assert read_published_regions(tmp_path).on(sequence).meta["sources"] == []


def test_the_benchmark_finds_what_is_listed(folder):
    benchmark = evaluate_real({"default": "default"}, folder, progress=False)
    assert len(benchmark.dates) == 12
    assert list(benchmark.scores) == [ANY, "JSOC"]
    for method in ("default", "seismic_strength"):
        scores = benchmark.scores["JSOC"][method]
        figures = benchmark.at("JSOC", method, scores.threshold)
        assert figures["completeness"].value > 0.6
        assert figures["completeness"].value > 2 * figures["completeness_by_chance"]
        assert figures["matched"].value > 2 * figures["matched_by_chance"]
        # Dates of two blocks of five days.
        assert figures["matched"].low <= figures["matched"].value <= figures["matched"].high
        curve = benchmark.curve("JSOC", method)
        assert (np.diff(curve["completeness"]) >= 0).all()
        threshold = benchmark.threshold_for("JSOC", method, 2)
        assert benchmark.at("JSOC", method, threshold)["detections"] >= 2
    assert benchmark.threshold_for("JSOC", "default", 1000) == np.inf


def test_without_two_blocks_there_is_no_interval(folder, tmp_path, sun):
    for path in sorted(folder.glob("PHASE_MAP*"))[:11]:
        (tmp_path / path.name).symlink_to(path)
    date = sun.maps[10].date
    name = date.strftime("AR_LIST_%Y.%m.%d_%H_%M_%S.txt")
    (tmp_path / name).symlink_to(folder / name)
    benchmark = evaluate_real({}, tmp_path, progress=False)
    figures = benchmark.at("JSOC", "seismic_strength", 400)
    assert np.isnan(figures["matched"].low)
    summary = summarize_real(benchmark)
    own = summary["sources"]["JSOC"]["methods"]["seismic_strength"]["at_threshold"]
    assert own["matched"]["low"] is None


def test_the_command_benchmarks(folder, tmp_path, capsys):
    command = ["evaluate", "--real", str(folder), "--output", str(tmp_path / "out")]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "12 sequences" in out
    assert "by chance" in out
    numbers = json.loads((tmp_path / "out" / "report.json").read_text())
    method = numbers["sources"]["JSOC"]["methods"]["default"]
    assert len(method["curve"]["detections"]) == len(method["curve"]["matched_by_chance"]) > 0
    assert (tmp_path / "out" / "report.png").stat().st_size > 10_000
    assert main([*command, "--data", str(folder)]) == 2
    assert "--real" in capsys.readouterr().err


def test_nothing_to_hold_against(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="AR_LIST"):
        evaluate_real({}, tmp_path, progress=False)
    (tmp_path / "AR_LIST_1.txt").write_text(next(folder.glob("AR_LIST*")).read_text())
    with pytest.raises(ValueError, match="last map's date"):
        evaluate_real({}, tmp_path, progress=False)
