import hashlib
import json
import os
import threading
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources

import numpy as np
import pytest
import torch
from reference_unet import Intruder, functional_unet, random_network
from safetensors import safe_open
from safetensors.torch import save_file

from sunpy_farside import detect_farside, load_model, simulate_sequence
from sunpy_farside.catalog.sources import describe_run
from sunpy_farside.errors import WeightsError
from sunpy_farside.network import PACKAGED, Normalization, checkpoints, save_model


def save_checkpoint(path, state=None, **extra):
    """
    Save in the published format: the old one, with the optimizer's state.
    """
    network = random_network()
    optimizer = torch.optim.Adam(network.parameters())
    content = {
        "epoch": 300,
        "state_dict": network.state_dict() if state is None else state,
        "best_loss": 0.01,
        "optimizer": optimizer.state_dict(),
    } | extra
    torch.save(content, path, _use_new_zipfile_serialization=False)
    return path


@pytest.mark.parametrize("width", [120, 140])
def test_published_layout_loads_strictly_and_computes_the_same(tmp_path, width):
    model = load_model(save_checkpoint(tmp_path / "published.pth"), device="cpu")
    assert model.alignment == "per_map"
    assert model.normalization.kind == "sequence"
    assert model.threshold == 100
    stack = np.random.default_rng(3).normal(-0.02, 0.05, (2, 11, 144, width)).astype(np.float32)
    expected = functional_unet(
        random_network().state_dict(), model.normalization(torch.from_numpy(stack))
    )
    assert np.abs(model.predict(stack) - expected.numpy()).max() < 1e-5


def test_wider_networks_are_recognised(tmp_path):
    state = random_network(hidden=8).state_dict()
    assert load_model(save_checkpoint(tmp_path / "w.pth", state), device="cpu").network.hidden == 8


def _extra(state):
    state["up5.conv.weight"] = torch.zeros(1)


def _missing(state):
    del state["down2.mpconv.1.conv.0.weight"]


def _misshapen(state):
    state["up1.conv.conv.0.weight"] = torch.zeros(4, 4, 3, 3)


def _nan(state):
    state["outc.conv.bias"] = torch.full((1,), torch.nan)


def _huge(state):
    state["outc.conv.bias"] = torch.full((1,), -2e36)


def _another_network(state):
    for key in list(state):
        state[f"layers.{key}"] = state.pop(key)


def _no_tensor(state):
    state["outc.conv.bias"] = 3


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_extra, "unexpected up5.conv.weight"),
        (_missing, "missing down2.mpconv.1.conv.0.weight"),
        (_misshapen, "misshapen up1.conv.conv.0.weight"),
        (_nan, "NaN or infinity in outc.conv.bias"),
        (_huge, r"below 1e\+18, .* in outc.conv.bias"),
        (_another_network, "inc.conv.conv.0.weight"),
        (_no_tensor, "misshapen outc.conv.bias int"),
    ],
)
def test_checkpoints_of_something_else(tmp_path, spoil, message):
    state = dict(random_network().state_dict())
    spoil(state)
    with pytest.raises(WeightsError, match=message):
        load_model(save_checkpoint(tmp_path / "w.pth", state), device="cpu")


def test_checkpoints_cannot_run_code(tmp_path):
    path = save_checkpoint(tmp_path / "w.pth", args=Intruder())
    with pytest.raises(WeightsError, match="run code"):
        load_model(path, device="cpu")


@pytest.mark.parametrize(
    "content", [b"", b"<html>404</html>", b"\x80\x02garbage"], ids=["empty", "html", "garbage"]
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_files(tmp_path, content, suffix):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=path.name):
        load_model(path, device="cpu")


def test_truncated_checkpoint(tmp_path):
    path = save_checkpoint(tmp_path / "w.pth")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(WeightsError, match=r"w\.pth"):
        load_model(path, device="cpu")


@pytest.mark.parametrize("content", [[1, 2], {"model": 1}, {"state_dict": 3}, {}])
def test_checkpoints_without_a_state_dict(tmp_path, content):
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="state_dict"):
        load_model(tmp_path / "w.pth", device="cpu")


