"""
Simulated sequences for training, drawn on the fly.
"""

import numpy as np
import torch
from torch.utils.data import Dataset

from sunpy_farside.cadence import MIDDLE, N_MAPS
from sunpy_farside.coordinates.window import FIRST_LATITUDE, WINDOW_ROWS
from sunpy_farside.simulation.active_regions import sample_regions, target_mask
from sunpy_farside.simulation.noise import NoiseModel
from sunpy_farside.simulation.phases import View, half_days

__all__ = ["SIBLINGS", "SimulatedSequences", "sample_examples"]

# Examples that share a noise.
SIBLINGS = 8
# Degrees a day that the far side's centre moves eastward in Carrington longitude.
_DRIFT = 13.2
# Largest activity: a fifth above a strong maximum.
_ACTIVITY = 1.2
# Share of the draws as of maps that are cut to their windows already, as in published stacks, and
# the most columns on each side that such windows lack: 120 are usual, or all 140.
_BOUNDED, _MARGIN = 0.25, 10


class SimulatedSequences(Dataset):
    """
    Examples for the network, each drawn anew from its own seed.

    Noise is dear and symmetric: it is as likely with the other sign, and as likely mirrored about
    the equator, as are the regions (nothing in the maps knows the sign of the field). Every noise
    therefore serves two Suns, with both signs and both ways up: eight examples.

    Parameters
    ----------
    length : `int`
        Number of examples, a multiple of eight.
    seed : `int`
        Examples of different seeds are independent.
    first : `int`
        Number of examples of this seed to leave out.
    width : `int`
        Columns of the window.
    frames : {"own", "middle"}
        Every map in its own window, or all in the middle map's.
    target : `dict`
        Where the Sun is active (`~sunpy_farside.simulation.active_regions.target_mask`).
    """

    def __init__(self, length, *, seed, target, first=0, width=120, frames="middle"):
        self.length = length
        self.seed = seed
        self.first = first
        self.options = {"width": width, "frames": frames, "target": target}

    def __len__(self):
        return self.length // SIBLINGS

    def __getitem__(self, index):
        """
        Eight examples.

        Returns
        -------
        phases : `torch.Tensor`, shape (8, 11, 144, width)
            Rad, NaN where there are no data.
        active : `torch.Tensor`, shape (8, 144, width)
            1 where there is an active region, else 0.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        rng = np.random.default_rng([self.seed, self.first // SIBLINGS + index])
        phases, active = sample_examples(rng, **self.options)
        phases = np.concatenate([phases, phases[..., ::-1, :]])
        active = np.concatenate([active, active[..., ::-1, :]])
        return torch.from_numpy(phases), torch.from_numpy(active)


def sample_examples(rng, target, width=120, *, frames="middle"):
    """
    Draw two Suns and a noise, and see each Sun through the noise and through its negative.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    target : `dict`
        Where the Sun is active (`~sunpy_farside.simulation.active_regions.target_mask`).
    width : `int`
        Columns of the window.
    frames : {"own", "middle"}
        Every map in its own window, or all in the middle map's.

    Returns
    -------
    phases : array of `numpy.float32`, shape (4, 11, 144, width)
        Rad; NaN on the near side and, for the middle window, in a quarter of the draws outside
        the windows that the single maps have of their own, up to ten columns narrower on each
        side.
    active : array of `numpy.float32`, shape (4, 144, width)
        In the middle map's window.
    """
    days = half_days(N_MAPS)
    meridian = 180 + rng.uniform(0, 1)
    vantage = 7.25 * np.sin(rng.uniform(0, 2 * np.pi))
    starts = _starts(meridian - _DRIFT * (days[1:] + days[:-1]) / 2, width)
    middle = starts[MIDDLE] + np.arange(width)
    nodes = middle if frames == "middle" else np.arange(starts.min(), starts.max() + width)
    latitudes = FIRST_LATITUDE + np.arange(WINDOW_ROWS, dtype=float)
    view = View(days, meridian - _DRIFT * days, vantage, nodes.astype(float), latitudes)
    model = NoiseModel.sample(rng)
    noise = view.noise(rng, model)
    hidden = view.hidden()
    # Drawn for both frames, which so show the same Suns.
    bounded, margin = rng.random() < _BOUNDED, rng.integers(_MARGIN + 1)
    if frames == "middle" and bounded:
        for out, start in zip(hidden, starts + margin, strict=True):
            out[:, (nodes < start) | (nodes >= start + width - 2 * margin)] = True
    if rng.random() < 0.1:
        # The seam meridian has no data in some files.
        hidden[:, :, rng.integers(len(nodes))] = True
    phases, active = [], []
    for _ in range(2):
        regions = sample_regions(rng, rng.uniform(0, _ACTIVITY), (days[0], days[-1]))
        signal = view.signatures(regions) + np.float32(model.mean)
        phases += [signal + noise, signal - noise]
        active += 2 * [np.float32(target_mask(target, regions, 0, middle.astype(float), latitudes))]
    phases = np.stack(phases)
    phases[:, hidden] = np.nan
    if frames == "own":
        cuts = zip(phases.swapaxes(0, 1), starts - nodes[0], strict=True)
        phases = np.stack([part[..., start : start + width] for part, start in cuts], axis=1)
    return phases, np.stack(active)


def _starts(meridians, width):
    """
    First longitudes of the windows around central meridians.
    """
    return np.floor(meridians).astype(int) - width // 2
