"""
Sequences of eleven consecutive phase maps, checked and cut to windows.
"""

import os

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy.map import GenericMap
from sunpy.time import parse_time

from sunpy_farside.cadence import (
    CADENCE,
    MIDDLE,
    N_MAPS,
    check_cadence,
    check_unique,
    complete_runs,
    shared_steps,
    steps_of_sequence,
)
from sunpy_farside.coordinates.window import (
    FIRST_LATITUDE,
    WINDOW_ROWS,
    cut_window,
    window_longitudes,
    window_start,
    window_wcs,
)
from sunpy_farside.errors import SequenceError
from sunpy_farside.io.phase_maps import read_phase_map
from sunpy_farside.maps import FarsidePhaseMap, phase_map_header
from sunpy_farside.maps.windows import GlobalMap, check_width, check_windows
from sunpy_farside.products import product_of
from sunpy_farside.utils.moved import moved_names
from sunpy_farside.visualization.html import html_with_picture
from sunpy_farside.visualization.panels import plot_sequence

__all__ = ["FarsideSequence", "find_sequences"]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.maps.windows": ["cut_globe", "cut_map"],
    },
)


class FarsideSequence:
    """
    Eleven consecutive far-side phase maps, each cut around its far-side central meridian.

    Parameters
    ----------
    maps : sequence of `~sunpy.map.GenericMap`
        Eleven maps of one product, 12 hours apart (within a minute), in any order. Phase shifts
        may be in any unit of angle; masked pixels are missing. Maps on whole degrees are cut by
        index, exactly; any other Carrington map (another scale, sine latitude) is resampled with
        `reproject`.
    width : `int`, optional
        Columns of the windows, even, from 16 to 180.

    Raises
    ------
    SequenceError
        There are not eleven maps, they are not of one product or not 12 hours apart, their unit
        is not an angle, or a window has no data. The message names the problem.

    See Also
    --------
    find_sequences : Find all the sequences in a longer list of maps.

    Examples
    --------
    >>> import sunpy_farside
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence
    >>> sequence.data.shape, sequence.date.isot
    ((11, 144, 120), '2022-05-05T00:00:00.000')
    """

    def __init__(self, maps, *, width=120):
        check_width(width)
        maps = list(maps)
        times = _times(maps)
        check_cadence(times)
        order = np.argsort(times.mjd)
        self._set_frames([GlobalMap.of(maps[k], times[k]) for k in order], width)

    def _set_frames(self, frames, width):
        check_windows(frames, width)
        self._frames = tuple(frames)
        self._width = width

    @classmethod
    def from_files(cls, paths, *, width=120):
        """
        Read a sequence from eleven of JSOC's phase-map files.

        Parameters
        ----------
        paths : sequence of path-like
            Eleven files, in any order.
        width : `int`, optional
            Columns of the windows, even, from 16 to 180.

        Returns
        -------
        `FarsideSequence`

        Raises
        ------
        FileFormatError
            A file does not hold a phase map (`~sunpy_farside.io.phase_maps.read_phase_map`).
        SequenceError
            The maps do not form a sequence.
        TypeError
            One path is given instead of a list.
        """
        if isinstance(paths, str | os.PathLike):
            msg = (
                f"Expected a list of {N_MAPS} files, found one path, {paths}. Patterns and folders "
                "are not expanded: pass sorted(pathlib.Path(folder).glob(pattern))."
            )
            raise TypeError(msg)
        return cls([read_phase_map(path) for path in paths], width=width)

    @classmethod
    def from_array(cls, data, date):
        """
        Create a sequence from an array of maps that are already cut to their own windows.

        Parameters
        ----------
        data : array or `~astropy.units.Quantity`, shape (11, 144, width)
            Phase shifts, each map in its own window, as returned by
            `~sunpy_farside.io.stacks.read_stack`. In rad if there is no unit; NaN or masked where
            data are missing.
        date : `~astropy.time.Time`, `str` or `~datetime.datetime`
            Date of the middle map.

        Returns
        -------
        `FarsideSequence`

        Raises
        ------
        SequenceError
            The array has another shape, its unit is not an angle, or a map has no data.

        Examples
        --------
        >>> import sunpy_farside
        >>> data = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence.data
        >>> sunpy_farside.FarsideSequence.from_array(data, "2022-05-05").wcs.array_shape
        (144, 120)
        """
        data = _plain_phases(data)
        if data.ndim != 3 or data.shape[:2] != (N_MAPS, WINDOW_ROWS):
            msg = (
                f"Expected phases of shape ({N_MAPS}, {WINDOW_ROWS}, width), found {data.shape}. "
                "From a file with several stacks, pass one: read_stack(path)[0]."
            )
            raise SequenceError(msg)
        width = data.shape[2]
        check_width(width)
        times = parse_time(date) + (np.arange(N_MAPS) - MIDDLE) * CADENCE
        maps = [_window_map(*pair) for pair in zip(data, times, strict=True)]
        return cls(maps, width=width)

    def __repr__(self):
        return (
            f"<FarsideSequence: {N_MAPS} maps of {self.product}, {self.times[0].isot[:16]} to "
            f"{self.times[-1].isot[:16]}, {self.width} columns>"
        )

    def __len__(self):
        return N_MAPS

    def __iter__(self):
        return iter(self.maps)

    def __getitem__(self, index):
        return self.maps[index]

    def _repr_html_(self):
        return html_with_picture(
            self, lambda figure: plot_sequence(self, figure=figure), size=(11, 5)
        )

    def plot(self, *, detection=None, figure=None):
        """
        Draw the eleven maps, each in its own window.

        Parameters
        ----------
        detection : `~sunpy_farside.detection.result.FarsideDetection`, optional
            Detection whose significant regions are outlined.
        figure : `~matplotlib.figure.Figure`, optional
            The current figure by default.

        Returns
        -------
        `~sunpy_farside.visualization.artists.Artists`
            ``axes`` is the list of the eleven axes.
        """
        return plot_sequence(self, detection=detection, figure=figure)

    def peek(self):
        """
        Draw the maps in a new figure and show it.
        """
        import matplotlib.pyplot as plt

        self.plot(figure=plt.figure(figsize=(11, 5), layout="constrained"))
        plt.show()

    @property
    def maps(self):
        """
        Eleven maps, in order of time.
        """
        return tuple(frame.map for frame in self._frames)

    @property
    def times(self):
        """
        Dates of the eleven maps (`~astropy.time.Time`).
        """
        return Time([frame.time for frame in self._frames])

    @property
    def date(self):
        """
        Date of the middle map, which is also the date of detections.
        """
        return self._frames[MIDDLE].time

    @property
    def product(self):
        """
        Name of the product of the maps.
        """
        return product_of(self._frames[MIDDLE].map.meta)

    @property
    def width(self):
        """
        Number of columns of the windows.
        """
        return self._width

    @property
    def data(self):
        """
        Phase shifts, with each map in its own window.

        Array of `numpy.float32`, shape (11, 144, width), in rad; NaN where data are missing.
        Column ``width // 2`` of each map is at the whole degree at or below the far-side central
        meridian of its own date, so that regions drift by 13.2 columns per day.
        """
        return np.stack([frame.window(self.width) for frame in self._frames])

    @property
    def comoving_data(self):
        """
        Phase shifts, with all maps in the window of the middle map.

        Like `data`, but a column has the same Carrington longitude in all the maps, so that
        regions stay in place. NaN where a map has no data.
        """
        return self.comoving(self.width)

    def comoving(self, width):
        """
        Cut the phase shifts of all maps to the middle map's window of a given width.

        Parameters
        ----------
        width : `int`
            Number of columns, even, from 16 to 180. Column ``width // 2`` has the same longitude
            for every width.

        Returns
        -------
        array of `numpy.float32`, shape (11, 144, width)
            As `comoving_data`. Columns beyond the sequence's own windows are filled from the maps
            as far as these have data.

        Raises
        ------
        SequenceError
            The width is not an even number from 16 to 180.

        Examples
        --------
        >>> import sunpy_farside
        >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence
        >>> sequence.comoving(140).shape
        (11, 144, 140)
        """
        check_width(width)
        start = int(window_start(self._frames[MIDDLE].meridian, width))
        return np.stack([cut_window(frame.globe, start, width) for frame in self._frames])

    @property
    def wcs(self):
        """
        World coordinates of the window of the middle map (`~astropy.wcs.WCS`).
        """
        return window_wcs(self.date, self.width)


