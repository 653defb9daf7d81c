import json
import sys
from dataclasses import asdict, replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning_runs import QUIETLY, kill_at_step, lightning_warns, losses, validations
from reference_unet import Intruder

from sunpy.util.exceptions import SunpyDeprecationWarning

from sunpy_farside.cli import main
from sunpy_farside.errors import FileFormatError, WeightsError
from sunpy_farside.evaluation.calibration import calibrate_network
from sunpy_farside.network import load_model, save_model
from sunpy_farside.simulation.suns import DRAWN
from sunpy_farside.training.data import SimulatedData
from sunpy_farside.training.drafts import (
    DraftedSequences,
    collate_examples,
    simulate_examples,
)
from sunpy_farside.training.examples import SimulatedSequences, sample_examples
from sunpy_farside.training.fit import TrainingModule, fit, trained_model
from sunpy_farside.training.recipe import Recipe, load_recipe

COMPARED = Path(__file__).parents[1] / "benchmarks" / "recipes"
TARGET = {"kind": "field", "level": 15.0}
TINY = Recipe(
    network={"architecture": "coarse_unet", "hidden": 2},
    normalization={"kind": "valid", "clip": False},
    alignment="common",
    width=32,
    regions={"level": 0.1, "deblend": True},
    target=TARGET,
    examples=320,
    batch=8,
    learning_rate=2e-2,
    schedule="one_cycle",
    validation=8,
    patience=100,
    seed=3,
)


def drafted():
    """
    Return eight examples as a GPU simulates them.
    """
    options = {"first": 0, "width": 120, "alignment": "common", "sun": DRAWN}
    data = DraftedSequences(8, seed=1, target=TARGET, **options)
    return [part[0] for part in simulate_examples(collate_examples([data[0]]))]


@pytest.mark.parametrize(
    "examples",
    [lambda: SimulatedSequences(8, target=TARGET, seed=1)[0], drafted],
    ids=["CPU", "GPU"],
)
def test_a_noise_serves_two_suns_with_both_signs_and_both_ways_up(examples):
    phases, active = examples()
    assert phases.shape == (8, 11, 144, 120)
    assert active.shape == (8, 144, 120)
    assert phases.dtype == active.dtype == torch.float32
    assert torch.equal(phases[:4].flip(-2).nan_to_num(9), phases[4:].nan_to_num(9))
    assert torch.equal(active[:4].flip(-2), active[4:])
    assert torch.equal(active[0], active[1])
    assert not torch.equal(active[0], active[2])
    # The mean of both signs is the noise-free maps of two realizations; their difference is noise.
    signal, noise = (phases[::2] + phases[1::2]) / 2, (phases[::2] - phases[1::2]) / 2
    assert torch.allclose(noise[0], noise[1], atol=1e-6, equal_nan=True)
    assert (signal.nan_to_num(-1) <= 0).all()
    assert abs(noise.nanmean()) < 0.02


def test_examples_come_from_their_seed():
    one, two, other = (
        SimulatedSequences(8, target=TARGET, seed=seed, width=32)[0] for seed in (1, 1, 2)
    )
    assert torch.equal(one[0].nan_to_num(9), two[0].nan_to_num(9))
    assert not torch.equal(one[0].nan_to_num(9), other[0].nan_to_num(9))
    later = SimulatedSequences(8, target=TARGET, seed=1, first=8, width=32)[0]
    assert torch.equal(
        later[0].nan_to_num(9),
        SimulatedSequences(16, target=TARGET, seed=1, width=32)[1][0].nan_to_num(9),
    )
    with pytest.raises(IndexError):
        SimulatedSequences(8, target=TARGET, seed=1)[1]


