"""
The store: every map once, the truth of every sequence, in one HDF5 file.
"""

import json
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np

from astropy.time import Time

from sunpy.map import Map

from sunpy_farside.cadence import MIDDLE, N_MAPS, step_time
from sunpy_farside.coordinates.window import FIRST_LATITUDE, WINDOW_ROWS, cut_columns, window_header
from sunpy_farside.datasets.pairing import SPLITS
from sunpy_farside.errors import FileFormatError
from sunpy_farside.maps import FarsidePhaseMap, phase_map_header
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import whole_files

__all__ = ["MASK_WIDTH", "Store", "store_path", "write_store"]

FILE_NAME = "dataset.h5"
# Columns of the masks: the widest window.
MASK_WIDTH = 180
_FORMAT = "sunpy_farside training sequences 1"
_EXPECTED = "a store of training sequences"
# Of dates, splits and what was left out: a thousand years of them.
_MOST = 10_000_000
_UNKNOWN = 255
_SHAPE = (WINDOW_ROWS, 360)


def write_store(path, first_step, meridians, phases, sequences, *, settings=None):
    """
    Write a store, whole or not at all.

    Parameters
    ----------
    path : path-like
    first_step : `int`
        Step of the first row.
    meridians : array of `int`
        Far-side central meridian of each row, rounded down to whole degrees: as many rows as
        there are steps, whether they have a map or not.
    phases : iterable of (`int`, array of shape (144, 360))
        Step of the cadence and phases in rad of each map
        (`~sunpy_farside.sequence.cut_globe`).
    sequences : callable
        Called when the maps are written, with a list of their steps. It gives a `dict` with
        ``middle`` (step of the middle map), ``frame_date``, ``split`` (both `str`) and ``active``
        (masks of shape (144, 180), NaN where nothing is known) of each sequence, and ``left_out``,
        pairs of `str`: files or dates that are left out, and why.
    settings : `dict`, optional
        What the masks and the splits are made with.

    Notes
    -----
    The same contents give the same file, byte for byte.
    """
    path = user_path(path)
    with whole_files(path.parent) as partial, h5py.File(partial / path.name, "w") as file:
        file.attrs["format"] = _FORMAT
        file.attrs["settings"] = json.dumps(settings or {}, sort_keys=True)
        file.attrs["first_step"] = first_step
        file["meridian"] = np.asarray(meridians, dtype="<i2")
        # In one piece on disk, so that eleven maps are eleven neighbours and nothing is unpacked.
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
    Where the values of a data set begin in the file, their shape and type.
    """
    data = own_data_set(file, name, kinds=np.dtype(dtype).kind, most=None)
    # Packed or scattered values have no beginning, and other types another meaning.
    offset = data.id.get_offset() if data.dtype == np.dtype(dtype) else None
    return offset, data.shape, data.dtype


def store_path(path):
    """
    The store in a folder, or the path itself.

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
    A store of sequences and their truth, to be read.

    Parameters
    ----------
    path : path-like

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is no store.

    Attributes
    ----------
    settings : `dict`
        What the masks and the splits were made with.
    left_out : `list` of (`str`, `str`)
        Files and dates that are left out, and why.
    splits : array of `str`
        Of each sequence; empty for those in the gaps.
    """

    def __init__(self, path):
        self.path = user_path(path)
        if not self.path.exists():
            msg = f"{self.path}: no such file. sunpy-farside build-dataset makes it."
            raise FileNotFoundError(msg)
        with open_hdf5(self.path, _EXPECTED) as file:
            if file.attrs.get("format") != _FORMAT:
                msg = (
                    f"{self.path}: expected {_EXPECTED}, found another HDF5 file. sunpy-farside "
                    "build-dataset makes stores."
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
        Refuse a store whose parts are not of one size.
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
                problems.append(f"{name} that are not in the file in one piece")
        if not len(self.splits) == len(self._frame_dates) == sequences:
            problems.append(f"{sequences} sequences, {len(self.splits)} splits and as many dates")
        if not np.isin(self.splits, (*SPLITS, "")).all():
            problems.append(f"splits {', '.join(np.unique(self.splits))}")
        if ((self._rows < _MIDDLE) | (self._rows >= steps - _MIDDLE)).any():
            problems.append("sequences that reach beyond the maps")
        try:
            Time(self._frame_dates)
        except ValueError as error:
            problems.append(f"dates that do not read ({error})")
        if problems:
            msg = f"{self.path}: expected {_EXPECTED}, found {'; '.join(problems)}. Build it again."
            raise FileFormatError(msg)

    def __len__(self):
        return len(self._rows)

    def __getstate__(self):
        # Each process maps the file for itself.
        return {key: value for key, value in vars(self).items() if key not in self._layout}

    @cached_property
    def phases(self):
        """
        All the maps, array of `numpy.float32` on disk, shape (steps, 144, 360).
        """
        return self._array("phases")

    @cached_property
    def active(self):
        """
        All the masks, array of `numpy.uint8` on disk, shape (sequences, 144, 180): 1 active, 0
        quiet, 255 not known.
        """
        return self._array("active")

    def _array(self, name):
        offset, shape, dtype = self._layout[name]
        if offset is None:
            # None of no size.
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
        What the store holds and what is left out of it, as text.

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

    def cut(self, index, *, frames="middle", width=120):
        """
        The eleven maps of a sequence.

        Parameters
        ----------
        index : `int`
        frames : {"middle", "own"}
            All in the window of the middle map
            (`~sunpy_farside.sequence.FarsideSequence.comoving_data`), or each in its own
            (`~sunpy_farside.sequence.FarsideSequence.data`).
        width : `int`
            Columns, even, up to 180.

        Returns
        -------
        array of `numpy.float32`, shape (11, 144, width)
            Rad, NaN where there are no data.
        """
        row = self._rows[index]
        rows = np.arange(row - MIDDLE, row + MIDDLE + 1)
        phases = np.empty((N_MAPS, WINDOW_ROWS, width), dtype=np.float32)
        if frames == "middle":
            _cut(self.phases[rows[0] : rows[-1] + 1], self._meridians[row] - width // 2, phases)
        else:
            for target, own in zip(phases, rows, strict=True):
                _cut(self.phases[own], self._meridians[own] - width // 2, target)
        return phases

    def cut_active(self, index, *, width=120, unknown=np.nan):
        """
        The truth of a sequence in the middle map's window.

        Parameters
        ----------
        index : `int`
        width : `int`
        unknown : `float`
            What stands where nothing is known.

        Returns
        -------
        array of `numpy.float32`, shape (144, width)
            1 where the Sun is active, else 0.
        """
        mask = cut_columns(self.active[index], width)
        active = mask.astype(np.float32)
        active[mask == _UNKNOWN] = unknown
        return active

    def sequence(self, index, *, width=120):
        """
        A sequence of the store as it would be made of its maps.

        Parameters
        ----------
        index : `int`
        width : `int`

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
        The truth of a sequence.

        Parameters
        ----------
        index : `int`
        width : `int`

        Returns
        -------
        `~sunpy.map.GenericMap`
            In the window of the middle map: 1 where the Sun is active, else 0, NaN where nothing
            is known.
        """
        return Map(self.cut_active(index, width=width), window_header(self.dates[index], width))


def _cut(globe, start, target):
    """
    Cut columns out of maps that go round the Sun.
    """
    start, width = start % 360, target.shape[-1]
    first = min(360 - start, width)
    target[..., :first] = globe[..., start : start + first]
    target[..., first:] = globe[..., : width - first]
