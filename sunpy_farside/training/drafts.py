"""
Simulated sequences for the training on a GPU, which computes their maps.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch.utils.data import Dataset

from sunpy_farside.cadence import MIDDLE
from sunpy_farside.simulation.batches import (
    Draft,
    collate_drafts,
    draft_sequence,
    simulate_batch,
)
from sunpy_farside.training.examples import (
    SIBLINGS,
    active_pixels,
    sample_gaps,
    sample_regions,
    sample_view,
)

__all__ = ["ExampleDrafts", "DraftedSequences", "collate_examples", "simulate_examples"]


@dataclass
class ExampleDrafts:
    """
    Inputs of the simulation of examples, one draft for eight examples.

    Attributes
    ----------
    draft : `~sunpy_farside.simulation.batches.Draft`
    starts : array, shape (n, 11)
        First columns of the windows of the maps.
    margin, column : array, shape (n,)
        Missing data, as sampled by `~sunpy_farside.training.examples.sample_gaps`.
    active : array of `bool`, shape (n, 2, 144, width)
        Active pixels of two sets of active regions.
    """

    draft: Draft
    starts: torch.Tensor
    margin: torch.Tensor
    column: torch.Tensor
    active: torch.Tensor

    def to(self, device):
        """
        Return the drafts on a device.
        """
        return ExampleDrafts(**{name: value.to(device) for name, value in vars(self).items()})


class DraftedSequences(Dataset):
    """
    PyTorch data set of drafts of the examples that `SimulatedSequences` simulates.

    Parameters
    ----------
    length, seed, first, width, alignment, target, sun
        As for `~sunpy_farside.training.examples.SimulatedSequences`.
    """

    def __init__(self, length, *, seed, target, first, width, alignment, sun):
        self.length = length
        self.seed = seed
        self.first = first
        self.width = width
        self.alignment = alignment
        self.target = target
        self.sun = sun

    def __len__(self):
        return self.length // SIBLINGS

    def __getitem__(self, index):
        """
        Return the draft of eight examples, an `ExampleDrafts` of arrays.
        """
        rng = np.random.default_rng([self.seed, self.first // SIBLINGS + index])
        view, starts = sample_view(rng, self.width, self.alignment)
        model = self.sun.noise.sample(rng)
        gaps = sample_gaps(rng, self.sun, self.width, len(view.longitudes))
        suns = [sample_regions(rng, self.sun, view) for _ in range(2)]
        draft = draft_sequence(rng, model, suns, view, self.sun.signature)
        middle = starts[MIDDLE] + np.arange(self.width)
        active = [active_pixels(self.target, regions, middle, view) > 0 for regions in suns]
        return ExampleDrafts(
            draft, starts - int(view.longitudes[0]), gaps.margin, gaps.column, np.stack(active)
        )


def collate_examples(drafts):
    """
    Return the drafts of a batch, tensors with a first axis of sequences.

    Parameters
    ----------
    drafts : sequence of `ExampleDrafts`
        From `DraftedSequences`.

    Returns
    -------
    `ExampleDrafts`
    """
    others = {
        item.name: torch.from_numpy(np.stack([getattr(draft, item.name) for draft in drafts]))
        for item in fields(ExampleDrafts)
        if item.name != "draft"
    }
    return ExampleDrafts(draft=collate_drafts([draft.draft for draft in drafts]), **others)


def simulate_examples(drafts):
    """
    Simulate the examples of a batch.

    Parameters
    ----------
    drafts : `ExampleDrafts`
        From `collate_examples`, on any device.

    Returns
    -------
    phases : `torch.Tensor`, shape (n, 8, 11, 144, width)
        Phase shifts in rad; NaN where data are missing.
    active : `torch.Tensor`, shape (n, 8, 144, width)
        1 in active pixels, else 0.
    """
    noise, signal, hidden = simulate_batch(drafts.draft)
    width, columns = drafts.active.shape[-1], torch.arange(noise.shape[-1], device=noise.device)
    hidden = hidden | (columns == drafts.column[:, None])[:, None, None]
    windows = drafts.starts[:, :, None, None] + torch.arange(width, device=noise.device)
    noise = noise[:, None]
    phases = torch.stack([signal + noise, signal - noise], dim=2)
    if noise.shape[-1] > width:
        # Cut each map to its own window.
        windows = windows.expand(-1, -1, phases.shape[-2], -1)
        phases = phases.take_along_dim(windows[:, None, None], dim=-1)
        hidden = hidden.take_along_dim(windows, dim=-1)
    else:
        margin = drafts.margin[:, None]
        first, last = drafts.starts + margin, drafts.starts + width - margin
        outside = (columns < first[..., None]) | (columns >= last[..., None])
        hidden = hidden | (outside & (margin >= 0)[..., None])[:, :, None]
    phases = phases.masked_fill_(hidden[:, None, None], float("nan")).flatten(1, 2)
    active = drafts.active.float().repeat_interleave(2, dim=1)
    # North and south are equivalent.
    return torch.cat([phases, phases.flip(-2)], dim=1), torch.cat([active, active.flip(-2)], dim=1)
