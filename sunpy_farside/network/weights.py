"""
Weights of networks: files of this package, and the published checkpoint.
"""

import hashlib
import json
import pickle
import warnings
import zipfile
from dataclasses import replace
from importlib import resources

import torch
from pydantic import ValidationError
from safetensors import safe_open
from safetensors.torch import save

from sunpy_farside.errors import WeightsError
from sunpy_farside.network.coarse_unet import CoarseUNet
from sunpy_farside.network.model import FarsideModel, choose_device
from sunpy_farside.network.normalisation import Normalisation
from sunpy_farside.network.settings import UNetSettings, WeightsMetadata, explain
from sunpy_farside.network.unet import UNet
from sunpy_farside.utils.cache import cache_folder
from sunpy_farside.utils.content import check_file, user_path
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.text import some
from sunpy_farside.utils.transfer import Transfer, transfer_files

__all__ = ["NETWORKS", "load_model", "save_model"]

NETWORKS = {"unet": UNet, "coarse_unet": CoarseUNet}

# The checkpoint that Felipe & Asensio Ramos published with their paper (MIT license).
_FELIPE2019_URL = (
    "https://raw.githubusercontent.com/aasensio/farside/"
    "adefc5ac8f9086b1117fc74088466e5b5ab05dc8/"
    "2019-04-02-11%3A27%3A48_hid_16_lr_0.0003_wd_0.0.pth"
)
_FELIPE2019_SIZE = 10_146_397
_FELIPE2019_BLOB = "5b7ee08ca30ad6cc19bfb4537ce54b80b76868c7"
# Longest duration of the download in seconds.
_PATIENCE = 600

# A published U-Net 64 channels wide, with the state of its optimizer, has 160 MB.
_MOST_BYTES = 250_000_000
_MOST_HEADER = 1_000_000
# Largest size of a checkpoint without its tensors, in bytes.
_MOST_PICKLE = 2_000_000

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
        ``"auto"`` chooses CUDA if available, then MPS, then the CPU.

    Returns
    -------
    `~sunpy_farside.network.model.FarsideModel`

    Raises
    ------
    FileNotFoundError
        There is no such file.
    WeightsError
        The file does not contain the weights of this network, or the download failed.
    ValueError
        The device is not available.

    Notes
    -----
    Checkpoints are read without running any code that they may contain.

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
    path = user_path(name)
    if not path.exists():
        msg = (
            f"No model or file {str(name)!r}. Expected 'default', 'felipe2019', or the path of a "
            ".safetensors or .pth file."
        )
        raise WeightsError(msg) if not path.suffix else FileNotFoundError(msg)
    suffix = path.suffix.lower()
    if suffix == ".safetensors":
        return _load_safetensors(path, device, name=path.stem)
    if suffix in (".pth", ".pt"):
        return _load_checkpoint(path, device, name=path.stem)
    msg = f"{path}: expected a .safetensors or .pth file. Rename it if it is one of them."
    raise WeightsError(msg)


