"""
Weights of the network: our own files, the published ones, and where they come from.
"""

import hashlib
import json
import pickle
from importlib import resources
from pathlib import Path

import torch
from parfive import Downloader
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from sunpy_farside.errors import WeightsError
from sunpy_farside.network.coarse_unet import CoarseUNet
from sunpy_farside.network.model import FarsideModel, choose_device
from sunpy_farside.network.normalisation import Normalisation
from sunpy_farside.network.unet import UNet
from sunpy_farside.utils.cache import cache_folder
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import whole_files

__all__ = ["NETWORKS", "load_model", "save_model"]

NETWORKS = {"unet": UNet, "coarse_unet": CoarseUNet}

# The checkpoint that Felipe & Asensio Ramos published with their paper (MIT licence).
_FELIPE2019_URL = (
    "https://raw.githubusercontent.com/aasensio/farside/"
    "adefc5ac8f9086b1117fc74088466e5b5ab05dc8/"
    "2019-04-02-11%3A27%3A48_hid_16_lr_0.0003_wd_0.0.pth"
)
_FELIPE2019_SIZE = 10_146_397
_FELIPE2019_BLOB = "5b7ee08ca30ad6cc19bfb4537ce54b80b76868c7"

# P_i of at least 100 [Felipe & Asensio Ramos 2019, section 4.1].
_PUBLISHED_THRESHOLD = 100.0


def load_model(name="default", *, device="auto"):
    """
    Load a network with its weights.

    Parameters
    ----------
    name : `str` or path-like, optional
        ``"default"``: the weights that come with the package, trained on simulated maps.
        ``"felipe2019"``: the published weights, downloaded once to the user's cache and checked.
        Anything else: a ``.safetensors`` file written by `save_model`, or a published
        ``.pth`` checkpoint.
    device : `str` or `torch.device`, optional
        ``"auto"`` takes CUDA where there is one, then MPS, then the CPU.

    Returns
    -------
    `~sunpy_farside.network.model.FarsideModel`

    Raises
    ------
    FileNotFoundError
        There is no such file.
    WeightsError
        The file does not hold the weights of this network, or the download failed.
    ValueError
        There is no such device.

    Notes
    -----
    Checkpoints are read without running any code that they may hold.

    References
    ----------
    `Felipe & Asensio Ramos 2019, A&A 632, A82
    <https://doi.org/10.1051/0004-6361/201936838>`__

    Examples
    --------
    >>> import sunpy_farside
    >>> model = sunpy_farside.load_model()
    >>> model.name
    'default'
    """
    device = choose_device(device)
    if name == "default":
        with resources.as_file(
            resources.files("sunpy_farside.data") / "default.safetensors"
        ) as path:
            return _load_safetensors(path, device, name="default")
    if name == "felipe2019":
        return _load_safetensors(_cached_felipe2019(), device, name="felipe2019")
    path = Path(name)
    if not path.exists():
        msg = (
            f"No model or file {str(name)!r}. Expected 'default', 'felipe2019', or the path of a "
            ".safetensors or .pth file."
        )
        raise WeightsError(msg) if not path.suffix else FileNotFoundError(msg)
    if path.suffix == ".safetensors":
        return _load_safetensors(path, device, name=path.stem)
    if path.suffix in (".pth", ".pt"):
        return _load_checkpoint(path, device, name=path.stem)
    msg = f"{path}: expected a .safetensors or .pth file. Rename it if it is one of them."
    raise WeightsError(msg)


def save_model(model, path, **notes):
    """
    Write a network's weights and all that is needed to use them.

    Parameters
    ----------
    model : `~sunpy_farside.network.model.FarsideModel`
    path : path-like
        A ``.safetensors`` file. It appears when it is whole. May begin with ``~``.
    **notes : `str`
        Recorded with the weights, such as the recipe of their training.
    """
    path = user_path(path)
    network = model.network
    metadata = {
        "architecture": next(key for key, kind in NETWORKS.items() if type(network) is kind),
        "network": json.dumps(network.settings),
        "frames": model.frames,
        "normalisation": json.dumps(model.normalisation.to_dict()),
        "target": json.dumps(model.target),
        "columns": json.dumps(model.columns),
        "level": repr(model.level),
        "deblend": json.dumps(model.deblend),
        "threshold": repr(model.threshold),
        "reliability": json.dumps(model.reliability),
        "licence": model.licence,
    }
    state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    with whole_files(path.parent) as partial:
        # save_file would leave a file that only its owner can read.
        (partial / path.name).write_bytes(save(state, metadata=notes | metadata))


