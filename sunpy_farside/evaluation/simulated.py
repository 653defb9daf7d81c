"""
Methods held against simulated Suns whose regions are known.
"""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy_farside.detection import detect_farside, detect_seismic_strength
from sunpy_farside.detection.seismic_strength import METHOD
from sunpy_farside.evaluation.scores import FLUX, Scores, judge
from sunpy_farside.geometry import (
    FIRST_LATITUDE,
    WINDOW_ROWS,
    far_side_distance,
    window_longitudes,
)
from sunpy_farside.network import load_model
from sunpy_farside.simulation import simulate_sequence
from sunpy_farside.simulation.regions import near_centers

__all__ = ["BINS", "Judged", "Pixels", "evaluate_simulated", "simulated_case"]

# Edges of the bins of probability in a reliability diagram.
BINS = np.linspace(0.05, 1, 11)
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


@dataclass(frozen=True)
class Pixels:
    """
    How probabilities and truth agree, pixel by pixel.

    Attributes
    ----------
    number, probability, active : array, shape (10,)
        In every bin of `BINS`: how many pixels, the sum of their probabilities, and how many are
        active.
    overlap, found, known : `float`
        Pixels of a probability above one half that are active, all pixels above one half, and all
        active pixels.
    """

    number: np.ndarray
    probability: np.ndarray
    active: np.ndarray
    overlap: float
    found: float
    known: float

    def __add__(self, other):
        return Pixels(*(getattr(self, name) + getattr(other, name) for name in vars(self)))

    @property
    def dice(self):
        """
        Twice the overlap over the sum of what is found and what is known.
        """
        return 2 * self.overlap / max(self.found + self.known, 1)

    @property
    def calibration_error(self):
        """
        Mean distance of probability and truth over the bins, weighted by their pixels.
        """
        number = np.maximum(self.number, 1)
        distance = np.abs(self.probability - self.active) / number
        return float(np.sum(distance * self.number) / max(self.number.sum(), 1))

    @classmethod
    def of(cls, probability, active):
        """
        Of one map of probability and its truth, arrays of one shape.
        """
        index = np.digitize(probability.ravel(), BINS) - 1
        index = np.where(probability.ravel() >= BINS[-1], len(BINS) - 2, index)
        inside = index >= 0
        index, values = index[inside], probability.ravel()[inside]
        n_bins = len(BINS) - 1
        above = probability > 0.5
        return cls(
            np.bincount(index, minlength=n_bins).astype(float),
            np.bincount(index, values, minlength=n_bins),
            np.bincount(index, active.ravel()[inside], minlength=n_bins),
            float((above & (active > 0)).sum()),
            float(above.sum()),
            float((active > 0).sum()),
        )


@dataclass(frozen=True)
class Judged:
    """
    What came out of an evaluation.

    Attributes
    ----------
    scores : `dict`
        `~sunpy_farside.evaluation.scores.Scores` by method, the standard one under
        ``"seismic_strength"``.
    pixels : `dict`
        `Pixels` by network.
    """

    scores: dict[str, Scores]
    pixels: dict[str, Pixels]


def simulated_case(number, *, kind="test", width=120):
    """
    One sequence of a fixed set.

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
    `~sunpy_farside.simulation.sequence.SimulatedSequence`
        Of full maps, cut by `~sunpy_farside.sequence.FarsideSequence`.
    """
    seed = [SETS[kind], number]
    activity = 0 if kind.endswith("noise") else np.random.default_rng(seed).uniform(0, 1.2)
    date = _FIRST + (number % _DATES) * _SPACING
    return simulate_sequence(date, seed=[*seed, 1], activity=activity, width=width)


def evaluate_simulated(models, number=1000, *, kind="test", width=120, workers=1, progress=True):
    """
    Hold networks and the standard method against simulated Suns.

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
    `Judged`

    Notes
    -----
    The rules are those of `sunpy_farside.evaluation.scores`.
    """
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _prepare, (models, kind, width)
    ) as pool:
        cases = list(
            tqdm(
                pool.map(_judge_case, range(number), chunksize=_CHUNK),
                total=number,
                desc="Evaluating",
                unit="sequence",
                disable=not progress,
            )
        )
    known = [case[0] for case in cases]
    scores = {
        name: judge(name, cases[0][1][name][1], [case[1][name][0] for case in cases], known)
        for name in (*models, METHOD)
    }
    pixels = {
        name: sum((case[2][name] for case in cases[1:]), cases[0][2][name]) for name in models
    }
    return Judged(scores, pixels)


_worker = {}


def _prepare(models, kind, width):
    import torch

    # Every worker has one core.
    torch.set_num_threads(1)
    _worker["models"] = {name: load_model(path, device="cpu") for name, path in models.items()}
    _worker["options"] = {"kind": kind, "width": width}


def _judge_case(number):
    simulated = simulated_case(number, **_worker["options"])
    detected, pixels = {}, {}
    for name, model in _worker["models"].items():
        detection = detect_farside(simulated.sequence, model)
        detected[name] = _rows(detection.regions), model.threshold
        pixels[name] = Pixels.of(detection.probability.data, _active(simulated, model.target))
    standard = detect_seismic_strength(simulated.sequence)
    detected[METHOD] = _rows(standard.regions), 400.0
    return _known(simulated), detected, pixels


def _active(simulated, target):
    """
    Where a target is met in the window.
    """
    if target["kind"] == "field":
        return simulated.field.data > target["level"]
    regions = simulated.regions[simulated.regions["flux"].to_value(u.Mx) >= target["flux"]]
    centroid, sequence = regions["centroid"], simulated.sequence
    longitudes = window_longitudes(sequence.date, sequence.width).to_value(u.deg)
    latitudes = FIRST_LATITUDE + np.arange(WINDOW_ROWS, dtype=float)
    return near_centers(centroid.lon.deg, centroid.lat.deg, longitudes, latitudes, target["radius"])


def _rows(regions):
    strength = regions[regions.meta["strength"]].value
    centroid = regions["centroid"]
    return np.stack([strength, centroid.lon.deg, centroid.lat.deg], axis=1)


def _known(simulated):
    """
    The true regions in the window.
    """
    regions = simulated.regions
    column, row = simulated.sequence.wcs.world_to_pixel(regions["centroid"])
    rows, columns = simulated.sequence.wcs.array_shape
    inside = (column > -0.5) & (column < columns - 0.5) & (row > -0.5) & (row < rows - 0.5)
    regions = regions[inside & (regions["flux"].to_value(u.Mx) >= FLUX)]
    table = Table()
    table["longitude"], table["latitude"] = regions["centroid"].lon.deg, regions["centroid"].lat.deg
    table["flux"] = regions["flux"].to_value(u.Mx)
    table["extent"] = regions["extent"].to_value(u.deg)
    table["age"] = regions["age"].to_value(u.day)
    distance = far_side_distance(regions["centroid"]) if len(regions) else [] * u.deg
    table["distance"] = distance.to_value(u.deg)
    return table
