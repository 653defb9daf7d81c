"""
Methods compared with the known regions of simulated Suns.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from tqdm.auto import tqdm

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy_farside.coordinates.far_side import far_side_distance
from sunpy_farside.coordinates.window import window_longitudes
from sunpy_farside.evaluation.judged import collect, detect_all
from sunpy_farside.evaluation.reference_regions import (
    FLUX,
    IGNORED_FLUX,
    find_complexes,
    move_regions,
)
from sunpy_farside.network import load_model
from sunpy_farside.simulation import simulate_sequence
from sunpy_farside.utils.interruption import held_interruptions

__all__ = ["SETS", "evaluate_simulated", "reference_regions", "simulated_case", "simulated_cases"]

# The first date; six days lie between two sequences, which span five, so that none share a map.
_FIRST, _SPACING = Time("2010-06-01"), 6 * u.day
# Sets of sequences, told apart by their seeds. Training has single numbers for seeds.
SETS = {
    "test": 2_000_001,
    "noise": 2_000_002,
    "validation": 2_000_003,
    "validation_noise": 2_000_004,
}
# The dates stay within those that astropy knows the Earth's rotation for.
_DATES = 1000
_CHUNK = 5


def simulated_case(number, *, kind="test", width=120):
    """
    Simulate one sequence of a fixed set.

    Parameters
    ----------
    number : `int`
        Of the set, from 0.
    kind : {"test", "noise", "validation", "validation_noise"}
        Sets whose seeds and Suns are independent of each other and of those of training. Suns are
        anything between quiet and a fifth above a strong maximum, in the sets of noise without
        active regions.
    width : `int`, optional
        Columns of the window.

    Returns
    -------
    `~sunpy_farside.simulation.realization.SimulatedSequence`
        Of full maps, cut by `~sunpy_farside.sequence.FarsideSequence`.
    """
    seed = [SETS[kind], number]
    activity = 0 if kind.endswith("noise") else np.random.default_rng(seed).uniform(0, 1.2)
    date = _FIRST + (number % _DATES) * _SPACING
    return simulate_sequence(date, seed=[*seed, 1], activity=activity, width=width)


def evaluate_simulated(models, number=1000, *, kind="test", width=120, workers=1, progress=True):
    """
    Compare networks and the SAR method with simulated active regions.

    Parameters
    ----------
    models, number, kind, width, workers, progress
        As for `simulated_cases`.

    Returns
    -------
    `~sunpy_farside.evaluation.judged.Judged`

    Notes
    -----
    The rules are those of `sunpy_farside.evaluation.scores`.
    """
    return collect(
        simulated_cases(models, number, kind=kind, width=width, workers=workers, progress=progress)
    )


def simulated_cases(models, number=1000, *, kind="test", width=120, workers=1, progress=True):
    """
    Detect regions with networks and the SAR method in simulated sequences.

    Parameters
    ----------
    models : `dict`
        By name, what `~sunpy_farside.network.weights.load_model` takes.
    number : `int`, optional
        Sequences.
    kind : {"test", "noise", "validation", "validation_noise"}, optional
        Which set (`simulated_case`).
    width : `int`, optional
        Columns of the window.
    workers : `int`, optional
        Processes.
    progress : `bool`, optional
        Whether to show how far it is.

    Returns
    -------
    `list` of `~sunpy_farside.evaluation.judged.Case`
    """
    for path in models.values():
        # An unusable model raises its error here, not in a worker.
        load_model(path, device="cpu")
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _prepare, (models, kind, width)
    ) as pool:
        with held_interruptions():
            judged = pool.map(_judge_case, range(number), chunksize=_CHUNK)
        return list(
            tqdm(
                judged,
                total=number,
                desc="Evaluating",
                unit="sequence",
                disable=not progress,
            )
        )


_worker = {}


def _prepare(models, kind, width):
    import torch

    # Every worker has one core.
    torch.set_num_threads(1)
    _worker["models"] = {name: load_model(path, device="cpu") for name, path in models.items()}
    _worker["options"] = {"kind": kind, "width": width}


def _judge_case(number):
    simulated = simulated_case(number, **_worker["options"])
    sequence, known = simulated.sequence, reference_regions(simulated)
    moved = move_regions(known, window_longitudes(sequence.date, sequence.width).value)
    return detect_all(_worker["models"], sequence, simulated.active, known, moved)


def reference_regions(simulated):
    """
    Return the reference regions of a simulated sequence.

    Parameters
    ----------
    simulated : `~sunpy_farside.simulation.realization.SimulatedSequence`

    Returns
    -------
    `~astropy.table.Table`
        One row per active region of the whole Sun of half the size limit or more:
        ``longitude``, ``latitude``, ``extent`` and ``distance`` from the far side's center in
        degrees, ``flux`` in Mx, ``age`` in days, whether it is ``large`` enough to count, and its
        ``complex``, -1 of a small one and of one beyond the window.
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
