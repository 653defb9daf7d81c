"""
Readers of stacks: arrays of phase maps that are cut to their windows already.
"""

from pathlib import Path

import numpy as np

from sunpy_farside.coordinates.window import WINDOW_ROWS
from sunpy_farside.errors import FileFormatError

__all__ = ["read_stack"]

_HDF5_NAMES = ("phases",)


_IDL_NAMES = ("data_out", "phases")


def read_stack(path):
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
        Phases in rad. Such files hold no dates:
        `~sunpy_farside.sequence.FarsideSequence.from_array` takes one stack and its date.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is neither, or holds another shape.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import h5py
    >>> import sunpy_farside
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "stack.h5"
    >>> with h5py.File(path, "w") as file:
    ...     file["phases"] = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence.data
    >>> sunpy_farside.read_stack(path).shape
    (1, 11, 144, 120)
    """
    path = Path(path)
    with path.open("rb") as file:
        start = file.read(8)
    if start == b"\x89HDF\r\n\x1a\n":
        stack = _read_hdf5(path)
    elif start.startswith(b"SR"):
        stack = _read_idl(path)
    else:
        msg = f"{path}: expected an HDF5 or IDL save file, found neither."
        raise FileFormatError(msg)
    if stack.ndim == 3:
        stack = stack[np.newaxis]
    if stack.ndim != 4 or stack.shape[1:3] != (11, WINDOW_ROWS):
        msg = (
            f"{path}: expected phases of shape (n, 11, {WINDOW_ROWS}, width), found {stack.shape}."
        )
        raise FileFormatError(msg)
    return np.ascontiguousarray(stack, dtype=np.float32)


def _read_hdf5(path):
    # Few need it, and every import of the package would wait for it.
    import h5py

    try:
        with h5py.File(path) as file:
            for name in _HDF5_NAMES:
                if name in file:
                    return file[name][...]
            found = ", ".join(file) or "nothing"
    except OSError as error:
        msg = f"{path}: expected an HDF5 file, found one that does not read ({error})."
        raise FileFormatError(msg) from error
    msg = f"{path}: expected a data set {' or '.join(_HDF5_NAMES)}, found {found}."
    raise FileFormatError(msg)


def _read_idl(path):
    from scipy.io import readsav

    try:
        variables = readsav(path)
    # scipy's reader raises whatever the damage brings about.
    except Exception as error:
        msg = f"{path}: expected an IDL save file, found one that does not read ({error})."
        raise FileFormatError(msg) from error
    for name in _IDL_NAMES:
        if name in variables:
            return np.asarray(variables[name])
    msg = (
        f"{path}: expected a variable {' or '.join(_IDL_NAMES)}, "
        f"found {', '.join(variables) or 'nothing'}."
    )
    raise FileFormatError(msg)
