"""
The threshold that a network is shipped with.
"""

from sunpy_farside.evaluation.comparison import PUBLISHED_RATE
from sunpy_farside.evaluation.simulated import evaluate_simulated

__all__ = ["choose_threshold"]

# Sequences of the sets that decide.
_NUMBER, _NUMBER_OF_NOISE = 600, 400
# Detections in the sequences of noise, on average, that a threshold may let pass: half a one in two
# hundred.
_FALSE_IN_NOISE = 1


def choose_threshold(path, *, workers=1, progress=True):
    """
    The smallest integrated probability from which a network's regions are significant.

    Parameters
    ----------
    path : path-like
        Weights.
    workers : `int`, optional
        Processes.
    progress : `bool`, optional
        Whether to show how far it is.

    Returns
    -------
    `float`
        In square degrees, at which on the validation set no more than 3.75 % of the detections
        are false, the share that the standard method has in five years of real maps [Broock et
        al. 2021, A&A 652, A132], and there is one detection at most in 400 sequences of noise.
    """
    options = {"workers": workers, "progress": progress}
    scores = evaluate_simulated({"network": path}, _NUMBER, kind="validation", **options)
    noise = evaluate_simulated(
        {"network": path}, _NUMBER_OF_NOISE, kind="validation_noise", **options
    )
    threshold, _ = scores.scores["network"].best(PUBLISHED_RATE)
    loudest = noise.scores["network"].detections["strength"][: _FALSE_IN_NOISE + 1]
    if len(loudest) > _FALSE_IN_NOISE:
        threshold = max(threshold, float(loudest[_FALSE_IN_NOISE]))
    # Above the last detection that is not to pass, in tenths.
    return (int(threshold * 10) + 1) / 10
