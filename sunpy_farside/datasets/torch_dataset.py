"""
Observed sequences for the training, read from a store, as a PyTorch data set.
"""

import numpy as np
import torch
from torch.utils.data import Dataset

from sunpy_farside.datasets.pairing import SPLITS
from sunpy_farside.datasets.store import MASK_WIDTH, Store

__all__ = ["StoredSequences"]


class StoredSequences(Dataset):
    """
    PyTorch data set of the sequences in one split of a store, with their masks.

    Parameters
    ----------
    path : path-like
        ``dataset.h5`` of `~sunpy_farside.datasets.build.build_dataset`.
    split : {"training", "validation", "test"}
        Split of the store.
    alignment : {"common", "per_map"}, optional
        Cut all maps to the window of the middle map, or each to its own.
    width : `int`, optional
        Number of columns of the window, even, from 16 to 180.
    mirror : `bool`, optional
        If True, add the mirror image about the equator to each sequence.
    unknown : `float`, optional
        Value of missing pixels in the masks: by default 0, quiet. With NaN, a loss can exclude
        these pixels.

    Raises
    ------
    FileNotFoundError
        The file does not exist.
    FileFormatError
        The file is not a store.
    ValueError
        An option has an unsupported value, or the split has no sequences.

    Notes
    -----
    In 13.5 days, the Sun rotates 1.8 degrees less than half a turn, and a magnetogram covers 120
    degrees: in a window of 120 columns, the two or three easternmost columns of the mask are
    missing.

    Examples
    --------
    >>> from sunpy_farside.datasets.torch_dataset import StoredSequences
    >>> data = StoredSequences("felipe/dataset.h5", "training")  # doctest: +SKIP
    >>> phases, active = data[0]  # doctest: +SKIP
    """

    def __init__(self, path, split, *, alignment="common", width=120, mirror=False, unknown=0.0):
        if split not in SPLITS:
            msg = f"Expected a split of {', '.join(SPLITS)}, found {split!r}."
            raise ValueError(msg)
        if alignment not in ("common", "per_map"):
            msg = f"Expected the alignment common or per_map, found {alignment!r}."
            raise ValueError(msg)
        if not (16 <= width <= MASK_WIDTH and width % 2 == 0):
            msg = f"Expected an even width from 16 to {MASK_WIDTH} columns, found {width}."
            raise ValueError(msg)
        self.store = Store(path)
        self.alignment = alignment
        self.width = width
        self.mirror = mirror
        self.unknown = unknown
        self._indices = np.flatnonzero(self.store.splits == split)
        if not len(self._indices):
            msg = f"{path}: expected sequences for {split}, found none. Build a longer store."
            raise ValueError(msg)

    def __len__(self):
        return len(self._indices)

    def __getitem__(self, index):
        """
        Return a sequence and its mask, with their mirror images if requested.

        Returns
        -------
        phases : `torch.Tensor`, shape (n, 11, 144, width)
            Phase shifts in rad; NaN where data are missing. n is 2 with the mirror image, else 1.
        active : `torch.Tensor`, shape (n, 144, width)
            1 in active pixels, else 0.
        """
        index = self._indices[index]
        phases = torch.from_numpy(self.store.cut(index, alignment=self.alignment, width=self.width))
        active = torch.from_numpy(
            self.store.cut_active(index, width=self.width, unknown=self.unknown)
        )
        if self.mirror:
            return torch.stack([phases, phases.flip(-2)]), torch.stack([active, active.flip(-2)])
        return phases[None], active[None]

    @property
    def dates(self):
        """
        Dates of the middle maps (`~astropy.time.Time`).
        """
        return self.store.dates[self._indices]

    def sequence(self, index):
        """
        Return a sequence as a `~sunpy_farside.sequence.FarsideSequence`, for detection.
        """
        return self.store.sequence(self._indices[index], width=self.width)

    def truth(self, index):
        """
        Return the mask of a sequence as a `~sunpy.map.GenericMap`; NaN where data are missing.
        """
        return self.store.truth(self._indices[index], width=self.width)
