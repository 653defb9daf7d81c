"""
Robustness of detections to faults of the maps.
"""

import numpy as np
from scipy import ndimage
from tqdm.auto import tqdm

from sunpy_farside.catalog.matching import match_positions
from sunpy_farside.coordinates.window import cut_columns, window_wcs
from sunpy_farside.detection.measurement import measure_regions
from sunpy_farside.detection.neural import network_settings
from sunpy_farside.detection.segmentation import segment_image
from sunpy_farside.detection.significance import rank_regions
from sunpy_farside.evaluation.scores import DISTANCE
from sunpy_farside.evaluation.simulated import simulated_case
from sunpy_farside.network import load_model

__all__ = ["FAULTS", "evaluate_robustness"]

_WIDTH = 120


def _scale_noise(factor):
    def change(phases, signatures, _rng):
        """
        Scale the noise and keep the signatures of the active regions.
        """
        noise = phases - signatures
        return phases + (factor - 1) * (noise - np.nanmean(noise))

    return change


def _add_noise(number):
    def change(phases, _signatures, rng):
        """
        Add noise to some maps, so that their standard deviation is 1.5 times larger.
        """
        phases = phases.copy()
        for index in rng.choice(len(phases), number, replace=False):
            extra = rng.standard_normal(phases[index].shape) * np.nanstd(phases[index])
            phases[index] += _smooth(extra) * np.sqrt(1.5**2 - 1)
        return phases

    return change


def _smooth(noise):
    """
    Smooth noise to the correlation length of the maps, at the same standard deviation.
    """
    grains = ndimage.gaussian_filter(noise, 2.7)
    return grains * (noise.std() / grains.std())


def _blank_column(phases, _signatures, rng):
    phases = phases.copy()
    shown = cut_columns(np.arange(phases.shape[2]), _WIDTH)
    phases[:, :, rng.choice(shown)] = np.nan
    return phases


# Functions of phase shifts in rad of shape (11, 144, columns), of the signatures of the active
# regions and of a random generator. They return changed phase shifts.
FAULTS = {
    "phases 0.7 times": lambda phases, *_: phases * 0.7,
    "phases 1.4 times": lambda phases, *_: phases * 1.4,
    "noise alone 0.7 times": _scale_noise(0.7),
    "noise alone 1.4 times": _scale_noise(1.4),
    "mean shifted by 0.03 rad": lambda phases, *_: phases + 0.03,
    "a meridian without data": _blank_column,
    "window shifted by one degree": lambda phases, *_: np.roll(phases, -1, axis=2),
    "one map 1.5 times noisier": _add_noise(1),
    "two maps 1.5 times noisier": _add_noise(2),
}


def evaluate_robustness(model="default", number=200, *, seed=0, progress=True):
    """
    Measure the share of sequences in which a fault changes the significant regions.

    Parameters
    ----------
    model : `~sunpy_farside.network.model.FarsideModel` or `str`, optional
        Network with the alignment ``"common"``, or its name or file, for
        `~sunpy_farside.network.weights.load_model`.
    number : `int`, optional
        Number of sequences of the test set.
    seed : `int`, optional
    progress : `bool`, optional

    Returns
    -------
    `dict`
        Share of the sequences in which a significant region appears or disappears, by name of the
        fault (``FAULTS``).
    """
    if isinstance(model, str):
        model = load_model(model)
    columns = max(model.columns or 0, _WIDTH)
    changed = dict.fromkeys(FAULTS, 0)
    for case in tqdm(range(number), desc="Evaluating", unit="sequence", disable=not progress):
        rng = np.random.default_rng([seed, case])
        simulated = simulated_case(case)
        sequence = simulated.sequence
        # One more column on each side, for the shift of the window.
        phases = sequence.comoving(columns + 2)
        wcs = window_wcs(sequence.date, _WIDTH)
        signatures = simulated.signatures(width=columns + 2)
        stacks = [phases, *(fault(phases, signatures, rng) for fault in FAULTS.values())]
        stacks = np.stack(stacks)[..., 1:-1]
        changes = zip(
            *(cut_columns(x, _WIDTH) for x in (model.predict(stacks), stacks)), strict=True
        )
        found = [_significant(model, *item, wcs, sequence.date) for item in changes]
        for name, other in zip(FAULTS, found[1:], strict=True):
            if "window shifted" in name:
                other = np.add(other, (1, 0))
            changed[name] += not _same(found[0], other)
    return {name: count / number for name, count in changed.items()}


def _significant(model, probability, phases, wcs, date):
    """
    Return the longitudes and latitudes of the significant regions.
    """
    settings = network_settings(model)
    segments = segment_image(probability, settings)
    table = measure_regions(segments, wcs, date, probability=probability, phases=phases)
    table, _ = rank_regions(table, segments, settings)
    centroid = table["centroid"][table["significant"]]
    return np.stack([centroid.lon.deg, centroid.lat.deg], axis=1)


def _same(first, second):
    if len(first) != len(second):
        return False
    return len(match_positions(*first.T, *second.T, DISTANCE)[0]) == len(first)
