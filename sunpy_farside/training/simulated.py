"""
Simulated sequences for training, drawn on the fly.
"""

import numpy as np
import torch
from torch.utils.data import Dataset

from sunpy_farside.geometry import FIRST_LATITUDE, WINDOW_ROWS
from sunpy_farside.simulation.maps import half_days, simulate_phases
from sunpy_farside.simulation.noise import NoiseModel
from sunpy_farside.simulation.regions import ACTIVE_FIELD, draw_regions, unsigned_field

__all__ = ["SimulatedSequences", "draw_example", "own_window"]

_N_MAPS = 11
# Degrees a day that the far side's centre moves eastward in Carrington longitude.
_DRIFT = 13.2


class SimulatedSequences(Dataset):
    """
    Examples for the network, each drawn anew from its own seed.

    Every simulated Sun gives two examples, itself and its mirror image about the
    equator, which is a Sun just as possible: nothing in the maps knows the sign of
    the field.

    Parameters
    ----------
    length : `int`
        Number of examples.
    seed : `int`
        Examples of different seeds are independent.
    first : `int`
        Number of examples of this seed to leave out.
    width : `int`
        Columns of the window.
    """

    def __init__(self, length, *, seed, first=0, width=120):
        self.length = length
        self.seed = seed
        self.first = first
        self.width = width

    def __len__(self):
        return self.length // 2

    def __getitem__(self, index):
        """
        A pair of examples.

        Returns
        -------
        phases : `torch.Tensor`, shape (2, 11, 144, width)
            Moved to the middle map's window, rad.
        active : `torch.Tensor`, shape (2, 144, width)
            1 where there is an active region, else 0.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        rng = np.random.default_rng([self.seed, self.first // 2 + index])
        phases, active = draw_example(rng, self.width)
        mirror = np.flip(phases, -2), np.flip(active, -2)
        return (
            torch.from_numpy(np.stack([phases, mirror[0]])),
            torch.from_numpy(np.stack([active, mirror[1]])),
        )


def draw_example(rng, width=120, *, activity=None):
    """
    Draw one example: eleven maps in the middle map's window, and the truth there.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    width : `int`
        Columns of the window.
    activity : `float`, optional
        See `~sunpy_farside.simulation.regions.draw_regions`; drawn between a quiet
        Sun and a strong maximum by default.

    Returns
    -------
    phases : array of `numpy.float32`, shape (11, 144, width)
        Rad; NaN on the near side and, in half of the examples, outside the windows
        that the single maps have of their own.
    active : array of `numpy.float32`, shape (144, width)
    """
    if activity is None:
        activity = rng.uniform(0, 1.2)
    days = half_days(_N_MAPS)
    regions = draw_regions(rng, activity, (days[0], days[-1]))
    meridian = 180 + rng.uniform(0, 1)
    vantage = 7.25 * np.sin(rng.uniform(0, 2 * np.pi))
    longitudes = 180 - width // 2 + np.arange(width, dtype=float)
    latitudes = FIRST_LATITUDE + np.arange(WINDOW_ROWS, dtype=float)
    phases = simulate_phases(
        rng,
        regions,
        NoiseModel.draw(rng),
        days,
        meridian - _DRIFT * days,
        vantage,
        longitudes,
        latitudes,
    )
    if rng.random() < 0.5:
        map_days = (days[1:] + days[:-1]) / 2
        centers = np.floor(meridian - _DRIFT * map_days)
        for phase, center in zip(phases, centers, strict=True):
            phase[:, ~own_window(longitudes, center, width)] = np.nan
    if rng.random() < 0.1:
        # The seam meridian has no data in some files.
        phases[:, :, rng.integers(width)] = np.nan
    field = unsigned_field(regions, 0, longitudes, latitudes)
    return phases, (field > ACTIVE_FIELD).astype(np.float32)


def own_window(longitudes, center, width):
    """
    Which longitudes lie in the window of a map with this central meridian.
    """
    return (longitudes >= center - width // 2) & (longitudes < center - width // 2 + width)
