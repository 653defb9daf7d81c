"""
Detection of active regions with the network.
"""

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from itertools import islice

import numpy as np
import torch
from tqdm.auto import tqdm

import astropy.units as u

from sunpy_farside.coordinates.far_side import far_side_position
from sunpy_farside.coordinates.window import cut_columns, window_header, window_start
from sunpy_farside.detection.caveats import warn_of_product
from sunpy_farside.detection.flux import FluxRelation
from sunpy_farside.detection.measurement import measure
from sunpy_farside.detection.methods import NETWORK
from sunpy_farside.detection.pixel_grid import window_grid
from sunpy_farside.detection.region_tables import arrival_dates
from sunpy_farside.detection.reliability import Reliability
from sunpy_farside.detection.result import FarsideDetection
from sunpy_farside.detection.segmentation import segment_image
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.detection.significance import rank_measured
from sunpy_farside.errors import WeightsError
from sunpy_farside.network import PACKAGED, FarsideModel, choose_device, load_model
from sunpy_farside.network.model import GPU_BATCH
from sunpy_farside.network.threads import batch_threads
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.inputs import check_type, listed
from sunpy_farside.utils.typing import PathLike

__all__ = ["detect_farside", "network_flux", "network_reliability", "network_settings"]

_BATCH = 4
# Batches that are computed, or wait for it, while the regions of another are measured.
_AHEAD = 2
# Sequences from which work takes seconds, and a progress bar helps.
_LONG = 32
_N_PIXELS = 5
# Models that never change are loaded once; files may.
_NAMED = (*PACKAGED, "felipe2019")
_EXPECTED = "a FarsideSequence or several"
_REMEDY = (
    "Make one of maps with FarsideSequence(maps), or of files with "
    "FarsideSequence.from_files(paths)."
)
_loaded = lru_cache(maxsize=4)(load_model)


def detect_farside(
    sequences: FarsideSequence | Iterable[FarsideSequence],
    model: FarsideModel | PathLike | None = None,
    *,
    threshold: float | u.Quantity | None = None,
    device: str | torch.device = "auto",
) -> FarsideDetection | list[FarsideDetection] | Generator[FarsideDetection]:
    """
    Detect active regions on the far side with a neural network.

    Parameters
    ----------
    sequences : `~sunpy_farside.sequence.FarsideSequence` or an iterable of them
        One sequence, or several. An iterator, such as a generator, is read as the detections are
        requested, so that the memory does not grow with the number of sequences.
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
    `~sunpy_farside.detection.result.FarsideDetection`, a `list` or a generator of them
        One for one sequence, a generator for an iterator, a list for any other iterable.

    Raises
    ------
    WeightsError
        There is no such model, or its weights are unusable.
    TypeError
        ``sequences`` are maps or files, not sequences of maps.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        The maps are of a product whose rate of false detections is not known.

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
    ['label', 'centroid', 'reliability']
    """
    if not isinstance(sequences, FarsideSequence | Iterator):
        sequences = listed(sequences, _EXPECTED, _REMEDY)
        for item in sequences:
            check_type(item, FarsideSequence, _EXPECTED, _REMEDY)
    if not isinstance(model, FarsideModel):
        model = "default" if model is None else model
        if isinstance(model, str) and model in _NAMED:
            model = _loaded(model, device=choose_device(device))
        else:
            model = load_model(model, device=device)
    settings = network_settings(model, threshold)
    if isinstance(sequences, FarsideSequence):
        warn_of_product(sequences.product)
        maps, comoving, probabilities = _begin([sequences], model)
        return next(_finish(maps, comoving, probabilities, model, settings))
    if isinstance(sequences, Iterator):
        return _stream(_watched(sequences), model, settings)
    for product in sorted({sequence.product for sequence in sequences}):
        warn_of_product(product)
    return list(
        tqdm(
            _stream(iter(sequences), model, settings),
            total=len(sequences),
            desc="Detecting",
            unit="map",
            disable=len(sequences) < _LONG,
        )
    )


def network_settings(
    model: FarsideModel, threshold: float | u.Quantity | None = None
) -> DetectionSettings:
    """
    Return the settings by which a network's regions are cut out.

    Parameters
    ----------
    model : `~sunpy_farside.network.model.FarsideModel`
    threshold : `float` or `~astropy.units.Quantity`, optional
        As for `detect_farside`.

    Returns
    -------
    `~sunpy_farside.detection.settings.DetectionSettings`
    """
    reliability = network_reliability(model)
    if threshold is None:
        threshold = model.threshold
    elif reliability is not None:
        reliability = replace(reliability, cut=None)
    return DetectionSettings(
        NETWORK,
        model.level,
        _N_PIXELS,
        model.deblend,
        threshold,
        reliability,
        network_flux(model),
    )


