"""
Sequences of eleven phase maps, checked and cut to the windows that the network sees.
"""

from dataclasses import dataclass

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy.map import GenericMap
from sunpy.time import parse_time

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import (
    FIRST_LATITUDE,
    WINDOW_ROWS,
    window_header,
    window_start,
    window_wcs,
)
from sunpy_farside.errors import SequenceError
from sunpy_farside.io.phase_maps import read_phase_map
from sunpy_farside.maps import FarsidePhaseMap, phase_map_header

__all__ = ["CADENCE", "N_MAPS", "FarsideSequence", "cut_globe", "cut_map", "find_sequences"]

# Eleven maps, one every 12 hours [Felipe & Asensio Ramos 2019, section 2.2].
N_MAPS = 11
CADENCE = 12 * u.hour
_TOLERANCE = 1 * u.minute
_MIDDLE = N_MAPS // 2
# Cards that turn a map's axes, where they are not zero.
_ROTATION_KEYS = ("crota1", "crota2", "pc1_2", "pc2_1", "cd1_2", "cd2_1")
# Missing dates that an error message names before it counts.
_MAX_NAMED = 8


@dataclass(frozen=True)
class _Frame:
    """
    One map of a sequence, cut to its own window.
    """

    map: GenericMap
    time: Time
    meridian: float
    # Longitude and latitude of the map's first pixel, or None off the whole-degree grid.
    origin: tuple | None
    window: np.ndarray


class FarsideSequence:
    """
    Eleven consecutive far-side phase maps, each cut around its own central meridian.

    Parameters
    ----------
    maps : sequence of `~sunpy.map.GenericMap`
        Eleven maps of one product, 12 hours apart (within a minute), in any order.
        Maps on whole degrees are cut by index, exactly; any other Carrington map (another
        scale, sine latitude) is resampled with `reproject`.
    width : `int`, optional
        Columns of the windows, even, from 16 to 180.

    Raises
    ------
    SequenceError
        The maps are not eleven, not of one product, not 12 hours apart, not in
        radian, or hold no data in their windows. The message names what is wrong.

    See Also
    --------
    find_sequences : every sequence in a longer list of maps.

    Examples
    --------
    >>> import sunpy_farside
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence
    >>> sequence.data.shape, sequence.date.isot
    ((11, 144, 120), '2022-05-05T00:00:00.000')
    """

    def __init__(self, maps, *, width=120):
        _check_width(width)
        maps = list(maps)
        times = _times(maps)
        _check_cadence(times)
        order = np.argsort(times.mjd)
        self._set_frames([_frame(maps[k], times[k], width) for k in order], width)

    def _set_frames(self, frames, width):
        _check_frames(frames)
        self._frames = tuple(frames)
        self._width = width

    @classmethod
    def from_files(cls, paths, *, width=120):
        """
        A sequence from eleven of JSOC's phase-map files.

        Parameters
        ----------
        paths : sequence of path-like
            In any order.
        width : `int`, optional

        Returns
        -------
        `FarsideSequence`

        Raises
        ------
        FileFormatError
            A file is not a phase map (`~sunpy_farside.io.phase_maps.read_phase_map`).
        SequenceError
            The maps do not form a sequence.
        """
        return cls([read_phase_map(path) for path in paths], width=width)

    @classmethod
    def from_array(cls, data, date):
        """
        A sequence from maps that are cut to their windows already.

        Parameters
        ----------
        data : array, shape (11, 144, width)
            Phases in rad, each map in its own window, as in the files that
            `~sunpy_farside.io.stacks.read_stack` reads.
        date : {parse_time_types}
            Date of the middle map.

        Returns
        -------
        `FarsideSequence`

        Raises
        ------
        SequenceError
            The array has another shape, or a map without data.

        Examples
        --------
        >>> import sunpy_farside
        >>> data = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence.data
        >>> sunpy_farside.FarsideSequence.from_array(data, "2022-05-05").wcs.array_shape
        (144, 120)
        """
        data = np.asarray(data, dtype=np.float32)
        if data.ndim != 3 or data.shape[:2] != (N_MAPS, WINDOW_ROWS):
            msg = (
                f"Expected phases of shape ({N_MAPS}, {WINDOW_ROWS}, width), found {data.shape}. "
                "Of a file with several stacks, give one: read_stack(path)[0]."
            )
            raise SequenceError(msg)
        width = data.shape[2]
        _check_width(width)
        times = parse_time(date) + (np.arange(N_MAPS) - _MIDDLE) * CADENCE
        maps = [_window_map(*pair) for pair in zip(data, times, strict=True)]
        return cls(maps, width=width)

    def __repr__(self):
        return (
            f"<FarsideSequence: {N_MAPS} maps of {self.product}, {self.times[0].isot[:16]} to "
            f"{self.times[-1].isot[:16]}, {self.width} columns>"
        )

    @property
    def maps(self):
        """
        The eleven maps, in order of time.
        """
        return tuple(frame.map for frame in self._frames)

    @property
    def times(self):
        """
        Dates of the maps (`~astropy.time.Time`, eleven).
        """
        return Time([frame.time for frame in self._frames])

    @property
    def date(self):
        """
        Date of the middle map, to which detections belong.
        """
        return self._frames[_MIDDLE].time

    @property
    def product(self):
        """
        Which product the maps belong to.
        """
        return _product(self._frames[_MIDDLE].map)

    @property
    def width(self):
        """
        Columns of the windows.
        """
        return self._width

    @property
    def data(self):
        """
        Phases, every map in its own window.

        Array of `numpy.float32`, shape (11, 144, width), rad, NaN where there are no data.
        Column ``width // 2`` of each map is the whole degree at or below the far-side central
        meridian of its own date, so the Sun drifts by 13.2 columns a day.
        """
        return np.stack([frame.window for frame in self._frames])

    @property
    def comoving_data(self):
        """
        Phases, every map in the middle map's window.

        Like `data`, but with the Sun at rest: a column is one Carrington longitude in all the
        maps. Outside a map's data there is NaN.
        """
        return self.comoving(self.width)

    def comoving(self, width):
        """
        Phases, every map in the middle map's window, made narrower or wider.

        Parameters
        ----------
        width : `int`
            Columns, even, from 16 to 180; column ``width // 2`` stays where it is.

        Returns
        -------
        array of `numpy.float32`, shape (11, 144, width)
            As `comoving_data`. What lies outside the sequence's own windows is there as far as
            its maps have it.

        Raises
        ------
        SequenceError
            The width is another.

        Examples
        --------
        >>> import sunpy_farside
        >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence
        >>> sequence.comoving(140).shape
        (11, 144, 140)
        """
        _check_width(width)
        start = int(window_start(self._frames[_MIDDLE].meridian, width))
        return np.stack([_cut(frame, start, width) for frame in self._frames])

    @property
    def wcs(self):
        """
        World coordinates of the middle map's window (`~astropy.wcs.WCS`).
        """
        return window_wcs(self.date, self.width)


