"""
Published checkpoints of PyTorch.
"""

import hashlib
import pickle
import warnings
import zipfile
from dataclasses import replace

import torch
from pydantic import ValidationError

from sunpy_farside.errors import WeightsError
from sunpy_farside.network.layouts import load_network
from sunpy_farside.network.model import FarsideModel
from sunpy_farside.network.normalization import Normalization
from sunpy_farside.network.schemas import UNetSettings, explain
from sunpy_farside.utils.content import check_file
from sunpy_farside.utils.text import some

__all__ = ["fetch_felipe2019", "load_checkpoint"]

# The checkpoint that Felipe & Asensio Ramos published with their paper (MIT license).
FELIPE2019_URL = (
    "https://raw.githubusercontent.com/aasensio/farside/"
    "adefc5ac8f9086b1117fc74088466e5b5ab05dc8/"
    "2019-04-02-11%3A27%3A48_hid_16_lr_0.0003_wd_0.0.pth"
)
FELIPE2019_SIZE = 10_146_397
FELIPE2019_BLOB = "5b7ee08ca30ad6cc19bfb4537ce54b80b76868c7"
# Longest duration of the download in seconds.
_PATIENCE = 600
# A published U-Net 64 channels wide, with the state of its optimizer, has 160 MB.
MOST_BYTES = 250_000_000
# Largest size of a checkpoint without its tensors, in bytes.
_MOST_PICKLE = 2_000_000
# P_i of at least 100 [Felipe & Asensio Ramos 2019, section 4.1].
_PUBLISHED_THRESHOLD = 100.0


def fetch_felipe2019(folder):
    """
    Download the published checkpoint and check it.

    Parameters
    ----------
    folder : `~pathlib.Path`
        Folder of the download, from which the file is removed in the end.

    Returns
    -------
    model : `~sunpy_farside.network.model.FarsideModel`
    notes : `dict`
        Source of the weights.

    Raises
    ------
    WeightsError
        The download failed, or the file is not the published one.
    """
    path = _download(FELIPE2019_URL, folder / "felipe2019.pth")
    _check_blob(path, FELIPE2019_SIZE, FELIPE2019_BLOB)
    model = load_checkpoint(path, torch.device("cpu"), "felipe2019")
    path.unlink()
    license = "MIT, Copyright (c) the authors of github.com/aasensio/farside"
    return replace(model, license=license), {"source": FELIPE2019_URL, "git_blob": FELIPE2019_BLOB}


def load_checkpoint(path, device, name):
    """
    Read a checkpoint of the published layout, without running code that it may contain.

    Parameters
    ----------
    path : `~pathlib.Path`
    device : `torch.device`
    name : `str`
        Name of the model.

    Returns
    -------
    `~sunpy_farside.network.model.FarsideModel`

    Raises
    ------
    WeightsError
        The file is not such a checkpoint.
    """
    path = check_file(path, MOST_BYTES, "weights", WeightsError)
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
        load_network(settings, state, path),
        name=name,
        alignment="per_map",
        normalization=Normalization("sequence"),
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
            if sum(sizes.values()) > MOST_BYTES or pickled > _MOST_PICKLE:
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


def _download(url, path):
    # Loads aiohttp, which other weights do not need.
    from sunpy_farside.utils.transfer import Transfer, transfer_files

    transfer = Transfer(url, path, path.name)
    transfer_files([transfer], max_size=2 * FELIPE2019_SIZE, patience=_PATIENCE)
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
