"""
Detection and training on a GPU with CUDA, against the CPU.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from commands import run
from lightning_runs import lightning_warns
from map_files import publish_maps
from reference_unet import randomize
from test_detection import equal_columns
from test_training import TINY

import astropy.units as u

from sunpy_farside import detect_farside, find_sequences, load_model
from sunpy_farside.errors import FarsideError
from sunpy_farside.network import (
    PACKAGED,
    FarsideModel,
    Normalization,
    UNet,
    choose_device,
    save_model,
)
from sunpy_farside.network.model import GPU_BATCH
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.simulation.batches import simulate_batch
from sunpy_farside.simulation.suns import load_sun
from sunpy_farside.training.drafts import (
    DraftedSequences,
    collate_examples,
    simulate_examples,
)
from sunpy_farside.training.fit import TrainingModule, fit, trained_model

DEVICE = "cuda"
# Sums round in another order.
TOLERANCE = 1e-5

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA"),
]


@pytest.fixture(scope="module")
def series():
    """
    Return thirty sequences of consecutive maps.
    """
    return find_sequences(simulate_maps("2022-05-01", 40, seed=7).maps)


@pytest.fixture(scope="module")
def stacks(series):
    return np.stack([item.comoving(140) for item in series[:9]])


def network(name, device):
    """
    Return a model of the package, or one of the published layout with random weights.
    """
    if name in PACKAGED:
        return load_model(name, device=device)
    torch.manual_seed(3)
    parts = randomize(UNet()), name, "common", Normalization(), 100.0
    return FarsideModel(*parts, torch.device(device))


def names(*others):
    return pytest.mark.parametrize("name", [*PACKAGED, *others])


@names("published layout")
def test_probabilities_are_those_of_a_cpu(name, stacks):
    there, here = (network(name, device).predict(stacks) for device in (DEVICE, "cpu"))
    assert there.dtype == np.float32
    assert np.abs(there - here).max() < TOLERANCE
    # The probabilities are not all alike.
    assert np.ptp(here) > 100 * TOLERANCE


@names("published layout")
def test_the_precision_that_users_have_chosen_stays(name, stacks):
    before = [torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic]
    network(name, DEVICE).predict(stacks[:1])
    assert [torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic] == before


@names("published layout")
def test_a_sequence_has_the_same_bits_alone_and_with_others(name, stacks):
    predict = network(name, DEVICE).predict
    # One batch is complete, and another is not.
    many = np.concatenate([stacks] * (GPU_BATCH // len(stacks) + 1))
    together = predict(many)
    assert np.array_equal(predict(many), together)
    assert np.array_equal(predict(many[::-1])[::-1], together)
    for number, stack in enumerate(stacks):
        assert np.array_equal(predict(stack)[0], together[number])


@names()
def test_regions_are_those_of_a_cpu(name, series):
    there, here = (
        detect_farside(series, load_model(name, device=device)) for device in (DEVICE, "cpu")
    )
    assert sum(len(item.regions) for item in here) > len(series)
    for one, other in zip(there, here, strict=True):
        assert np.abs(one.image.data - other.image.data).max() < TOLERANCE
        # A pixel at the edge of a region may be on either side of the threshold.
        assert np.count_nonzero(one.segments != other.segments) <= 2
        first, second = one.regions, other.regions
        assert len(first) == len(second)
        assert np.array_equal(first["significant"], second["significant"])
        assert np.all(first["centroid"].separation(second["centroid"]) < 0.1 * u.deg)
        assert np.allclose(first["reliability"], second["reliability"], atol=1e-3)
        strengths = (item["integrated_probability"].to_value("deg2") for item in (first, second))
        assert np.allclose(*strengths, rtol=1e-3)


def test_a_long_list_has_the_tables_of_single_sequences(series):
    # One batch is complete, and another is not.
    together = detect_farside(series * (GPU_BATCH // len(series) + 1), device=DEVICE)
    for number in range(0, len(series), 5):
        alone = detect_farside(series[number], device=DEVICE)
        for one in together[number :: len(series)]:
            assert np.array_equal(alone.image.data, one.image.data)
            assert np.array_equal(alone.segments, one.segments)
            equal_columns(alone.regions, one.regions)


def test_auto_is_the_gpu(capsys):
    assert choose_device("auto").type == DEVICE
    assert load_model().device.type == DEVICE
    assert run("info", "--device", "auto") == 0
    assert f"device: {DEVICE}" in capsys.readouterr().out


def test_the_command_lists_the_regions_of_a_cpu(tmp_path, series, capsys):
    publish_maps(tmp_path, series[0].maps)
    rows = []
    for device in (f"{DEVICE}:0", "cpu"):
        assert run("detect", tmp_path, "--device", device, "--format", "csv") == 0
        rows.append(capsys.readouterr().out.splitlines())
    assert len(rows[0]) == len(rows[1]) > 1
    assert rows[0][0] == rows[1][0]


def test_a_number_without_a_device(tmp_path, series, capsys):
    with pytest.raises(FarsideError, match=rf"found '{DEVICE}:99', which is not available"):
        load_model(device=f"{DEVICE}:99")
    publish_maps(tmp_path, series[0].maps)
    assert run("detect", tmp_path, "--device", f"{DEVICE}:99") == 2
    assert "Choose auto" in capsys.readouterr().err


def test_too_little_memory(stacks):
    model = load_model(device=DEVICE)
    expected = model.predict(stacks)
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-9)
    try:
        with pytest.raises(FarsideError, match=rf"sequences on {DEVICE}.*Choose the device cpu"):
            model.predict(stacks)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert np.array_equal(model.predict(stacks), expected)


@pytest.mark.parametrize("name", PACKAGED)
def test_weights_saved_from_the_gpu_are_those_of_a_cpu(name, tmp_path, stacks):
    save_model(load_model(name, device=DEVICE), tmp_path / "saved.safetensors")
    saved = load_model(tmp_path / "saved.safetensors", device="cpu")
    packaged = load_model(name, device="cpu")
    assert saved.device.type == "cpu"
    assert np.array_equal(saved.predict(stacks), packaged.predict(stacks))


@lightning_warns
def test_training_on_the_gpu_gives_weights_for_a_cpu(tmp_path, stacks, monkeypatch):
    step, devices, start = TrainingModule.training_step, [], {}

    def training_step(self, batch):
        if not devices:
            start.update(
                {key: value.cpu().clone() for key, value in self.network.state_dict().items()}
            )
        devices.append(batch[0].device.type)
        return step(self, batch)

    monkeypatch.setattr(TrainingModule, "training_step", training_step)
    recipe = replace(TINY, examples=32)
    options = {"workers": 0, "enable_progress_bar": False}
    module = fit(recipe, tmp_path / "run", accelerator="gpu", devices=1, **options)
    assert devices == [DEVICE] * 4
    learned = dict(module.network.named_parameters())
    assert all(value.isfinite().all() for value in learned.values())
    assert any(not torch.equal(value.cpu(), start[key]) for key, value in learned.items())
    trained = trained_model(module, name="trained", threshold=100.0)
    save_model(trained, tmp_path / "trained.safetensors")
    here, there = (
        load_model(tmp_path / "trained.safetensors", device=device).predict(stacks)
        for device in ("cpu", DEVICE)
    )
    assert np.array_equal(here, trained.predict(stacks))
    assert np.abs(here - there).max() < TOLERANCE


@pytest.mark.parametrize("name", ["drawn", "measured"])
def test_simulated_maps_are_those_of_a_cpu(name):
    sun = load_sun(name)
    data = DraftedSequences(
        32, seed=2, target=TINY.target, first=0, width=140, alignment="common", sun=sun
    )
    drafts = collate_examples([data[index] for index in range(4)])
    numbers, generator = [], torch.Generator().manual_seed(1)

    def normal(*shape):
        numbers.append(torch.randn(shape, generator=generator))
        return numbers[-1]

    expected = simulate_batch(drafts.draft, normal)
    again = iter(numbers)
    found = simulate_batch(drafts.to(DEVICE).draft, lambda *shape: next(again).to(DEVICE))
    for one, other in zip(found[:2], expected[:2], strict=True):
        assert (one.cpu() - other).abs().max() < 2 * TOLERANCE
    # Positions at the limb round differently.
    assert (found[2].cpu() != expected[2]).float().mean() < 1e-4


@lightning_warns
def test_training_simulates_its_maps_on_the_gpu(tmp_path, monkeypatch):
    devices = []

    def simulate(drafts):
        phases, active = simulate_examples(drafts)
        devices.append((drafts.draft.centers.device.type, phases.device.type))
        return phases, active

    monkeypatch.setattr("sunpy_farside.training.data.simulate_examples", simulate)
    options = {"workers": 1, "devices": 1, "enable_progress_bar": False}
    fit(replace(TINY, examples=32), tmp_path, accelerator="gpu", **options)
    assert devices == 4 * [("cuda", "cuda")]