def find_sequences(maps, *, width=120):
    """
    Find every run of eleven consecutive maps.

    Parameters
    ----------
    maps : sequence of `~sunpy.map.GenericMap`
        Any number of maps of one product, in any order, with or without gaps.
    width : `int`, optional
        Columns of the windows, even, from 16 to 180.

    Returns
    -------
    `list` of `FarsideSequence`
        Ordered by date; neighbours share ten maps. Empty where no eleven maps are
        consecutive.

    Raises
    ------
    SequenceError
        A date is there twice, two products are mixed, or a map is unusable.

    Examples
    --------
    >>> import sunpy_farside
    >>> maps = sunpy_farside.simulate_maps("2022-05-01", 13, seed=1).maps
    >>> [sequence.date.isot[:13] for sequence in sunpy_farside.find_sequences(maps)]
    ['2022-05-03T12', '2022-05-04T00', '2022-05-04T12']
    """
    _check_width(width)
    maps = list(maps)
    if not maps:
        return []
    times = _times(maps)
    steps, off = _steps(times)
    repeated = _repeated(steps[~off])
    if repeated.size:
        raise SequenceError(_message_repeated(times, steps, repeated))
    at_step = {int(step): k for k, step in enumerate(steps) if not off[k]}
    frames = {}

    def frame(step):
        # Neighbouring sequences share their maps: each is cut once.
        if step not in frames:
            k = at_step[step]
            frames[step] = _frame(maps[k], times[k], width)
        return frames[step]

    sequences = []
    for first in sorted(at_step):
        run = range(first, first + N_MAPS)
        if all(step in at_step for step in run):
            sequence = FarsideSequence.__new__(FarsideSequence)
            sequence._set_frames([frame(step) for step in run], width)
            sequences.append(sequence)
    return sequences


def cut_globe(phase_map):
    """
    Cut one map to the latitudes of the windows, all round the Sun.

    Parameters
    ----------
    phase_map : `~sunpy.map.GenericMap`
        Phases in rad on whole degrees.

    Returns
    -------
    array of `numpy.float32`, shape (144, 360)
        Phases in rad, NaN where there are no data. Column ``k`` stands at longitude ``k``, so
        that any window is cut by index.

    Raises
    ------
    SequenceError
        The map is not in rad, not on whole degrees, or holds no data in its window.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.sequence import cut_globe
    >>> phase_map = sunpy_farside.simulate_maps("2022-05-05", 1, seed=1).maps[0]
    >>> cut_globe(phase_map).shape
    (144, 360)
    """
    frame = _frame(phase_map, phase_map.date, 120)
    _check_frames([frame])
    if frame.origin is None:
        msg = f"Expected a map on whole degrees, found {phase_map.meta.get('ctype1')} on others."
        raise SequenceError(msg)
    return _cut(frame, 0, 360)


