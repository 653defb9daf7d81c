"""
Sequences of the real Sun for training, read from a store.
"""

import numpy as np
import torch
from torch.utils.data import Dataset

from sunpy_farside.datasets.pairing import SPLITS
from sunpy_farside.datasets.store import MASK_WIDTH, Store

__all__ = ["StoredSequences"]


class StoredSequences(Dataset):
    """
    Sequences of one split of a store, with their truth.

    Parameters
    ----------
    path : path-like
        ``dataset.h5`` of `~sunpy_farside.datasets.build.build_dataset`.
    split : {"training", "validation", "test"}
    frames : {"middle", "own"}, optional
        Whether all the maps are moved to the middle map's window or each stands in its own.
    width : `int`, optional
        Columns of the window, even, from 16 to 180.
    mirror : `bool`, optional
        Whether the mirror image about the equator comes with each sequence.
    unknown : `float`, optional
        What stands in the truth where nothing is known: by default 0, quiet. NaN lets a loss
        leave these pixels out.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is no store.
    ValueError
        An option has another value, or the split holds no sequence.

    Notes
    -----
    Half a rotation is 1.8 degrees less than 13.5 days, and a magnetogram shows 120 degrees: of a
    window of 120 columns the two or three easternmost have no truth.

    Examples
    --------
    >>> from sunpy_farside.datasets.torch_dataset import StoredSequences
    >>> data = StoredSequences("felipe/dataset.h5", "training")  # doctest: +SKIP
    >>> phases, active = data[0]  # doctest: +SKIP
    """

    def __init__(self, path, split, *, frames="middle", width=120, mirror=False, unknown=0.0):
        if split not in SPLITS:
            msg = f"Expected a split of {', '.join(SPLITS)}, found {split!r}."
            raise ValueError(msg)
        if frames not in ("middle", "own"):
            msg = f"Expected the frames middle or own, found {frames!r}."
            raise ValueError(msg)
        if not (16 <= width <= MASK_WIDTH and width % 2 == 0):
            msg = f"Expected an even width from 16 to {MASK_WIDTH} columns, found {width}."
            raise ValueError(msg)
        self.store = Store(path)
        self.frames = frames
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
        A sequence, with its mirror image where that is wanted.

        Returns
        -------
        phases : `torch.Tensor`, shape (n, 11, 144, width)
            Rad, NaN where there are no data; n is 2 with the mirror image, else 1.
        active : `torch.Tensor`, shape (n, 144, width)
            1 where there is an active region, else 0.
        """
        index = self._indices[index]
        phases = torch.from_numpy(self.store.cut(index, frames=self.frames, width=self.width))
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
        A sequence as a `~sunpy_farside.sequence.FarsideSequence`, for detection.
        """
        return self.store.sequence(self._indices[index], width=self.width)

    def truth(self, index):
        """
        The truth of a sequence as a `~sunpy.map.GenericMap`, NaN where nothing is known.
        """
        return self.store.truth(self._indices[index], width=self.width)
