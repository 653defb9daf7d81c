import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astropy.table import Table

from sunpy.map import Map
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import simulate_sequence
from sunpy_farside.cli import main
from sunpy_farside.evaluation.comparison import compare_methods, rates_by
from sunpy_farside.evaluation.judged import Pixels
from sunpy_farside.evaluation.report import write_report
from sunpy_farside.evaluation.robustness import FAULTS, evaluate_robustness
from sunpy_farside.evaluation.scores import judge, match_by_strength, regions_of_mask
from sunpy_farside.evaluation.simulated import evaluate_simulated, simulated_case
from sunpy_farside.evaluation.stored import evaluate_masks
from sunpy_farside.evaluation.threshold import choose_threshold
from sunpy_farside.utils.assignment import assign


def known(*positions):
    longitude, latitude = np.array(positions, dtype=float).reshape(-1, 2).T
    return Table({"longitude": longitude, "latitude": latitude})


def found(*rows):
    return np.array(rows, dtype=float).reshape(-1, 3)


@pytest.fixture(scope="module")
def judged():
    return evaluate_simulated({"default": "default"}, 3, progress=False)


@given(
    allowed=st.integers(0, 5).flatmap(
        lambda columns: st.lists(
            st.lists(st.booleans(), min_size=columns, max_size=columns), max_size=7
        )
    ),
    data=st.data(),
)
def test_every_threshold_has_as_many_pairs_as_there_can_be(allowed, data):
    n_regions = len(allowed[0]) if allowed else 3
    allowed = np.array(allowed, dtype=bool).reshape(len(allowed), n_regions)
    strength = np.array(
        data.draw(st.lists(st.integers(0, 4), min_size=len(allowed), max_size=len(allowed))),
        dtype=float,
    )
    true, found_at = match_by_strength(strength, allowed)
    for threshold in range(6):
        strong = strength >= threshold
        pairs, _ = assign(np.ones_like(allowed[strong], dtype=float), allowed[strong])
        assert true[strong].sum() == len(pairs) == (found_at >= threshold).sum()


def test_a_second_detection_of_a_region_is_false():
    scores = judge("m", 1.0, [found([5, 100, 10], [3, 103, 10])], [known([101, 10])])
    assert scores.counts(1) == (1, 1)
    assert scores.counts(4) == (1, 0)


def test_the_distance_is_on_the_sphere():
    # Fourteen degrees of longitude at latitude 60 are seven on the sphere; the seam is no edge.
    for longitude, latitude, true in ((14, 60, 1), (14, 0, 0), (355, 0, 1)):
        scores = judge("m", 1.0, [found([5, longitude, latitude])], [known([0, latitude])])
        assert scores.counts(1)[0] == true


def test_curves_and_the_best_threshold():
    detected = [found([9, 0, 0], [8, 90, 0], [7, 180, 0], [6, 270, 0], [6, 300, 0])]
    scores = judge("m", 7.0, detected, [known([0, 0], [180, 0], [270, 0], [90, 60])])
    curve = scores.curve()
    assert curve["threshold"].tolist() == [9, 8, 7, 6]
    assert curve["true"].tolist() == [1, 1, 2, 3]
    assert curve["false"].tolist() == [0, 1, 1, 2]
    assert curve["true_positive_rate"].tolist() == [0.25, 0.25, 0.5, 0.75]
    assert curve["false_discovery_rate"].tolist() == [0, 0.5, 1 / 3, 0.4]
    assert scores.best(0.35) == (7, 2)
    assert scores.best(0.1) == (9, 1)
    assert scores.best(0.5) == (6, 3)
    assert scores.curve(weights=[2])["true"].tolist() == [2, 2, 4, 6]


def test_nothing_found_and_nothing_there():
    scores = judge("m", 1.0, [found(), found([3, 0, 0])], [known([5, 5]), known()])
    assert scores.counts(1) == (0, 1)
    assert scores.best(0.5) == (np.inf, 0)
    empty = judge("m", 1.0, [found()], [known()])
    assert empty.counts(1) == (0, 0)
    assert len(empty.curve()) == 0


def test_a_method_that_finds_twice_as_much_has_the_ratio_two():
    truth = [known([0, 0], [90, 0], [180, 0], [270, 0]) for _ in range(50)]
    rows = [[400, 0, 0], [390, 90, 0], [380, 180, 0], [370, 270, 0]]
    standard = judge("s", 350, [found(*rows[:2]) for _ in range(50)], truth)
    network = judge("n", 350, [found(*rows) for _ in range(50)], truth)
    compared = compare_methods(network, standard, number=50)
    for key in ("at_standard", "at_published"):
        assert (compared[key].value, compared[key].low, compared[key].high) == (2, 2, 2)
    assert compared["standard_rate"].value == 0
    assert compared["smallest"][0] == 2
    assert str(compared["at_standard"]) == "2.00 (2.00 to 2.00)"
    with pytest.raises(ValueError, match="same sequences"):
        compare_methods(network, judge("s", 1, [found()], [known()]))