def cut_map(phase_map, width=120):
    """
    Cut one map to the window of its own date.

    Parameters
    ----------
    phase_map : `~sunpy.map.GenericMap`
        Phases in rad. Off the whole-degree grid it is resampled.
    width : `int`, optional
        Columns of the window, even, from 16 to 180.

    Returns
    -------
    array of `numpy.float32`, shape (144, width)
        Phases in rad, NaN where there are no data.

    Raises
    ------
    SequenceError
        The map is not in rad, or holds no data in its window.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.sequence import cut_map
    >>> phase_map = sunpy_farside.simulate_maps("2022-05-05", 1, seed=1).maps[0]
    >>> cut_map(phase_map).shape
    (144, 120)
    """
    _check_width(width)
    frame = _frame(phase_map, phase_map.date, width)
    _check_frames([frame])
    return frame.window


def _check_width(width):
    if not (isinstance(width, int | np.integer) and 16 <= width <= 180 and width % 2 == 0):
        msg = f"Expected an even window width from 16 to 180 columns, found {width!r}."
        raise SequenceError(msg)


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
    products = sorted({_product(item) for item in maps})
    if len(products) > 1:
        msg = f"Expected maps of one product, found {' and '.join(products)}. Keep them apart."
        raise SequenceError(msg)
    return Time([item.date for item in maps])


def _product(item):
    return item.meta.get("fsprod", "phase_map")


def _steps(times):
    """
    Number of cadence steps from the first map, and which maps are off the cadence.
    """
    hours = (times - times[0]).to_value(CADENCE.unit)
    cadence, tolerance = (value.to_value(CADENCE.unit) for value in (CADENCE, _TOLERANCE))
    # The phase of the cadence that most maps share: the first map may be the odd one.
    phase = np.array([h % cadence for h in hours])
    apart = np.abs((phase[:, None] - phase + cadence / 2) % cadence - cadence / 2)
    reference = np.argmax((apart <= tolerance).sum(axis=0))
    steps = (hours - hours[reference]) / cadence
    off = np.abs(steps - np.round(steps)) * cadence > tolerance
    return np.round(steps).astype(int), off


def _repeated(steps):
    values, counts = np.unique(steps, return_counts=True)
    return values[counts > 1]


def _message_repeated(times, steps, repeated):
    twice = ", ".join(times[np.flatnonzero(steps == step)[0]].isot[:16] for step in repeated)
    return f"Expected every date once, found more than one map of {twice}. Leave one of each out."


def _check_cadence(times):
    steps, off = _steps(times)
    problems = []
    if off.any():
        odd = ", ".join(times[off].isot)
        problems.append(f"off the {CADENCE:.0f} cadence: {odd}")
    kept = steps[~off]
    repeated = _repeated(kept)
    if repeated.size:
        problems.append(_message_repeated(times[~off], kept, repeated))
    missing = np.setdiff1d(np.arange(kept.min(), kept.max() + 1), kept)
    if missing.size:
        origin = times[~off][0] - kept[0] * CADENCE
        names = [(origin + step * CADENCE).isot[:16] for step in missing[:_MAX_NAMED]]
        more = f" and {missing.size - _MAX_NAMED} more" if missing.size > _MAX_NAMED else ""
        problems.append(f"missing: {', '.join(names)}{more}")
    if len(times) != N_MAPS or problems:
        what = "; ".join([f"found {len(times)}", *problems])
        remedy = (
            "find_sequences picks the complete runs of a longer list."
            if len(times) > N_MAPS
            else "Add what is missing or choose another date."
        )
        msg = f"Expected {N_MAPS} maps, one every 12 h; {what.rstrip('.')}. {remedy}"
        raise SequenceError(msg)


def _frame(item, time, width):
    if item.unit != u.rad:
        msg = (
            f"Expected phases in rad, found the unit {item.unit} in the map of "
            f"{time.isot[:16]}. Convert the map to rad."
        )
        raise SequenceError(msg)
    meridian = far_side_central_meridian(time).deg
    start = int(window_start(meridian, width))
    origin = _whole_degree_origin(item)
    window = (
        _resample(item, time, width)
        if origin is None
        else _cut_window(item.data, origin, start, width)
    )
    return _Frame(item, time, meridian, origin, window)