def test_some_examples_end_at_windows_of_their_own():
    widths = set()
    for seed in range(60):
        phases, _ = sample_examples(np.random.default_rng(seed), TARGET, 140)
        known = np.isfinite(phases[0]).any(axis=1)
        # The first map was made 33 degrees further west. Seen whole, it reaches to 90 degrees from
        # its own meridian; cut, to 70 at most.
        if known[0, 16:30].any():
            assert known[5].sum() >= 139
        else:
            widths.add(int(known[5].sum() + 1) // 2 * 2)
    assert min(widths) <= 124
    assert max(widths) >= 136
    assert widths <= set(range(120, 141))


def test_own_frames_drift_and_middle_frames_do_not():
    signals = {}
    for alignment in ("per_map", "common"):
        phases, _ = sample_examples(np.random.default_rng(3), TARGET, 120, alignment=alignment)
        signals[alignment] = (phases[0] + phases[1]) / 2
    for index in range(11):
        # The windows move by 6.6 degrees a map, in whole degrees.
        middle, own = signals["common"][index], signals["per_map"][index]
        expected = 6.6 * (index - 5)
        agree = []
        for shift in (int(np.floor(expected)), int(np.floor(expected)) + 1):
            there = np.arange(max(0, -shift), min(120, 120 - shift))
            pair = middle[:, there], own[:, there + shift]
            both = np.isfinite(pair[0]) & np.isfinite(pair[1])
            agree.append(np.allclose(pair[0][both], pair[1][both], atol=1e-5))
        assert any(agree), index


@lightning_warns
def test_training_lowers_the_loss_and_ships_usable_weights(tmp_path, monkeypatch):
    monkeypatch.setattr("sunpy_farside.training.data.EPOCH", 8)
    module = fit(TINY, tmp_path, workers=1, accelerator="cpu", enable_progress_bar=False)
    found = losses(tmp_path)
    assert found[-1] < found[0]
    model = trained_model(module, name="tiny", threshold=50.0)
    save_model(model, tmp_path / "tiny.safetensors", recipe=TINY.to_text())
    back = load_model(tmp_path / "tiny.safetensors", device="cpu")
    assert (back.alignment, back.threshold) == ("common", 50.0)
    stack = np.random.default_rng(0).normal(-0.02, 0.05, (11, 144, 32))
    assert np.array_equal(back.predict(stack), model.predict(stack))


@lightning_warns
def test_a_killed_run_ends_with_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr("sunpy_farside.training.data.EPOCH", 4)
    recipe = replace(TINY, examples=80)
    options = QUIETLY | {"workers": 1}
    whole = fit(recipe, tmp_path / "whole", **options)

    calls = kill_at_step(monkeypatch, 7)
    with pytest.raises(RuntimeError, match="killed"):
        fit(recipe, tmp_path / "killed", **options)
    # Killed while it wrote the next checkpoint.
    (tmp_path / "killed" / "epoch=7.ckpt").write_bytes(b"PK half of it")

    calls.clear()
    resumed = fit(recipe, tmp_path / "killed", **options)
    assert len(calls) == 6
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[key]), key
    # The log of the first start is kept.
    validated = [
        {row["epoch"] for row in validations(tmp_path / name)} for name in ("whole", "killed")
    ]
    assert validated[0] == validated[1]


@lightning_warns
def test_checkpoints_of_something_else(tmp_path, monkeypatch):
    monkeypatch.setattr("sunpy_farside.training.data.EPOCH", 2)
    recipe = replace(TINY, examples=16)
    options = QUIETLY
    (tmp_path / "epoch=one.ckpt").write_text("no number")
    for name in ("epoch=7.ckpt", "epoch=8.ckpt"):
        (tmp_path / name).write_bytes(b"PK half of it")
    torch.save({"epoch": 3}, tmp_path / "epoch=6.ckpt")
    fit(recipe, tmp_path, **options)
    torch.save({"state_dict": {}, "args": Intruder()}, tmp_path / "epoch=9.ckpt")
    with pytest.raises(WeightsError, match=r"epoch=9\.ckpt: .* asks to run code") as error:
        fit(recipe, tmp_path, **options)
    assert "weights_only" not in str(error.value)
    (tmp_path / "epoch=9.ckpt").unlink()
    with pytest.raises(ValueError, match="of another network"):
        fit(replace(recipe, network=recipe.network | {"hidden": 4}), tmp_path, **options)


@lightning_warns
def test_a_run_that_does_not_improve_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("sunpy_farside.training.data.EPOCH", 2)
    recipe = replace(TINY, learning_rate=1e-12, schedule="constant", patience=1)
    fit(recipe, tmp_path, workers=0, accelerator="cpu", enable_progress_bar=False)
    assert len(losses(tmp_path)) < 10


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_command_trains_and_calibrates(tmp_path, monkeypatch, capsys, caplog):
    def few(name, **options):
        assert options["sun"] == {"kind": "drawn"}
        return calibrate_network(name, 2, **options)

    monkeypatch.setattr("sunpy_farside.evaluation.calibration.calibrate_network", few)
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(
        'base = "default"\nwidth = 32\nvalidation = 8\n'
        '[network]\narchitecture = "coarse_unet"\nhidden = 2\n'
    )
    folder = tmp_path / "run"
    command = ["train", "--recipe", str(recipe), "--examples", "32", "--output", str(folder)]
    assert main([*command, "--accelerator", "cpu"]) == 0
    out, err = capsys.readouterr()
    model = load_model(folder / "weights.safetensors", device="cpu")
    assert f"Weights: {folder / 'weights.safetensors'}, significant: " in out
    assert (model.columns, model.level, model.deblend) == (32, 0.05, True)
    # After two steps a network detects too little for a calibration.
    assert model.reliability is None
    assert "train the network longer" in err
    # Nothing of the machine, of advertisements, or of Lightning's own use of torch.
    assert "INFO" not in err
    assert not caplog.records

    # A run that is done is not done again.
    monkeypatch.setattr(TrainingModule, "training_step", lambda *_: pytest.fail("trained"))
    assert main([*command, "--accelerator", "cpu"]) == 0
    again = load_model(folder / "weights.safetensors", device="cpu")
    assert again.threshold == model.threshold
    assert "not empty" not in capsys.readouterr().err