def test_saved_weights_go_round(tmp_path):
    model = load_model(save_checkpoint(tmp_path / "published.pth"), device="cpu")
    model = replace(model, threshold=42.5)
    save_model(model, tmp_path / "own.safetensors", recipe="by hand")
    back = load_model(tmp_path / "own.safetensors", device="cpu")
    assert (back.alignment, back.threshold) == ("per_map", 42.5)
    assert back.normalization == model.normalization
    assert back.metadata["recipe"] == "by hand"
    state = back.network.state_dict()
    for key, value in model.network.state_dict().items():
        assert torch.equal(state[key], value)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["own.safetensors", "published.pth"]


def test_safetensors_of_something_else(tmp_path):
    save_file({"a": torch.zeros(2)}, tmp_path / "bare.safetensors")
    with pytest.raises(WeightsError, match="settings"):
        load_model(tmp_path / "bare.safetensors", device="cpu")
    metadata = {
        "architecture": "unet",
        "network": json.dumps({"n_maps": 11, "hidden": 16, "upsampling": "nearest"}),
        "frames": "own",
        "target": json.dumps({"kind": "field", "level": 30.0}),
        "columns": "null",
        "level": "0.01",
        "deblend": "false",
        "threshold": "100",
        "normalisation": json.dumps({"kind": "sequence"}),
    }
    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors", metadata=metadata)
    with pytest.raises(WeightsError, match="unexpected a"):
        load_model(tmp_path / "other.safetensors", device="cpu")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """
    Save weights; return the path, the state and the metadata.
    """
    path = tmp_path_factory.mktemp("weights") / "own.safetensors"
    model = load_model(device="cpu")
    save_model(model, path, recipe="by hand")
    with safe_open(path, framework="pt") as file:
        state = {key: file.get_tensor(key) for key in file.keys()}
        return path, state, file.metadata()


@pytest.fixture
def rewrite(written, tmp_path):
    """
    Return a function that writes other entries: ``rewrite(state={...}, threshold="3")``.
    """

    def write(state=None, without=(), **metadata):
        _, entries, notes = written
        notes = {key: value for key, value in (notes | metadata).items() if key not in without}
        path = tmp_path / "changed.safetensors"
        save_file(entries | (state or {}), path, metadata=notes)
        return path

    return write


WRONG_METADATA = {
    "threshold": ["nan", "-1", "", "none", "[100]", "1e400x"],
    "level": ["5", "0", "1", "-0.1", "nan", "inf", "x"],
    "columns": ["13", "15", "139", "200", "-120", "120.5", '"140"', "[140]", "true", "x", ""],
    "deblend": ["2", '"yes"', "null", "maybe"],
    "alignment": ["first", "", "Common", "own"],
    "architecture": ["transformer", "", "unet"],
    "network": [
        '{"hidden": 3000}',
        '{"hidden": 0}',
        '{"hidden": "16"}',
        '{"hidden": 16.5}',
        '{"hidden": true}',
        '{"n_maps": 0}',
        '{"n_maps": 10}',
        '{"attention": 1}',
        '{"depth": 3}',
        "[]",
        "16",
        "null",
        "",
        "{",
        "[" * 100_000,
    ],
    "normalization": [
        '{"kind": "batch"}',
        "{}",
        '{"kind": "constants", "standard_deviation": 0}',
        '{"kind": "constants", "standard_deviation": -0.05}',
        '{"kind": "constants", "mean": NaN}',
        '{"kind": "constants", "mean": "0"}',
        '{"kind": "valid", "clip": 1}',
        '{"kind": "valid", "scale": 2}',
        "null",
    ],
    "target": [
        '{"kind": "spots"}',
        "{}",
        '{"kind": "field"}',
        '{"kind": "field", "level": -30}',
        '{"kind": "centers", "radius": 400, "flux": 1e21}',
        '{"kind": "centers", "radius": 4, "flux": "strong"}',
        '{"kind": "field", "level": 30, "radius": 4}',
    ],
    "flux": [
        "{}",
        "[1]",
        '{"coefficients": {}, "intercept": 1, "settings": {}}',
        '{"coefficients": {"signal": NaN}, "intercept": 0, "settings": {}, "strength": 600, '
        '"lower": {"intercept": -1, "slope": 1, "distance": 0}, '
        '"upper": {"intercept": 1, "slope": 1, "distance": 0}}',
        '{"coefficients": {"signal": 1}, "intercept": 0, "settings": {}, "strength": 600, '
        '"lower": {"intercept": -1}, "upper": {"intercept": 1, "slope": 1, "distance": 0}}',
    ],
    "reliability": [
        "{}",
        "[1]",
        '{"coefficients": {"depth": "2"}, "intercept": -3, "settings": {}}',
        '{"coefficients": {"depth": NaN}, "intercept": -3, "settings": {}}',
        '{"coefficients": {"depth": -1}, "intercept": -3, "settings": {}}',
        '{"coefficients": [2], "intercept": -3, "settings": {}}',
        '{"coefficients": {}, "intercept": Infinity, "settings": {}}',
        '{"coefficients": {}, "intercept": 1, "settings": {}, "cut": "high"}',
    ],
}


