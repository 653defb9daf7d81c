"""
The cadence: maps every 12 hours, and eleven of them in a sequence.
"""

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
# How far a map may be from its step.
TOLERANCE = 1 * u.minute

# Missing dates that an error message names before it counts.
_MAX_NAMED = 8
_STEP = CADENCE.to_value(u.day)
_NEAR = (TOLERANCE / CADENCE).to_value(u.dimensionless_unscaled)


def step_numbers(times, phase=0.0):
    """
    Number the steps of the cadence at which times are.

    Parameters
    ----------
    times : `~astropy.time.Time`
        One or an array of them.
    phase : `float`, optional
        Where the steps are, in steps after 00 and 12 UT.

    Returns
    -------
    steps : array of `int`
        Counted from the origin of the Modified Julian Date. The earlier one of two steps that are
        equally near.
    near : array of `bool`
        Whether a time is within a minute of its step.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.cadence import step_numbers
    >>> step_numbers(Time(["2022-05-05T00:00:30", "2022-05-05T18:00"]))
    (array([119408, 119409]), array([ True, False]))
    """
    exact = times.utc.mjd / _STEP - phase
    # Half a step rounds down, and by a hair more too: dates are not known that well.
    steps = np.ceil(exact - 0.5 - 1e-6)
    return steps.astype(int), np.abs(exact - steps) <= _NEAR + 1e-9


def nearest_step(time):
    """
    Return the number of the step nearest to a time.

    Parameters
    ----------
    time : `~astropy.time.Time`
        A single one.

    Returns
    -------
    `int`
        As in `step_numbers`.
    """
    return int(step_numbers(time)[0])


def step_time(steps):
    """
    Return the times of steps.

    Parameters
    ----------
    steps : `int` or array of them

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


def steps_of_sequence(middle):
    """
    Return the steps of the sequence around a middle one.

    Parameters
    ----------
    middle : `int`

    Returns
    -------
    `range`
        Eleven.
    """
    return range(middle - MIDDLE, middle - MIDDLE + N_MAPS)


def complete_runs(steps):
    """
    Find the middle steps of the sequences of which no map is missing.

    Parameters
    ----------
    steps : iterable of `int`
        Steps that have a map.

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


def shared_steps(times):
    """
    Number the steps of maps in the phase of the cadence that most of them share.

    Parameters
    ----------
    times : `~astropy.time.Time`

    Returns
    -------
    steps : array of `int`
        Counted as in `step_numbers`.
    near : array of `bool`
        Whether a map is within a minute of its step.
    phase : `float`
        In steps after 00 and 12 UT.
    """
    # Any one map may be the odd one.
    phases = (times.utc.mjd * u.day / CADENCE).to_value(u.one) % 1
    apart = np.abs((phases[:, None] - phases + 0.5) % 1 - 0.5)
    within = apart <= (TOLERANCE / CADENCE).to_value(u.one) + 1e-9
    phase = phases[np.argmax(within.sum(axis=0))]
    return *step_numbers(times, phase), phase


def check_unique(times, steps):
    """
    Refuse dates that are there twice.

    Parameters
    ----------
    times : `~astropy.time.Time`
    steps : array of `int`
        Of the times (`shared_steps`).

    Raises
    ------
    SequenceError
        The message names the dates.
    """
    if problem := _repeated(times, steps):
        raise SequenceError(problem)


def check_cadence(times):
    """
    Refuse dates that do not make a sequence.

    Parameters
    ----------
    times : `~astropy.time.Time`

    Raises
    ------
    SequenceError
        They are not eleven, 12 hours apart within a minute. The message names what is missing,
        twice or off the cadence.
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
            "find_sequences picks the complete runs of a longer list."
            if len(times) > N_MAPS
            else "Add what is missing or choose another date."
        )
        msg = f"Expected {N_MAPS} maps, one every 12 h; {what.rstrip('.')}. {remedy}"
        raise SequenceError(msg)


def _repeated(times, steps):
    """
    What to say of steps that are there twice, or nothing.
    """
    values, counts = np.unique(steps, return_counts=True)
    names = [times[np.flatnonzero(steps == step)[0]].isot[:16] for step in values[counts > 1]]
    if not names:
        return ""
    return (
        f"Expected every date once, found more than one map of {', '.join(names)}. "
        "Leave one of each out."
    )