def test_training_without_lightning_names_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "lightning", None)
    monkeypatch.delitem(sys.modules, "sunpy_farside.training.fit", raising=False)
    monkeypatch.delattr("sunpy_farside.training.fit", raising=False)
    assert main(["train", "--output", str(tmp_path / "run")]) == 1
    assert "pip install 'sunpy_farside[train]'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_the_loss_is_binary_cross_entropy():
    torch.manual_seed(0)
    module = TrainingModule(TINY, 1)
    batch = [
        torch.stack(part)
        for part in zip(*SimulatedSequences(8, target=TARGET, seed=1, width=32), strict=True)
    ]
    loss, logits, active = module._loss(batch)
    probability = logits.sigmoid()
    expected = -(active * probability.log() + (1 - active) * (1 - probability).log()).mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)


def test_recipes():
    recipe = load_recipe()
    assert recipe.network["architecture"] == "coarse_unet"
    assert "alignment = common" in recipe.to_text()
    # The paper's, section 2.4.
    recipe = load_recipe("felipe2019")
    assert (recipe.learning_rate, recipe.schedule, recipe.alignment) == (
        3e-4,
        "constant",
        "per_map",
    )
    assert recipe.network == {"architecture": "unet", "hidden": 16, "upsampling": "nearest"}


def test_the_package_has_the_recipes_of_its_weights_and_of_the_paper():
    folder = resources.files("sunpy_farside.training") / "recipes"
    names = {item.name.removesuffix(".toml") for item in folder.iterdir()}
    assert names == {"default", "measured", "felipe2019"}
    assert len(list(COMPARED.glob("*.toml"))) == 5