def network_reliability(model: FarsideModel) -> Reliability | None:
    """
    Return the reliability that a network's regions are calibrated with.

    Parameters
    ----------
    model : `~sunpy_farside.network.model.FarsideModel`

    Returns
    -------
    `~sunpy_farside.detection.reliability.Reliability` or None
        None if the network is not calibrated, or if its segmentation settings differ from those of
        the calibration.

    Raises
    ------
    WeightsError
        The calibration is not one that this version reads.
    """
    return _calibrated(model, Reliability, model.reliability)


def network_flux(model: FarsideModel) -> FluxRelation | None:
    """
    Return the relation between the features of a network's regions and their flux.

    Parameters
    ----------
    model : `~sunpy_farside.network.model.FarsideModel`

    Returns
    -------
    `~sunpy_farside.detection.flux.FluxRelation` or None
        As for `network_reliability`.

    Raises
    ------
    WeightsError
        As for `network_reliability`.
    """
    return _calibrated(model, FluxRelation, model.flux)


def _calibrated(model, kind, content):
    if content is None:
        return None
    try:
        calibrated = kind.from_dict(content)
    except ValueError as error:
        msg = f"{model.name}: {error}"
        raise WeightsError(msg) from error
    return calibrated if calibrated.fits(level=model.level, deblend=model.deblend) else None


def _stream(sequences, model, settings):
    """
    Yield the detections of sequences in their order.

    The network computes batches in threads, while the regions of the batch before them are
    measured and the next sequences are read.
    """
    begun = deque()
    size = GPU_BATCH if model.device.type == "cuda" else _BATCH
    with batch_threads(model.device) as pool:
        while batch := list(islice(sequences, size)):
            begun.append(pool.submit(_begin, batch, model))
            if len(begun) > _AHEAD:
                yield from _finish(*begun.popleft().result(), model, settings)
        while begun:
            yield from _finish(*begun.popleft().result(), model, settings)


def _watched(sequences):
    """
    Yield sequences, and warn once of each product with a caveat.
    """
    known = set()
    for sequence in sequences:
        check_type(sequence, FarsideSequence, _EXPECTED, _REMEDY)
        if sequence.product not in known:
            known.add(sequence.product)
            warn_of_product(sequence.product)
        yield sequence


def _begin(sequences, model):
    """
    Return sequences with their phases and probabilities in the windows of the network.
    """
    # All the columns that the network knows: what lies beyond a window tells of its edges.
    comoving = [item.comoving(max(item.width, model.columns or 0)) for item in sequences]
    stacks = comoving if model.alignment == "common" else [sequence.data for sequence in sequences]
    # Sequences of different widths do not fit into one array.
    if len({stack.shape for stack in stacks}) == 1:
        probabilities = model.predict(np.stack(stacks))
    else:
        probabilities = [model.predict(stack)[0] for stack in stacks]
    return sequences, comoving, probabilities


def _finish(sequences, comoving, probabilities, model, settings):
    """
    Yield the detections of what `_begin` has returned.
    """
    images, segments, measured = [], [], []
    for sequence, phases, probability in zip(sequences, comoving, probabilities, strict=True):
        image = cut_columns(probability, sequence.width)
        parts = segment_image(image, settings)
        phases = cut_columns(phases, sequence.width)
        start = int(window_start(far_side_position(sequence.date)[0], sequence.width))
        grid = window_grid(start, sequence.width)
        measured.append(measure(parts, grid, probability=image, phases=phases))
        images.append(image)
        segments.append(parts)
    arrivals = arrival_dates(measured, [sequence.date for sequence in sequences])
    for found in zip(sequences, images, segments, measured, arrivals, strict=True):
        yield _detection(*found, model, settings)


def _detection(sequence, image, segments, measured, arrivals, model, settings):
    regions, segments = rank_measured(
        measured,
        sequence.date,
        arrivals,
        segments,
        settings,
        model=model.name,
        **sequence.provenance,
    )
    make_image = partial(_image, image, sequence, settings, model.name)
    return FarsideDetection.from_numbers(
        make_image, segments, regions, sequence, settings, model.name
    )


def _image(probability, sequence, settings, model):
    from sunpy.map import GenericMap

    header = window_header(sequence.date, sequence.width) | settings.to_header()
    header |= {"content": "far-side active-region probability", "fsmodel": model}
    # No other class of maps is for images of probability, and the factory takes longer.
    return GenericMap(probability, header)
