"""
All sequences in a list of maps.
"""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

from sunpy.util.exceptions import warn_user

from sunpy_farside.cadence import (
    CADENCE,
    N_MAPS,
    complete_runs,
    shared_steps,
    steps_of_sequence,
    time_of_step,
)
from sunpy_farside.maps.windows import GlobalMap, check_width
from sunpy_farside.sequence.farside_sequence import FarsideSequence
from sunpy_farside.sequence.given_maps import dates_of_maps, listed_maps, product_of_map
from sunpy_farside.sequence.placing import check_missing, check_unique
from sunpy_farside.utils.text import counted
from sunpy_farside.utils.wording import argument_text

if TYPE_CHECKING:
    from sunpy.map import GenericMap

__all__ = ["find_sequences"]


def find_sequences(
    maps: "Iterable[GenericMap | GlobalMap]", *, width: int = 120, missing: int = 0
) -> list[FarsideSequence]:
    """
    Find all the sequences of eleven consecutive maps in a list of maps.

    Parameters
    ----------
    maps : sequence of `~sunpy.map.GenericMap`
        Any number of maps of one product, in any order, with or without gaps, or what
        `~sunpy_farside.io.phase_maps.read_global_map` returns.
    width : `int`, optional
        Columns of the windows, even, from 16 to 180.
    missing : `int`, optional
        Largest number of maps that may be missing from a sequence, at most 5. None by default.

    Returns
    -------
    `list` of `~sunpy_farside.sequence.FarsideSequence`
        In order of date; adjacent sequences share maps. One for each date with at least
        ``11 - missing`` of its eleven maps, whether or not the middle map is among them.

    Raises
    ------
    SequenceError
        A date occurs twice, two products are mixed, or a map is unusable.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        There are maps, but no sequence among them.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.simulation import simulate_maps
    >>> maps = simulate_maps("2022-05-01", 13, seed=1).maps
    >>> [sequence.date.isot[:13] for sequence in sunpy_farside.find_sequences(maps)]
    ['2022-05-03T12', '2022-05-04T00', '2022-05-04T12']

    Without one map, no eleven of these are consecutive:

    >>> del maps[5]
    >>> len(sunpy_farside.find_sequences(maps, missing=1))
    3
    """
    check_width(width)
    check_missing(missing)
    given = listed_maps(maps)
    if not given:
        return []
    times = dates_of_maps(given)
    steps, near, _ = shared_steps(times)
    check_unique(times[near], steps[near])
    at_step = {int(step): k for k, step in enumerate(steps) if near[k]}
    product = product_of_map(given[0])

    @cache
    def frame(step):
        # Adjacent sequences share maps: resample each map once.
        if step in at_step:
            return GlobalMap.of(given[at_step[step]], times[at_step[step]])
        return GlobalMap.without_data(time_of_step(step, times[near], steps[near]), product)

    there = [step for step in at_step if not (missing and frame(step).is_missing)]
    sequences = []
    for middle in complete_runs(there, missing):
        sequence = FarsideSequence.__new__(FarsideSequence)
        frames = [frame(step) for step in steps_of_sequence(middle)]
        sequence._set_frames(frames, width, missing)
        sequences.append(sequence)
    if not sequences:
        few = f", of which {missing} may be missing" if missing else ""
        warn_user(
            f"Found no sequence among {counted(len(given), 'map')}. A sequence has {N_MAPS} "
            f"consecutive maps, one every {CADENCE:.0f}{few}. Add the "
            f"missing maps, or allow for more of them with {argument_text('missing')}."
        )
    return sequences
