"""
Detection of active regions with the network.
"""

from functools import lru_cache

import numpy as np
from tqdm.auto import tqdm

import astropy.units as u

from sunpy.map import Map

from sunpy_farside.coordinates.window import cut_columns, window_header
from sunpy_farside.detection.regions import label_regions, measure_regions, rank_regions
from sunpy_farside.detection.reliability import Reliability
from sunpy_farside.detection.result import FarsideDetection
from sunpy_farside.errors import WeightsError
from sunpy_farside.network import FarsideModel, load_model
from sunpy_farside.sequence import FarsideSequence

__all__ = ["detect_farside", "model_reliability"]

_BATCH = 8
# Sequences from which work takes seconds, and a progress bar helps.
_LONG = 32
_N_PIXELS = 5
# Models that never change are loaded once; files may.
_NAMED = ("default", "felipe2019")
_loaded = lru_cache(maxsize=4)(load_model)


def detect_farside(sequences, model=None, *, threshold=None, device="auto"):
    """
    Detect active regions on the far side with a neural network.

    Parameters
    ----------
    sequences : `~sunpy_farside.sequence.FarsideSequence` or an iterable of them
    model : `~sunpy_farside.network.model.FarsideModel`, `str` or path-like, optional
        A loaded network, or what `~sunpy_farside.network.weights.load_model` takes. The weights
        that come with the package by default.
    threshold : `float` or `~astropy.units.Quantity`, optional
        Integrated probability in square degrees from which a region is significant. By default a
        region of a calibrated network is significant by its reliability, one of any other
        by the network's own threshold: 100 for the published one.
    device : `str` or `torch.device`, optional
        Where the network runs, unless ``model`` is loaded already: ``"auto"`` takes CUDA where
        there is one, then MPS, then the CPU.

    Returns
    -------
    `~sunpy_farside.detection.result.FarsideDetection` or a `list` of them
        One for one sequence, a list for many.

    Raises
    ------
    WeightsError
        There is no such model, or its weights are unusable.

    Notes
    -----
    The detection belongs to the date of the middle map of the sequence. Published tables name a
    detection by the date of the last map.

    References
    ----------
    `Felipe & Asensio Ramos 2019, A&A 632, A82
    <https://doi.org/10.1051/0004-6361/201936838>`__

    Examples
    --------
    >>> import sunpy_farside
    >>> simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=4)
    >>> sunpy_farside.detect_farside(simulated.sequence).regions.colnames[:3]
    ['label', 'centroid', 'integrated_probability']
    """
    if not isinstance(model, FarsideModel):
        load = load_model if model not in (None, *_NAMED) else _loaded
        model = load(model or "default", device=device)
    reliability = model_reliability(model)
    cut = reliability.cut if reliability and threshold is None else None
    threshold = u.Quantity(model.threshold if threshold is None else threshold, u.deg**2)
    ranking = {"threshold": threshold, "reliability": reliability, "cut": cut}
    if isinstance(sequences, FarsideSequence):
        return _detect_batch([sequences], model, ranking)[0]
    sequences = list(sequences)
    detections = []
    with tqdm(
        total=len(sequences), desc="Detecting", unit="map", disable=len(sequences) < _LONG
    ) as progress:
        for first in range(0, len(sequences), _BATCH):
            batch = sequences[first : first + _BATCH]
            detections += _detect_batch(batch, model, ranking)
            progress.update(len(batch))
    return detections


def model_reliability(model):
    """
    Return the reliability that a network is calibrated for.

    Parameters
    ----------
    model : `~sunpy_farside.network.model.FarsideModel`

    Returns
    -------
    `~sunpy_farside.detection.reliability.Reliability` or None
        None of a network that was never calibrated, and of one that now cuts its regions in
        another way.

    Raises
    ------
    WeightsError
        The calibration is not one that this version reads.
    """
    if model.reliability is None:
        return None
    try:
        reliability = Reliability.from_dict(model.reliability)
    except ValueError as error:
        msg = f"{model.name}: {error}"
        raise WeightsError(msg) from error
    return reliability if reliability.fits(level=model.level, deblend=model.deblend) else None


def _detect_batch(sequences, model, ranking):
    # All the columns that the network knows: what lies beyond a window tells of its edges.
    comoving = [item.comoving(max(item.width, model.columns or 0)) for item in sequences]
    stacks = comoving if model.frames == "middle" else [sequence.data for sequence in sequences]
    # Sequences of different widths do not fit into one array.
    if len({stack.shape for stack in stacks}) == 1:
        probabilities = model.predict(np.stack(stacks))
    else:
        probabilities = [model.predict(stack)[0] for stack in stacks]
    return [
        _detection(sequence, phases, probability, model, ranking)
        for sequence, phases, probability in zip(sequences, comoving, probabilities, strict=True)
    ]


def _detection(sequence, phases, probability, model, ranking):
    phases, probability = (cut_columns(part, sequence.width) for part in (phases, probability))
    header = window_header(sequence.date, sequence.width)
    header["content"] = "far-side active-region probability"
    labels = label_regions(
        probability, level=model.level, n_pixels=_N_PIXELS, deblend=model.deblend
    )
    table = measure_regions(
        labels, sequence.wcs, sequence.date, probability=probability, phases=phases
    )
    regions = rank_regions(
        table,
        "integrated_probability",
        **ranking,
        level=model.level,
        deblend=model.deblend,
        n_pixels=_N_PIXELS,
        model=model.name,
        first_map=sequence.times[0].isot,
        last_map=sequence.times[-1].isot,
        product=sequence.product,
    )
    return FarsideDetection(Map(probability, header), regions, sequence, model.name)
