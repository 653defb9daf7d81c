"""
Reader of stacks, arrays of phase maps in their windows.
"""

import numpy as np

from sunpy_farside.coordinates.window import WINDOW_ROWS
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.hdf5 import open_hdf5, own_data_set
from sunpy_farside.io.idl_save import find_array
from sunpy_farside.maps.checks import check_phases, check_rows, warn_of_holes
from sunpy_farside.utils.content import check_file, read_content
from sunpy_farside.utils.typing import PathLike

__all__ = ["read_stack"]

_EXPECTED = "a stack of phase maps (HDF5 or an IDL save file)"
_HDF5_NAME = "phases"
_IDL_NAMES = ("data_out", "phases")
# Values of 336 stacks of 120 columns. IDL save files have one.
_MOST_VALUES = 64_000_000
_MOST_IDL_BYTES = 64_000_000


def read_stack(path: PathLike) -> np.ndarray:
    """
    Read a file of stacked phase maps.

    Parameters
    ----------
    path : path-like
        HDF5 with a data set ``phases`` of shape (n, 11, 144, width), or an IDL save file
        with a variable ``data_out`` or ``phases`` of shape (11, 144, width).

    Returns
    -------
    array of `numpy.float32`, shape (n, 11, 144, width)
        Phase shifts in rad. Such files have no dates:
        `~sunpy_farside.sequence.FarsideSequence.from_array` takes one stack and its date.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is neither, has another shape, maps that are not phase shifts
        (`~sunpy_farside.maps.checks.check_phases`), or lacks some of its data.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Adjacent pixels have the same value (`~sunpy_farside.maps.checks.warn_of_holes`).

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import h5py
    >>> import sunpy_farside
    >>> from sunpy_farside.io import read_stack
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "stack.h5"
    >>> with h5py.File(path, "w") as file:
    ...     file["phases"] = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence.data
    >>> read_stack(path).shape
    (1, 11, 144, 120)
    """
    path = check_file(path, None, _EXPECTED)
    with path.open("rb") as file:
        start = file.read(8)
    if start == b"\x89HDF\r\n\x1a\n":
        with open_hdf5(path, _EXPECTED) as file:
            data = own_data_set(file, _HDF5_NAME, kinds="f", most=_MOST_VALUES)
            _check_shape(path, data.shape)
            # Values beyond single precision become infinite, and are rejected below.
            stack = data.astype(np.float32)[...]
    elif start.startswith(b"SR"):
        stack = _read_idl(path)
        _check_shape(path, stack.shape)
    else:
        msg = f"{path}: expected {_EXPECTED}, found neither."
        raise FileFormatError(msg)
    stack = stack.reshape(-1, *stack.shape[-3:])
    for index in np.ndindex(stack.shape[:2]):
        name = f"{path}, map {index[1] + 1} of stack {index[0] + 1}"
        check_phases(stack[index], name)
        check_rows(stack[index], name)
        warn_of_holes(stack[index], name)
    return stack.astype(np.float32, copy=False)


def _check_shape(path, shape):
    if len(shape) not in (3, 4) or shape[-3:-1] != (11, WINDOW_ROWS) or 0 in shape:
        msg = f"{path}: expected phases of shape (n, 11, {WINDOW_ROWS}, width), found {shape}."
        raise FileFormatError(msg)


def _read_idl(path):
    content = read_content(path, _MOST_IDL_BYTES, _EXPECTED)
    try:
        return find_array(content, _IDL_NAMES, _MOST_IDL_BYTES)
    except ValueError as error:
        msg = (
            f"{path}: expected an IDL save file with an array {' or '.join(_IDL_NAMES)}, found "
            f"{error}. It may be cut short; fetch or write it again."
        )
        raise FileFormatError(msg) from error
