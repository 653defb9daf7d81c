"""
Methods compared with masks of active regions from magnetograms or other spacecraft.
"""

from tqdm.auto import tqdm

from sunpy_farside.coordinates.window import window_longitudes
from sunpy_farside.datasets.torch_dataset import StoredSequences
from sunpy_farside.evaluation.judged import collect, detect_all, load_models
from sunpy_farside.evaluation.reference_regions import move_regions, regions_of_mask

__all__ = ["evaluate_masks", "evaluate_stored", "mask_cases", "stored_cases"]


def evaluate_masks(models, pairs, *, progress=True):
    """
    Compare networks and the SAR method with masks of active regions.

    Parameters
    ----------
    models : `dict`
        By name, a loaded network or what `~sunpy_farside.network.weights.load_model` takes.
    pairs : iterable of (`~sunpy_farside.sequence.FarsideSequence`, `~sunpy.map.GenericMap`)
        Sequences and, in the window of their middle maps, where the Sun is active: above zero
        there, NaN where nothing is known. `~sunpy_farside.datasets.masks.mask_from_map` makes
        such masks of any map.
    progress : `bool`, optional
        Whether to show how far it is.

    Returns
    -------
    `~sunpy_farside.evaluation.judged.Judged`

    Raises
    ------
    ValueError
        There is no pair, or a mask is not in the window of its sequence.

    Notes
    -----
    A region that counts is a connected patch of five pixels or more
    (`~sunpy_farside.evaluation.reference_regions.regions_of_mask`); otherwise the rules are those
    of `sunpy_farside.evaluation.scores`. What would be found by chance comes from moving the
    patches in longitude within the window
    (`~sunpy_farside.evaluation.reference_regions.move_regions`). Sequences that share maps are not
    independent: intervals are then too narrow.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.evaluation.stored import evaluate_masks
    >>> simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=4)
    >>> pairs = [(simulated.sequence, simulated.truth)]
    >>> judged = evaluate_masks({"default": "default"}, pairs, progress=False)
    >>> sorted(judged.scores)
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
    `list` of `~sunpy_farside.evaluation.judged.Case`

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
    Compare networks and the SAR method with the masks of a store.

    Parameters
    ----------
    models : `dict`
        As in `evaluate_masks`.
    path : path-like
        ``dataset.h5`` of `~sunpy_farside.datasets.build.build_dataset`.
    split : {"test", "validation", "training"}, optional
    width : `int`, optional
        Columns of the window.
    progress : `bool`, optional
        Whether to show how far it is.

    Returns
    -------
    `~sunpy_farside.evaluation.judged.Judged`

    Raises
    ------
    FileNotFoundError, FileFormatError, ValueError
        As for `~sunpy_farside.datasets.torch_dataset.StoredSequences`.
    """
    return collect(stored_cases(models, path, split, width=width, progress=progress))


def stored_cases(models, path, split="test", *, width=120, progress=True):
    """
    Detect regions with networks and the SAR method in the sequences of a store.

    Parameters
    ----------
    models, path, split, width, progress
        As for `evaluate_stored`.

    Returns
    -------
    `list` of `~sunpy_farside.evaluation.judged.Case`

    Raises
    ------
    FileNotFoundError, FileFormatError, ValueError
        As for `~sunpy_farside.datasets.torch_dataset.StoredSequences`.
    """
    return mask_cases(models, _Pairs(StoredSequences(path, split, width=width)), progress=progress)


class _Pairs:
    """
    Sequences and masks, read when they are wanted; their number is known.
    """

    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __iter__(self):
        for index in range(len(self.data)):
            yield self.data.sequence(index), self.data.truth(index)
