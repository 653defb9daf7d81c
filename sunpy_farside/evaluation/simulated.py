"""
Evaluation of methods on simulated sequences.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from tqdm.auto import tqdm

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy_farside.coordinates.far_side import far_side_distance
from sunpy_farside.coordinates.window import window_longitudes
from sunpy_farside.evaluation.cases import collect, detect_all
from sunpy_farside.evaluation.reference_regions import (
    FLUX,
    IGNORED_FLUX,
    find_complexes,
    move_regions,
)
from sunpy_farside.network import load_model
from sunpy_farside.simulation import simulate_sequence
from sunpy_farside.simulation.suns import DRAWN, MOST_ACTIVE, load_sun
from sunpy_farside.utils.interruption import held_interruptions
from sunpy_farside.utils.scheduling import scheduled

__all__ = ["SETS", "evaluate_simulated", "reference_regions", "simulated_case", "simulated_cases"]

# First date and distance of the dates. Sequences span five days, so that none have maps in common.
_FIRST, _SPACING = Time("2010-06-01"), 6 * u.day
# First part of the seeds by set of sequences. The seeds of training are single numbers.
SETS = {
    "test": 2_000_001,
    "noise": 2_000_002,
    "validation": 2_000_003,
    "validation_noise": 2_000_004,
}
# Number of different dates, limited by astropy's tables of the Earth's rotation.
_DATES = 1000
_CHUNK = 5


def simulated_case(number, *, kind="test", width=120, sun=DRAWN):
    """
    Simulate one sequence of a fixed set.

    Parameters
    ----------
    number : `int`
        Number of the sequence in the set, from 0.
    kind : {"test", "noise", "validation", "validation_noise"}
        Set of sequences. The sets are independent of each other and of the training. The activity
        is uniformly distributed from 0 to 1.2 times that of a strong maximum. The sets of noise
        have no active regions.
    width : `int`, optional
        Number of columns of the window.
    sun : `~sunpy_farside.simulation.suns.SunModel`, optional
        Model of the Sun.

    Returns
    -------
    `~sunpy_farside.simulation.realization.SimulatedSequence`
        Simulated sequence, from maps of the whole sphere.
    """
    seed = [SETS[kind], number]
    activity = 0 if kind.endswith("noise") else np.random.default_rng(seed).uniform(0, MOST_ACTIVE)
    date = _FIRST + (number % _DATES) * _SPACING
    return simulate_sequence(date, seed=[*seed, 1], activity=activity, width=width, sun=sun)


def evaluate_simulated(models, number=1000, **options):
    """
    Evaluate networks and the SAR method on simulated sequences.

    Parameters
    ----------
    models, number, **options
        As for `simulated_cases`.

    Returns
    -------
    `~sunpy_farside.evaluation.cases.EvaluationResult`

    Notes
    -----
    The rules are those of `sunpy_farside.evaluation.scores`.
    """
    return collect(simulated_cases(models, number, **options))


def simulated_cases(
    models,
    number=1000,
    *,
    kind="test",
    width=120,
    sun=None,
    workers=1,
    scheduler=None,
    progress=True,
):
    """
    Detect regions with networks and the SAR method in simulated sequences.

    Parameters
    ----------
    models : `dict`
        Arguments of `~sunpy_farside.network.weights.load_model` by name of the network.
    number : `int`, optional
        Number of sequences.
    kind : {"test", "noise", "validation", "validation_noise"}, optional
        Set of sequences (`simulated_case`).
    width : `int`, optional
        Number of columns of the window.
    sun : `dict`, optional
        Model of the Sun: arguments of `~sunpy_farside.simulation.suns.load_sun`.
    workers : `int`, optional
        Number of processes.
    scheduler : `str`, optional
        Address of a scheduler of Dask, whose workers replace the processes.
    progress : `bool`, optional
        If True, show a progress bar.

    Returns
    -------
    `list` of `~sunpy_farside.evaluation.cases.Case`

    Raises
    ------
    SchedulerError
        The scheduler or its workers cannot do the work.
    """
    for path in models.values():
        # An unusable model raises its error here, not in a worker.
        load_model(path, device="cpu")
    arguments, numbers = (models, kind, width, sun), range(number)
    bar = partial(tqdm, total=number, desc="Evaluating", unit="sequence", disable=not progress)
    if scheduler:
        names = [f"simulated sequence {number}" for number in numbers]
        return list(bar(scheduled(scheduler, _evaluate, arguments, numbers, names, size=_CHUNK)))
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _prepare, arguments
    ) as pool:
        with held_interruptions():
            cases = pool.map(_evaluate_case, numbers, chunksize=_CHUNK)
        return list(bar(cases))


def _evaluate(models, kind, width, sun):
    """
    Return the function that returns the case of a number.
    """
    import torch

    # Every worker has one core.
    torch.set_num_threads(1)
    loaded = {name: load_model(path, device="cpu") for name, path in models.items()}
    model_of_sun = load_sun(**sun or {})

    def evaluate_case(number):
        simulated = simulated_case(number, kind=kind, width=width, sun=model_of_sun)
        sequence, known = simulated.sequence, reference_regions(simulated)
        moved = move_regions(known, window_longitudes(sequence.date, sequence.width).value)
        return detect_all(loaded, sequence, simulated.active, known, moved)

    return evaluate_case


_worker: dict = {}


def _prepare(*arguments):
    _worker["evaluate"] = _evaluate(*arguments)


def _evaluate_case(number):
    return _worker["evaluate"](number)


def reference_regions(simulated):
    """
    Return the reference regions of a simulated sequence.

    Parameters
    ----------
    simulated : `~sunpy_farside.simulation.realization.SimulatedSequence`

    Returns
    -------
    `~astropy.table.Table`
        One row per active region of the whole Sun with half of the limiting flux or more:
        ``longitude``, ``latitude``, ``extent`` and ``distance`` from the far-side disk center in
        degrees, ``flux`` in Mx, ``age`` in days, ``large`` (True from the limiting flux), and the
        number of the ``complex``, -1 for small regions and outside the window.
    """
    regions = simulated.regions
    regions = regions[regions["flux"].to_value(u.Mx) >= IGNORED_FLUX]
    column, row = simulated.sequence.wcs.world_to_pixel(regions["centroid"])
    rows, columns = simulated.sequence.wcs.array_shape
    inside = (column > -0.5) & (column < columns - 0.5) & (row > -0.5) & (row < rows - 0.5)
    table = Table()
    table["longitude"], table["latitude"] = regions["centroid"].lon.deg, regions["centroid"].lat.deg
    table["flux"] = regions["flux"].to_value(u.Mx)
    table["extent"] = regions["extent"].to_value(u.deg)
    table["age"] = regions["age"].to_value(u.day)
    distance = far_side_distance(regions["centroid"]) if len(regions) else [] * u.deg
    table["distance"] = distance.to_value(u.deg)
    table["large"] = table["flux"] >= FLUX
    table["complex"] = -1
    counts = inside & table["large"]
    part = table[counts]
    table["complex"][counts] = find_complexes(
        part["longitude"], part["latitude"], extent=part["extent"]
    )
    return table
