"""
Store of a training set: all maps and the mask of every sequence in one HDF5 file.
"""

import json
from functools import cached_property
from math import prod

import h5py
import numpy as np

from astropy.time import Time

from sunpy_farside.cadence import MIDDLE, N_MAPS, step_time
from sunpy_farside.coordinates.window import FIRST_LATITUDE, WINDOW_ROWS, cut_columns, window_header
from sunpy_farside.datasets.pairing import SPLITS
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.hdf5 import open_hdf5, own_data_set
from sunpy_farside.maps import FarsidePhaseMap, phase_map_header
from sunpy_farside.maps.sources import Map
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import whole_files

__all__ = ["MASK_WIDTH", "Store", "store_path", "write_store"]

FILE_NAME = "dataset.h5"
# Columns of the masks, those of the widest window.
MASK_WIDTH = 180
_FORMAT = "sunpy_farside training sequences 1"
_EXPECTED = "a store of training sequences"
# Most entries of dates, splits and omissions that are read: a thousand years of them.
_MOST = 10_000_000
_UNKNOWN = 255
_SHAPE = (WINDOW_ROWS, 360)


def write_store(path, first_step, meridians, phases, sequences, *, settings=None):
    """
    Write the store of a training set to an HDF5 file that appears only once it is complete.

    Parameters
    ----------
    path : path-like
    first_step : `int`
        Step of the first row.
    meridians : array of `int`
        Far-side central meridian of each row, rounded down to whole degrees. There is one row per
        step of the cadence, with or without a map.
    phases : iterable of (`int`, array of shape (144, 360))
        Step of the cadence and phase shifts in rad of each map
        (`~sunpy_farside.maps.windows.cut_globe`).
    sequences : callable
        Called with the list of steps once the maps are written. Returns a `dict` with ``middle``
        (step of the middle map), ``frame_date``, ``split`` (both `str`) and ``active`` (masks of
        shape (144, 180), NaN where missing) of each sequence, and ``left_out``, pairs of `str`:
        files or dates that are left out, each with the reason.
    settings : `dict`, optional
        Settings of the masks and the splits.

    Notes
    -----
    Equal contents produce identical files.
    """
    path = user_path(path)
    with whole_files(path.parent) as partial, h5py.File(partial / path.name, "w") as file:
        file.attrs["format"] = _FORMAT
        file.attrs["settings"] = json.dumps(settings or {}, sort_keys=True)
        file.attrs["first_step"] = first_step
        file["meridian"] = np.asarray(meridians, dtype="<i2")
        # Contiguous on disk, so that eleven maps are read in one piece without decompression.
        rows = file.create_dataset(
            "phases", (len(meridians), *_SHAPE), dtype="<f4", fillvalue=np.nan
        )
        steps = []
        for step, data in phases:
            rows[step - first_step] = data
            steps.append(step)
        contents = sequences(steps)
        file["middle"] = np.asarray(contents["middle"], dtype="<i8")
        file["frame_date"] = np.array(contents["frame_date"], dtype="S23")
        file["split"] = np.array(contents["split"], dtype="S10")
        file["active"] = np.stack(
            [
                np.where(np.isnan(mask), _UNKNOWN, mask == 1).astype("u1")
                for mask in contents["active"]
            ]
        )
        left_out = np.array(contents["left_out"], dtype="U").reshape(-1, 2)
        file["left_out"] = np.char.encode(left_out, "utf-8")


def _numbers(file, name):
    return own_data_set(file, name, kinds="iu", most=_MOST)[...].astype(int)


def _texts(file, name):
    return own_data_set(file, name, kinds="SO", most=_MOST).asstr()[...].astype("U")


def _layout(file, name, dtype):
    """
    Return the offset of the values of a data set in the file, their shape and type.
    """
    data = own_data_set(file, name, kinds=np.dtype(dtype).kind, most=None)
    # Compressed or scattered values have no offset, and other types cannot be mapped as this one.
    offset = data.id.get_offset() if data.dtype == np.dtype(dtype) else None
    return offset, data.shape, data.dtype