def test_a_recipe_takes_from_its_base_what_it_does_not_say(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "default"\nseed = 7\n')
    assert load_recipe(path) == replace(load_recipe(), seed=7)


@pytest.mark.parametrize(("former", "present"), [("own", "per_map"), ("middle", "common")])
def test_recipes_of_earlier_releases_are_read(tmp_path, former, present):
    path = tmp_path / "mine.toml"
    path.write_text(f'base = "default"\nframes = "{former}"\n')
    with pytest.warns(SunpyDeprecationWarning, match="Use alignment"):
        recipe = load_recipe(path)
    assert recipe == replace(load_recipe(), alignment=present)


def test_the_former_spelling_of_normalization_in_recipes_is_read(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "default"\n[normalisation]\nkind = "constants"\nclip = true\n')
    with pytest.warns(SunpyDeprecationWarning, match="Use normalization"):
        recipe = load_recipe(path)
    assert recipe == replace(load_recipe(), normalization={"kind": "constants", "clip": True})


@pytest.mark.parametrize("path", sorted(COMPARED.glob("*.toml")), ids=lambda path: path.stem)
def test_recipes_of_the_comparison_differ_by_the_network_alone(path):
    recipe, default = load_recipe(path), load_recipe()
    network = TrainingModule(recipe, 1).network
    assert all(
        network.settings[key] == recipe.network[key]
        for key in recipe.network.keys() - {"architecture"}
    )
    assert replace(recipe, network=default.network, alignment=default.alignment) == default


@pytest.mark.parametrize(
    "path", sorted((COMPARED / "long").glob("*.toml")), ids=lambda path: path.stem
)
def test_long_recipes_differ_by_their_length_too(path):
    recipe, default = load_recipe(path), load_recipe()
    assert recipe.examples >= 10 * default.examples
    lengths = {
        name: getattr(default, name) for name in ("examples", "batch", "learning_rate", "patience")
    }
    assert replace(recipe, network=default.network, **lengths) == default


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
@lightning_warns
def test_an_accelerator_that_is_not_there_is_named(tmp_path, capsys):
    recipe = tmp_path / "tiny.toml"
    recipe.write_text('base = "default"\nexamples = 8\nbatch = 8\nvalidation = 8\n')
    command = ["train", "--recipe", str(recipe), "--output", str(tmp_path / "run")]
    assert main([*command, "--accelerator", "cuda"]) == 2
    assert "an accelerator of this machine, found 'cuda'" in capsys.readouterr().err


WRONG_VALUES = {
    "alignment": ["first", "", 1, True],
    "width": [0, -120, 13, 121, 182, 120.0, "120", True, [120]],
    "examples": [0, -8, 1e5, "many", 10**12],
    "batch": [0, -16, 16.0, "16", 10**6],
    "learning_rate": [0, -1e-3, 2, "fast", float("nan"), float("inf"), True],
    "schedule": ["cosine", 1, ""],
    "validation": [0, -640, 640.0, "all", 10**6],
    "patience": [0, -1, 2.5, "long"],
    "seed": [-1, 2**32, 1.5, "one"],
    "network": [
        {},
        "unet",
        {"architecture": "transformer"},
        {"architecture": "unet", "hidden": 0},
        {"architecture": "unet", "hidden": 3000},
        {"architecture": "unet", "hidden": "16"},
        {"architecture": "unet", "upsampling": "cubic"},
        {"architecture": "unet", "attention": True},
        {"architecture": "coarse_unet", "attention": "yes"},
        {"architecture": "coarse_unet", "hidden": 1},
        {"architecture": "coarse_unet", "n_maps": 5},
    ],
    "normalization": [
        {},
        [],
        {"kind": "batch"},
        {"kind": "valid", "clip": 0},
        {"kind": "constants", "standard_deviation": 0.0},
        {"kind": "constants", "mean": "zero"},
        {"kind": "valid", "scale": 2},
    ],
    "target": [
        {},
        {"kind": "spots"},
        {"kind": "field"},
        {"kind": "field", "level": -30.0},
        {"kind": "centers", "radius": 0.0, "flux": 1e21},
        {"kind": "centers", "radius": 4.0},
        {"kind": "centers", "radius": 4.0, "flux": -1.0},
    ],
    "regions": [
        {},
        {"level": 0.25},
        {"level": 0.0, "deblend": True},
        {"level": 5, "deblend": True},
        {"level": 0.25, "deblend": "yes"},
        {"level": 0.25, "deblend": 1},
        {"level": 0.25, "deblend": True, "pixels": 5},
    ],
}


def toml(value):
    """
    Write a value as TOML, whose tables have equals signs.
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key in WRONG_VALUES for value in WRONG_VALUES[key]]
)
def test_wrong_values_are_named(tmp_path, key, value):
    with pytest.raises(ValueError, match=f"that can be run, found {key}"):
        replace(TINY, **{key: value})
    path = tmp_path / "mine.toml"
    settings = asdict(TINY) | {key: value}
    path.write_text("\n".join(f"{name} = {toml(item)}" for name, item in settings.items()))
    with pytest.raises(FileFormatError, match=rf"mine\.toml: .*found {key}"):
        load_recipe(path)


@pytest.mark.parametrize("changed", [{"batch": 12}, {"validation": 4}, {"examples": 7}])
def test_simulated_examples_come_in_eights(changed):
    with pytest.raises(ValueError, match=f"found {next(iter(changed))} = "):
        SimulatedData(replace(TINY, **changed), 1)


def test_what_is_no_recipe(tmp_path):
    path = tmp_path / "mine.toml"
    for content in (b"seed = ", b"\xff\xfe", b"seed = 1\nseed = 2", b"a = " + b"[" * 15_000):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match="expected a recipe in TOML"):
            load_recipe(path)
    path.write_bytes(b"#" * 20_001)
    with pytest.raises(FileFormatError, match="more than 20000 bytes"):
        load_recipe(path)
    with pytest.raises(FileFormatError, match="found a folder"):
        load_recipe(tmp_path)
    for base in ("5", "true", "['default']"):
        path.write_text(f"base = {base}\n")
        with pytest.raises(FileFormatError, match="expected a base"):
            load_recipe(path)


def test_recipes_in_the_users_home(tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text('base = "default"\nseed = 7\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_recipe("~/mine.toml").seed == 7


def test_unusable_recipes(tmp_path):
    with pytest.raises(FileNotFoundError, match="default, felipe2019"):
        load_recipe("nothing")
    path = tmp_path / "mine.toml"
    path.write_text("examples = 10\ncolour = 'red'\n")
    with pytest.raises(ValueError, match="unknown colour"):
        load_recipe(path)
    path.write_text(f"base = '{path}'\n")
    with pytest.raises(ValueError, match="not made from this recipe"):
        load_recipe(path)
