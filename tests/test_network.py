import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference_unet import functional_unet, random_network, randomize

from sunpy_farside import FarsideSequence
from sunpy_farside.errors import FarsideError
from sunpy_farside.network import (
    CoarseUNet,
    FarsideModel,
    Normalization,
    UNet,
    choose_device,
    fold_batch_norms,
    load_model,
)
from sunpy_farside.simulation import simulate_maps


def test_layout_is_the_published_one():
    network = UNet()
    state = network.state_dict()
    assert sum(value.numel() for value in network.parameters()) == 840_929
    assert len(state) == 128
    for key in (
        "inc.conv.conv.0.weight",
        "down1.mpconv.1.conv.3.bias",
        "up1.conv.conv.1.running_mean",
        "outc.conv.weight",
    ):
        assert key in state


@pytest.mark.parametrize("width", [120, 140, 16, 130])
def test_output_equals_an_independent_computation(width):
    network = random_network()
    x = torch.randn(2, 11, 144, width)
    with torch.inference_mode():
        found = network(x).sigmoid()
        expected = functional_unet(network.state_dict(), x)
    assert found.shape == (2, 144, width)
    assert torch.allclose(found, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "network",
    [
        UNet(hidden=4),
        UNet(hidden=4, upsampling="bilinear"),
        CoarseUNet(hidden=4),
        CoarseUNet(hidden=4, attention=True),
    ],
)
def test_folded_batch_norms_change_no_probability(network):
    randomize(network)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    folded = fold_batch_norms(network)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    maps = torch.randn(3, 11, 144, 140)
    missing = torch.rand(maps.shape) < 0.1
    with torch.inference_mode():
        expected = network(maps, missing).sigmoid()
        found = folded(maps, missing).sigmoid()
    assert expected.std() > 100 * (found - expected).abs().max()
    assert torch.allclose(found, expected, atol=1e-5, rtol=0)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_bilinear_upsampling_is_another_network():
    x = torch.randn(1, 11, 144, 120)
    with torch.inference_mode():
        nearest = random_network(upsampling="nearest")(x)
        bilinear = random_network(upsampling="bilinear")(x)
    assert not torch.allclose(nearest, bilinear)


def phases(n=2, missing=0.1, seed=0):
    rng = np.random.default_rng(seed)
    data = rng.normal(-0.02, 0.05, (n, 11, 144, 32)).astype(np.float32)
    data[rng.random(data.shape) < missing] = np.nan
    return torch.from_numpy(data)


def test_published_normalization():
    found = Normalization("sequence")(phases())
    for stack, expected in zip(found.numpy(), phases().numpy(), strict=True):
        expected = np.nan_to_num(expected).astype(float)
        expected = (expected - expected.mean()) / expected.std()
        assert np.allclose(stack, np.minimum(expected, 0), atol=1e-4)


def test_normalization_over_valid_pixels():
    found = Normalization("valid")(phases())
    for stack, data in zip(found.numpy(), phases().numpy(), strict=True):
        expected = (data - np.nanmean(data)) / np.nanstd(data)
        assert np.allclose(stack, np.nan_to_num(np.minimum(expected, 0)), atol=1e-4)


def test_normalization_with_the_constants_of_farnet2():
    found = Normalization("constants")(phases(missing=0))
    expected = (phases(missing=0) + 0.008417484) / 0.052406892
    assert torch.allclose(found, expected.clamp(max=0), atol=1e-5)


@pytest.mark.parametrize("kind", ["sequence", "valid"])
@given(shift=st.floats(-0.05, 0.05), scale=st.floats(0.5, 2))
def test_normalization_takes_out_the_level_and_the_scale(kind, shift, scale):
    data = phases(missing=0)
    found = Normalization(kind)(data * scale + shift)
    assert torch.allclose(found, Normalization(kind)(data), atol=1e-3)


@pytest.mark.parametrize("kind", ["sequence", "valid", "constants"])
def test_normalization_of_flat_or_missing_data_is_finite(kind):
    for value in (0.0, -0.1, np.nan):
        data = torch.full((1, 11, 144, 32), value)
        assert torch.isfinite(Normalization(kind)(data)).all()


def test_normalization_is_one_of_three():
    with pytest.raises(ValueError, match="sequence, valid, constants"):
        Normalization("batch")


def model(**kwargs):
    settings = {
        "name": "test",
        "alignment": "per_map",
        "normalization": Normalization(),
        "threshold": 100.0,
        "device": torch.device("cpu"),
    }
    return FarsideModel(random_network(), **(settings | kwargs))


def test_predict_takes_one_sequence_or_many():
    stack = phases(3).numpy()
    many = model().predict(stack)
    assert many.shape == (3, 144, 32)
    assert many.dtype == np.float32
    assert ((many >= 0) & (many <= 1)).all()
    assert np.allclose(model().predict(stack[1]), many[1:2], atol=1e-6)


