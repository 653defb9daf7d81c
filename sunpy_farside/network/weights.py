"""
Weights of networks: files of this package, and the published checkpoint.
"""

import hashlib
import json
from importlib import resources

import torch
from pydantic import ValidationError
from safetensors import safe_open
from safetensors.torch import save

from sunpy_farside.errors import WeightsError
from sunpy_farside.network.checkpoints import MOST_BYTES, fetch_felipe2019, load_checkpoint
from sunpy_farside.network.layouts import NETWORKS, load_network
from sunpy_farside.network.model import FarsideModel, choose_device
from sunpy_farside.network.normalization import Normalization
from sunpy_farside.network.schemas import FORMAT_VERSION, WeightsMetadata, explain
from sunpy_farside.utils.cache import cache_folder
from sunpy_farside.utils.content import check_file, user_path
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.typing import PathLike
from sunpy_farside.utils.wording import wording

__all__ = ["PACKAGED", "absolute_name", "load_model", "save_model"]

# Weights that come with the package.
PACKAGED = ("default", "measured")

_MOST_HEADER = 1_000_000


def load_model(name: PathLike = "default", *, device: str | torch.device = "auto") -> FarsideModel:
    """
    Load a network with its weights.

    Parameters
    ----------
    name : `str` or path-like, optional
        ``"default"`` and ``"measured"``: weights that come with the package, trained on simulated
        maps. The noise and the active regions of ``"measured"`` follow measurements, and fewer
        regions are significant. ``"felipe2019"``: the published weights, downloaded once to the
        user's cache and checked.
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
    if isinstance(name, str) and name in PACKAGED:
        file = resources.files("sunpy_farside.data") / f"{name}.safetensors"
        with resources.as_file(file) as path:
            return _load_safetensors(path, device, name=str(name))
    if isinstance(name, str) and name == "felipe2019":
        return _load_safetensors(_cached_felipe2019(), device, name="felipe2019")
    path = user_path(name)
    if not path.exists():
        msg = (
            "Expected 'default', 'measured', 'felipe2019', or the path of a .safetensors or .pth "
            f"file, found no such file: {path}."
        )
        raise WeightsError(msg) if not path.suffix else FileNotFoundError(msg)
    suffix = path.suffix.lower()
    if suffix == ".safetensors":
        return _load_safetensors(path, device, name=path.stem)
    if suffix in (".pth", ".pt"):
        return load_checkpoint(path, device, name=path.stem)
    msg = f"{path}: expected a .safetensors or .pth file. Rename it if it is one of them."
    raise WeightsError(msg)


def absolute_name(name: str) -> str:
    """
    Return the argument of `load_model` for a process in another folder.

    Parameters
    ----------
    name : `str`
        Argument of `load_model`.

    Returns
    -------
    `str`
        An absolute path, unless a model of the package or the published one has this name.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sunpy_farside.network.weights import absolute_name
    >>> absolute_name("default")
    'default'
    >>> absolute_name("a.safetensors") == str(Path("a.safetensors").absolute())
    True
    """
    path = user_path(name)
    named = name in (*PACKAGED, "felipe2019") or not path.suffix
    return name if named else str(path.absolute())


def save_model(model: FarsideModel, path: PathLike, **notes: str) -> None:
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
        "format_version": str(FORMAT_VERSION),
        "architecture": next(key for key, kind in NETWORKS.items() if type(network) is kind),
        "network": json.dumps(network.settings),
        "alignment": model.alignment,
        "normalization": json.dumps(model.normalization.to_dict()),
        "target": json.dumps(model.target),
        "columns": json.dumps(model.columns),
        "level": repr(model.level),
        "deblend": json.dumps(model.deblend),
        "threshold": repr(model.threshold),
        "reliability": json.dumps(model.reliability),
        "flux": json.dumps(model.flux),
        "license": model.license,
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
    path = check_file(path, MOST_BYTES, "weights", WeightsError)
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
    _check_version(metadata.get("format_version", "1"), path)
    try:
        settings = WeightsMetadata.model_validate(metadata)
    except ValidationError as error:
        msg = (
            f"{path}: expected weights with their settings in the file's metadata, found "
            f"{explain(error)}. Write weights with {wording('save_model', 'sunpy-farside train')}."
        )
        raise WeightsError(msg) from error
    network = load_network(settings.network, state, path)
    if settings.sha256 not in (None, _digest(state)):
        msg = (
            f"{path}: expected the weights that were written, found others: the file was damaged. "
            "Fetch or train it again."
        )
        raise WeightsError(msg)
    given = settings.model_dump(exclude={"network", "sha256"}, exclude_unset=True)
    given["normalization"] = Normalization(**given["normalization"])
    return FarsideModel(network, name=name, device=device, metadata=metadata, **given)


def _check_version(version, path):
    """
    Reject weights in a format of a later release.
    """
    if version not in map(str, range(1, FORMAT_VERSION + 1)):
        msg = (
            f"{path}: expected weights in format {FORMAT_VERSION} or an earlier one, found format "
            f"{version[:40]!r}. Update sunpy_farside if the file is of a later release."
        )
        raise WeightsError(msg)


def _cached_felipe2019():
    path = cache_folder("models") / "felipe2019.safetensors"
    if not path.exists():
        with whole_files(path.parent) as partial:
            model, notes = fetch_felipe2019(partial)
            save_model(model, partial / path.name, **notes)
    return path