def find_sequences(maps, *, width=120):
    """
    Find all the sequences of eleven consecutive maps in a list of maps.

    Parameters
    ----------
    maps : sequence of `~sunpy.map.GenericMap`
        Any number of maps of one product, in any order, with or without gaps.
    width : `int`, optional
        Columns of the windows, even, from 16 to 180.

    Returns
    -------
    `list` of `FarsideSequence`
        In order of date; adjacent sequences share ten maps. Empty if no eleven maps are
        consecutive.

    Raises
    ------
    SequenceError
        A date occurs twice, two products are mixed, or a map is unusable.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.simulation import simulate_maps
    >>> maps = simulate_maps("2022-05-01", 13, seed=1).maps
    >>> [sequence.date.isot[:13] for sequence in sunpy_farside.find_sequences(maps)]
    ['2022-05-03T12', '2022-05-04T00', '2022-05-04T12']
    """
    check_width(width)
    maps = list(maps)
    if not maps:
        return []
    times = _times(maps)
    steps, near, _ = shared_steps(times)
    check_unique(times[near], steps[near])
    at_step = {int(step): k for k, step in enumerate(steps) if near[k]}
    frames = {}

    def frame(step):
        # Adjacent sequences share maps: resample each map once.
        if step not in frames:
            frames[step] = GlobalMap.of(maps[at_step[step]], times[at_step[step]])
        return frames[step]

    sequences = []
    for middle in complete_runs(at_step):
        sequence = FarsideSequence.__new__(FarsideSequence)
        sequence._set_frames([frame(step) for step in steps_of_sequence(middle)], width)
        sequences.append(sequence)
    return sequences


