import json

import numpy as np
import pytest
from map_files import save_maps

from astropy.table import Table

from sunpy.map import Map

from sunpy_farside import detect_farside, simulate_sequence
from sunpy_farside.cli import main
from sunpy_farside.evaluation.calibration_bins import Pixels
from sunpy_farside.evaluation.cases import compare_detection
from sunpy_farside.evaluation.comparison import compare_methods, rates_by
from sunpy_farside.evaluation.gaps import evaluate_gaps
from sunpy_farside.evaluation.reference_regions import find_complexes, move_regions, regions_of_mask
from sunpy_farside.evaluation.report import write_report
from sunpy_farside.evaluation.robustness import FAULTS, evaluate_robustness
from sunpy_farside.evaluation.scores import cover, score_detections
from sunpy_farside.evaluation.simulated import evaluate_simulated, reference_regions, simulated_case
from sunpy_farside.evaluation.stored import evaluate_masks


def known(*positions, ignored=()):
    """
    Return reference regions at longitudes and latitudes in degrees.
    """
    longitude, latitude = np.array([*positions, *ignored], dtype=float).reshape(-1, 2).T
    table = Table({"longitude": longitude, "latitude": latitude})
    complexes = find_complexes(longitude[: len(positions)], latitude[: len(positions)])
    table["complex"] = np.append(complexes, np.full(len(ignored), -1)).astype(int)
    table["large"] = table["complex"] >= 0
    return table


def found(*rows):
    return np.array(rows, dtype=float).reshape(-1, 3)


def scored(detected, truth, threshold=1.0, outlines=None):
    """
    Score detections (strength, longitude and latitude in degrees).
    """
    outlines = outlines or [None] * len(truth)
    covers = [
        cover(rows[:, 1], rows[:, 2], table, outline)
        for rows, table, outline in zip(detected, truth, outlines, strict=True)
    ]
    return score_detections("m", threshold, [rows[:, 0] for rows in detected], covers, truth)


@pytest.fixture(scope="module")
def result():
    return evaluate_simulated({"default": "default"}, 3, progress=False)


def test_two_detections_over_a_complex_are_right_and_it_counts_once():
    # Two regions nine degrees apart, and one detection on either side.
    truth = known([100, 10], [109, 10])
    counts = scored([found([5, 98, 10], [3, 112, 10])], [truth]).counts(1)
    assert (counts.found, counts.true, counts.repeated, counts.false) == (1, 1, 1, 0)
    assert counts.false_discovery_rate == 0
    # One is enough.
    assert scored([found([5, 98, 10])], [truth]).counts(1).found == 1
    # As far apart as this they are two.
    counts = scored([found([5, 98, 10], [3, 112, 10])], [known([100, 10], [112, 10])]).counts(1)
    assert (counts.found, counts.true, counts.repeated) == (2, 2, 0)


def test_a_detection_counts_for_all_that_it_covers():
    # The second lies thirteen degrees from the centroid, but within the outline.
    truth = known([100, 0], [115, 0])
    near = scored([found([5, 102, 0])], [truth])
    wide = scored([found([5, 102, 0])], [truth], outlines=[[1, 1]])
    assert (near.counts(1).found, wide.counts(1).found) == (1, 2)
    assert (near.counts(1).true, wide.counts(1).true) == (1, 1)
    assert wide.regions["found_at"].tolist() == [5, 5]


def test_what_is_too_small_is_neither_hit_nor_false_alarm():
    truth = known([100, 0], ignored=[[50, 0]])
    counts = scored([found([5, 52, 0], [4, 100, 0], [3, 0, 0])], [truth]).counts(1)
    assert counts == (1, 1, 0, 1, 1)
    assert counts.false_discovery_rate == 0.5
    assert scored([found([5, 52, 0])], [truth]).known() == 1


def test_a_published_region_is_as_large_as_its_area():
    truth = known([100, 0])
    assert not cover([118], [0], truth).any()
    truth["radius"] = 20.0
    assert cover([118], [0], truth).all()
    truth["radius"] = 1.0
    assert cover([109], [0], truth).all()


def test_complexes_touch_as_far_as_their_polarities_reach():
    places = ([0, 8, 30], [0, 0, 0])
    assert find_complexes(*places, extent=[2, 2, 2]).tolist() == [0, 1, 2]
    assert find_complexes(*places, extent=[4, 4, 4]).tolist() == [0, 0, 1]
    assert find_complexes(*places, radius=[5, 5, 20]).tolist() == [0, 0, 0]
    assert len(find_complexes([], [])) == 0


