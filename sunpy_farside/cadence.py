"""
Cadence of the maps: one every 12 hours, eleven in a sequence.
"""

from collections.abc import Iterable

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy_farside.utils.moved import moved_names

__all__ = [
    "CADENCE",
    "MIDDLE",
    "MOST_MISSING",
    "N_MAPS",
    "TOLERANCE",
    "add_steps",
    "complete_runs",
    "nearest_step",
    "shared_steps",
    "step_numbers",
    "step_time",
    "steps_of_sequence",
    "time_of_step",
]

__getattr__ = moved_names(
    __name__,
    {"sunpy_farside.sequence.placing": ["check_missing", "check_unique", "place_maps"]},
)

# Eleven maps, one every 12 hours [Felipe & Asensio Ramos 2019, section 2.2].
N_MAPS = 11
MIDDLE = N_MAPS // 2
CADENCE = 12 * u.hour
# Largest number of missing maps that a sequence may have: more than half of the maps remain.
MOST_MISSING = N_MAPS // 2
# Largest offset of a map from its step.
TOLERANCE = 1 * u.minute

_STEP = CADENCE.to_value(u.day)
_HOURS = int(CADENCE.to_value(u.hour))
_NEAR = (TOLERANCE / CADENCE).to_value(u.dimensionless_unscaled)


def step_numbers(times: Time, phase: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """
    Return the numbers of the cadence steps nearest to times.

    Parameters
    ----------
    times : `~astropy.time.Time`
        One time, or an array of times.
    phase : `float`, optional
        Offset of the steps from 00 and 12 UT, as a fraction of a step.

    Returns
    -------
    steps : array of `int`
        Counted from the origin of the Modified Julian Date. Of two equally near steps, the
        earlier one.
    near : array of `bool`
        True for times within a minute of their step.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.cadence import step_numbers
    >>> step_numbers(Time(["2022-05-05T00:00:30", "2022-05-05T18:00"]))
    (array([119408, 119409]), array([ True, False]))
    """
    exact = times.utc.mjd / _STEP - phase
    # Half a step rounds down; the margin absorbs the rounding of dates.
    steps = np.ceil(exact - 0.5 - 1e-6)
    return steps.astype(int), np.abs(exact - steps) <= _NEAR + 1e-9


def nearest_step(time: Time) -> int:
    """
    Return the number of the cadence step nearest to a time.

    Parameters
    ----------
    time : `~astropy.time.Time`
        A single time.

    Returns
    -------
    `int`
        As in `step_numbers`.
    """
    return int(step_numbers(time)[0])


def step_time(steps: int | np.ndarray) -> Time:
    """
    Return the times of cadence steps.

    Parameters
    ----------
    steps : `int` or array of `int`
        Step numbers, as in `step_numbers`.

    Returns
    -------
    `~astropy.time.Time`

    Examples
    --------
    >>> from sunpy_farside.cadence import step_time
    >>> step_time(119408).isot
    '2022-05-05T00:00:00.000'
    """
    return Time(np.asarray(steps) * _STEP, format="mjd", scale="utc")


def add_steps(times: Time, steps: int | np.ndarray) -> Time:
    """
    Return the times some steps later on the clock, for which leap seconds do not count.

    Parameters
    ----------
    times : `~astropy.time.Time`
    steps : `int` or array of `int`
        Numbers of steps of 12 hours, negative for earlier times.

    Returns
    -------
    `~astropy.time.Time`
        As exact as a microsecond.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.cadence import add_steps
    >>> add_steps(Time("2016-12-31T12:00"), 1).isot
    '2017-01-01T00:00:00.000'
    """
    # Seconds are added to the minutes, because numpy cannot parse the 60th second of a leap second.
    text = np.asarray(Time(times, format="isot", precision=6).isot)
    minute = text.astype("U16").astype("datetime64[us]")
    second = np.array([item[17:] for item in text.flat], dtype=float).reshape(text.shape)
    clock = minute + np.rint(1e6 * second).astype("timedelta64[us]")
    clock = clock + np.asarray(steps) * np.timedelta64(_HOURS, "h")
    return Time(Time(clock, scale=times.scale), format="isot")


def steps_of_sequence(middle: int) -> range:
    """
    Return the step numbers of the sequence around a middle step.

    Parameters
    ----------
    middle : `int`
        Step of the middle map.

    Returns
    -------
    `range`
        Eleven step numbers.
    """
    return range(middle - MIDDLE, middle - MIDDLE + N_MAPS)


def complete_runs(steps: Iterable[int], missing: int = 0) -> list[int]:
    """
    Find the middle steps of all sequences with enough maps.

    Parameters
    ----------
    steps : iterable of `int`
        Steps with a map.
    missing : `int`, optional
        Largest number of the eleven maps of a sequence that may be missing, the first, the middle
        and the last included.

    Returns
    -------
    `list` of `int`
        In order of time.

    Examples
    --------
    >>> from sunpy_farside.cadence import complete_runs
    >>> complete_runs([*range(12), 20])
    [5, 6]
    >>> complete_runs([*range(12), 20], missing=1)
    [4, 5, 6, 7]
    """
    there = set(steps)
    # A step belongs to the sequences around the eleven steps around it.
    middles = sorted({middle for step in there for middle in steps_of_sequence(step)})
    fewest = N_MAPS - missing
    return [
        middle
        for middle in middles
        if sum(step in there for step in steps_of_sequence(middle)) >= fewest
    ]


def shared_steps(times: Time) -> tuple[np.ndarray, np.ndarray, float]:
    """
    Return the step numbers of maps on the cadence that most of the maps share.

    Parameters
    ----------
    times : `~astropy.time.Time`
        Dates of the maps.

    Returns
    -------
    steps : array of `int`
        Counted as in `step_numbers`.
    near : array of `bool`
        True for maps within a minute of their step.
    phase : `float`
        Offset of the steps from 00 and 12 UT, as a fraction of a step.
    """
    # Any single map may be off the cadence, the first one too: count the maps near each, in order
    # of their phases, as an archive has more pairs than fit into memory.
    phases = times.utc.mjd / _STEP % 1
    ordered = np.sort(phases)
    around = np.concatenate([ordered - 1, ordered, ordered + 1])
    near = _NEAR + 1e-9
    first, last = np.searchsorted(around, phases - near), np.searchsorted(around, phases + near)
    phase = phases[np.argmax(last - first)]
    return *step_numbers(times, phase), phase


def time_of_step(step, times, steps):
    """
    Return the time of a step on the cadence of maps.

    Parameters
    ----------
    step : `int`
        Step number, of a missing map.
    times : `~astropy.time.Time`
        Dates of the maps.
    steps : array of `int`
        Step numbers of the maps (`shared_steps`).

    Returns
    -------
    `~astropy.time.Time`
        As exact as the dates of the maps.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.cadence import time_of_step
    >>> time_of_step(7, Time(["2022-05-05T00:00", "2022-05-06T00:00"]), [4, 6]).isot
    '2022-05-06T12:00:00.000'
    """
    source = typical_map(times, steps)
    return add_steps(times[source], int(step) - int(steps[source]))


def typical_map(times, steps):
    """
    Return the index of the map from which the times of missing maps are counted.

    Parameters
    ----------
    times : `~astropy.time.Time`
        Dates of the maps.
    steps : array of `int`
        Step numbers of the maps (`shared_steps`).

    Returns
    -------
    `int`
        Single maps may be some seconds late: that of a map of median offset.
    """
    offsets = times.utc.mjd - np.asarray(steps) * _STEP
    return int(np.argsort(offsets, kind="stable")[(len(offsets) - 1) // 2])