def store_path(path):
    """
    Return the path of the store in a folder, or the path itself if it is a file.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `~pathlib.Path`
    """
    path = user_path(path)
    return path / FILE_NAME if path.is_dir() else path


class Store:
    """
    Read-only store of the sequences and masks of a training set.

    Parameters
    ----------
    path : path-like
        HDF5 file written by `write_store`.

    Raises
    ------
    FileNotFoundError
        The file does not exist.
    FileFormatError
        The file is not a store.

    Attributes
    ----------
    settings : `dict`
        Settings of the masks and the splits.
    left_out : `list` of (`str`, `str`)
        Files and dates that are left out, each with the reason.
    splits : array of `str`
        Split of each sequence; empty for sequences in the gaps.
    """

    def __init__(self, path):
        self.path = user_path(path)
        if not self.path.exists():
            msg = f"{self.path}: no such file. Make it with sunpy-farside build-dataset."
            raise FileNotFoundError(msg)
        with open_hdf5(self.path, _EXPECTED) as file:
            if file.attrs.get("format") != _FORMAT:
                msg = (
                    f"{self.path}: expected {_EXPECTED}, found another HDF5 file. Make a store "
                    "with sunpy-farside build-dataset."
                )
                raise FileFormatError(msg)
            self.settings = json.loads(file.attrs["settings"])
            self.left_out = [tuple(row) for row in _texts(file, "left_out").tolist()]
            self.splits = _texts(file, "split").astype("U10")
            self._meridians = _numbers(file, "meridian").astype(int)
            self._first_step = int(file.attrs["first_step"])
            self._rows = _numbers(file, "middle") - self._first_step
            self._frame_dates = _texts(file, "frame_date").astype("U23")
            self._layout = {
                "phases": _layout(file, "phases", "<f4"),
                "active": _layout(file, "active", "u1"),
            }
        self._check()

    def _check(self):
        """
        Raise an error if the sizes or values of the parts of the store are inconsistent.
        """
        steps, sequences = len(self._meridians), len(self._rows)
        problems = []
        for name, expected in (
            ("phases", (steps, *_SHAPE)),
            ("active", (sequences, WINDOW_ROWS, MASK_WIDTH)),
        ):
            offset, shape, dtype = self._layout[name]
            size = prod(shape) * dtype.itemsize
            if shape != expected:
                problems.append(f"{name} of shape {shape} and not {expected}")
            elif size and (offset is None or offset + size > self.path.stat().st_size):
                problems.append(f"{name} that are not contiguous in the file")
        if not len(self.splits) == len(self._frame_dates) == sequences:
            problems.append(f"{sequences} sequences, {len(self.splits)} splits and as many dates")
        if not np.isin(self.splits, (*SPLITS, "")).all():
            problems.append(f"splits {', '.join(np.unique(self.splits))}")
        if ((self._rows < MIDDLE) | (self._rows >= steps - MIDDLE)).any():
            problems.append("sequences that extend beyond the maps")
        try:
            Time(self._frame_dates)
        except ValueError as error:
            problems.append(f"dates that cannot be read ({error})")
        if problems:
            msg = f"{self.path}: expected {_EXPECTED}, found {'; '.join(problems)}. Build it again."
            raise FileFormatError(msg)

    def __len__(self):
        return len(self._rows)

    def __getstate__(self):
        # Each process maps the file into memory itself.
        return {key: value for key, value in vars(self).items() if key not in self._layout}

    @cached_property
    def phases(self):
        """
        Phase shifts of all maps, memory-mapped array of `numpy.float32`, shape (steps, 144, 360).
        """
        return self._array("phases")

    @cached_property
    def active(self):
        """
        Masks of all sequences, memory-mapped array of `numpy.uint8`, shape (sequences, 144, 180).

        1 in active pixels, 0 in quiet ones, 255 where data are missing.
        """
        return self._array("active")

    def _array(self, name):
        offset, shape, dtype = self._layout[name]
        if offset is None:
            # An empty data set has no offset.
            return np.empty(shape, dtype)
        return np.memmap(self.path, dtype, "r", offset, shape)

    @property
    def dates(self):
        """
        Dates of the middle maps (`~astropy.time.Time`).
        """
        return step_time(self._rows + self._first_step)

    @property
    def frame_dates(self):
        """
        Dates of the magnetograms (`~astropy.time.Time`).
        """
        return Time(self._frame_dates)

    def summary(self):
        """
        Return the numbers of sequences per split and the list of omissions as text.

        Returns
        -------
        `str`
        """
        counts = [f"{(self.splits == name).sum()} for {name}" for name in SPLITS]
        counts.append(f"{(self.splits == '').sum()} between")
        lines = [f"{len(self)} sequences: {', '.join(counts)}"]
        if self.left_out:
            lines.append(f"{len(self.left_out)} left out:")
            lines += [f"  {name}: {reason}" for name, reason in self.left_out]
        return "\n".join(lines)

    def cut(self, index, *, alignment="common", width=120):
        """
        Return the phase shifts of a sequence, cut to windows.

        Parameters
        ----------
        index : `int`
            Index of the sequence.
        alignment : {"common", "per_map"}
            Cut all maps to the window of the middle map
            (`~sunpy_farside.sequence.FarsideSequence.comoving_data`), or each to its own
            (`~sunpy_farside.sequence.FarsideSequence.data`).
        width : `int`
            Number of columns, even, up to 180.

        Returns
        -------
        array of `numpy.float32`, shape (11, 144, width)
            Phase shifts in rad; NaN where data are missing.
        """
        row = self._rows[index]
        rows = np.arange(row - MIDDLE, row + MIDDLE + 1)
        phases = np.empty((N_MAPS, WINDOW_ROWS, width), dtype=np.float32)
        if alignment == "common":
            _cut(self.phases[rows[0] : rows[-1] + 1], self._meridians[row] - width // 2, phases)
        else:
            for target, own in zip(phases, rows, strict=True):
                _cut(self.phases[own], self._meridians[own] - width // 2, target)
        return phases

    def cut_active(self, index, *, width=120, unknown=np.nan):
        """
        Return the mask of a sequence in the window of the middle map, as an array.

        Parameters
        ----------
        index : `int`
            Index of the sequence.
        width : `int`
            Number of columns.
        unknown : `float`
            Value of missing pixels.

        Returns
        -------
        array of `numpy.float32`, shape (144, width)
            1 in active pixels, else 0.
        """
        mask = cut_columns(self.active[index], width)
        active = mask.astype(np.float32)
        active[mask == _UNKNOWN] = unknown
        return active

    def sequence(self, index, *, width=120):
        """
        Return a sequence of the store as a `~sunpy_farside.sequence.FarsideSequence`.

        Parameters
        ----------
        index : `int`
            Index of the sequence.
        width : `int`
            Number of columns of the windows.

        Returns
        -------
        `~sunpy_farside.sequence.FarsideSequence`
        """
        rows = self._rows[index] + np.arange(-MIDDLE, MIDDLE + 1)
        maps = [
            FarsidePhaseMap(
                np.array(self.phases[row]),
                phase_map_header(time, shape=_SHAPE, first_latitude=FIRST_LATITUDE),
            )
            for row, time in zip(rows, step_time(rows + self._first_step), strict=True)
        ]
        return FarsideSequence(maps, width=width)

    def truth(self, index, *, width=120):
        """
        Return the mask of a sequence in the window of the middle map, as a map.

        Parameters
        ----------
        index : `int`
            Index of the sequence.
        width : `int`
            Number of columns.

        Returns
        -------
        `~sunpy.map.GenericMap`
            1 in active pixels, else 0; NaN where data are missing.
        """
        return Map(self.cut_active(index, width=width), window_header(self.dates[index], width))


def _cut(globe, start, target):
    """
    Cut columns from maps of all longitudes, across the 0/360 boundary where necessary.
    """
    start, width = start % 360, target.shape[-1]
    first = min(360 - start, width)
    target[..., :first] = globe[..., start : start + first]
    target[..., first:] = globe[..., : width - first]
