import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

from sunpy_farside.network import load_model, save_model
from sunpy_farside.training.fit import TrainingModule, fit, trained_model
from sunpy_farside.training.recipe import Recipe, load_recipe
from sunpy_farside.training.simulated import SimulatedSequences, draw_example, own_window

TINY = Recipe(
    examples=160,
    batch=4,
    learning_rate=1e-2,
    hidden=2,
    upsampling="bilinear",
    normalisation="valid",
    width=32,
    validation=4,
    seed=3,
)


def test_examples_are_pairs_of_mirror_images():
    phases, active = SimulatedSequences(4, seed=1, width=32)[1]
    assert phases.shape == (2, 11, 144, 32)
    assert active.shape == (2, 144, 32)
    assert phases.dtype == active.dtype == torch.float32
    assert torch.equal(phases[0].flip(-2).nan_to_num(9), phases[1].nan_to_num(9))
    assert torch.equal(active[0].flip(-2), active[1])


def test_examples_come_from_their_seed():
    one, two, other = (SimulatedSequences(4, seed=seed, width=32)[0] for seed in (1, 1, 2))
    assert torch.equal(one[0].nan_to_num(9), two[0].nan_to_num(9))
    assert not torch.equal(one[0].nan_to_num(9), other[0].nan_to_num(9))
    with pytest.raises(IndexError):
        SimulatedSequences(4, seed=1)[2]


def test_half_of_the_examples_end_at_their_own_windows():
    bounded = 0
    for seed in range(20):
        phases, _ = draw_example(np.random.default_rng(seed), 120)
        missing = np.isnan(phases[0]).all(axis=0).sum()
        bounded += missing > 20
        assert np.isfinite(phases[5]).mean() > 0.95
    assert 4 <= bounded <= 16


def test_own_window_has_the_columns_of_the_sequence():
    longitudes = np.arange(100, 220)
    assert own_window(longitudes, 160, 120).all()
    assert own_window(longitudes, 166, 120).sum() == 114


def rows(folder):
    with (folder / "log" / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


# Lightning advises on workers and devices, and about its own use of torch.
_LIGHTNING = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"
)


@_LIGHTNING
def test_training_lowers_the_loss_and_ships_usable_weights(tmp_path, monkeypatch):
    monkeypatch.setattr("sunpy_farside.training.fit.EPOCH", 8)
    module = fit(TINY, tmp_path, workers=1, accelerator="cpu", enable_progress_bar=False)
    losses = [float(row["val_loss"]) for row in rows(tmp_path) if row.get("val_loss")]
    assert losses[-1] < losses[0]
    model = trained_model(module, name="tiny", threshold=50.0)
    save_model(model, tmp_path / "tiny.safetensors", recipe=TINY.to_text())
    back = load_model(tmp_path / "tiny.safetensors", device="cpu")
    assert (back.frames, back.threshold) == ("middle", 50.0)
    stack = np.random.default_rng(0).normal(-0.02, 0.05, (11, 144, 32))
    assert np.array_equal(back.predict(stack), model.predict(stack))


@_LIGHTNING
def test_a_killed_run_ends_with_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr("sunpy_farside.training.fit.EPOCH", 4)
    recipe = replace(TINY, examples=40)
    options = {"workers": 1, "accelerator": "cpu", "enable_progress_bar": False}
    whole = fit(recipe, tmp_path / "whole", **options)

    step = TrainingModule.training_step
    calls = []

    def killed(self, batch):
        calls.append(1)
        if len(calls) == 7:
            raise RuntimeError("killed")
        return step(self, batch)

    monkeypatch.setattr(TrainingModule, "training_step", killed)
    with pytest.raises(RuntimeError, match="killed"):
        fit(recipe, tmp_path / "killed", **options)
    monkeypatch.setattr(TrainingModule, "training_step", step)
    resumed = fit(recipe, tmp_path / "killed", **options)
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[key]), key


def test_the_loss_is_binary_cross_entropy():
    torch.manual_seed(0)
    module = TrainingModule(TINY)
    batch = [
        torch.stack(part) for part in zip(*SimulatedSequences(4, seed=1, width=32), strict=True)
    ]
    loss, logits, active = module._loss(batch)
    probability = logits.sigmoid()
    expected = -(active * probability.log() + (1 - active) * (1 - probability).log()).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)


def test_recipes():
    recipe = load_recipe()
    assert recipe.hidden == 16
    assert "learning_rate = 0.002" in recipe.to_text()


def test_unusable_recipes(tmp_path):
    with pytest.raises(FileNotFoundError, match="'default'"):
        load_recipe("nothing")
    path = tmp_path / "mine.toml"
    path.write_text("examples = 10\ncolour = 'red'\n")
    with pytest.raises(ValueError, match="unknown colour"):
        load_recipe(path)
