"""
Position of each map in its sequence of eleven.
"""

from collections.abc import Sequence

import numpy as np

from astropy.time import Time

from sunpy_farside.cadence import (
    CADENCE,
    MIDDLE,
    MOST_MISSING,
    N_MAPS,
    shared_steps,
    step_numbers,
    step_time,
    steps_of_sequence,
)
from sunpy_farside.errors import SequenceError
from sunpy_farside.utils.text import counted, described
from sunpy_farside.utils.wording import argument_text, wording

__all__ = ["check_missing", "check_unique", "place_maps"]

# Largest number of missing dates that an error message lists.
_MAX_NAMED = 8


def check_missing(missing: int) -> None:
    """
    Raise an error if a number of missing maps is not one that a sequence may have.

    Parameters
    ----------
    missing : `int`
        Largest number of missing maps.

    Raises
    ------
    SequenceError
        It is not a whole number from 0 to 5.
    """
    if not (isinstance(missing, int | np.integer) and 0 <= missing <= MOST_MISSING):
        msg = (
            f"Expected the largest number of missing maps, from 0 to {MOST_MISSING}, found "
            f"{described(missing)}."
        )
        raise SequenceError(msg)


def place_maps(times: Time, missing: int = 0, date: Time | None = None) -> tuple[np.ndarray, int]:
    """
    Return the positions of maps in their sequence.

    Parameters
    ----------
    times : `~astropy.time.Time`
        Dates of the maps, one or more.
    missing : `int`, optional
        Largest number of the eleven maps that may be missing.
    date : `~astropy.time.Time`, optional
        Date of the middle map, which need not exist. Required if maps are missing at the ends, so
        that the maps belong to more than one sequence.

    Returns
    -------
    steps : array of `int`
        Step number of each map.
    middle : `int`
        Step number of the middle map.

    Raises
    ------
    SequenceError
        There are not enough maps, 12 hours apart within a minute, or their sequence is not known.
        The message names the dates that are missing, repeated or off the cadence.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.cadence import CADENCE
    >>> from sunpy_farside.sequence.placing import place_maps
    >>> times = Time("2022-05-02T12:00") + [0, 1, 2, 3, 5, 6, 7, 8, 9, 10] * CADENCE
    >>> steps, middle = place_maps(times, missing=1)
    >>> steps - middle
    array([-5, -4, -3, -2,  0,  1,  2,  3,  4,  5])
    """
    steps, near, phase = shared_steps(times)
    kept = np.unique(steps[near])
    problems = []
    if not near.all():
        odd = ", ".join(times[~near].isot)
        problems.append(f"off the {CADENCE:.0f} cadence: {odd}")
    repeated = _repeated(times[near], steps[near]) if len(kept) < near.sum() else []
    if date is None:
        # The sequences that hold all the maps.
        middles: Sequence[int] = range(int(kept.max()) - MIDDLE, int(kept.min()) + MIDDLE + 1)
        expected = range(int(kept.min()), int(kept.max()) + 1)
    else:
        middle, fits = step_numbers(date, phase)
        if not fits:
            problems.append(f"a date of the middle map off their cadence: {date.isot}")
        middles = [int(middle)]
        expected = steps_of_sequence(int(middle))
        if outside := [step for step in kept.tolist() if step not in expected]:
            problems.append(
                f"outside of the sequence of {date.isot[:16]}: {_names(outside, phase)}"
            )
    there = set(kept.tolist())
    absent = [step for step in expected if step not in there]
    bad = problems or repeated or len(times) > N_MAPS or not middles
    if bad or N_MAPS - len(kept) > missing:
        found = f"found {len(times)}"
        if repeated:
            dates = counted(len(kept), "date")
            found += f" of {dates}, more than one of {', '.join(repeated[:_MAX_NAMED])}"
        elif len(expected) > N_MAPS:
            found += f" over {len(expected)} steps"
        if absent:
            found += f", without {_names(absent, phase)}"
        allowed = f", of which {missing} may be missing" if missing else ""
        msg = (
            f"Expected {N_MAPS} consecutive maps, one every {CADENCE:.0f}{allowed}; "
            f"{'; '.join([found, *problems])}. {_remedy(kept, middles, missing, repeated)}"
        )
        raise SequenceError(msg)
    if len(middles) > 1:
        msg = (
            f"Expected the date of the middle map, as the {len(times)} maps are in "
            f"{len(middles)} sequences. Give {argument_text('date')}, one of "
            f"{_names(middles, phase)}."
        )
        raise SequenceError(msg)
    return steps, middles[0]


def check_unique(times: Time, steps: np.ndarray) -> None:
    """
    Raise an error if two maps have the same date.

    Parameters
    ----------
    times : `~astropy.time.Time`
        Dates of the maps.
    steps : array of `int`
        Step numbers of the maps (`~sunpy_farside.cadence.shared_steps`).

    Raises
    ------
    SequenceError
        A date occurs more than once. The message names the dates.
    """
    if names := _repeated(times, steps):
        msg = (
            f"Expected every date once, found more than one map of {', '.join(names)}. Keep one of "
            "each."
        )
        raise SequenceError(msg)


def _remedy(steps, middles, missing, repeated):
    """
    Return what to do with steps that are not a sequence.
    """
    absent = N_MAPS - len(steps)
    if repeated:
        rest = " and add the missing ones" if absent > missing else ""
        return f"Keep one map of every date{rest}."
    if len(steps) > N_MAPS or not middles:
        return wording(
            "Use find_sequences to find the sequences in a longer list.",
            f"Add the missing maps, or allow for them with {argument_text('missing')}.",
        )
    if missing < absent <= MOST_MISSING:
        return (
            "Add the missing maps, choose another date, or allow for missing maps with "
            f"{argument_text('missing', absent)}."
        )
    return "Add the missing maps or choose another date."


def _names(steps, phase):
    """
    Return the dates of steps as text.
    """
    names = ", ".join(step_time(step + phase).isot[:16] for step in steps[:_MAX_NAMED])
    more = len(steps) - _MAX_NAMED
    return f"{names} and {more} more" if more > 0 else names


def _repeated(times, steps):
    """
    Return the dates of repeated steps as text.
    """
    values, counts = np.unique(steps, return_counts=True)
    return [times[np.flatnonzero(steps == step)[0]].isot[:16] for step in values[counts > 1]]
