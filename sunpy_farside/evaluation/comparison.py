"""
Two methods on the same sequences, with the uncertainty of the sample.
"""

from dataclasses import dataclass

import numpy as np

from astropy.table import Table

__all__ = ["PUBLISHED_RATE", "Interval", "compare_methods", "rates_by"]

# False-discovery rate of the standard method at its usual threshold [Broock et al. 2021, A&A 652,
# A132].
PUBLISHED_RATE = 0.0375
# False-discovery rates between which no method should fall behind.
_RATES = np.linspace(0.01, 0.2, 39)
_CONFIDENCE = (2.5, 97.5)


@dataclass(frozen=True)
class Interval:
    """
    A number and its 95 % bootstrap interval.

    Attributes
    ----------
    value, low, high : `float`
    """

    value: float
    low: float
    high: float

    def __str__(self):
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def compare_methods(scores, standard, *, number=1000, seed=0):
    """
    How many true detections a method makes for every one of another, at the same false share.

    Parameters
    ----------
    scores, standard : `~sunpy_farside.evaluation.scores.Scores`
        Of the same sequences.
    number : `int`, optional
        Bootstrap samples of whole sequences, for the regions of one belong together.
    seed : `int`, optional

    Returns
    -------
    `dict`
        ``at_standard``: ratio of true detections at the false-discovery rate that the standard
        method has at its own threshold; ``at_published``: at a rate of 3.75 %, both at their best
        threshold for it (`Interval`). ``standard_rate``: that rate of the standard method.
        ``smallest``: the smallest ratio at rates from 1 to 20 %, and the rate where it is.

    Raises
    ------
    ValueError
        The numbers of sequences differ.
    """
    if scores.n_sequences != standard.n_sequences:
        msg = (
            f"Expected scores of the same sequences, found {scores.n_sequences} and "
            f"{standard.n_sequences} of them."
        )
        raise ValueError(msg)

    def ratios(weights=None):
        true, false = standard.counts(standard.threshold, weights)
        rate = false / max(true + false, 1)
        published = standard.best(PUBLISHED_RATE, weights)[1]
        return (
            scores.best(rate, weights)[1] / max(true, 1),
            scores.best(PUBLISHED_RATE, weights)[1] / max(published, 1),
            rate,
        )

    rng = np.random.default_rng(seed)
    n_sequences = scores.n_sequences
    samples = [
        ratios(np.bincount(rng.integers(n_sequences, size=n_sequences), minlength=n_sequences))
        for _ in range(number)
    ]
    value, low, high = ratios(), *np.percentile(samples, _CONFIDENCE, axis=0)
    intervals = [Interval(*map(float, item)) for item in zip(value, low, high, strict=True)]
    along = [
        (scores.best(rate)[1] / max(standard.best(rate)[1], 1), float(rate)) for rate in _RATES
    ]
    return {
        "at_standard": intervals[0],
        "at_published": intervals[1],
        "standard_rate": intervals[2],
        "smallest": min(along),
    }


def rates_by(scores, column, edges):
    """
    True-positive rate in bins of what is known of the regions, at the method's own threshold.

    Parameters
    ----------
    scores : `~sunpy_farside.evaluation.scores.Scores`
    column : `str`
        Of ``scores.regions``; the absolute value counts.
    edges : array

    Returns
    -------
    `~astropy.table.Table`
        ``low`` and ``high`` edge, ``number`` of true regions, ``true_positive_rate`` (NaN where
        there is none).
    """
    values = np.abs(np.asarray(scores.regions[column]))
    found = np.asarray(scores.regions["found_at"]) >= scores.threshold
    number = np.histogram(values, edges)[0]
    with np.errstate(invalid="ignore"):
        rate = np.histogram(values[found], edges)[0] / number
    return Table(
        {"low": edges[:-1], "high": edges[1:], "number": number, "true_positive_rate": rate}
    )