@pytest.mark.parametrize("curvature", [{}, {"curvature": 0.1}])
def test_bounds_of_a_flux_may_have_a_curvature(rewrite, curvature):
    bound = {"intercept": 0, "slope": 1, "distance": 0, **curvature}
    flux = {
        "version": 1,
        "coefficients": {"signal": 1},
        "intercept": 0,
        "settings": {},
        "strength": 600,
        "lower": bound,
        "upper": bound,
    }
    model = load_model(rewrite(flux=json.dumps(flux)), device="cpu")
    assert model.flux["lower"].get("curvature", 0) == curvature.get("curvature", 0)


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key in WRONG_METADATA for value in WRONG_METADATA[key]]
)
def test_wrong_metadata_are_named(rewrite, key, value):
    path = rewrite(**{key: value})
    with pytest.raises(WeightsError, match=rf"changed\.safetensors: .*({key}|network)"):
        load_model(path, device="cpu")


@pytest.mark.parametrize(
    "key", ["architecture", "network", "alignment", "normalization", "target", "columns", "level"]
)
def test_metadata_that_always_were_there_may_not_lack(rewrite, key):
    with pytest.raises(WeightsError, match=f"{key}|network"):
        load_model(rewrite(without=[key]), device="cpu")


def test_keys_of_earlier_and_later_versions(rewrite):
    default = load_model(device="cpu")
    stack = np.random.default_rng(0).normal(0, 0.05, (11, 144, 120))
    without = ["reliability", "flux", "license", "sha256"]
    model = load_model(rewrite(without=without, later="5", threshold="inf"), device="cpu")
    assert (model.reliability, model.flux, model.threshold) == (None, None, np.inf)
    assert model.target == default.target
    assert model.normalization == default.normalization
    assert np.array_equal(model.predict(stack), default.predict(stack))
    calibrated = '{"version": 1, "coefficients": {"depth": 2}, "intercept": -3.5, "settings": {}}'
    model = load_model(rewrite(reliability=calibrated), device="cpu")
    assert model.reliability == json.loads(calibrated)


@pytest.mark.parametrize(("former", "present"), [("own", "per_map"), ("middle", "common")])
def test_weights_of_the_first_format_are_read(rewrite, former, present):
    path = rewrite(
        without=["format_version", "alignment", "license", "normalization"],
        frames=former,
        licence="Any",
        normalisation='{"kind": "sequence", "clip": true}',
    )
    model = load_model(path, device="cpu")
    assert (model.alignment, model.license) == (present, "Any")
    assert model.normalization == Normalization("sequence", clip=True)


def test_the_former_spelling_of_normalization_in_weights_is_read(rewrite):
    path = rewrite(without=["normalization"], normalisation='{"kind": "sequence", "clip": true}')
    assert load_model(path, device="cpu").normalization == Normalization("sequence", clip=True)


@pytest.mark.parametrize("former", ["first", "", "Own"])
def test_wrong_alignments_of_the_first_format_are_named(rewrite, former):
    path = rewrite(without=["format_version", "alignment"], frames=former)
    with pytest.raises(WeightsError, match=f"alignment = {former}"):
        load_model(path, device="cpu")


def test_weights_of_the_first_format_keep_their_digest(tmp_path):
    # The weights of the package as an earlier release had them.
    shipped = resources.files("sunpy_farside.data") / "default.safetensors"
    with safe_open(shipped, framework="pt") as file:
        state, notes = {key: file.get_tensor(key) for key in file.keys()}, file.metadata()
    notes |= {
        "frames": "middle",
        "licence": notes["license"],
        "normalisation": notes["normalization"],
    }
    for key in ("format_version", "alignment", "license", "normalization", "flux"):
        del notes[key]
    save_file(state, tmp_path / "former.safetensors", metadata=notes)
    model = load_model(tmp_path / "former.safetensors", device="cpu")
    assert "format_version" not in model.metadata
    assert model.flux is None
    save_model(model, tmp_path / "again.safetensors")
    again = load_model(tmp_path / "again.safetensors", device="cpu")
    assert (again.metadata["format_version"], again.metadata["alignment"]) == ("2", "common")
    assert again.normalization == model.normalization
    assert {"normalization", "normalisation"} & again.metadata.keys() == {"normalization"}
    assert again.metadata["sha256"] == model.metadata["sha256"]
    # Catalogs record this digest of the model; another one would make their dates due again.
    digests = [describe_run(item, 140)["weights"] for item in (model, again)]
    assert digests == ["369f32e39b836736"] * 2


