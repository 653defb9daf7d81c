"""
Evaluation of methods with masks of active regions, from magnetograms or other spacecraft.
"""

from tqdm.auto import tqdm

from sunpy_farside.coordinates.window import window_longitudes
from sunpy_farside.datasets.torch_dataset import StoredSequences
from sunpy_farside.evaluation.cases import collect, detect_all, load_models
from sunpy_farside.evaluation.reference_regions import move_regions, regions_of_mask

__all__ = ["evaluate_masks", "evaluate_stored", "mask_cases", "stored_cases"]


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
    cases = []
    for sequence, truth in tqdm(pairs, desc="Evaluating", unit="sequence", disable=not progress):
        if truth.data.shape != sequence.wcs.array_shape:
            msg = (
                f"Expected a mask of shape {sequence.wcs.array_shape}, the window of "
                f"{sequence.date.isot[:16]}, found {truth.data.shape}. mask_from_map cuts masks."
            )
            raise ValueError(msg)
        longitudes = window_longitudes(sequence.date, sequence.width).value
        known = regions_of_mask(truth.data, longitudes)
        moved = move_regions(known, longitudes)
        cases.append(
            detect_all(loaded, sequence, lambda _target, mask=truth.data: mask, known, moved)
        )
    if not cases:
        msg = "Expected sequences and masks, found none."
        raise ValueError(msg)
    return cases


def evaluate_stored(models, path, split="test", *, width=120, progress=True):
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
    progress : `bool`, optional
        If True, show a progress bar.

    Returns
    -------
    `~sunpy_farside.evaluation.cases.EvaluationResult`

    Raises
    ------
    FileNotFoundError, FileFormatError, ValueError
        As for `~sunpy_farside.datasets.torch_dataset.StoredSequences`.
    """
    return collect(stored_cases(models, path, split, width=width, progress=progress))


def stored_cases(models, path, split="test", *, width=120, progress=True):
    """
    Detect regions with networks and the SAR method in the sequences of a dataset.

    Parameters
    ----------
    models, path, split, width, progress
        As for `evaluate_stored`.

    Returns
    -------
    `list` of `~sunpy_farside.evaluation.cases.Case`

    Raises
    ------
    FileNotFoundError, FileFormatError, ValueError
        As for `~sunpy_farside.datasets.torch_dataset.StoredSequences`.
    """
    return mask_cases(models, _Pairs(StoredSequences(path, split, width=width)), progress=progress)


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
