"""
Evaluation of methods with masks of active regions, from magnetograms or other spacecraft.
"""

from tqdm.auto import tqdm

from sunpy_farside.coordinates.window import window_longitudes
from sunpy_farside.datasets.torch_dataset import StoredSequences
from sunpy_farside.detection.caveats import caveats_once
from sunpy_farside.evaluation.cases import collect, detect_all, load_models
from sunpy_farside.evaluation.reference_regions import move_regions, regions_of_mask
from sunpy_farside.utils.scheduling import scheduled

__all__ = ["evaluate_masks", "evaluate_stored", "mask_cases", "stored_cases"]

# Sequences that a worker evaluates together.
_CHUNK = 10


def evaluate_masks(models, pairs, *, progress=True):
    """
    Evaluate networks and the SAR method with masks of active regions.

    Parameters
    ----------
    models : `dict`
        Networks by name: a `~sunpy_farside.network.model.FarsideModel`, or an argument of
        `~sunpy_farside.network.weights.load_model`.
    pairs : iterable of (`~sunpy_farside.sequence.FarsideSequence`, `~sunpy.map.GenericMap`)
        Sequences with masks in the window of the middle map. A mask is above zero where the Sun is
        active and NaN where data are missing; `~sunpy_farside.datasets.masks.mask_from_map` makes
        masks from maps.
    progress : `bool`, optional
        If True, show a progress bar.

    Returns
    -------
    `~sunpy_farside.evaluation.cases.EvaluationResult`

    Raises
    ------
    ValueError
        The iterable is empty, or a mask has another shape than the window of its sequence.

    Notes
    -----
    The rules are those of `sunpy_farside.evaluation.scores`. The reference regions are connected
    components of five pixels or more
    (`~sunpy_farside.evaluation.reference_regions.regions_of_mask`). The rates by chance are those
    for regions shifted in longitude within the window
    (`~sunpy_farside.evaluation.reference_regions.move_regions`). Bootstrap intervals are too narrow
    if sequences have maps in common, because these are not independent.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.evaluation.stored import evaluate_masks
    >>> simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=4)
    >>> pairs = [(simulated.sequence, simulated.truth)]
    >>> result = evaluate_masks({"default": "default"}, pairs, progress=False)
    >>> sorted(result.scores)
    ['default', 'seismic_strength']
    """
    return collect(mask_cases(models, pairs, progress=progress))


@caveats_once()
def mask_cases(models, pairs, *, progress=True):
    """
    Detect regions with networks and the SAR method in sequences with masks.

    Parameters
    ----------
    models, pairs, progress
        As for `evaluate_masks`.

    Returns
    -------
    `list` of `~sunpy_farside.evaluation.cases.Case`

    Raises
    ------
    ValueError
        As for `evaluate_masks`.
    """
    loaded = load_models(models)
    bar = tqdm(pairs, desc="Evaluating", unit="sequence", disable=not progress)
    cases = [_case(loaded, sequence, truth) for sequence, truth in bar]
    if not cases:
        msg = "Expected sequences and masks, found none."
        raise ValueError(msg)
    return cases


def _case(models, sequence, truth):
    if truth.data.shape != sequence.wcs.array_shape:
        msg = (
            f"Expected a mask of shape {sequence.wcs.array_shape}, the window of "
            f"{sequence.date.isot[:16]}, found {truth.data.shape}. mask_from_map cuts masks."
        )
        raise ValueError(msg)
    longitudes = window_longitudes(sequence.date, sequence.width).value
    known = regions_of_mask(truth.data, longitudes)
    moved = move_regions(known, longitudes)
    return detect_all(models, sequence, lambda _target: truth.data, known, moved)


def evaluate_stored(models, path, split="test", *, width=120, scheduler=None, progress=True):
    """
    Evaluate networks and the SAR method on a dataset.

    Parameters
    ----------
    models : `dict`
        As in `evaluate_masks`.
    path : path-like
        ``dataset.h5`` of `~sunpy_farside.datasets.build.build_dataset`.
    split : {"test", "validation", "training"}, optional
        Part of the dataset.
    width : `int`, optional
        Number of columns of the window.
    scheduler : `str`, optional
        Address of a scheduler of Dask whose workers do the work. The models are then names or
        absolute paths, and every worker can read the dataset at its absolute path.
    progress : `bool`, optional
        If True, show a progress bar.

    Returns
    -------
    `~sunpy_farside.evaluation.cases.EvaluationResult`

    Raises
    ------
    FileNotFoundError, FileFormatError, ValueError
        As for `~sunpy_farside.datasets.torch_dataset.StoredSequences`.
    SchedulerError
        The scheduler or its workers cannot do the work.
    """
    options = {"width": width, "scheduler": scheduler, "progress": progress}
    return collect(stored_cases(models, path, split, **options))


def stored_cases(models, path, split="test", *, width=120, scheduler=None, progress=True):
    """
    Detect regions with networks and the SAR method in the sequences of a dataset.

    Parameters
    ----------
    models, path, split, width, scheduler, progress
        As for `evaluate_stored`.

    Returns
    -------
    `list` of `~sunpy_farside.evaluation.cases.Case`

    Raises
    ------
    FileNotFoundError, FileFormatError, ValueError, SchedulerError
        As for `evaluate_stored`.
    """
    data = StoredSequences(path, split, width=width)
    if not scheduler:
        return mask_cases(models, _Pairs(data), progress=progress)
    numbers, arguments = range(len(data)), (models, path, split, width)
    names = [f"sequence {number} of {path}" for number in numbers]
    return list(
        tqdm(
            scheduled(scheduler, _evaluate, arguments, numbers, names, size=_CHUNK),
            total=len(numbers),
            desc="Evaluating",
            unit="sequence",
            disable=not progress,
        )
    )


def _evaluate(models, path, split, width):
    """
    Return the function that returns the case of a number.
    """
    loaded, data = load_models(models), StoredSequences(path, split, width=width)
    return lambda number: _case(loaded, data.sequence(number), data.truth(number))


class _Pairs:
    """
    Sized iterable of sequences and masks, which are read one at a time.
    """

    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        for index in range(len(self.data)):
            yield self.data.sequence(index), self.data.truth(index)
