"""
Agreement of probabilities with reference regions, in bins.
"""

from dataclasses import dataclass

import numpy as np

from astropy.table import Table

__all__ = ["BINS", "Pixels", "reliability_bins"]

# Edges of the bins of probability in a reliability diagram.
BINS = np.linspace(0.05, 1, 11)
# Bins of equal width in which the reliability of detections is checked.
_N_BINS = 10


@dataclass(frozen=True)
class Pixels:
    """
    Agreement of probabilities and truth, pixel by pixel.

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
        Compare one map of probability with its truth, an array of the same shape.
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
    Compare the reliability of detections with the share of them that is real.

    Parameters
    ----------
    reliability : array, shape (n,)
        NaN is left out.
    real : array of `bool`, shape (n,)
        Whether a region of the stated size is there, in the window or beyond its edge.

    Returns
    -------
    `~astropy.table.Table`
        Of ten bins of equal width: the ``number`` of detections, their mean ``reliability`` and the
        share that is ``real``, NaN where there is none.
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
