"""
Simulated sequences for the training, sampled on the fly.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from sunpy_farside.cadence import MIDDLE, N_MAPS
from sunpy_farside.coordinates.window import FIRST_LATITUDE, WINDOW_ROWS
from sunpy_farside.simulation.active_regions import target_mask
from sunpy_farside.simulation.phases import View, half_days
from sunpy_farside.simulation.suns import DRAWN, MOST_ACTIVE

__all__ = [
    "SIBLINGS",
    "Gaps",
    "SimulatedSequences",
    "active_pixels",
    "sample_examples",
    "sample_gaps",
    "sample_regions",
    "sample_view",
]

# Number of examples that share one realization of the noise.
SIBLINGS = 8
# Eastward motion of the far-side disk center in Carrington longitude, in degrees per day.
_DRIFT = 13.2
# Fraction of examples from maps that are already cut to their windows, as in published stacks, and
# the largest number of columns missing on each side: windows usually have 120 columns, or all 140.
_BOUNDED, _MARGIN = 0.25, 10
# Columns of published windows.
_PUBLISHED = 120


class SimulatedSequences(Dataset):
    """
    PyTorch data set of simulated examples, sampled in groups of eight, each group from its seed.

    The noise takes most of the time to simulate. Its distribution does not change under reversal
    of the sign or reflection about the equator, and that of the regions does not change under the
    reflection. Each realization of the noise is therefore combined with two sets of active
    regions, with both signs and in both orientations, which gives eight examples.

    Parameters
    ----------
    length : `int`
        Number of examples, a multiple of eight.
    seed : `int`
        Seed; examples of different seeds are independent.
    first : `int`
        Number of examples of this seed to skip.
    width : `int`
        Number of columns of the window.
    alignment : {"per_map", "common"}
        Cut each map to its own window, or all to that of the middle map.
    target : `dict`
        Definition of active pixels (`~sunpy_farside.simulation.active_regions.target_mask`).
    sun : `~sunpy_farside.simulation.suns.SunModel`, optional
    """

    def __init__(self, length, *, seed, target, first=0, width=120, alignment="common", sun=DRAWN):
        self.length = length
        self.seed = seed
        self.first = first
        self.options = {"width": width, "alignment": alignment, "target": target, "sun": sun}

    def __len__(self):
        return self.length // SIBLINGS

    def __getitem__(self, index):
        """
        Return eight examples that share one realization of the noise.

        Returns
        -------
        phases : `torch.Tensor`, shape (8, 11, 144, width)
            Phase shifts in rad; NaN where data are missing.
        active : `torch.Tensor`, shape (8, 144, width)
            1 in active pixels, else 0.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        rng = np.random.default_rng([self.seed, self.first // SIBLINGS + index])
        phases, active = sample_examples(rng, **self.options)
        phases = np.concatenate([phases, phases[..., ::-1, :]])
        active = np.concatenate([active, active[..., ::-1, :]])
        return torch.from_numpy(phases), torch.from_numpy(active)


def sample_examples(rng, target, width=120, *, alignment="common", sun=DRAWN):
    """
    Sample two sets of active regions, each with the same noise added and subtracted.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    target : `dict`
        Definition of active pixels (`~sunpy_farside.simulation.active_regions.target_mask`).
    width : `int`
        Number of columns of the window.
    alignment : {"per_map", "common"}
        Cut each map to its own window, or all to that of the middle map.
    sun : `~sunpy_farside.simulation.suns.SunModel`, optional

    Returns
    -------
    phases : array of `numpy.float32`, shape (4, 11, 144, width)
        Phase shifts in rad; NaN on the near side. With ``alignment="common"``, a quarter of the
        samples is also NaN outside the own windows of the maps, narrowed by up to ten columns on
        each side.
    active : array of `numpy.float32`, shape (4, 144, width)
        1 in active pixels of the window of the middle map, else 0.
    """
    view, starts = sample_view(rng, width, alignment)
    model = sun.noise.sample(rng)
    noise = model.noise(rng, view)
    gaps = sample_gaps(rng, sun, width, len(view.longitudes))
    middle = starts[MIDDLE] + np.arange(width)
    hidden, nodes = view.hidden(), view.longitudes
    if alignment == "common" and gaps.margin >= 0:
        for out, start in zip(hidden, starts + gaps.margin, strict=True):
            out[:, (nodes < start) | (nodes >= start + width - 2 * gaps.margin)] = True
    if gaps.column >= 0:
        hidden[:, :, gaps.column] = True
    phases, active = [], []
    for _ in range(2):
        regions = sample_regions(rng, sun, view)
        signal = view.signatures(regions, sun.signature) + model.mean_phase(view)
        phases += [signal + noise, signal - noise]
        active += 2 * [active_pixels(target, regions, middle, view)]
    phases = np.stack(phases)
    phases[:, hidden] = np.nan
    if alignment == "per_map":
        cuts = zip(phases.swapaxes(0, 1), starts - starts.min(), strict=True)
        phases = np.stack([part[..., start : start + width] for part, start in cuts], axis=1)
    return phases, np.stack(active)


class Gaps(NamedTuple):
    """
    Missing data of a sequence, besides the near side.

    Attributes
    ----------
    margin : `int`
        Columns missing on each side of the windows of the maps; -1 if maps are not cut to windows.
    column : `int`
        Column without data, or -1.
    """

    margin: int
    column: int


def sample_view(rng, width, alignment):
    """
    Sample the viewing geometry of a sequence.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    width : `int`
        Number of columns of the window.
    alignment : {"per_map", "common"}
        As for `sample_examples`.

    Returns
    -------
    view : `~sunpy_farside.simulation.phases.View`
    starts : array of `int`, shape (11,)
        First longitudes of the windows of the maps in degrees.
    """
    days = half_days(N_MAPS)
    meridian = 180 + rng.uniform(0, 1)
    vantage = 7.25 * np.sin(rng.uniform(0, 2 * np.pi))
    starts = _starts(meridian - _DRIFT * (days[1:] + days[:-1]) / 2, width)
    middle = starts[MIDDLE] + np.arange(width)
    nodes = middle if alignment == "common" else np.arange(starts.min(), starts.max() + width)
    latitudes = FIRST_LATITUDE + np.arange(WINDOW_ROWS, dtype=float)
    view = View(days, meridian - _DRIFT * days, vantage, nodes.astype(float), latitudes)
    return view, starts


def sample_gaps(rng, sun, width, columns):
    """
    Sample the missing data of a sequence.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    sun : `~sunpy_farside.simulation.suns.SunModel`
    width, columns : `int`
        Number of columns of the window and of the simulated maps.

    Returns
    -------
    `Gaps`
    """
    # Sampled for both alignments, so that a seed gives the same realization for both.
    share = _BOUNDED if sun.published_windows is None else sun.published_windows
    bounded, margin = rng.random() < share, rng.integers(_MARGIN + 1)
    if sun.published_windows is not None:
        margin = max(width - _PUBLISHED, 0) // 2
    # The meridian at the 0/360 boundary has no data in some files.
    column = rng.integers(columns) if rng.random() < 0.1 else -1
    return Gaps(int(margin) if bounded else -1, int(column))


def sample_regions(rng, sun, view):
    """
    Sample active regions of any level of activity.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    sun : `~sunpy_farside.simulation.suns.SunModel`
    view : `~sunpy_farside.simulation.phases.View`

    Returns
    -------
    `~sunpy_farside.simulation.active_regions.Regions`
    """
    return sun.sample_regions(rng, rng.uniform(0, MOST_ACTIVE), (view.days[0], view.days[-1]))


def active_pixels(target, regions, longitudes, view):
    """
    Return the mask of active pixels of the middle map as 0 and 1, shape (144, width).

    Parameters
    ----------
    target, regions
        As for `~sunpy_farside.simulation.active_regions.target_mask`.
    longitudes : array
        Longitudes of the window in degrees.
    view : `~sunpy_farside.simulation.phases.View`
    """
    return np.float32(target_mask(target, regions, 0, longitudes.astype(float), view.latitudes))


def _starts(meridians, width):
    """
    Return the first longitudes of windows around central meridians.
    """
    return np.floor(meridians).astype(int) - width // 2
