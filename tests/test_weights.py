import hashlib
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from reference_unet import functional_unet, random_network
from safetensors.torch import save_file

from sunpy_farside import WeightsError, load_model
from sunpy_farside.network import save_model, weights


def save_checkpoint(path, state=None, **extra):
    """
    Save as the published file was: the old format, the optimizer's state beside the weights.
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
    assert model.frames == "own"
    assert model.normalisation.kind == "sequence"
    assert model.threshold == 100
    stack = np.random.default_rng(3).normal(-0.02, 0.05, (2, 11, 144, width)).astype(np.float32)
    expected = functional_unet(
        random_network().state_dict(), model.normalisation(torch.from_numpy(stack))
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
        (_another_network, "inc.conv.conv.0.weight"),
        (_no_tensor, "misshapen outc.conv.bias int"),
    ],
)
def test_checkpoints_of_something_else(tmp_path, spoil, message):
    state = dict(random_network().state_dict())
    spoil(state)
    with pytest.raises(WeightsError, match=message):
        load_model(save_checkpoint(tmp_path / "w.pth", state), device="cpu")


class Intruder:
    def __reduce__(self):
        return (pytest.fail, ("the checkpoint ran code",))


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
    model.threshold = 42.5
    save_model(model, tmp_path / "own.safetensors", recipe="by hand")
    back = load_model(tmp_path / "own.safetensors", device="cpu")
    assert (back.frames, back.threshold) == ("own", 42.5)
    assert back.normalisation == model.normalisation
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


def test_unknown_names(tmp_path):
    with pytest.raises(WeightsError, match="'default', 'felipe2019'"):
        load_model("felipe2020", device="cpu")
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "absent.pth", device="cpu")
    (tmp_path / "weights.onnx").touch()
    with pytest.raises(WeightsError, match="Rename"):
        load_model(tmp_path / "weights.onnx", device="cpu")
    with pytest.raises(ValueError, match="Expected a device"):
        load_model(device="abacus")


def test_default_weights_are_shipped_and_small():
    model = load_model(device="cpu")
    assert model.name == "default"
    assert model.frames == "middle"
    assert sum(value.numel() for value in model.network.parameters()) == 389_724


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_args):
        pass


@pytest.fixture
def published(tmp_path, monkeypatch):
    """
    A loopback server that stands in for the archive of the published weights.
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
        monkeypatch.setattr(weights, "_FELIPE2019_URL", url)
        monkeypatch.setattr(weights, "_FELIPE2019_SIZE", len(content))
        monkeypatch.setattr(weights, "_FELIPE2019_BLOB", blob)
        monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path / "cache"))
        yield path
        server.shutdown()


def test_published_weights_are_fetched_once_checked_and_converted(published, tmp_path):
    model = load_model("felipe2019", device="cpu")
    assert model.name == "felipe2019"
    assert model.licence.startswith("MIT")
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
    assert weights._FELIPE2019_SIZE == 10_146_397
    assert weights._FELIPE2019_BLOB == "5b7ee08ca30ad6cc19bfb4537ce54b80b76868c7"
