"""
Reliability of tracks.

The numbers come from simulated Suns: ``benchmarks/calibrate_tracks.py``.
"""

import numpy as np

__all__ = ["combine_reliability"]

# Days after which sequences share no map.
_INDEPENDENT = 5.0
# Logarithm of the odds for every independent detection beyond the expected number. Fitted to
# simulated tracks.
_RECURRENCE, _EXPECTED = 0.5, 2.0
# No single detection is surer than this, or less sure.
_LIMITS = 0.01, 0.995


def combine_reliability(reliability, first, span):
    r"""
    Combine the reliabilities of the members of tracks.

    Parameters
    ----------
    reliability : array, shape (detections,)
        Reliability of the detections, track by track; NaN if unknown.
    first : array of `int`, shape (tracks,)
        Index of the first detection of every track.
    span : array, shape (tracks,)
        Time from the first to the last detection of every track, days.

    Returns
    -------
    array, shape (tracks,)
        Probability that the region of the track is real; NaN where that of no member is known.

    Notes
    -----
    The logarithm of the odds is the mean of those of the members plus
    :math:`0.5 (n_\mathrm{eff} - 2)`. The effective number :math:`n_\mathrm{eff}` of independent
    detections is one plus the time from the first to the last over five days, and no more than
    the number of detections. The odds are not multiplied: detections within five days share maps,
    and noise that looks like a region on one date does so on the next ones. A region that
    is seen only once is real less often than the reliability of its detection suggests, because
    that is a mean over all detections, most of which belong to long tracks.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.catalog.track_evidence import combine_reliability
    >>> combine_reliability(np.array([0.9] * 20 + [0.9]), [0, 20], [9.5, 0]).round(2)
    array([0.93, 0.85])
    """
    known = np.isfinite(reliability)
    odds = np.clip(np.where(known, reliability, 0.5), *_LIMITS)
    number = np.add.reduceat(known, first, dtype=float)
    with np.errstate(invalid="ignore"):
        mean = np.add.reduceat(np.log(odds / (1 - odds)), first) / number
    independent = np.minimum(1 + np.asarray(span) / _INDEPENDENT, np.maximum(number, 1))
    return 1 / (1 + np.exp(-mean - _RECURRENCE * (independent - _EXPECTED)))