def test_regions_are_moved_within_the_window():
    longitudes = np.arange(300, 420) % 360
    table = known([301, 50], [5, -5], [70, 0])
    for shift, moved in zip((30, 45, 60, 75, 90), move_regions(table, longitudes), strict=True):
        east = (moved["longitude"] - 300) % 360
        # The last is beyond the window.
        assert east.tolist() == pytest.approx([1 + shift, (65 + shift) % 120, 130])
        assert moved["latitude"].tolist() == [50, -5, 0]


def test_the_distance_is_on_the_sphere():
    # Fourteen degrees of longitude at latitude 60 are seven on the sphere; 0/360 is no edge.
    for longitude, latitude, true in ((14, 60, 1), (14, 0, 0), (355, 0, 1)):
        scores = scored([found([5, longitude, latitude])], [known([0, latitude])])
        assert scores.counts(1).true == true


def test_curves_and_the_best_threshold():
    detected = [found([9, 0, 0], [8, 90, 0], [7, 180, 0], [6, 270, 0], [6, 300, 0])]
    scores = scored(detected, [known([0, 0], [180, 0], [270, 0], [90, 60])], 7.0)
    curve = scores.curve()
    assert curve["threshold"].tolist() == [9, 8, 7, 6]
    assert curve["found"].tolist() == curve["true"].tolist() == [1, 1, 2, 3]
    assert curve["false"].tolist() == [0, 1, 1, 2]
    assert curve["completeness"].tolist() == [0.25, 0.25, 0.5, 0.75]
    assert curve["false_discovery_rate"].tolist() == [0, 0.5, 1 / 3, 0.4]
    assert [scores.best(rate) for rate in (0.35, 0.1, 0.5)] == [7, 9, 6]
    assert scores.at_rate(0.35).found == 2
    assert scores.curve(weights=[2])["true"].tolist() == [2, 2, 4, 6]


def test_nothing_found_and_nothing_there():
    scores = scored([found(), found([3, 0, 0])], [known([5, 5]), known()])
    assert scores.counts(1) == (0, 0, 0, 0, 1)
    assert scores.best(0.5) == np.inf
    assert scores.at_rate(0.5).true == 0
    empty = scored([found()], [known()])
    assert empty.counts(1) == (0, 0, 0, 0, 0)
    assert len(empty.curve()) == 0


def test_a_method_that_finds_twice_as_much_has_the_ratio_two():
    truth = [known([0, 0], [90, 0], [180, 0], [270, 0]) for _ in range(50)]
    rows = [[400, 0, 0], [390, 90, 0], [380, 180, 0], [370, 270, 0]]
    standard = scored([found(*rows[:2]) for _ in range(50)], truth, 350)
    network = scored([found(*rows) for _ in range(50)], truth, 350)
    compared = compare_methods(network, standard, number=50)
    for key in (
        "at_reference_rate",
        "at_published",
        "found_at_reference_rate",
        "found_at_published",
    ):
        assert (compared[key].value, compared[key].low, compared[key].high) == (2, 2, 2)
    assert compared["reference_rate"].value == 0
    assert compared["smallest"][0] == 2
    assert str(compared["at_reference_rate"]) == "2.00 (2.00 to 2.00)"
    with pytest.raises(ValueError, match="same sequences"):
        compare_methods(network, scored([found()], [known()]))


def test_intervals_grow_where_sequences_differ():
    truth = [known([0, 0], [90, 0]) for _ in range(40)]
    standard = scored([found([5, 0, 0]) for _ in range(40)], truth)
    rows = [found([5, 0, 0], [5, 90, 0]) if k % 2 else found([5, 0, 0]) for k in range(40)]
    interval = compare_methods(scored(rows, truth), standard, number=200)["at_reference_rate"]
    assert interval.low < interval.value == 1.5 < interval.high


def test_completeness_in_bins():
    table = known([0, 0], [90, -20], [180, 20])
    table["flux"] = [1.0, 2.0, 3.0]
    scores = scored([found([9, 90, -20], [2, 180, 20])], [table], 5)
    rates = rates_by(scores, "latitude", np.array([0, 10, 30]))
    assert rates["number"].tolist() == [1, 2]
    assert rates["completeness"].tolist() == [0, 0.5]


