"""
Runs of eleven phase maps among the files of a folder.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from astropy.time import Time

from sunpy.util.exceptions import warn_user

from sunpy_farside.cadence import complete_runs, step_numbers, step_time, steps_of_sequence
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.folders import find_phase_maps
from sunpy_farside.utils.text import counted, some
from sunpy_farside.utils.typing import PathLike

__all__ = ["find_runs", "group_runs"]


def find_runs(
    folder: PathLike, product: str | None = None, missing: int = 0
) -> Iterator[tuple[str, list[Path]]]:
    """
    Find every run of eleven phase maps in a folder, by the files' names.

    Parameters
    ----------
    folder : path-like
        With maps that `~sunpy_farside.io.folders.find_phase_maps` finds.
    product : `str`, optional
        Product of the maps, as for `~sunpy_farside.io.folders.find_phase_maps`.
    missing : `int`, optional
        Largest number of maps that may be missing from a run.

    Yields
    ------
    date : `str`
        Date of the middle map, even if that map is missing.
    paths : `list` of `~pathlib.Path`
        The eleven files, or fewer.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Maps were passed over that are not of 00 or 12 UT.
    """
    yield from group_runs(find_phase_maps(folder, product), missing)


def group_runs(paths: list[Path], missing: int = 0) -> Iterator[tuple[str, list[Path]]]:
    """
    Find every run of eleven phase maps among files, by their names.

    Parameters
    ----------
    paths : `list` of `~pathlib.Path`
        Maps of one product, in order of time.
    missing : `int`, optional
        As for `find_runs`.

    Yields
    ------
    date : `str`
        As from `find_runs`.
    paths : `list` of `~pathlib.Path`

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Maps were passed over that are not of 00 or 12 UT.
    """
    if not paths:
        return
    times = Time([parse_file_name(path.name)[0] for path in paths])
    steps, near = step_numbers(times)
    odd = [str(path) for path, there in zip(paths, near, strict=True) if not there]
    if odd:
        warn_user(f"Passed over {counted(len(odd), 'map')} not of 00 or 12 UT, {some(odd)}.")
    at_step = {int(steps[k]): k for k in np.flatnonzero(near)}
    for middle in complete_runs(at_step, missing):
        run = [at_step[step] for step in steps_of_sequence(middle) if step in at_step]
        date = times[at_step[middle]] if middle in at_step else step_time(middle)
        yield date.isot, [paths[k] for k in run]
