"""
How sure it is that the region of a track is real.

The numbers come from simulated Suns: ``benchmarks/calibrate_tracks.py``.
"""

import numpy as np

__all__ = ["combine_reliability"]

# Days after which sequences share no map.
_INDEPENDENT = 5.0
# What another independent detection adds to the logarithm of the odds. Fitted to simulated tracks.
_RECURRENCE = 0.2
# No single detection is surer than this, or less sure.
_LIMITS = 0.01, 0.995


def combine_reliability(reliability, first, span):
    r"""
    Combine the reliabilities of the members of tracks.

    Parameters
    ----------
    reliability : array, shape (detections,)
        Of the detections, track by track, NaN where it is not known.
    first : array of `int`, shape (tracks,)
        Where every track begins among them.
    span : array, shape (tracks,)
        Time from the first to the last detection of every track, days.

    Returns
    -------
    array, shape (tracks,)
        Probability that the region of the track is real; NaN where that of no member is known.

    Notes
    -----
    The logarithm of the odds is the mean of those of the members plus
    :math:`0.2 (n_\mathrm{eff} - 1)`, where :math:`n_\mathrm{eff}` is one plus the time from the
    first to the last detection over five days, and no more than the number of detections. It is
    not their sum: detections within five days share maps, and weak noise that looks like a region
    on one date does so on the next ones.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.catalogue.track_evidence import combine_reliability
    >>> combine_reliability(np.array([0.9, 0.8, 0.9]), [0, 2], [0.5, 0]).round(2)
    array([0.86, 0.9 ])
    """
    known = np.isfinite(reliability)
    odds = np.clip(np.where(known, reliability, 0.5), *_LIMITS)
    number = np.add.reduceat(known, first, dtype=float)
    with np.errstate(invalid="ignore"):
        mean = np.add.reduceat(np.log(odds / (1 - odds)), first) / number
    independent = np.minimum(1 + np.asarray(span) / _INDEPENDENT, np.maximum(number, 1))
    return 1 / (1 + np.exp(-mean - _RECURRENCE * (independent - 1)))