def test_patches_of_a_mask():
    mask = np.zeros((144, 120))
    mask[72, 10:20] = 1
    mask[100:102, 50:52] = 1
    mask[5, 5] = np.nan
    table = regions_of_mask(mask, np.arange(350, 470) % 360)
    # The region of four pixels is present and does not count.
    assert table["longitude"].tolist() == [4.5, 40.5]
    assert table["latitude"].tolist() == [0, 28.5]
    assert table["area"][0] == 10
    assert table["large"].tolist() == [True, False]
    assert table["complex"].tolist() == [0, -1]
    # Regions four degrees apart are one complex; seven degrees apart, two.
    for gap, number in ((4, 1), (7, 2)):
        mask[...] = 0
        mask[72, 10:20] = mask[72 + gap + 1, 10:20] = 1
        assert len(set(regions_of_mask(mask, np.arange(120))["complex"])) == number
    assert len(regions_of_mask(np.zeros((144, 120)), np.arange(120))) == 0


def test_pixels_say_how_probability_and_truth_agree():
    rng = np.random.default_rng(0)
    probability = rng.uniform(0, 1, (400, 400))
    honest = Pixels.of(probability, rng.uniform(size=probability.shape) < probability)
    assert honest.calibration_error < 0.01
    assert Pixels.of(probability, np.zeros_like(probability)).calibration_error > 0.4
    both = honest + honest
    assert both.number.sum() == 2 * (probability >= 0.05).sum()
    assert both.dice == honest.dice
    perfect = Pixels.of(np.eye(9), np.eye(9))
    assert (perfect.dice, perfect.calibration_error) == (1, 0)


def test_test_sequences_share_no_map_with_each_other_or_another_set():
    first, second = simulated_case(0), simulated_case(1)
    assert first.sequence.times[-1] < second.sequence.times[0]
    for other in (second, simulated_case(0, kind="validation")):
        assert not np.array_equal(first.sequence.data, other.sequence.data, equal_nan=True)
    again = simulated_case(0)
    assert np.array_equal(first.sequence.data, again.sequence.data, equal_nan=True)
    assert len(simulated_case(0, kind="noise").regions) == 0


def test_regions_that_count_are_large_and_in_the_window(result):
    simulated = simulated_case(0)
    regions = result.scores["default"].regions
    here = regions[regions["sequence"] == 0]
    counting = 0
    for row in simulated.regions:
        column, line = simulated.sequence.wcs.world_to_pixel(row["centroid"])
        strong = row["flux"].value >= 2e21
        counting += bool(strong and -0.5 < column < 119.5 and -0.5 < line < 143.5)
    assert len(here) == counting > 0
    table = reference_regions(simulated)
    assert (table["complex"] >= 0).sum() == counting
    # Regions beyond the window are included as well, and those down to half of the limit.
    assert (table["large"] & (table["complex"] < 0)).any()
    assert 1e21 <= table["flux"].min() < 2e21
    assert result.pixels["default"].known > 0


def test_outlines_are_those_of_the_segments(simulated):
    detection = detect_farside(simulated.sequence, device="cpu")
    rows, columns = np.nonzero(detection.segments)
    place = detection.image.wcs.pixel_to_world(columns, rows)
    truth = Table({"longitude": place.lon.deg, "latitude": place.lat.deg})
    covers = compare_detection(detection, truth).covers
    label = detection.segments[rows, columns]
    assert covers[label - 1, np.arange(len(label))].all()


def test_masks_are_truth_as_well(simulated):
    result = evaluate_masks(
        {"default": "default"}, [(simulated.sequence, simulated.truth)], progress=False
    )
    regions = result.scores["seismic_strength"].regions
    assert len(regions) > 0
    assert result.pixels["default"].known == simulated.truth.data.sum()
    assert len(result.chance["default"]) == 5
    by_chance = [item.counts(0).found for item in result.chance["default"]]
    assert max(by_chance) <= result.scores["default"].counts(0).found
    # Missing pixels are neither true nor false.
    blank = Map(np.full(simulated.truth.data.shape, np.nan), simulated.truth.meta)
    result = evaluate_masks({"default": "default"}, [(simulated.sequence, blank)], progress=False)
    assert result.pixels["default"].number.sum() == 0
    wide = simulate_sequence("2022-05-05", seed=2, width=140)
    with pytest.raises(ValueError, match="mask_from_map"):
        evaluate_masks({}, [(wide.sequence, simulated.truth)], progress=False)
    with pytest.raises(ValueError, match="found none"):
        evaluate_masks({}, [], progress=False)


