"""
Reliability of detected regions.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sunpy_farside.detection.calibrated import Calibrated, plain

__all__ = ["FEATURES", "NEVER", "Reliability"]

# A cut above every reliability.
NEVER = 2.0
# Probabilities nearer to 0 or 1 are limited by the arithmetic of the network.
_SMALLEST = 1e-3
# Seismic strength in micro-hemisphere rad below which differences are of no importance.
_WEAK = 5.0


def _logit(probability):
    probability = np.clip(probability, _SMALLEST, 1 - _SMALLEST)
    return np.log(probability / (1 - probability))


# Features that a reliability may depend on: columns of a table, on the scale of log odds.
FEATURES = {
    "integrated_probability": lambda values: np.log(np.maximum(values, _SMALLEST)),
    "peak_probability": _logit,
    "seismic_strength": lambda values: np.log(values + _WEAK),
    # In hundredths of a radian, to be of the size of the others.
    "mean_phase": lambda values: -100 * values,
    "depth": lambda values: values,
}


@dataclass(frozen=True)
class Reliability(Calibrated):
    """
    Calibrated probability that an active region lies within ten degrees of a detection.

    A logistic function of the measured ``FEATURES`` of a region, with coefficients that are
    never negative, so that the reliability increases with every feature.

    Attributes
    ----------
    coefficients : `dict`
        By feature.
    intercept : `float`
    settings : `dict`
        How regions were cut out of the image that it is calibrated for, such as the segmentation
        threshold. Regions that are cut differently have no reliability.
    cut : `float` or None
        Reliability from which a region is significant. None where the significance is left to the
        strength of a region, as published.
    notes : `dict`
        Data of the fit, and the false-discovery rate of the cut.

    Examples
    --------
    >>> from sunpy_farside.detection.reliability import Reliability
    >>> reliability = Reliability({"depth": 2.0}, -3.0, {"level": 0.1})
    >>> reliability({"depth": [1.5, 3.0]}).round(3)
    array([0.5  , 0.953])
    """

    kind: ClassVar[str] = "reliability"
    features: ClassVar[dict] = FEATURES

    cut: float | None = None
    notes: dict = field(default_factory=dict, compare=False)

    def __call__(self, table):
        """
        Return the reliability of every region of a table.

        Parameters
        ----------
        table : mapping of `str` to array
            Columns of ``sunpy_farside.detection.columns.COLUMNS``.

        Returns
        -------
        array
            From 0 to 1; NaN where a feature is NaN.
        """
        odds = self.intercept
        for name, coefficient in self.coefficients.items():
            odds = odds + coefficient * FEATURES[name](plain(table[name]))
        return 1 / (1 + np.exp(-odds))
