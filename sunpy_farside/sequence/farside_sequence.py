"""
Sequence of eleven consecutive phase maps, checked and cut to windows.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.time import Time
from astropy.wcs import WCS

from sunpy_farside.cadence import MIDDLE, N_MAPS, add_steps, steps_of_sequence, time_of_step
from sunpy_farside.coordinates.window import WINDOW_ROWS, cut_window, window_start, window_wcs
from sunpy_farside.errors import SequenceError
from sunpy_farside.io.phase_maps import read_global_map
from sunpy_farside.maps.windows import GlobalMap, check_width, check_windows
from sunpy_farside.sequence.arrays import map_in_window, plain_phases
from sunpy_farside.sequence.given_maps import (
    cadence_date,
    dates_of_maps,
    listed_maps,
    product_of_map,
)
from sunpy_farside.sequence.placing import check_missing, place_maps
from sunpy_farside.utils.inputs import listed, user_time
from sunpy_farside.utils.typing import PathLike, TimeLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sunpy.map import GenericMap

    from sunpy_farside.detection.result import FarsideDetection
    from sunpy_farside.visualization.artists import Artists

__all__ = ["FarsideSequence", "checked_sequence"]


class FarsideSequence:
    """
    Eleven consecutive far-side phase maps, each cut around its far-side central meridian.

    Parameters
    ----------
    maps : sequence of `~sunpy.map.GenericMap`
        Eleven maps of one product, 12 hours apart (within a minute), in any order, or what
        `~sunpy_farside.io.phase_maps.read_global_map` returns. Phase shifts
        may be in any unit of angle; masked pixels are missing. Maps on whole degrees are cut by
        index, exactly; any other Carrington map (another scale, sine latitude) is resampled with
        `reproject`.
    width : `int`, optional
        Columns of the windows, even, from 16 to 180.
    missing : `int`, optional
        Largest number of maps that may be missing, at most 5: none by default, as published. A
        map whose pixels are all NaN or masked is missing, too.
    date : `~astropy.time.Time`, `str` or `~datetime.datetime`, optional
        Date of the middle map, which may itself be missing. Required only if the dates of the
        maps leave it open, because the first or the last map is missing.

    Raises
    ------
    SequenceError
        There are not eleven maps, or fewer than ``missing`` permits; they are not of one product
        or not 12 hours apart; their unit is not an angle; a window has no data; or the date of
        the middle map is required. The message names the problem.

    See Also
    --------
    sunpy_farside.sequence.find_sequences : Find all the sequences in a longer list of maps.

    Notes
    -----
    A sequence with missing maps still has eleven places. `maps`, `times`, `data` and `comoving`,
    the length, indices and iteration all count them, so that the middle map is always number 5. In
    the place of a missing map there is a map of its date without data: all its pixels are NaN.
    `is_missing` is True there. The times are those of the cadence, and the windows are those of
    these times, so that the pixels of the other maps are the same as in the full sequence.

    Examples
    --------
    >>> import sunpy_farside
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence
    >>> sequence.data.shape, sequence.date.isot
    ((11, 144, 120), '2022-05-05T00:00:00.000')

    Without the middle map and the last one:

    >>> maps = [*sequence.maps[:5], *sequence.maps[6:10]]
    >>> gappy = sunpy_farside.FarsideSequence(maps, missing=2, date="2022-05-05")
    >>> gappy
    <FarsideSequence: 9 of 11 maps of phase_map, 2022-05-02T12:00 to 2022-05-07T12:00, 120 columns>
    >>> gappy.times[gappy.is_missing].isot
    array(['2022-05-05T00:00:00.000', '2022-05-07T12:00:00.000'], dtype='<U23')
    """

    def __init__(self, maps, *, width=120, missing=0, date=None):
        check_width(width)
        check_missing(missing)
        maps = listed_maps(maps)
        times = dates_of_maps(maps)
        date = None if date is None else user_time(date)
        steps, middle = place_maps(times, missing, date)
        frames = {}
        for k, (step, item) in enumerate(zip(steps, maps, strict=True)):
            # Most maps that are already cut have their dates of the cadence.
            dated = isinstance(item, GlobalMap) and cadence_date(item) is item.time
            frames[int(step)] = item if dated else GlobalMap.of(item, times[k])
        product = product_of_map(maps[0])
        for step in steps_of_sequence(middle):
            if step not in frames:
                given = date is not None and step == middle
                time = date if given else time_of_step(step, times, steps)
                frames[step] = GlobalMap.without_data(time, product)
        self._set_frames([frames[step] for step in steps_of_sequence(middle)], width, missing)

    def _set_frames(self, frames, width, missing):
        check_windows(frames, width, missing)
        self._frames = tuple(frames)
        self._width = width

    @classmethod
    def from_files(
        cls,
        paths: Iterable[PathLike],
        *,
        width: int = 120,
        missing: int = 0,
        date: TimeLike | None = None,
    ) -> "FarsideSequence":
        """
        Read a sequence from eleven of JSOC's phase-map files.

        Parameters
        ----------
        paths : sequence of path-like
            Eleven files, in any order.
        width : `int`, optional
            Columns of the windows, even, from 16 to 180.
        missing, date : optional
            As for `FarsideSequence`: how many of the files may be missing, and the date of the
            middle map.

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
        remedy = (
            "Patterns and folders are not expanded: pass "
            "sorted(pathlib.Path(folder).glob(pattern))."
        )
        paths = listed(paths, f"a list of {N_MAPS} files", remedy)
        maps = [read_global_map(path) for path in paths]
        return cls(maps, width=width, missing=missing, date=date)

    @classmethod
    def from_array(
        cls, data: np.ndarray | u.Quantity, date: TimeLike, *, missing: int = 0
    ) -> "FarsideSequence":
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
        missing : `int`, optional
            Largest number of maps that may have no data at all.

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
        data = plain_phases(data)
        if data.ndim != 3 or data.shape[:2] != (N_MAPS, WINDOW_ROWS):
            msg = (
                f"Expected phases of shape ({N_MAPS}, {WINDOW_ROWS}, width), found {data.shape}. "
                "From a file with several stacks, pass one: read_stack(path)[0]."
            )
            raise SequenceError(msg)
        width = data.shape[2]
        check_width(width)
        times = add_steps(user_time(date), np.arange(N_MAPS) - MIDDLE)
        maps = [map_in_window(*pair) for pair in zip(data, times, strict=True)]
        return cls(maps, width=width, missing=missing)

    def __repr__(self):
        absent = int(self.is_missing.sum())
        number = f"{N_MAPS - absent} of {N_MAPS}" if absent else f"{N_MAPS}"
        return (
            f"<FarsideSequence: {number} maps of {self.product}, {self.times[0].isot[:16]} to "
            f"{self.times[-1].isot[:16]}, {self.width} columns>"
        )

    def __len__(self):
        return N_MAPS

    def __iter__(self):
        return iter(self.maps)

    def __getitem__(self, index):
        return self.maps[index]

    def _repr_html_(self):
        from sunpy_farside.visualization.html import html_with_picture
        from sunpy_farside.visualization.panels import plot_sequence

        return html_with_picture(
            self, lambda figure: plot_sequence(self, figure=figure), size=(11, 5)
        )

    def plot(
        self, *, detection: "FarsideDetection | None" = None, figure: "Figure | None" = None
    ) -> "Artists":
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
        from sunpy_farside.visualization.panels import plot_sequence

        return plot_sequence(self, detection=detection, figure=figure)

    def peek(self) -> None:
        """
        Draw the maps in a new figure and show it.
        """
        import matplotlib.pyplot as plt

        self.plot(figure=plt.figure(figsize=(11, 5), layout="constrained"))
        plt.show()

    @property
    def maps(self) -> "tuple[GenericMap, ...]":
        """
        Eleven maps, in order of time; in the place of a missing map, one whose pixels are all NaN.
        """
        return tuple(frame.map for frame in self._frames)

    @property
    def is_missing(self) -> np.ndarray:
        """
        Missing maps, an array of `bool` of shape (11,).
        """
        return np.array([frame.is_missing for frame in self._frames])

    @property
    def times(self) -> Time:
        """
        Dates of the eleven maps on the cadence (`~astropy.time.Time`,
        `~sunpy_farside.sequence.cadence_date`).
        """
        return Time([frame.time for frame in self._frames])

    @property
    def provenance(self) -> dict:
        """
        Dates of the first, the last and the missing maps, and the product, as tables record them.
        """
        first, *_, last = self._frames
        return {
            "first_map": first.time.isot,
            "last_map": last.time.isot,
            "missing_maps": [frame.time.isot for frame in self._frames if frame.is_missing],
            "product": self.product,
        }

    @property
    def date(self) -> Time:
        """
        Date of the middle map, missing or not, which is also the date of detections.
        """
        return self._frames[MIDDLE].time

    @property
    def product(self) -> str:
        """
        Name of the product of the maps.
        """
        return self._frames[MIDDLE].product

    @property
    def width(self) -> int:
        """
        Number of columns of the windows.
        """
        return self._width

    @property
    def data(self) -> np.ndarray:
        """
        Phase shifts, with each map in its own window.

        Array of `numpy.float32`, shape (11, 144, width), in rad; NaN where data are missing, in all
        the pixels of a missing map.
        Column ``width // 2`` of each map is at the whole degree at or below the far-side central
        meridian of its own date, so that regions drift by 13.2 columns per day.
        """
        return np.stack([frame.window(self.width) for frame in self._frames])

    @property
    def comoving_data(self) -> np.ndarray:
        """
        Phase shifts, with all maps in the window of the middle map.

        Like `data`, but a column has the same Carrington longitude in all the maps, so that
        regions stay in place. NaN where a map has no data.
        """
        return self.comoving(self.width)

    def comoving(self, width: int) -> np.ndarray:
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
    def wcs(self) -> WCS:
        """
        World coordinates of the window of the middle map (`~astropy.wcs.WCS`).
        """
        return window_wcs(self.date, self.width)


def checked_sequence(maps, width):
    """
    Return the sequence of eleven consecutive maps whose dates and windows are known to be right.

    Parameters
    ----------
    maps : sequence of ``sunpy_farside.maps.windows.GlobalMap``
        In order of time, with their dates of the cadence.
    width : `int`
        Columns of the windows.

    Returns
    -------
    `FarsideSequence`
    """
    sequence = FarsideSequence.__new__(FarsideSequence)
    sequence._frames, sequence._width = tuple(maps), width
    return sequence
