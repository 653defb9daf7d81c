"""
Robustness of detections against small faults of the maps.
"""

import numpy as np
from scipy import ndimage
from tqdm.auto import tqdm

from sunpy_farside.catalogue.matching import match_positions
from sunpy_farside.coordinates.window import cut_columns, window_wcs
from sunpy_farside.detection.measurement import measure_regions
from sunpy_farside.detection.neural import network_settings
from sunpy_farside.detection.regions import rank_regions
from sunpy_farside.detection.segmentation import segment_image
from sunpy_farside.evaluation.scores import DISTANCE
from sunpy_farside.evaluation.simulated import simulated_case
from sunpy_farside.network import load_model

__all__ = ["FAULTS", "evaluate_robustness"]

_WIDTH = 120


def _louder(factor):
    def spoil(phases, signatures, _rng):
        """
        Change the level of the noise under the same active regions.
        """
        noise = phases - signatures
        return phases + (factor - 1) * (noise - np.nanmean(noise))

    return spoil


def _noisier(number):
    def spoil(phases, _signatures, rng):
        """
        Add noise to some maps, so that these have 1.5 times the deviation.
        """
        phases = phases.copy()
        for index in rng.choice(len(phases), number, replace=False):
            extra = rng.standard_normal(phases[index].shape) * np.nanstd(phases[index])
            phases[index] += _smooth(extra) * np.sqrt(1.5**2 - 1)
        return phases

    return spoil


def _smooth(noise):
    """
    Smooth noise to grains of the size of those of the maps, with the same deviation.
    """
    grains = ndimage.gaussian_filter(noise, 2.7)
    return grains * (noise.std() / grains.std())


def _blank_column(phases, _signatures, rng):
    phases = phases.copy()
    shown = cut_columns(np.arange(phases.shape[2]), _WIDTH)
    phases[:, :, rng.choice(shown)] = np.nan
    return phases


# Changes of phase shifts in rad, shape (11, 144, columns), given the signatures of the regions and
# a generator of random numbers.
FAULTS = {
    "phases 0.7 times": lambda phases, *_: phases * 0.7,
    "phases 1.4 times": lambda phases, *_: phases * 1.4,
    "noise alone 0.7 times": _louder(0.7),
    "noise alone 1.4 times": _louder(1.4),
    "mean shifted by 0.03 rad": lambda phases, *_: phases + 0.03,
    "a meridian without data": _blank_column,
    "window shifted by one degree": lambda phases, *_: np.roll(phases, -1, axis=2),
    "one map 1.5 times noisier": _noisier(1),
    "two maps 1.5 times noisier": _noisier(2),
}


def evaluate_robustness(model="default", number=200, *, seed=0, progress=True):
    """
    Measure how often a fault of the maps changes the set of significant regions.

    Parameters
    ----------
    model : `~sunpy_farside.network.model.FarsideModel` or what `load_model` takes, optional
        A network with the alignment of maps in the middle map's window.
    number : `int`, optional
        Sequences of the test set.
    seed : `int`, optional
    progress : `bool`, optional

    Returns
    -------
    `dict`
        By fault (`FAULTS`): the share of the sequences in which a significant region comes or goes.
    """
    if isinstance(model, str):
        model = load_model(model)
    columns = max(model.columns or 0, _WIDTH)
    changed = dict.fromkeys(FAULTS, 0)
    for case in tqdm(range(number), desc="Spoiling", unit="sequence", disable=not progress):
        rng = np.random.default_rng([seed, case])
        simulated = simulated_case(case)
        sequence = simulated.sequence
        # A column more on either side, of which a shift brings one in.
        phases = sequence.comoving(columns + 2)
        wcs = window_wcs(sequence.date, _WIDTH)
        signatures = simulated.signatures(width=columns + 2)
        stacks = [phases, *(fault(phases, signatures, rng) for fault in FAULTS.values())]
        stacks = np.stack(stacks)[..., 1:-1]
        seen = zip(*(cut_columns(x, _WIDTH) for x in (model.predict(stacks), stacks)), strict=True)
        found = [_significant(model, *item, wcs, sequence.date) for item in seen]
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