def test_predict_leaves_its_input_alone():
    stack = phases().numpy()
    before = stack.copy()
    model().predict(stack)
    assert np.array_equal(stack, before, equal_nan=True)


def test_predict_twice_gives_the_same_bits():
    stack = phases(5).numpy()
    assert np.array_equal(model().predict(stack), model().predict(stack))


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_in_memory_does_not_matter(order):
    stack = phases(2).numpy()
    other = stack.transpose(order).copy().transpose(np.argsort(order))
    assert np.array_equal(model().predict(other), model().predict(stack))


@pytest.fixture
def restored_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", ["sequence", "valid"])
def test_the_default_network_treats_every_sequence_by_itself(kind, threads, restored_threads):
    torch.set_num_threads(threads)
    network = replace(load_model(device="cpu"), normalization=Normalization(kind, clip=False))
    stack = np.random.default_rng(2).normal(-0.02, 0.05, (9, 11, 144, 140)).astype(np.float32)
    stack[::2, :3, :, :40] = np.nan
    together = network.predict(stack)
    for number in (1, 3):
        assert np.array_equal(network.predict(stack[-number:]), together[-number:])


@pytest.mark.parametrize(
    "network",
    [UNet(hidden=4), CoarseUNet(), CoarseUNet(hidden=4, attention=True)],
    ids=["unet", "coarse", "attention"],
)
def test_the_number_of_threads_changes_no_probability(network, restored_threads):
    torch.manual_seed(3)
    parts = randomize(network), "test", "common", Normalization("valid"), 100.0
    predict = FarsideModel(*parts, torch.device("cpu")).predict
    stack = np.random.default_rng(2).normal(-0.02, 0.05, (8, 11, 144, 140)).astype(np.float32)
    stack[::2, :3, :, :40] = np.nan
    found = []
    for threads in (1, 2, 8):
        torch.set_num_threads(threads)
        found.append([predict(stack), predict(stack[:1])])
    for many, one in found:
        assert np.array_equal(many, found[0][0])
        assert np.array_equal(one, many[:1])


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("width", [16, 120, 128, 140])
def test_networks_of_two_views_treat_every_sequence_by_itself(width, attention):
    torch.manual_seed(3)
    network = FarsideModel(
        CoarseUNet(hidden=4, attention=attention),
        "test",
        "common",
        Normalization(),
        100.0,
        torch.device("cpu"),
    )
    stack = np.random.default_rng(2).normal(-0.02, 0.05, (3, 11, 144, width)).astype(np.float32)
    stack[0, :3, :, :9] = np.nan
    together = network.predict(stack)
    for number in range(3):
        assert np.array_equal(network.predict(stack[number])[0], together[number])


@pytest.mark.parametrize("batch", [1, 2, 5, 8, 16])
def test_the_size_of_a_batch_does_not_matter(batch):
    stack = phases(5).numpy()
    assert np.allclose(model().predict(stack, batch=batch), model().predict(stack), atol=1e-6)


def test_too_little_memory_of_a_gpu():
    def compute(*_):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    small = model()
    object.__setattr__(small, "_folded", compute)
    with pytest.raises(FarsideError, match=r"memory for 4 sequences on cpu, .*Choose the device"):
        small.predict(phases(5).numpy(), batch=4)


@pytest.mark.parametrize("shape", [(10, 144, 120), (2, 11, 143, 120), (144, 120), (11, 144, 8)])
def test_predict_says_what_shape_it_expects(shape):
    with pytest.raises(ValueError, match=r"\(n, 11, 144, width\)"):
        model().predict(np.zeros(shape))


def test_unknown_frames():
    with pytest.raises(ValueError, match="'per_map' or 'common'"):
        model(alignment="first")


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(1, 1, "cuda"), (0, 1, "mps"), (0, 0, "cpu"), (1, 0, "cuda")]
)
def test_auto_takes_the_fastest_device(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(cuda))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: bool(mps))
    assert choose_device("auto") == torch.device(expected)


def test_a_model_takes_a_device_or_its_name():
    model = load_model(device="cpu")
    for device in ("cpu", torch.device("cpu")):
        assert replace(model, device=device).device == torch.device("cpu")


@pytest.mark.parametrize("device", ["gpu", "cuda", "cuda:7", "", "mps"])
def test_devices_that_are_not_there(monkeypatch, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match="Choose auto"):
        choose_device(device)


def test_other_windows_are_seen_as_the_known_one():
    model = FarsideModel(
        CoarseUNet(hidden=2), "m", "common", Normalization("valid"), 100.0, torch.device("cpu")
    )
    stack = np.random.default_rng(0).normal(-0.02, 0.05, (3, 11, 144, 84)).astype(np.float32)
    assert (model.predict(stack) > 0).all()
    model = replace(model, columns=64)
    known = model.predict(stack[..., 10:74])
    wide = model.predict(stack, batch=2)
    # Column 42 is the central meridian of the wide window, column 32 of the known one.
    assert np.allclose(wide[:, :, 10:74], known, atol=1e-6)
    assert (wide[:, :, :10] == 0).all()
    assert (wide[:, :, 74:] == 0).all()
    missing = stack[..., 10:74].copy()
    missing[..., :12] = missing[..., 52:] = np.nan
    narrow = model.predict(stack[..., 22:62])
    assert np.array_equal(narrow, model.predict(missing)[..., 12:52])


