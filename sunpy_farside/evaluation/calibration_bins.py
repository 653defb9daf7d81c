"""
Agreement of probabilities with reference regions, in bins.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from astropy.table import Table

__all__ = ["BINS", "FLUX_BINS", "Pixels", "flux_bins", "reliability_bins"]

# Edges of the bins of probability in a reliability diagram.
BINS = np.linspace(0.05, 1, 11)
# Edges of the bins of the estimated flux in Mx.
FLUX_BINS = (0, 5e21, 1e22, 2e22, np.inf)
# Bins of equal width in which the reliability of detections is checked.
_N_BINS = 10


@dataclass(frozen=True)
class Pixels:
    """
    Comparison of a probability map with a mask of active pixels.

    Attributes
    ----------
    number, probability, active : array, shape (10,)
        Number of pixels, sum of their probabilities, and number of active pixels in each bin of
        ``BINS``.
    overlap, found, known : `float`
        Number of active pixels with a probability above 0.5, number of pixels with a probability
        above 0.5, and number of active pixels.
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
        Dice coefficient, ``2 * overlap / (found + known)``.
        """
        return 2 * self.overlap / max(self.found + self.known, 1)

    @property
    def calibration_error(self):
        """
        Expected calibration error.

        This is the mean absolute difference between the mean probability and the share of active
        pixels in the bins, weighted by the number of pixels.
        """
        number = np.maximum(self.number, 1)
        distance = np.abs(self.probability - self.active) / number
        return float(np.sum(distance * self.number) / max(self.number.sum(), 1))

    @classmethod
    def of(cls, probability, active):
        """
        Compare a probability map with a mask.

        Parameters
        ----------
        probability : array
            Probability of each pixel.
        active : array
            Array of the same shape, above zero for active pixels.

        Returns
        -------
        `Pixels`
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


def reliability_bins(reliability, real):
    """
    Compare the reliability of detections with the share of real ones in ten bins.

    Parameters
    ----------
    reliability : array, shape (n,)
        Reliability of the detections. NaN is ignored.
    real : array of `bool`, shape (n,)
        True for detections that cover a large reference region
        (`~sunpy_farside.evaluation.cases.real_detections`).

    Returns
    -------
    `~astropy.table.Table`
        One row per bin of width 0.1: ``number`` of detections, mean ``reliability``, and share of
        ``real`` detections. The last two are NaN in empty bins.
    """
    given = np.isfinite(reliability)
    reliability, real = reliability[given], real[given]
    index = np.minimum((reliability * _N_BINS).astype(int), _N_BINS - 1)
    number, total, true = (
        np.bincount(index, weights, minlength=_N_BINS)
        for weights in (np.ones(len(index)), reliability, real)
    )
    with np.errstate(invalid="ignore"):
        return Table({"number": number, "reliability": total / number, "real": true / number})


def flux_bins(estimate, lower, upper, reference):
    """
    Compare the estimated flux of detections with that of their reference regions in bins.

    Parameters
    ----------
    estimate, lower, upper : array, shape (n,)
        Estimated flux of the detections in Mx, and its bounds. NaN is ignored.
    reference : array, shape (n,)
        Flux of the reference regions in Mx
        (`~sunpy_farside.evaluation.cases.reference_flux`). Detections with zero are ignored.

    Returns
    -------
    `~astropy.table.Table`
        One row per bin of the estimate, and a last one for all: edges ``low`` and ``high``,
        ``number`` of detections, mean ``estimate``, mean ``reference``, their ``ratio`` (reference
        over estimate), and the share of the references ``within`` the bounds. NaN in empty bins.
    """
    used = np.isfinite(estimate) & (reference > 0)
    estimate, lower, upper, reference = (
        np.asarray(item)[used] for item in (estimate, lower, upper, reference)
    )
    within = (reference >= lower) & (reference <= upper)
    edges = [*itertools.pairwise(FLUX_BINS), (FLUX_BINS[0], FLUX_BINS[-1])]
    rows = []
    for low, high in edges:
        inside = (estimate >= low) & (estimate < high)
        number = int(inside.sum())
        means = [
            values[inside].mean() if number else np.nan for values in (estimate, reference, within)
        ]
        rows.append((low, high, number, *means[:2], means[1] / means[0], means[2]))
    names = ("low", "high", "number", "estimate", "reference", "ratio", "within")
    return Table(rows=rows, names=names)