@pytest.mark.parametrize("version", ["3", "0", "", "2.0", "two"])
def test_weights_of_another_format_ask_for_an_update(rewrite, version):
    with pytest.raises(WeightsError, match=f"found format '{version}'. Update sunpy_farside"):
        load_model(rewrite(format_version=version), device="cpu")


@pytest.mark.parametrize("kind", ["one bit", "half precision"])
def test_weights_that_changed_belie_their_digest(rewrite, written, kind):
    _, state, _ = written
    value = state["outlet.weight"].clone()
    value = value.half() if kind == "half precision" else value
    value.view(torch.uint8).view(-1)[0] ^= 1
    with pytest.raises(WeightsError, match="the file was damaged"):
        load_model(rewrite(state={"outlet.weight": value}), device="cpu")


def test_negative_variances(rewrite, written):
    _, state, _ = written
    key = next(key for key in state if key.endswith("running_var"))
    with pytest.raises(WeightsError, match=f"variances above zero, found others in {key}"):
        load_model(rewrite(state={key: -state[key]}), device="cpu")


@pytest.mark.parametrize("kind", [torch.int32, torch.bool, torch.uint8])
def test_weights_that_are_whole_numbers(rewrite, written, kind):
    value = {"outlet.bias": written[1]["outlet.bias"].to(kind)}
    with pytest.raises(WeightsError, match=r"outlet\.bias .* of whole numbers"):
        load_model(rewrite(state=value), device="cpu")


def test_what_is_no_file_of_weights(tmp_path):
    for suffix in (".safetensors", ".pth"):
        folder, pipe = tmp_path / f"folder{suffix}", tmp_path / f"pipe{suffix}"
        folder.mkdir()
        os.mkfifo(pipe)
        huge = tmp_path / f"huge{suffix}"
        with huge.open("wb") as file:
            file.write((2**40).to_bytes(8, "little"))
            file.truncate(50_000_000_000)
        for path in (folder, pipe, huge):
            with pytest.raises(WeightsError, match=f"{path.name}: expected weights, found"):
                load_model(path, device="cpu")
    (tmp_path / "w.safetensors").write_bytes((2_000_000).to_bytes(8, "little") + bytes(2_000_000))
    with pytest.raises(WeightsError, match="its header has 2000000 bytes"):
        load_model(tmp_path / "w.safetensors", device="cpu")


def test_a_network_that_is_wider_than_its_weights_takes_no_memory(rewrite):
    path = rewrite(network='{"hidden": 128}')
    with pytest.raises(WeightsError, match="misshapen"):
        load_model(path, device="cpu")


def _sparse(value):
    return value.to_sparse()


def _without_memory(value):
    return torch.empty(value.shape, device="meta")


def _whole_numbers(value):
    return value.int()


def _complex(value):
    return value.to(torch.complex64)


@pytest.mark.parametrize("change", [_sparse, _without_memory, _whole_numbers, _complex])
def test_tensors_of_other_kinds(tmp_path, change):
    state = random_network().state_dict()
    state["outc.conv.weight"] = change(state["outc.conv.weight"])
    with pytest.raises(WeightsError, match=r"outc\.conv\.weight"):
        load_model(save_checkpoint(tmp_path / "w.pth", state), device="cpu")


def test_checkpoints_that_declare_more_than_they_hold(tmp_path):
    state = random_network().state_dict()
    state["inc.conv.conv.0.weight"] = torch.zeros(1).expand(3000, 11, 3, 3)
    with pytest.raises(WeightsError, match="hidden = 3000"):
        load_model(save_checkpoint(tmp_path / "w.pth", state), device="cpu")
    state = random_network().state_dict() | {7: torch.zeros(1)}
    with pytest.raises(WeightsError, match="unexpected 7"):
        load_model(save_checkpoint(tmp_path / "w.pth", state), device="cpu")
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", bytes(3_000_000))
    with pytest.raises(WeightsError, match="unpacks to 3000000 bytes"):
        load_model(tmp_path / "bomb.pth", device="cpu")


