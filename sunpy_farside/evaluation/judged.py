"""
What comes out of an evaluation.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_farside.detection import detect_farside, detect_seismic_strength
from sunpy_farside.detection.seismic_strength import METHOD
from sunpy_farside.evaluation.scores import Scores, judge

__all__ = ["BINS", "Judged", "Pixels", "collect", "detect_all"]

# Edges of the bins of probability in a reliability diagram.
BINS = np.linspace(0.05, 1, 11)
# Strength from which the standard method's detections are reliable [HMI Science Nugget 160].
_STANDARD_THRESHOLD = 400.0


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


def detect_all(models, sequence, active):
    """
    Run every network and the standard method on one sequence.

    Parameters
    ----------
    models : `dict` of `~sunpy_farside.network.model.FarsideModel`
    sequence : `~sunpy_farside.sequence.FarsideSequence`
    active : callable
        Gives, of a network's target, the mask that its probability is of: array of the window's
        shape, NaN where nothing is known.

    Returns
    -------
    detected : `dict`
        By method: array of shape (n, 3) with strength, longitude and latitude (degrees) of the
        detections, and the method's threshold.
    pixels : `dict` of `Pixels`
        By network.
    """
    detected, pixels = {}, {}
    for name, model in models.items():
        detection = detect_farside(sequence, model)
        detected[name] = _rows(detection.regions), model.threshold
        mask = np.asarray(active(model.target), dtype=float)
        known = np.isfinite(mask)
        pixels[name] = Pixels.of(detection.image.data[known], mask[known])
    standard = detect_seismic_strength(sequence, threshold=_STANDARD_THRESHOLD)
    detected[METHOD] = _rows(standard.regions), _STANDARD_THRESHOLD
    return detected, pixels


def collect(cases):
    """
    Put the outcomes of all sequences together.

    Parameters
    ----------
    cases : `list` of (`~astropy.table.Table`, `dict`, `dict`)
        Of every sequence its true regions and what `detect_all` gave.

    Returns
    -------
    `Judged`
    """
    known, detected, pixels = zip(*cases, strict=True)
    scores = {
        name: judge(name, threshold, [item[name][0] for item in detected], known)
        for name, (_, threshold) in detected[0].items()
    }
    total = {name: sum((item[name] for item in pixels[1:]), pixels[0][name]) for name in pixels[0]}
    return Judged(scores, total)


def _rows(regions):
    strength = regions[regions.meta["strength"]].value
    centroid = regions["centroid"]
    return np.stack([strength, centroid.lon.deg, centroid.lat.deg], axis=1)