def save_model(model, path, **notes):
    """
    Write the weights of a network with all its settings.

    Parameters
    ----------
    model : `~sunpy_farside.network.model.FarsideModel`
    path : path-like
        A ``.safetensors`` file, which appears once complete. May begin with ``~``.
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
    metadata["sha256"] = _digest(state)
    with whole_files(path.parent) as partial:
        # save_file would create a file that only its owner can read.
        (partial / path.name).write_bytes(save(state, metadata=notes | metadata))


def _digest(state):
    """
    Return a digest of tensors that depends on all their values.
    """
    digest = hashlib.sha256()
    for key in sorted(state):
        value = state[key]
        digest.update(f"{key} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _load_safetensors(path, device, name):
    path = check_file(path, _MOST_BYTES, "weights", WeightsError)
    try:
        with path.open("rb") as file:
            header = int.from_bytes(file.read(8), "little")
        if header > _MOST_HEADER:
            msg = f"its header has {header} bytes"
            raise ValueError(msg)
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            state = {key: file.get_tensor(key) for key in file.keys()}
    # safetensors raises its own error for damage, and others for types unknown to torch.
    except Exception as error:
        msg = f"{path}: expected a safetensors file, found one that does not read ({error})."
        raise WeightsError(msg) from error
    try:
        settings = WeightsMetadata.model_validate(metadata)
    except ValidationError as error:
        msg = (
            f"{path}: expected weights with their settings in the file's metadata, found "
            f"{explain(error)}. Write weights with save_model."
        )
        raise WeightsError(msg) from error
    network = _load_network(settings.network, state, path)
    if settings.sha256 not in (None, _digest(state)):
        msg = (
            f"{path}: expected the weights that were written, found others: the file was damaged. "
            "Fetch or train it again."
        )
        raise WeightsError(msg)
    given = settings.model_dump(exclude={"network", "sha256"}, exclude_unset=True)
    given["normalisation"] = Normalisation(**given["normalisation"])
    return FarsideModel(network, name=name, device=device, metadata=metadata, **given)


def _load_checkpoint(path, device, name):
    path = check_file(path, _MOST_BYTES, "weights", WeightsError)
    _check_archive(path)
    try:
        with warnings.catch_warnings():
            # Warnings about archives of other kinds, which then fail to load.
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        msg = (
            f"{path}: expected a checkpoint of plain tensors, found one that asks to run code when "
            "it is opened, or that is damaged. Get it from a source that you trust and save its "
            "state_dict alone."
        )
        raise WeightsError(msg) from error
    # torch raises many types of errors for damaged files, and advises running their code.
    except Exception as error:
        msg = (
            f"{path}: expected a PyTorch checkpoint, found one that does not read. It may be cut "
            "short, or hold a whole program; fetch it again, or save its state_dict alone."
        )
        raise WeightsError(msg) from error
    state = content.get("state_dict") if isinstance(content, dict) else None
    if not isinstance(state, dict):
        found = some(list(map(str, content)), 3) if isinstance(content, dict) else type(content)
        msg = f"{path}: expected a dict with a 'state_dict', found {found or 'an empty one'}."
        raise WeightsError(msg)
    first = state.get("inc.conv.conv.0.weight")
    if not isinstance(first, torch.Tensor) or first.ndim != 4:
        msg = (
            f"{path}: expected the published U-Net, whose first entry is "
            "'inc.conv.conv.0.weight', found no such entry."
        )
        raise WeightsError(msg)
    hidden, n_maps = first.shape[:2]
    try:
        settings = UNetSettings(architecture="unet", n_maps=n_maps, hidden=hidden)
    except ValidationError as error:
        msg = f"{path}: expected the published U-Net, found {explain(error)}."
        raise WeightsError(msg) from error
    return FarsideModel(
        _load_network(settings, state, path),
        name=name,
        frames="own",
        normalisation=Normalisation("sequence"),
        threshold=_PUBLISHED_THRESHOLD,
        device=device,
    )


def _check_archive(path):
    """
    Reject a zip archive that is larger than a checkpoint or differs from its checksums.
    """
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {item.filename: item.file_size for item in archive.infolist()}
            pickled = sum(sizes[name] for name in sizes if name.endswith(".pkl"))
            if sum(sizes.values()) > _MOST_BYTES or pickled > _MOST_PICKLE:
                msg = (
                    f"{path}: expected a PyTorch checkpoint, found one that unpacks to "
                    f"{sum(sizes.values())} bytes, {pickled} of them no tensors. Is it another "
                    "file?"
                )
                raise WeightsError(msg)
            # torch does not verify the checksums.
            damaged = archive.testzip()
    except WeightsError:
        raise
    # zipfile raises many types of errors for damaged archives, such as RuntimeError and zlib.error.
    except Exception as error:
        damaged = str(error) or type(error).__name__
    if damaged:
        msg = (
            f"{path}: expected a PyTorch checkpoint, found a damaged archive ({damaged}). Fetch it "
            "again."
        )
        raise WeightsError(msg)


def _load_network(settings, state, path):
    """
    Create the network of given settings with the weights of a matching state.
    """
    given = settings.model_dump(exclude={"architecture"})
    # Shapes without memory, to compare those of the settings with those of the state.
    with torch.device("meta"):
        network = NETWORKS[settings.architecture](**given)
    expected = network.state_dict()
    problems = []
    if missing := sorted(set(expected) - set(state)):
        problems.append(f"missing {some(missing, 3)}")
    if extra := sorted(map(str, set(state) - set(expected))):
        problems.append(f"unexpected {some(extra, 3)}")
    wrong = [
        f"{key} {_kind(state[key])} instead of {_kind(expected[key])}"
        for key in sorted(set(expected) & set(state))
        if _kind(state[key]) != _kind(expected[key])
    ]
    if wrong:
        problems.append(f"misshapen {some(wrong, 3)}")
    empty = sorted(key for key in expected if getattr(state.get(key), "is_meta", False))
    if empty:
        problems.append(f"no values in {some(empty, 3)}")
    if problems:
        msg = (
            f"{path}: expected the {len(expected)} entries of a U-Net {network.hidden} wide, found "
            f"{'; '.join(problems)}. Is it a checkpoint of another network?"
        )
        raise WeightsError(msg)
    if broken := [key for key in expected if not state[key].isfinite().all()]:
        msg = f"{path}: expected finite weights, found NaN or infinity in {some(broken, 3)}."
        raise WeightsError(msg)
    variances = [key for key in expected if key.endswith("running_var")]
    if negative := [key for key in variances if (state[key] < 0).any()]:
        msg = f"{path}: expected variances above zero, found others in {some(negative, 3)}."
        raise WeightsError(msg)
    # Copies, as a tensor of the file may be memory that is mapped to it.
    copies = {key: state[key].to(expected[key].dtype, copy=True) for key in expected}
    network.load_state_dict(copies, assign=True)
    return network


def _kind(entry):
    """
    Return the properties of a tensor that a replacement must share, as text.
    """
    if not isinstance(entry, torch.Tensor):
        return type(entry).__name__
    if entry.layout is not torch.strided or entry.is_quantized or entry.is_complex():
        return f"{entry.layout} of {entry.dtype}"
    shape = str(tuple(entry.shape))
    return shape if entry.is_floating_point() else f"{shape} of whole numbers"


def _cached_felipe2019():
    path = cache_folder("models") / "felipe2019.safetensors"
    if not path.exists():
        with whole_files(path.parent) as partial:
            checkpoint = _download(_FELIPE2019_URL, partial / "felipe2019.pth")
            _check_blob(checkpoint, _FELIPE2019_SIZE, _FELIPE2019_BLOB)
            model = _load_checkpoint(checkpoint, torch.device("cpu"), "felipe2019")
            licence = "MIT, Copyright (c) the authors of github.com/aasensio/farside"
            model = replace(model, licence=licence)
            save_model(
                model, partial / path.name, source=_FELIPE2019_URL, git_blob=_FELIPE2019_BLOB
            )
            checkpoint.unlink()
    return path


def _download(url, path):
    transfer = Transfer(url, path, path.name)
    transfer_files([transfer], max_size=2 * _FELIPE2019_SIZE, patience=_PATIENCE)
    if transfer.problem:
        msg = (
            f"Could not download the published weights. {transfer.problem} Or fetch the file by "
            "other means and give its path."
        )
        raise WeightsError(msg) from transfer.problem
    return path


def _check_blob(path, size, blob):
    """
    Raise an error if a file differs from its size and object name in git.
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