def _times(maps):
    for item in maps:
        if not isinstance(item, GenericMap):
            msg = (
                f"Expected sunpy maps, found {type(item).__name__}. Read files with "
                "FarsideSequence.from_files, arrays with FarsideSequence.from_array."
            )
            raise TypeError(msg)
    if not maps:
        msg = f"Expected {N_MAPS} maps, found none."
        raise SequenceError(msg)
    products = sorted({product_of(item.meta) for item in maps})
    if len(products) > 1:
        msg = f"Expected maps of one product, found {' and '.join(products)}. Separate them."
        raise SequenceError(msg)
    return Time([item.date for item in maps])


def _plain_phases(data):
    """
    Convert an array with or without unit and mask to phase shifts in rad, NaN where missing.
    """
    missing = np.ma.getmask(data)
    if isinstance(data, u.Quantity):
        try:
            data = data.to_value(u.rad)
        except u.UnitConversionError as error:
            msg = f"Expected phases in rad or another unit of angle, found the unit {data.unit}."
            raise SequenceError(msg) from error
    data = np.array(np.ma.getdata(data), dtype=np.float32)
    data[missing] = np.nan
    return data


def _window_map(data, time):
    header = phase_map_header(
        time,
        shape=data.shape,
        first_longitude=int(window_longitudes(time, data.shape[1])[0].value),
        first_latitude=FIRST_LATITUDE,
    )
    return FarsidePhaseMap(data, header)
