"""
The threshold that a network is shipped with.
"""

import numpy as np

from sunpy.util.exceptions import warn_user

from sunpy_farside.evaluation.comparison import PUBLISHED_RATE
from sunpy_farside.evaluation.simulated import evaluate_simulated
from sunpy_farside.evaluation.stored import evaluate_stored

__all__ = ["choose_threshold"]

# Sequences of the simulated sets that decide.
_NUMBER, _NUMBER_OF_NOISE = 600, 800
# Detections in the sequences of noise that a threshold may let pass: the strongest alone is a
# matter of chance.
_FALSE_IN_NOISE = 1


def choose_threshold(path, *, data=None, workers=1, progress=True):
    """
    The smallest integrated probability from which a network's regions are significant.

    Parameters
    ----------
    path : path-like
        Weights.
    data : path-like, optional
        ``dataset.h5`` of `~sunpy_farside.datasets.build.build_dataset`, whose validation split
        decides instead of simulated sequences.
    workers : `int`, optional
        Processes.
    progress : `bool`, optional
        Whether to show how far it is.

    Returns
    -------
    `float`
        In square degrees, at which on the validation set no more than 3.75 % of the detections
        are false, the share that the standard method has in five years of real maps [Broock et
        al. 2021, A&A 652, A132], and there is one detection at most in 800 simulated sequences of
        noise. Infinity, with a warning, where no threshold keeps to that.
    """
    models = {"network": path}
    if data is None:
        judged = evaluate_simulated(
            models, _NUMBER, kind="validation", workers=workers, progress=progress
        )
    else:
        judged = evaluate_stored(models, data, "validation", progress=progress)
    noise = evaluate_simulated(
        models, _NUMBER_OF_NOISE, kind="validation_noise", workers=workers, progress=progress
    )
    threshold, _ = judged.scores["network"].best(PUBLISHED_RATE)
    loudest = noise.scores["network"].detections["strength"][_FALSE_IN_NOISE:]
    if len(loudest):
        threshold = max(threshold, float(loudest[0]))
    if np.isinf(threshold):
        warn_user(
            f"Expected at most {PUBLISHED_RATE:.2%} false detections from some threshold on, found "
            "more at any. No region of this network will be significant: train it longer, or "
            "name a threshold when you detect."
        )
    # Above the last detection that is not to pass, in tenths.
    return float(np.floor(threshold * 10) + 1) / 10