def test_intervals_grow_where_sequences_differ():
    truth = [known([0, 0], [90, 0]) for _ in range(40)]
    standard = judge("s", 1, [found([5, 0, 0]) for _ in range(40)], truth)
    rows = [found([5, 0, 0], [5, 90, 0]) if k % 2 else found([5, 0, 0]) for k in range(40)]
    interval = compare_methods(judge("n", 1, rows, truth), standard, number=200)["at_standard"]
    assert interval.low < interval.value == 1.5 < interval.high


def test_rates_in_bins():
    table = known([0, 0], [90, -20], [180, 20])
    table["flux"] = [1.0, 2.0, 3.0]
    scores = judge("m", 5, [found([9, 90, -20], [2, 180, 20])], [table])
    rates = rates_by(scores, "latitude", np.array([0, 10, 30]))
    assert rates["number"].tolist() == [1, 2]
    assert rates["true_positive_rate"].tolist() == [0, 0.5]


def test_patches_of_a_mask():
    mask = np.zeros((144, 120))
    mask[72, 10:20] = 1
    mask[100:102, 50:52] = 1
    mask[5, 5] = np.nan
    table = regions_of_mask(mask, np.arange(350, 470) % 360)
    assert table["longitude"].tolist() == [4.5]
    assert table["latitude"].tolist() == [0]
    assert table["area"].tolist() == [10]


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


def test_true_regions_are_those_in_the_window(judged):
    simulated = simulated_case(0)
    regions = judged.scores["default"].regions
    here = regions[regions["sequence"] == 0]
    inside = 0
    for row in simulated.regions:
        column, line = simulated.sequence.wcs.world_to_pixel(row["centroid"])
        strong = row["flux"].value >= 2e21
        inside += bool(strong and -0.5 < column < 119.5 and -0.5 < line < 143.5)
    assert len(here) == inside > 0
    assert judged.pixels["default"].known > 0


def test_masks_are_truth_as_well(simulated):
    judged = evaluate_masks(
        {"default": "default"}, [(simulated.sequence, simulated.truth)], progress=False
    )
    regions = judged.scores["seismic_strength"].regions
    assert len(regions) > 0
    assert judged.pixels["default"].known == simulated.truth.data.sum()
    # Where nothing is known there is neither truth nor error.
    blank = Map(np.full(simulated.truth.data.shape, np.nan), simulated.truth.meta)
    judged = evaluate_masks({"default": "default"}, [(simulated.sequence, blank)], progress=False)
    assert judged.pixels["default"].number.sum() == 0
    wide = simulate_sequence("2022-05-05", seed=2, width=140)
    with pytest.raises(ValueError, match="mask_from_map"):
        evaluate_masks({}, [(wide.sequence, simulated.truth)], progress=False)
    with pytest.raises(ValueError, match="found none"):
        evaluate_masks({}, [], progress=False)


def test_the_report_has_text_picture_and_numbers(judged, tmp_path):
    write_report(judged, tmp_path / "report")
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == [
        "report.json",
        "report.md",
        "report.png",
    ]
    numbers = json.loads((tmp_path / "report" / "report.json").read_text())
    standard = numbers["methods"]["seismic_strength"]
    assert (numbers["sequences"], standard["threshold"]) == (3, 400)
    assert standard["true"] + standard["false"] == sum(
        judged.scores["seismic_strength"].counts(400)
    )
    text = (tmp_path / "report" / "report.md").read_text()
    assert "| default |" in text
    assert "unsigned flux" in text


def test_the_threshold_lets_little_noise_pass(monkeypatch):
    truth = [known([0, 0]), known([0, 0])]
    scores = {
        "validation": judge("n", 1, [found([50, 0, 0]), found([40.01, 0, 0], [9, 90, 0])], truth),
        "validation_noise": judge("n", 1, [found([60, 0, 0], [45.31, 90, 0])], [known()]),
    }

    class Found:
        def __init__(self, kind):
            self.scores = {"network": scores[kind]}

    monkeypatch.setattr(
        "sunpy_farside.evaluation.threshold.evaluate_simulated",
        lambda models, number, *, kind, **options: Found(kind),
    )
    # The strongest region in the noise may pass, the second may not.
    assert choose_threshold("weights") == pytest.approx(45.4)
    scores["validation_noise"] = judge("n", 1, [found()], [known()])
    assert choose_threshold("weights") == pytest.approx(40.1)
    # A network that knows nothing.
    scores["validation"] = judge("n", 1, [found([50, 180, 0])], [known([0, 0])])
    with pytest.warns(SunpyUserWarning, match="No region of this network will be significant"):
        assert choose_threshold("weights") == np.inf


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