def test_no_message_advises_to_run_code(tmp_path):
    path = tmp_path / "w.pth"
    contents = [b"\x80\x02cos\nsystem\n(S'true'\ntR."]
    # The second is read as a program.
    for names in (["data.pkl"], ["data.pkl", "constants.pkl", "version"]):
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(f"archive/{name}", b"\x80\x02]q\x00.")
        contents.append(path.read_bytes())
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(WeightsError) as error:
            load_model(path, device="cpu")
        assert "weights_only" not in str(error.value)


def test_the_users_home(written, monkeypatch):
    monkeypatch.setenv("HOME", str(written[0].parent))
    assert load_model("~/own.safetensors", device="cpu").name == "own"


def test_unknown_names(tmp_path):
    with pytest.raises(WeightsError, match="'default', 'measured', 'felipe2019'"):
        load_model("felipe2020", device="cpu")
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "absent.pth", device="cpu")
    (tmp_path / "weights.onnx").touch()
    with pytest.raises(WeightsError, match="Rename"):
        load_model(tmp_path / "weights.onnx", device="cpu")
    with pytest.raises(ValueError, match="Expected a device"):
        load_model(device="abacus")


@pytest.mark.parametrize("name", PACKAGED)
def test_weights_of_the_package_are_small_and_calibrated(name):
    model = load_model(name, device="cpu")
    assert model.name == name
    assert model.alignment == "common"
    assert sum(value.numel() for value in model.network.parameters()) == 389_724
    sequence = simulate_sequence("2022-05-05", seed=9).sequence
    regions = detect_farside(sequence, model).regions
    assert regions["significant"].any()
    assert np.isfinite(regions["reliability"]).all()
    assert np.isfinite(regions["flux"]).all()


def test_the_model_without_a_name_is_the_default_one():
    assert load_model(device="cpu").name == "default"


def test_weights_for_the_measured_sun_tell_of_what_they_were_trained_with():
    model = load_model("measured", device="cpu")
    assert "'kind': 'measured', 'magnetograms': 'yes'" in model.metadata["recipe"]
    # Less sure of the same regions.
    sequence = simulate_sequence("2022-05-05", seed=9).sequence
    sure, less = (detect_farside(sequence, name).regions for name in PACKAGED)
    assert less["reliability"].max() < sure["reliability"].max()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_args):
        pass


@pytest.fixture
def published(tmp_path, monkeypatch):
    """
    Serve the published weights on the loopback address.
    """
    served = tmp_path / "served"
    served.mkdir()
    path = save_checkpoint(served / "published.pth")
    content = path.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    handler = partial(_QuietHandler, directory=served)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/published.pth"
        monkeypatch.setattr(checkpoints, "FELIPE2019_URL", url)
        monkeypatch.setattr(checkpoints, "FELIPE2019_SIZE", len(content))
        monkeypatch.setattr(checkpoints, "FELIPE2019_BLOB", blob)
        monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path / "cache"))
        yield path
        server.shutdown()


def test_published_weights_are_fetched_once_checked_and_converted(published, tmp_path):
    model = load_model("felipe2019", device="cpu")
    assert model.name == "felipe2019"
    assert model.license.startswith("MIT")
    published.unlink()
    again = load_model("felipe2019", device="cpu")
    stack = np.random.default_rng(0).normal(0, 0.05, (11, 144, 120))
    assert np.array_equal(model.predict(stack), again.predict(stack))
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["felipe2019.safetensors"]


@pytest.mark.parametrize("content", [b"half a file", b"<html>sorry</html>"])
def test_wrong_downloads_are_named_and_removed(published, tmp_path, content):
    published.write_bytes(content)
    with pytest.raises(WeightsError, match="git blob"):
        load_model("felipe2019", device="cpu")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_download_that_fails(published, tmp_path):
    published.unlink()
    with pytest.raises(WeightsError, match="give its path"):
        load_model("felipe2019", device="cpu")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_published_constants():
    assert checkpoints.FELIPE2019_SIZE == 10_146_397
    assert checkpoints.FELIPE2019_BLOB == "5b7ee08ca30ad6cc19bfb4537ce54b80b76868c7"
