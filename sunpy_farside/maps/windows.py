"""
Phase maps on whole degrees, and their windows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np

from astropy.time import Time

from sunpy_farside.cadence import MOST_MISSING, N_MAPS
from sunpy_farside.coordinates.far_side import far_side_position
from sunpy_farside.coordinates.window import WINDOW_ROWS, cut_window, window_start
from sunpy_farside.errors import SequenceError
from sunpy_farside.maps.checks import check_phases
from sunpy_farside.maps.headers import PHASE_MAP_SHAPE, phase_map_header
from sunpy_farside.maps.resampling import globe_of
from sunpy_farside.products import product_of
from sunpy_farside.utils.text import described
from sunpy_farside.utils.wording import argument_text

__all__ = ["cut_globe", "cut_map"]


@dataclass(frozen=True)
class GlobalMap:
    """
    Phase map on whole degrees at all longitudes, with its date and product.

    Raises
    ------
    SequenceError
        The values cannot be phase shifts in rad.
    """

    globe: np.ndarray
    time: Time
    product: str
    # Maps take longer to make than to cut, and detections need none.
    make_map: Callable = field(repr=False)

    def __post_init__(self):
        check_phases(self.globe, f"The map of {self.time.isot[:16]}", error=SequenceError)

    @classmethod
    def of(cls, item, time):
        """
        Resample a map of a date to whole degrees, unless it is on them already.
        """
        if isinstance(item, cls):
            return item if item.time.mjd == time.mjd else replace(item, time=time)
        return cls(globe_of(item), time, product_of(item.meta), partial(_same, item))

    @cached_property
    def map(self):
        """
        The map itself (`~sunpy.map.GenericMap`).
        """
        return self.make_map()

    @cached_property
    def meridian(self):
        """
        Carrington longitude of the far-side central meridian in degrees.
        """
        return far_side_position(self.time)[0]

    @classmethod
    def without_data(cls, time, product):
        """
        Fill the place of a missing map.
        """
        globe = np.full((WINDOW_ROWS, 360), np.nan, dtype=np.float32)
        return cls(globe, time, product, partial(_blank_map, time, product))

    @cached_property
    def _columns_with_data(self):
        return np.isfinite(self.globe).any(axis=0)

    @property
    def is_missing(self):
        """
        True for a map without data anywhere.
        """
        return not self._columns_with_data.any()

    def has_data(self, width):
        """
        Return whether the map's own window has data.
        """
        start = int(window_start(self.meridian, width))
        return bool(cut_window(self._columns_with_data, start, width).any())

    def window(self, width):
        """
        Cut the phase shifts to the map's own window.
        """
        return cut_window(self.globe, int(window_start(self.meridian, width)), width)


def _same(item):
    return item


def _blank_map(time, product):
    from sunpy_farside.maps.phase_map import FarsidePhaseMap

    blank = np.full(PHASE_MAP_SHAPE, np.nan, dtype=np.float32)
    return FarsidePhaseMap(blank, phase_map_header(time, product))


def cut_globe(phase_map):
    """
    Cut one map to the latitudes of the windows, at all longitudes.

    Parameters
    ----------
    phase_map : `~sunpy.map.GenericMap`
        Phase shifts in any unit of angle.

    Returns
    -------
    array of `numpy.float32`, shape (144, 360)
        Phase shifts in rad; NaN where data are missing. Column ``k`` is at Carrington longitude
        ``k``, so that windows are cut by index.

    Raises
    ------
    SequenceError
        The unit of the map is not an angle, or the map has no data in its window.

    Examples
    --------
    >>> from sunpy_farside.simulation import simulate_maps
    >>> from sunpy_farside.maps.windows import cut_globe
    >>> phase_map = simulate_maps("2022-05-05", 1, seed=1).maps[0]
    >>> cut_globe(phase_map).shape
    (144, 360)
    """
    frame = GlobalMap.of(phase_map, phase_map.date)
    check_windows([frame])
    return frame.globe


def cut_map(phase_map, width=120):
    """
    Cut one map to the window of its own date.

    Parameters
    ----------
    phase_map : `~sunpy.map.GenericMap`
        Phase shifts in any unit of angle. A map that is not on whole degrees is resampled.
    width : `int`, optional
        Columns of the window, even, from 16 to 180.

    Returns
    -------
    array of `numpy.float32`, shape (144, width)
        Phase shifts in rad; NaN where data are missing.

    Raises
    ------
    SequenceError
        The unit of the map is not an angle, or the map has no data in its window.

    Examples
    --------
    >>> from sunpy_farside.simulation import simulate_maps
    >>> from sunpy_farside.maps.windows import cut_map
    >>> phase_map = simulate_maps("2022-05-05", 1, seed=1).maps[0]
    >>> cut_map(phase_map).shape
    (144, 120)
    """
    check_width(width)
    frame = GlobalMap.of(phase_map, phase_map.date)
    check_windows([frame], width)
    return frame.window(width)


def check_width(width):
    """
    Raise an error for a width that windows cannot have.
    """
    if not (isinstance(width, int | np.integer) and 16 <= width <= 180 and width % 2 == 0):
        msg = f"Expected an even window width from 16 to 180 columns, found {described(width)}."
        raise SequenceError(msg)


def check_windows(frames, width=120, missing=0):
    """
    Raise an error for a window without data, except in the permitted number of missing maps.
    """
    empty = [frame for frame in frames if not frame.has_data(width)]
    absent = [frame for frame in empty if frame.is_missing]
    if len(empty) == len(absent) <= missing:
        return
    remedy = "Check that the map shows the far side and has the right date"
    if len(empty) == len(absent) <= MOST_MISSING and len(frames) == N_MAPS:
        remedy += f", or allow for missing maps with {argument_text('missing', len(absent))}"
    names = ", ".join(frame.time.isot[:16] for frame in empty)
    msg = f"Expected far-side data in every window, found none in the map of {names}. {remedy}."
    raise SequenceError(msg)