@pytest.mark.parametrize("width", [16, 32, 64, 96, 112, 140, 180])
def test_no_width_makes_regions_of_noise(width):
    maps = simulate_maps("2022-05-02 12:00", 11, seed=8, activity=0).maps
    sequence = FarsideSequence(maps, width=width)
    probability = load_model(device="cpu").predict(sequence.comoving_data)
    assert probability.mean() < 0.05
    assert probability[..., -3:].mean() < 0.1


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("width", [16, 18, 120, 140, 180])
def test_the_coarse_network_takes_every_width(width, attention):
    network = CoarseUNet(hidden=2, attention=attention).eval()
    maps = torch.randn(2, 11, 144, width)
    assert network(maps, torch.zeros_like(maps, dtype=bool)).shape == (2, 144, width)


def test_the_coarse_network_moves_with_its_input_by_whole_pixels_of_its_own():
    torch.manual_seed(0)
    network = CoarseUNet(hidden=2).eval()
    maps = torch.zeros(1, 11, 144, 128)
    maps[:, :, 70:76, 60:66] = -3
    missing = torch.zeros_like(maps, dtype=bool)
    here, there = (network(item, missing)[0] for item in (maps, maps.roll(16, 2)))
    # The network knows the latitude, but a bright region stays in place.
    middle = [
        (item - network(torch.zeros_like(maps), missing)[0]).abs().argmax() // 128
        for item in (here, there)
    ]
    assert abs(int(middle[1] - middle[0]) - 16) <= 4


def test_attention_looks_at_every_map_by_itself():
    torch.manual_seed(1)
    attend = CoarseUNet(hidden=4, attention=True).eval().attend
    maps = torch.randn(2, 11, 16, 16)
    missing = torch.zeros_like(maps, dtype=bool)
    # Without a preferred time, the order does not matter.
    order = torch.randperm(11)
    assert torch.allclose(attend(maps, missing), attend(maps[:, order], missing), atol=1e-5)
    with torch.no_grad():
        attend.when[3] = 100
    alone = maps[:, 3:4].expand(-1, 11, -1, -1)
    assert torch.allclose(attend(maps, missing), attend(alone, missing), atol=1e-5)


def _moved(images):
    return images.roll((1, 1), (-2, -1))


def _mirrored(images):
    # Row 72 is the equator, and there is no counterpart of row 0.
    return torch.cat([images[..., :1, :], images[..., 1:, :].flip(-2)], -2)


@pytest.mark.parametrize("change", [_moved, _mirrored])
def test_which_pixels_are_paired_and_which_way_is_up_is_chance(change):
    torch.manual_seed(2)
    network = CoarseUNet(hidden=4)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    network.eval()
    maps = torch.randn(1, 11, 144, 128)
    missing = torch.zeros_like(maps, dtype=bool)

    def effect(forward):
        changed, same = forward(change(maps), missing), change(forward(maps, missing))
        return float((changed - same)[:, 40:104, 40:88].square().mean())

    def one_view(*images):
        return network._logits(*network._inputs(*images))

    with torch.inference_mode():
        assert effect(network) < 0.7 * effect(one_view)


def test_what_is_seen_upside_down_is_put_back_where_it_was(monkeypatch):
    network = CoarseUNet(hidden=2).eval()
    monkeypatch.setattr(network, "_logits", lambda images: images[:, :11].mean(1))
    maps = torch.randn(2, 11, 144, 120)
    found = network(maps, torch.zeros_like(maps, dtype=bool))
    assert torch.allclose(found, maps.mean(1), atol=1e-6)


def test_the_published_scaling_takes_all_sequences_of_a_file_together():
    rng = np.random.default_rng(3)
    stack = rng.normal(-0.02, 0.05, (3, 11, 144, 32)).astype(np.float32)
    stack[1] *= 2
    stack[2, :, :, :5] = np.nan
    model = FarsideModel(
        UNet(hidden=2), "small", "per_map", Normalization("sequence"), 100.0, torch.device("cpu")
    )
    filled = np.nan_to_num(stack.astype(np.float64))
    scaled = ((filled - filled.mean()) / filled.std()).clip(max=0).astype(np.float32)
    with torch.inference_mode():
        maps = torch.from_numpy(scaled)
        expected = model.network(maps, torch.isnan(torch.from_numpy(stack))).sigmoid().numpy()
    found = model.predict(stack, together=True, batch=2)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not np.allclose(found, model.predict(stack), atol=1e-4)
    # One sequence alone is the same either way.
    np.testing.assert_allclose(
        model.predict(stack[:1], together=True), model.predict(stack[:1]), atol=1e-6
    )