def _load_safetensors(path, device, name):
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}
    except SafetensorError as error:
        msg = f"{path}: expected a safetensors file, found one that does not read ({error})."
        raise WeightsError(msg) from error
    try:
        network = NETWORKS[metadata["architecture"]](**json.loads(metadata["network"]))
        settings = {
            "frames": metadata["frames"],
            "normalisation": Normalisation(**json.loads(metadata["normalisation"])),
            "target": json.loads(metadata["target"]),
            "columns": json.loads(metadata["columns"]),
            "level": float(metadata["level"]),
            "deblend": bool(json.loads(metadata["deblend"])),
            "threshold": float(metadata["threshold"]),
            # Weights of earlier versions have none.
            "reliability": json.loads(metadata.get("reliability", "null")),
            "licence": metadata.get("licence", ""),
        }
    except (KeyError, ValueError, TypeError) as error:
        msg = (
            f"{path}: expected weights with their settings in the file's metadata, found none that "
            f"can be used ({error!r}). Write weights with save_model."
        )
        raise WeightsError(msg) from error
    _load_state(network, state, path)
    return FarsideModel(network, name=name, device=device, metadata=metadata, **settings)


def _load_checkpoint(path, device, name):
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        msg = (
            f"{path}: expected a checkpoint of plain tensors, found one that asks to run code when "
            "it is opened, or that is damaged. Get it from a source that you trust and save its "
            "state_dict alone."
        )
        raise WeightsError(msg) from error
    # torch raises many kinds on damaged files, EOFError and RuntimeError among them.
    except Exception as error:
        msg = f"{path}: expected a PyTorch checkpoint, found one that does not read ({error})."
        raise WeightsError(msg) from error
    state = content.get("state_dict") if isinstance(content, dict) else None
    if not isinstance(state, dict):
        found = (
            ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        )
        msg = f"{path}: expected a dict with a 'state_dict', found {found or 'an empty one'}."
        raise WeightsError(msg)
    network = _published_network(state, path)
    _load_state(network, state, path)
    return FarsideModel(
        network,
        name=name,
        frames="own",
        normalisation=Normalisation("sequence"),
        threshold=_PUBLISHED_THRESHOLD,
        device=device,
    )


def _published_network(state, path):
    first = state.get("inc.conv.conv.0.weight")
    if not isinstance(first, torch.Tensor) or first.ndim != 4:
        msg = (
            f"{path}: expected the published U-Net, whose first entry is "
            "'inc.conv.conv.0.weight', found no such entry."
        )
        raise WeightsError(msg)
    hidden, n_maps = first.shape[:2]
    return UNet(n_maps=n_maps, hidden=hidden)


def _load_state(network, state, path):
    expected = network.state_dict()
    problems = []
    if missing := sorted(set(expected) - set(state)):
        problems.append(f"missing {_some(missing)}")
    if extra := sorted(set(state) - set(expected)):
        problems.append(f"unexpected {_some(extra)}")
    wrong = [
        f"{key} {_shape(state[key])} instead of {tuple(expected[key].shape)}"
        for key in sorted(set(expected) & set(state))
        if _shape(state[key]) != tuple(expected[key].shape)
    ]
    if wrong:
        problems.append(f"misshapen {_some(wrong)}")
    if problems:
        msg = (
            f"{path}: expected the {len(expected)} entries of a U-Net {network.hidden} wide, found "
            f"{'; '.join(problems)}. Is it a checkpoint of another network?"
        )
        raise WeightsError(msg)
    network.load_state_dict(state)
    broken = [key for key, value in network.state_dict().items() if not value.isfinite().all()]
    if broken:
        msg = f"{path}: expected finite weights, found NaN or infinity in {_some(broken)}."
        raise WeightsError(msg)


def _shape(entry):
    return tuple(entry.shape) if isinstance(entry, torch.Tensor) else type(entry).__name__


def _some(names, most=3):
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _cached_felipe2019():
    path = cache_folder("models") / "felipe2019.safetensors"
    if not path.exists():
        with whole_files(path.parent) as partial:
            checkpoint = _download(_FELIPE2019_URL, partial / "felipe2019.pth")
            _check_blob(checkpoint, _FELIPE2019_SIZE, _FELIPE2019_BLOB)
            model = _load_checkpoint(checkpoint, torch.device("cpu"), "felipe2019")
            model.licence = "MIT, Copyright (c) the authors of github.com/aasensio/farside"
            save_model(
                model, partial / path.name, source=_FELIPE2019_URL, git_blob=_FELIPE2019_BLOB
            )
            checkpoint.unlink()
    return path


def _download(url, path):
    downloader = Downloader(max_conn=1, overwrite=True)
    downloader.enqueue_file(url, path=path.parent, filename=path.name)
    result = downloader.download()
    if result.errors:
        msg = (
            f"Could not download the published weights from {url} ({result.errors[0].exception}). "
            "Try again, or fetch the file by other means and give its path."
        )
        raise WeightsError(msg)
    return Path(result[0])


def _check_blob(path, size, blob):
    """
    Compare a file with the size and object name that git has for it.
    """
    content = path.read_bytes()
    found = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    if (len(content), found) != (size, blob):
        path.unlink()
        msg = (
            f"{path.name}: expected the published weights ({size} bytes, git blob {blob}), found "
            f"{len(content)} bytes, git blob {found}. The file was removed; try again."
        )
        raise WeightsError(msg)
