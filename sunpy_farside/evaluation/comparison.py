"""
Comparison of two methods on the same sequences, with bootstrap intervals.
"""

from dataclasses import dataclass

import numpy as np

from astropy.table import Table

__all__ = ["PUBLISHED_RATE", "Interval", "compare_methods", "intervals", "rates_by"]

# False-discovery rate of the SAR method at its usual threshold [Broock et al. 2021, A&A 652,
# A132].
PUBLISHED_RATE = 0.0375
# False-discovery rates at which the ratio of true detections is computed.
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


def intervals(values, samples):
    """
    Return values with their 95 % bootstrap intervals.

    Parameters
    ----------
    values : sequence of `float`, shape (n,)
    samples : sequence of `float`, shape (m, n)
        Values of the bootstrap samples. NaN is ignored.

    Returns
    -------
    `list` of `Interval`
        The ends are NaN if there are no samples.

    Examples
    --------
    >>> from sunpy_farside.evaluation.comparison import intervals
    >>> print(*intervals([2.0], [[1.0], [2.0], [3.0]]))
    2.00 (1.05 to 2.95)
    """
    ends = np.full((2, len(values)), np.nan)
    if len(samples):
        ends = np.nanpercentile(samples, _CONFIDENCE, axis=0)
    return [Interval(*map(float, item)) for item in zip(values, *ends, strict=True)]


def compare_methods(scores, reference, *, number=1000, seed=0):
    """
    Compare the detections of two methods at the same false-discovery rate.

    Parameters
    ----------
    scores, reference : `~sunpy_farside.evaluation.scores.Scores`
        Scores of two methods on the same sequences.
    number : `int`, optional
        Number of bootstrap samples. Whole sequences are resampled, because their regions are
        correlated.
    seed : `int`, optional

    Returns
    -------
    `dict`
        ``at_reference_rate`` and ``at_published``: ratio of the numbers of true detections
        (`Interval`) at the false-discovery rate of the reference at its own threshold, and at
        3.75 % for both. ``found_at_reference_rate`` and ``found_at_published``: ratio of the
        numbers of complexes found. ``reference_rate``: false-discovery rate of the reference.
        ``smallest``: smallest ratio of true detections at rates from 1 to 20 %, and that rate.

    Raises
    ------
    ValueError
        The numbers of sequences differ.
    """
    if scores.n_sequences != reference.n_sequences:
        msg = (
            f"Expected scores of the same sequences, found {scores.n_sequences} and "
            f"{reference.n_sequences} of them."
        )
        raise ValueError(msg)

    def ratios(weights=None):
        own = reference.counts(reference.threshold, weights)
        rate = own.false_discovery_rate
        best = scores.at_rate(rate, weights)
        published = [item.at_rate(PUBLISHED_RATE, weights) for item in (scores, reference)]
        return (
            best.true / max(own.true, 1),
            published[0].true / max(published[1].true, 1),
            best.found / max(own.found, 1),
            published[0].found / max(published[1].found, 1),
            rate,
        )

    rng = np.random.default_rng(seed)
    n_sequences = scores.n_sequences
    samples = [
        ratios(np.bincount(rng.integers(n_sequences, size=n_sequences), minlength=n_sequences))
        for _ in range(number)
    ]
    names = (
        "at_reference_rate",
        "at_published",
        "found_at_reference_rate",
        "found_at_published",
        "reference_rate",
    )
    compared = dict(zip(names, intervals(ratios(), samples), strict=True))
    along = [
        (scores.at_rate(rate).true / max(reference.at_rate(rate).true, 1), float(rate))
        for rate in _RATES
    ]
    return compared | {"smallest": min(along)}


def rates_by(scores, column, edges, chance=()):
    """
    Compute the completeness in bins of a property of the reference regions.

    The completeness is that at the significance threshold of the method.

    Parameters
    ----------
    scores : `~sunpy_farside.evaluation.scores.Scores`
    column : `str`
        Column of ``scores.regions``, whose absolute value is binned.
    edges : array
        Edges of the bins in the unit of the column.
    chance : sequence of `~sunpy_farside.evaluation.scores.Scores`, optional
        Scores for shifted reference regions, one per shift.

    Returns
    -------
    `~astropy.table.Table`
        One row per bin: ``low`` and ``high`` edge, ``number`` of reference regions, their
        ``completeness``, and the mean completeness ``by_chance`` for the shifted regions (NaN
        without ``chance``).
    """
    values = np.abs(np.asarray(scores.regions[column]))
    number = np.histogram(values, edges)[0]

    def rate(item):
        found = np.asarray(item.regions["found_at"]) >= scores.threshold
        with np.errstate(invalid="ignore"):
            return np.histogram(values[found], edges)[0] / number

    table = Table({"low": edges[:-1], "high": edges[1:], "number": number})
    table["completeness"] = rate(scores)
    table["by_chance"] = np.full(len(number), np.nan)
    if len(chance):
        table["by_chance"] = np.mean([rate(item) for item in chance], axis=0)
    return table
