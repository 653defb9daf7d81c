"""
Cadence of the maps: one every 12 hours, eleven in a sequence.
"""

from collections.abc import Iterable

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy_farside.errors import SequenceError

__all__ = [
    "CADENCE",
    "MIDDLE",
    "N_MAPS",
    "TOLERANCE",
    "check_cadence",
    "check_unique",
    "complete_runs",
    "nearest_step",
    "shared_steps",
    "step_numbers",
    "step_time",
    "steps_of_sequence",
]

# Eleven maps, one every 12 hours [Felipe & Asensio Ramos 2019, section 2.2].
N_MAPS = 11
MIDDLE = N_MAPS // 2
CADENCE = 12 * u.hour
# Largest offset of a map from its step.
TOLERANCE = 1 * u.minute

# Largest number of missing dates that an error message lists.
_MAX_NAMED = 8
_STEP = CADENCE.to_value(u.day)
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


def complete_runs(steps: Iterable[int]) -> list[int]:
    """
    Find the middle steps of all sequences without a missing map.

    Parameters
    ----------
    steps : iterable of `int`
        Steps with a map.

    Returns
    -------
    `list` of `int`
        In order of time.

    Examples
    --------
    >>> from sunpy_farside.cadence import complete_runs
    >>> complete_runs([*range(12), 20])
    [5, 6]
    """
    there = set(steps)
    return [middle for middle in sorted(there) if there.issuperset(steps_of_sequence(middle))]


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
    # Any single map may be off the cadence, the first one too: compare all pairs.
    phases = (times.utc.mjd * u.day / CADENCE).to_value(u.one) % 1
    apart = np.abs((phases[:, None] - phases + 0.5) % 1 - 0.5)
    within = apart <= (TOLERANCE / CADENCE).to_value(u.one) + 1e-9
    phase = phases[np.argmax(within.sum(axis=0))]
    return *step_numbers(times, phase), phase


def check_unique(times: Time, steps: np.ndarray) -> None:
    """
    Raise an error if two maps have the same date.

    Parameters
    ----------
    times : `~astropy.time.Time`
        Dates of the maps.
    steps : array of `int`
        Step numbers of the maps (`shared_steps`).

    Raises
    ------
    SequenceError
        A date occurs more than once. The message names the dates.
    """
    if problem := _repeated(times, steps):
        raise SequenceError(problem)


def check_cadence(times: Time) -> None:
    """
    Raise an error if dates do not form a sequence.

    Parameters
    ----------
    times : `~astropy.time.Time`
        Dates of the maps.

    Raises
    ------
    SequenceError
        There are not eleven dates, 12 hours apart within a minute. The message names those that
        are missing, repeated or off the cadence.
    """
    steps, near, phase = shared_steps(times)
    problems = []
    if not near.all():
        odd = ", ".join(times[~near].isot)
        problems.append(f"off the {CADENCE:.0f} cadence: {odd}")
    kept = steps[near]
    if problem := _repeated(times[near], kept):
        problems.append(problem)
    missing = np.setdiff1d(np.arange(kept.min(), kept.max() + 1), kept)
    if missing.size:
        names = [time.isot[:16] for time in step_time(missing[:_MAX_NAMED] + phase)]
        more = f" and {missing.size - _MAX_NAMED} more" if missing.size > _MAX_NAMED else ""
        problems.append(f"missing: {', '.join(names)}{more}")
    if len(times) != N_MAPS or problems:
        what = "; ".join([f"found {len(times)}", *problems])
        remedy = (
            "Use find_sequences to find the sequences in a longer list."
            if len(times) > N_MAPS
            else "Add the missing maps or choose another date."
        )
        msg = f"Expected {N_MAPS} maps, one every 12 h; {what.rstrip('.')}. {remedy}"
        raise SequenceError(msg)


def _repeated(times, steps):
    """
    Return the message about repeated steps, empty if there are none.
    """
    values, counts = np.unique(steps, return_counts=True)
    names = [times[np.flatnonzero(steps == step)[0]].isot[:16] for step in values[counts > 1]]
    if not names:
        return ""
    return (
        f"Expected every date once, found more than one map of {', '.join(names)}. "
        "Keep one of each."
    )
