"""
Artificial phase maps with known active regions, as arrays.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sunpy_farside.coordinates.far_side import disk_coordinates
from sunpy_farside.simulation.active_regions import add_signatures, saturate
from sunpy_farside.simulation.noise import compress_limb, sample_halves

__all__ = ["View", "half_days", "simulate_phases"]


def half_days(n_maps):
    """
    Middles of the 12-hour halves of maps 12 hours apart, in days from the middle map.

    Map ``k`` is the mean of halves ``k`` and ``k + 1``.
    """
    return (np.arange(n_maps + 1) - n_maps // 2 - 0.5) * 0.5


def simulate_phases(rng, regions, noise, view):
    """
    Phase maps of a simulated Sun.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    regions : `~sunpy_farside.simulation.active_regions.Regions`
    noise : `~sunpy_farside.simulation.noise.NoiseModel`
    view : `View`

    Returns
    -------
    array of `numpy.float32`, shape (n, latitudes, longitudes)
        Phases in rad, NaN on the near side.
    """
    phases = view.noise(rng, noise) + view.signatures(regions) + np.float32(noise.mean)
    phases[view.hidden()] = np.nan
    return phases


@dataclass(frozen=True)
class View:
    """
    Where the far side stands during a series of maps, and where the maps have their nodes.

    Attributes
    ----------
    days : array, shape (n + 1,)
        Middles of the 12-hour halves of ``n`` maps (`half_days`).
    center_longitudes : array, shape (n + 1,)
        Far-side central meridian of every half in degrees, not wrapped.
    center_latitude : `float`
        Latitude of the far side's centre in degrees.
    longitudes, latitudes : array
        Nodes of the maps in degrees.
    """

    days: np.ndarray
    center_longitudes: np.ndarray
    center_latitude: float
    longitudes: np.ndarray
    latitudes: np.ndarray

    def noise(self, rng, model):
        """
        Draw the noise of the maps.

        Returns
        -------
        array of `numpy.float32`, shape (n, latitudes, longitudes)
            Rad, of zero mean: the other sign is as likely.
        """
        return _maps(sample_halves(rng, model, self._disks))

    def signatures(self, regions):
        """
        Phase shifts of active regions.

        Returns
        -------
        array of `numpy.float32`, shape (n, latitudes, longitudes)
            Rad, negative.
        """
        shape = len(self.days), len(self.latitudes), len(self.longitudes)
        halves = np.zeros(shape, np.float32)
        for half, day, center, disk in zip(
            halves, self.days, self.center_longitudes, self._disks, strict=True
        ):
            center = center, self.center_latitude
            add_signatures(half, regions, day, center, self.longitudes, self.latitudes, disk)
            saturate(half)
        return _maps(halves)

    def hidden(self):
        """
        Where the maps have no data.

        Returns
        -------
        array of `bool`, shape (n, latitudes, longitudes)
            The near side.
        """
        return np.stack([self._disk(center)[2] < 0 for center in _maps(self.center_longitudes)])

    @cached_property
    def _disks(self):
        return [compress_limb(*self._disk(center)) for center in self.center_longitudes]

    def _disk(self, center):
        column, row = np.float32(self.longitudes)[None, :], np.float32(self.latitudes)[:, None]
        return disk_coordinates(column, row, np.float32(center), np.float32(self.center_latitude))


def _maps(halves):
    """
    Means of neighbouring halves.
    """
    halves = np.asarray(halves)
    return (halves[1:] + halves[:-1]) / 2
