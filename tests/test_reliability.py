"""
Reliability: its function, its calibration and ranking by it.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference_unet import random_network

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import detect_farside, detect_seismic_strength, load_model
from sunpy_farside.cli import main
from sunpy_farside.coordinates.window import window_wcs
from sunpy_farside.detection import COLUMNS, measure_regions
from sunpy_farside.detection.export import to_json, to_text
from sunpy_farside.detection.phase_statistics import noise_level
from sunpy_farside.detection.reliability import FEATURES, Reliability
from sunpy_farside.detection.sar_calibration import read_calibration, sar_flux, sar_reliability
from sunpy_farside.errors import WeightsError
from sunpy_farside.evaluation.calibration import RATE, calibrate_network, fit_reliability
from sunpy_farside.evaluation.calibration_bins import reliability_bins
from sunpy_farside.evaluation.cases import Case, ComparedDetections
from sunpy_farside.network import save_model


@pytest.fixture
def model():
    return load_model(device="cpu")


positive = st.floats(0, 1e4)


@given(
    measured=st.fixed_dictionaries(
        {
            "integrated_probability": positive,
            "peak_probability": st.floats(0, 1),
            "seismic_strength": positive,
            "mean_phase": st.floats(-0.5, 0),
            "depth": st.floats(-5, 20),
        }
    ),
    name=st.sampled_from(sorted(FEATURES)),
)
def test_more_of_anything_is_more_reliable(measured, name):
    reliability = Reliability(dict.fromkeys(FEATURES, 0.5), -3.0, {})
    (value,) = reliability({key: [number] for key, number in measured.items()})
    more = {"peak_probability": 1.0, "mean_phase": -0.6}.get(name, measured[name] + 1)
    (other,) = reliability({key: [number] for key, number in (measured | {name: more}).items()})
    assert 0 <= value <= other <= 1


def test_nothing_is_known_where_nothing_is_measured():
    reliability = Reliability({"depth": 1.0}, 0.0, {})
    assert np.isnan(reliability({"depth": [np.nan]})).all()
    assert len(reliability({"depth": []})) == 0


def test_a_reliability_comes_back_from_json():
    reliability = Reliability({"depth": 1.5}, -2.0, {"level": 0.05}, 0.6, {"sequences": 3})
    assert Reliability.from_dict(json.loads(json.dumps(reliability.to_dict()))) == reliability
    for change in ({"version": 99}, {"coefficients": {"color": 1.0}}, {"shape": 2}):
        with pytest.raises(ValueError, match="sunpy-farside calibrate"):
            Reliability.from_dict(reliability.to_dict() | change)
    content = reliability.to_dict()
    del content["intercept"]
    with pytest.raises(ValueError, match="sunpy-farside calibrate"):
        Reliability.from_dict(content)


def test_the_noise_of_a_map_is_that_without_its_regions():
    rng = np.random.default_rng(0)
    mean = rng.normal(-0.02, 0.03, (144, 120))
    mean[50:60, 40:60] -= 0.2
    mean[:, :10] = np.nan
    middle, level = noise_level(mean)
    assert middle == pytest.approx(-0.02, abs=0.001)
    assert level == pytest.approx(0.03, rel=0.03)
    assert np.isnan(noise_level(np.full((3, 3), np.nan))).all()


def test_depth_is_measured_in_units_of_the_noise():
    rng = np.random.default_rng(0)
    date = Time("2022-05-05")
    wcs = window_wcs(date)
    labels = np.zeros((144, 120), dtype=int)
    labels[80:84, 50:54] = 1
    signal = np.zeros((144, 120))
    signal[72:92, 42:62] = -0.1
    depths = []
    for scale in (1, 3):
        phases = scale * (rng.normal(0, 0.025, (1, 144, 120)) + signal)
        depths.append(measure_regions(labels, wcs, date, phases=phases)["depth"][0])
    # Neither the scale of the phases nor their middle counts.
    assert depths == pytest.approx([4, 4], rel=0.1)


def test_regions_that_touch_are_of_one_complex(simulated, model):
    model = replace(model, reliability=None, level=0.01)
    parted = detect_farside(simulated.sequence, model)
    whole = detect_farside(simulated.sequence, replace(model, deblend=False))
    assert len(whole.regions) < len(parted.regions)
    # A complex is what is one segment without deblending.
    numbers = parted.regions["complex"]
    assert len(set(numbers)) == len(whole.regions)
    for number in set(numbers):
        members = np.isin(parted.segments, parted.regions["label"][numbers == number])
        (label,) = set(whole.segments[members])
        assert (members == (whole.segments == label)).all()


def test_the_shipped_weights_rank_by_reliability(simulated, model):
    detection = detect_farside(simulated.sequence, model)
    regions = detection.regions
    assert regions.colnames == list(COLUMNS)
    assert (np.diff(regions["reliability"]) <= 0).all()
    cut = detection.settings.reliability_cut
    assert 0 < cut < 1
    assert (regions["significant"] == (regions["reliability"] >= cut)).all()
    assert f"reliability of {cut:.3g} or more" in to_text(detection)
    (record,) = json.loads(to_json([detection]))
    assert record["reliability_cut"] == cut
    assert record["regions"][0]["reliability"] == pytest.approx(regions["reliability"][0], abs=5e-4)
    assert model.reliability["notes"]["false_discovery_rate"] == RATE
    # The reliability is kept when a detection is written.
    assert detection.settings.from_header(detection.settings.to_header()) == detection.settings


def test_a_threshold_is_one_of_the_integrated_probability(simulated, model):
    detection = detect_farside(simulated.sequence, model, threshold=50)
    regions = detection.regions
    assert np.isfinite(regions["reliability"]).all()
    assert (regions["significant"] == (regions["integrated_probability"] >= 50 * u.deg**2)).all()
    assert detection.settings.reliability_cut is None


@pytest.mark.parametrize("change", ["level", "deblend", "reliability"])
def test_without_a_calibration_the_strength_decides(simulated, model, change):
    value = {"level": 0.3, "deblend": False, "reliability": None}[change]
    model = replace(model, **{change: value})
    detection = detect_farside(simulated.sequence, model)
    regions = detection.regions
    assert len(regions) > 0
    assert np.isnan(regions["reliability"]).all()
    strength = regions["integrated_probability"].value
    assert (np.diff(strength) <= 0).all()
    assert (regions["significant"] == (strength >= model.threshold)).all()
    assert "integrated probability of" in to_text(detection)


def test_the_sar_method_has_a_reliability_and_keeps_its_rule(simulated):
    detection = detect_seismic_strength(simulated.sequence)
    regions = detection.regions
    assert (np.diff(regions["reliability"]) <= 0).all()
    assert np.isfinite(regions["reliability"]).all()
    assert (regions["significant"] == (regions["seismic_strength"].value >= 400)).all()
    assert sar_reliability().cut is None
    # It is calibrated for one way to cut regions out.
    other = detect_seismic_strength(simulated.sequence, phase=-0.1 * u.rad).regions
    assert len(other) > 0
    assert np.isnan(other["reliability"]).all()
    assert (np.diff(other["seismic_strength"]) <= 0).all()


def test_weights_keep_the_calibration(tmp_path, model):
    path = tmp_path / "weights.safetensors"
    save_model(model, path)
    assert load_model(path, device="cpu").reliability == model.reliability
    model = replace(model, reliability={**model.reliability, "version": 99})
    save_model(model, path)
    with pytest.raises(WeightsError, match="version 99"):
        detect_farside([], path, device="cpu")


def test_bins_hold_reliability_against_what_is_real():
    rng = np.random.default_rng(0)
    reliability = rng.uniform(size=50_000)
    table = reliability_bins(reliability, rng.uniform(size=len(reliability)) < reliability)
    assert table["number"].sum() == len(reliability)
    assert np.abs(table["reliability"] - table["real"]).max() < 0.03
    table = reliability_bins(np.array([np.nan, 1.0]), np.array([True, True]))
    assert table["number"].tolist() == 9 * [0] + [1]


def test_the_fit_finds_the_function():
    rng = np.random.default_rng(0)
    size = 40_000
    measured = {"depth": rng.normal(1, 1, size), "peak_probability": rng.uniform(0.05, 0.95, size)}
    truth = Reliability({"depth": 1.0, "peak_probability": 0.7}, -1.0, {})
    real = rng.uniform(size=size) < truth(measured)
    coefficients, intercept = fit_reliability(measured, real, measured)
    assert coefficients == pytest.approx(truth.coefficients, abs=0.06)
    assert intercept == pytest.approx(-1, abs=0.06)
    # Features that would lower it are left out.
    coefficients, _ = fit_reliability({"depth": -measured["depth"]}, real, ["depth"])
    assert coefficients == {"depth": 0}


def cases(noise_depths, n_sequences=200):
    """
    Return sequences with a real and a sometimes real detection, and some of noise alone.
    """
    rng = np.random.default_rng(0)

    def case(depths, real):
        depths = np.asarray(depths, dtype=float)
        measured = Table({name: np.abs(depths) for name in FEATURES})
        measured["peak_probability"] = 0.5
        measured["mean_phase"] = -0.1
        measured["depth"] = measured["integrated_probability"] = depths
        measured["area"] = measured["distance"] = 50.0
        measured["longitude"], measured["latitude"] = 20.0 * np.arange(len(depths)), 0.0
        known = Table({"complex": np.arange(sum(real)), "large": np.ones(sum(real), dtype=bool)})
        known["flux"] = 1e22
        known["longitude"], known["latitude"] = 20.0 * np.flatnonzero(real), 0.0
        covers = np.zeros((len(depths), sum(real)), dtype=bool)
        covers[np.flatnonzero(real), np.arange(sum(real))] = True
        return Case(known, {"network": ComparedDetections(measured, 0.0, covers)}, {})

    with_regions = []
    for _ in range(n_sequences):
        depth = rng.uniform(0, 10)
        with_regions.append(case([9.5, depth], [True, rng.uniform() < depth / 10]))
    return with_regions, [case([depth], [False]) for depth in noise_depths]


@pytest.fixture
def calibrated(monkeypatch):
    """
    Return a function that calibrates on artificial cases.
    """

    def calibrate(noise_depths, name="default"):
        with_regions, noise = cases(noise_depths)
        monkeypatch.setattr(
            "sunpy_farside.evaluation.calibration.simulated_cases",
            lambda models, number, *, kind, **options: noise if "noise" in kind else with_regions,
        )
        model = calibrate_network(name, 200, progress=False)
        return model, Reliability.from_dict(model.reliability), [*with_regions, *noise]

    return calibrate


def test_the_cut_keeps_to_the_rate_of_false_detections(calibrated):
    model, reliability, everything = calibrated(np.zeros(40))

    def false_share(strength, cut):
        strong = [strength(case.found["network"].measured) >= cut for case in everything]
        real = [case.found["network"].covers.any(axis=1) for case in everything]
        strong, real = np.concatenate(strong), np.concatenate(real)
        return (strong & ~real).sum() / strong.sum(), strong.sum()

    share, number = false_share(reliability, reliability.cut)
    assert share <= RATE
    # Nothing less strict would.
    assert number > 200
    assert false_share(reliability, reliability.cut - 0.05)[0] > RATE
    assert false_share(lambda item: item["depth"], model.threshold)[0] <= RATE


def test_the_cut_lets_little_noise_pass(calibrated):
    # Of forty sequences of noise two may have a significant region.
    _, quiet, _ = calibrated(np.zeros(40))
    loud = np.append([9.9, 9.8, 9.7], np.zeros(37))
    _, reliability, everything = calibrated(loud)
    strengths = [reliability(case.found["network"].measured) for case in everything[-40:]]
    assert sum((values >= reliability.cut).any() for values in strengths) == 2
    assert reliability.cut > quiet.cut


def test_all_the_noise_counts_for_the_cut_and_a_fifth_for_the_fit(calibrated):
    _, quiet, _ = calibrated(np.zeros(200))
    # The first forty take part in the fit. Of 200, ten may have a significant region.
    loud = np.append(np.zeros(40), np.append(np.linspace(9.5, 9.9, 12), np.zeros(148)))
    _, reliability, everything = calibrated(loud)
    assert reliability == replace(quiet, cut=reliability.cut)
    strengths = [reliability(case.found["network"].measured) for case in everything[-200:]]
    assert sum((values >= quiet.cut).any() for values in strengths) > 10
    # The cut is rounded up.
    assert 8 < sum((values >= reliability.cut).any() for values in strengths) <= 10


def test_published_weights_keep_their_threshold(calibrated, tmp_path):
    path = tmp_path / "published.pth"
    torch.save({"state_dict": random_network().state_dict()}, path)
    model, reliability, _ = calibrated(np.zeros(40), path)
    assert model.threshold == 100
    assert reliability.cut is None
    assert reliability.settings == {"level": 0.01, "deblend": False}


def test_too_little_to_calibrate_with(monkeypatch):
    with_regions, noise = cases([0.0], 3)
    monkeypatch.setattr(
        "sunpy_farside.evaluation.calibration.simulated_cases",
        lambda models, number, *, kind, **options: noise if "noise" in kind else with_regions,
    )
    with (
        pytest.warns(SunpyUserWarning, match="have no reliability: take more sequences"),
        pytest.warns(SunpyUserWarning, match="have no flux: take more sequences"),
    ):
        model = calibrate_network("default", 3, progress=False)
    assert (model.reliability, model.flux) == (None, None)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_command_calibrates_any_weights(tmp_path, capsys):
    path = tmp_path / "published.pth"
    torch.save({"state_dict": random_network().state_dict()}, path)
    output = tmp_path / "calibrated.safetensors"
    command = ["calibrate", str(path), "--number", "3", "--output", str(output)]
    assert main(command) == 0
    assert "significant: integrated probability of 100 deg2 or more" in capsys.readouterr().out
    back, original = load_model(output, device="cpu"), load_model(path, device="cpu")
    state = original.network.state_dict()
    assert all((value == state[key]).all() for key, value in back.network.state_dict().items())
    assert (back.level, back.deblend, back.threshold) == (0.01, False, 100)


def test_the_command_calibrates_into_weights(tmp_path, capsys):
    assert main(["calibrate", "default", "--output", str(tmp_path / "x.json")]) == 2
    assert ".safetensors" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_command_calibrates_the_sar_method(tmp_path, capsys):
    output = tmp_path / "sar.json"
    assert main(["calibrate", "seismic_strength", "--number", "5", "--output", str(output)]) == 0
    reliability, flux = read_calibration(output.read_text())
    assert set(reliability.coefficients) == set(sar_reliability().coefficients)
    assert reliability.settings == sar_reliability().settings
    assert set(flux.coefficients) == set(sar_flux().coefficients)
    assert flux.settings == sar_flux().settings
    # Too few detections leave the file as it is.
    before = output.read_bytes()
    capsys.readouterr()
    assert main(["calibrate", "sar", "--number", "1", "--output", str(output)]) == 1
    assert "Give a larger --number." in capsys.readouterr().err
    assert output.read_bytes() == before
