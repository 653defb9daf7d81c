"""
Reader of HMI's synoptic magnetograms, one per Carrington rotation.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.images import read_images
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import whole_files

__all__ = ["REDUCED", "SynopticMaps", "read_synoptic_map", "read_synoptic_maps", "reduce_maps"]

# Name of the file of `reduce_maps`.
REDUCED = "radial_field_one_degree.npz"
_NAME = re.compile(r"hmi\.Synoptic_Mr_small\.(\d{4})\b.*\.fits(\.gz)?")
_SHAPE = 180, 360
_KEYS = "carrington_rotation", "radial_field"


@dataclass(frozen=True, eq=False)
class SynopticMaps:
    """
    Synoptic magnetograms of Carrington rotations.

    Attributes
    ----------
    rotations : array of `int`, shape (n,)
        Carrington rotations, increasing.
    field : array of `numpy.float32`, shape (n, 180, 360)
        Radial field in gauss. Rows are equally spaced in sine latitude, south first; the middle of
        column ``k`` is at Carrington longitude ``k + 0.55`` degrees. NaN where there are no data.
    """

    rotations: np.ndarray
    field: np.ndarray

    def __len__(self):
        return len(self.rotations)


def read_synoptic_map(path):
    """
    Read one synoptic magnetogram of HMI (``hmi.Synoptic_Mr_small``), reduced to one degree.

    Parameters
    ----------
    path : path-like
        FITS file of 360 x 720 pixels.

    Returns
    -------
    rotation : `int`
        Carrington rotation.
    field : array of `numpy.float32`, shape (180, 360)
        Radial field in gauss, the mean of 2 x 2 pixels.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file cannot be read, has another shape, or lacks the number of its rotation.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from astropy.io import fits
    >>> from sunpy_farside.io.synoptic_maps import read_synoptic_map
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "hmi.Synoptic_Mr_small.2200.fits"
    >>> fits.PrimaryHDU(np.ones((360, 720)), fits.Header({"CAR_ROT": 2200})).writeto(path)
    >>> rotation, field = read_synoptic_map(path)
    >>> rotation, field.shape
    (2200, (180, 360))
    """
    path = user_path(path)
    for data, header in read_images(path):
        rotation = header.get("CAR_ROT")
        if data.shape == (2 * _SHAPE[0], 2 * _SHAPE[1]) and isinstance(rotation, int):
            pixels = data.astype(np.float32).reshape(_SHAPE[0], 2, _SHAPE[1], 2)
            known = np.isfinite(pixels).sum(axis=(1, 3))
            total = np.nan_to_num(pixels).sum(axis=(1, 3))
            with np.errstate(invalid="ignore"):
                return rotation, total / known
    msg = (
        f"{path}: expected a synoptic magnetogram of 360 x 720 pixels with CAR_ROT in its header, "
        "found none. Is it a file of hmi.Synoptic_Mr_small?"
    )
    raise FileFormatError(msg)


def read_synoptic_maps(folder):
    """
    Read the synoptic magnetograms in a folder.

    Parameters
    ----------
    folder : path-like
        Folder of ``hmi.Synoptic_Mr_small.*.fits`` files, or of the file that `reduce_maps` writes
        (``radial_field_one_degree.npz``), which is preferred.

    Returns
    -------
    `SynopticMaps`

    Raises
    ------
    FileNotFoundError
        The folder holds neither.
    FileFormatError
        A file cannot be read.
    """
    folder = user_path(folder)
    reduced = folder / REDUCED
    return _read_reduced(reduced) if reduced.exists() else _read_single(folder)


def reduce_maps(folder, output):
    """
    Write the synoptic magnetograms of a folder to one small file.

    Parameters
    ----------
    folder : path-like
        Folder of ``hmi.Synoptic_Mr_small.*.fits`` files.
    output : path-like
        Folder of the file ``radial_field_one_degree.npz``.

    Returns
    -------
    `pathlib.Path`
        The file.

    Raises
    ------
    FileNotFoundError, FileFormatError
        As for `read_synoptic_maps`.
    """
    maps = _read_single(user_path(folder))
    with whole_files(Path(output)) as partial:
        values = maps.rotations, maps.field.astype(np.float16)
        np.savez_compressed(partial / REDUCED, **dict(zip(_KEYS, values, strict=True)))
    return Path(output) / REDUCED


def _read_single(folder):
    paths = sorted(path for path in folder.glob("*.fits*") if _NAME.fullmatch(path.name))
    if not paths:
        msg = (
            f"{folder}: expected {REDUCED} or files hmi.Synoptic_Mr_small.*.fits, found neither. "
            "Fetch them with sunpy-farside fetch-magnetograms."
        )
        raise FileNotFoundError(msg)
    found = dict(read_synoptic_map(path) for path in paths)
    rotations = sorted(found)
    return SynopticMaps(np.array(rotations), np.stack([found[number] for number in rotations]))


def _read_reduced(path):
    try:
        with np.load(path, allow_pickle=False) as content:
            rotations, field = (content[key] for key in _KEYS)
    # Damaged archives raise many kinds of errors.
    except Exception as error:
        msg = f"{path}: expected arrays {' and '.join(_KEYS)}, found another file ({error})."
        raise FileFormatError(msg) from error
    if field.shape != (len(rotations), *_SHAPE):
        msg = f"{path}: expected fields of shape {_SHAPE}, found {field.shape}. Make it again."
        raise FileFormatError(msg)
    order = np.argsort(rotations)
    return SynopticMaps(rotations[order].astype(int), field[order].astype(np.float32))
