"""
Artificial phase maps with known active regions, as arrays.
"""

import numpy as np

from sunpy_farside.geometry import disk_coordinates
from sunpy_farside.simulation.noise import compress_limb, draw_halves
from sunpy_farside.simulation.regions import add_signatures

__all__ = ["half_days", "simulate_phases"]


def half_days(n_maps):
    """
    Middles of the 12-hour halves of maps 12 hours apart, in days from the middle map.

    Map ``k`` is the mean of halves ``k`` and ``k + 1``.
    """
    return (np.arange(n_maps + 1) - n_maps // 2 - 0.5) * 0.5


def simulate_phases(
    rng, regions, noise, days, center_longitudes, center_latitude, longitudes, latitudes
):
    """
    Phase maps of a simulated Sun.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    regions : `~sunpy_farside.simulation.regions.Regions`
    noise : `~sunpy_farside.simulation.noise.NoiseModel`
    days : array, shape (n + 1,)
        Middles of the 12-hour halves (`half_days`).
    center_longitudes : array, shape (n + 1,)
        Far-side central meridian of every half in degrees, not wrapped.
    center_latitude : `float`
        Latitude of the far side's centre in degrees.
    longitudes, latitudes : array
        Nodes of the maps in degrees.

    Returns
    -------
    array of `numpy.float32`, shape (n, latitudes, longitudes)
        Phases in rad, NaN on the near side.
    """
    column, row = np.float32(longitudes)[None, :], np.float32(latitudes)[:, None]

    def view(center):
        return disk_coordinates(column, row, np.float32(center), np.float32(center_latitude))

    disks = [compress_limb(*view(center)) for center in center_longitudes]
    halves = draw_halves(rng, noise, disks)
    for half, day, center, disk in zip(halves, days, center_longitudes, disks, strict=True):
        add_signatures(half, regions, day, (center, center_latitude), longitudes, latitudes, disk)
    maps = (halves[1:] + halves[:-1]) / 2 + np.float32(noise.mean)
    centers = (np.asarray(center_longitudes[1:]) + center_longitudes[:-1]) / 2
    for phases, center in zip(maps, centers, strict=True):
        phases[view(center)[2] < 0] = np.nan
    return maps