def _cut(frame, start, width):
    """
    Cut a frame's map at another window than its own.
    """
    if frame.origin is not None:
        return _cut_window(frame.map.data, frame.origin, start, width)
    own = int(window_start(frame.meridian, width))
    return _cut_window(frame.window, (own, FIRST_LATITUDE), start, width)


def _check_frames(frames):
    empty = [frame.time.isot[:16] for frame in frames if not np.isfinite(frame.window).any()]
    if empty:
        msg = (
            f"Expected far-side data in every window, found none in the map of "
            f"{', '.join(empty)}. Is it a map of the far side, and is its date right?"
        )
        raise SequenceError(msg)


def _whole_degree_origin(item):
    """
    Longitude and latitude of the first pixel of a one-degree map, or None for another map.
    """
    meta = item.meta
    if not (
        str(meta.get("ctype1", "")).upper() == "CRLN-CAR"
        and str(meta.get("ctype2", "")).upper() == "CRLT-CAR"
        and meta.get("cunit1", "deg") == meta.get("cunit2", "deg") == "deg"
        and meta.get("cdelt1") == meta.get("cdelt2") == 1
        and meta.get("crval2") == 0
        and not any(meta.get(key) for key in _ROTATION_KEYS)
    ):
        return None
    origin = np.array(
        [meta["crval1"] + 1 - meta["crpix1"], meta["crval2"] + 1 - meta["crpix2"]], dtype=float
    )
    whole = np.round(origin)
    if not np.allclose(origin, whole, rtol=0, atol=1e-6):
        return None
    return int(whole[0]) % 360, int(whole[1])


def _cut_window(data, origin, start, width):
    """
    Cut a window out of a one-degree map by index.

    Parameters
    ----------
    data : array, shape (rows, columns)
        Up to 361 columns; where the last repeats the first meridian, it fills what the
        first does not have.
    origin : (`int`, `int`)
        Carrington longitude and latitude of ``data[0, 0]``.
    start : `int`
        First longitude of the window.
    width : `int`
        Columns of the window.

    Returns
    -------
    array of `numpy.float32`, shape (144, width)
        NaN where the map has no pixel.
    """
    rows, columns = data.shape
    globe = np.full((WINDOW_ROWS, 360), np.nan, dtype=np.float32)
    first = FIRST_LATITUDE - origin[1]
    inside = slice(max(first, 0), min(first + WINDOW_ROWS, rows))
    part = data[inside]
    target = globe[inside.start - first : inside.stop - first]
    lon = (origin[0] + np.arange(columns)) % 360
    target[:, lon[:360]] = part[:, :360]
    for column in range(360, columns):
        meridian = target[:, lon[column]]
        target[:, lon[column]] = np.where(np.isnan(meridian), part[:, column], meridian)
    return globe[:, np.arange(start, start + width) % 360]


def _resample(item, time, width):
    """
    Resample a map to its own window, in the Carrington frame of its own date.
    """
    # Only maps off the whole-degree grid need it, and it is slow to load.
    from reproject import reproject_interp

    data, wcs = centred(item, far_side_central_meridian(time).deg)
    window, _ = reproject_interp(
        (data, wcs), window_wcs(time, width), shape_out=(WINDOW_ROWS, width)
    )
    return window.astype(np.float32)


def centred(item, meridian):
    """
    Turn a cylindrical map that goes round the Sun so that its seam is far from a meridian.

    Parameters
    ----------
    item : `~sunpy.map.GenericMap`
    meridian : `float`
        Carrington longitude in degrees.

    Returns
    -------
    data : array of `float`
    wcs : `~astropy.wcs.WCS`
        Those of any other map are returned as they are.
    """
    wcs = item.wcs.deepcopy()
    data = np.asarray(item.data, dtype=float)
    cylindrical = all(ctype[5:] in ("CAR", "CEA") for ctype in wcs.wcs.ctype)
    columns = round(360 / abs(wcs.wcs.cdelt[0]))
    if not cylindrical or data.shape[1] < columns:
        return data, wcs
    data = data[:, :columns]
    middle = columns // 2
    # Columns from the far side's central meridian to the middle of the map.
    step = wcs.wcs.cdelt[0]
    here = wcs.wcs.crval[0] + (middle + 1 - wcs.wcs.crpix[0]) * step
    turn = round(((meridian - here + 180) % 360 - 180) / step)
    wcs.wcs.crpix[0] = middle + 1
    wcs.wcs.crval[0] = here + turn * step
    wcs.wcs.set()
    return np.roll(data, -turn, axis=1), wcs


def _window_map(data, time):
    header = window_header(time, data.shape[1])
    first = round(header["crval1"] + 1 - header["crpix1"]) % 360
    return FarsidePhaseMap(
        data,
        phase_map_header(
            time, shape=data.shape, first_longitude=first, first_latitude=FIRST_LATITUDE
        ),
    )