def test_the_report_has_text_picture_and_numbers(result, tmp_path):
    write_report(result, tmp_path / "report")
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "report.json",
        "report.md",
        "report.png",
    ]
    numbers = json.loads((tmp_path / "report" / "report.json").read_text())
    standard = numbers["methods"]["seismic_strength"]
    assert (numbers["sequences"], standard["threshold"]) == (3, 400)
    counts = result.scores["seismic_strength"].counts(400)
    assert [standard[name] for name in counts._fields] == list(counts)
    assert sum(row["number"] for row in standard["reliability"]) > 0
    assert standard["flux"][-1]["number"] > 0
    text = (tmp_path / "report" / "report.md").read_text()
    assert "| default |" in text
    assert "unsigned flux" in text


def test_the_command_evaluates(tmp_path, capsys):
    assert main(["evaluate", "--number", "2", "--output", str(tmp_path / "out")]) == 0
    assert "seismic_strength" in capsys.readouterr().out
    assert (tmp_path / "out" / "report.png").stat().st_size > 10_000
    again = ["evaluate", "--model", "a/x.pth", "--model", "b/x.pth", "--output", str(tmp_path)]
    assert main(again) == 2
    assert "different names" in capsys.readouterr().err
    assert main(["evaluate", "--model", "nothing", "--output", str(tmp_path)]) == 1
    assert "'felipe2019'" in capsys.readouterr().err


def test_faults_are_what_they_are_called():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.05, (11, 144, 122))
    signatures = np.zeros_like(noise)
    signatures[:, 70:80, 50:60] = -0.2
    phases = noise + signatures - 0.02
    found = {name: fault(phases, signatures, rng) for name, fault in FAULTS.items()}
    assert found["phases 1.4 times"] == pytest.approx(1.4 * phases)
    louder = found["noise alone 1.4 times"] - signatures
    assert louder.std() == pytest.approx(1.4 * noise.std())
    assert louder.mean() == pytest.approx(phases.mean() - signatures.mean())
    assert found["mean shifted by 0.03 rad"] == pytest.approx(phases + 0.03)
    assert np.isnan(found["a meridian without data"]).all(axis=(0, 1)).sum() == 1
    assert np.array_equal(found["window shifted by one degree"][..., :-1], phases[..., 1:])
    spread = found["two maps 1.5 times noisier"].std(axis=(1, 2)) / phases.std(axis=(1, 2))
    assert np.sort(spread) == pytest.approx([1] * 9 + [1.5] * 2, rel=0.02)


def test_a_scale_and_a_mean_change_nothing_that_is_significant():
    changed = evaluate_robustness("default", 3, progress=False)
    assert list(changed) == list(FAULTS)
    assert changed["phases 0.7 times"] == changed["phases 1.4 times"] == 0
    assert changed["mean shifted by 0.03 rad"] == 0


def test_removed_maps_cost_some_detections():
    summary = evaluate_gaps({"default": "default"}, 3, most=2, progress=False)
    assert (summary["sequences"], summary["source"]) == (3, "simulated (test)")
    for results in summary["methods"].values():
        assert len(results) == 3
        full = results[0]
        assert (full["kept"], full["new"], full["new_false"]) == (1, 0, 0)
        assert full["significant"] > 0
        for item in results:
            assert item["significant_in_full"] == full["significant"]
            kept = round(item["kept"] * full["significant"])
            assert kept + item["new"] == item["significant"]
            assert item["new_false"] <= min(item["new"], item["false"])
            assert sum(row["number"] for row in item["reliability"]) >= item["significant"]
    again = evaluate_gaps({"default": "default"}, 3, most=1, progress=False)
    for name, results in again["methods"].items():
        assert results == summary["methods"][name][:2]


def test_the_command_evaluates_missing_maps(tmp_path, maps, capsys):
    folder = tmp_path / "maps"
    folder.mkdir()
    save_maps(folder, maps[:11])
    command = ["evaluate", "--missing", "1", "--output"]
    assert main([*command, str(tmp_path / "real"), "--real", str(folder)]) == 0
    report = json.loads((tmp_path / "real" / "report.json").read_text())
    assert [item["sequences"] for item in report["methods"]["default"]] == [1, 11]
    assert "| default | 1 |" in capsys.readouterr().out
    assert main([*command, str(tmp_path / "noise"), "--number", "1", "--set", "noise"]) == 0
    report = json.loads((tmp_path / "noise" / "report.json").read_text())
    assert report["source"] == "simulated (noise)"
    assert main([*command, str(tmp_path / "x"), "--data", str(tmp_path)]) == 2
    assert "found --data" in capsys.readouterr().err
