"""
Simulation of phase maps with known active regions, as arrays.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sunpy_farside.coordinates.far_side import disk_coordinates
from sunpy_farside.simulation.noise import compress_limb
from sunpy_farside.simulation.signature import FORMER, add_points, add_signatures, saturate
from sunpy_farside.utils.scheduling import scheduled

__all__ = ["View", "half_days", "simulate_phases"]

# Maps that are simulated together.
_SPAN = 40


def half_days(n_maps):
    """
    Return the times of the 12-hour halves of consecutive maps, in days from the middle map.

    Map ``k`` is the mean of halves ``k`` and ``k + 1``; the times are those of their middles.
    """
    return (np.arange(n_maps + 1) - n_maps // 2 - 0.5) * 0.5


def simulate_phases(rng, regions, noise, view, signature=FORMER, *, scheduler=None):
    """
    Simulate the phase maps of one realization of the Sun.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    regions : `~sunpy_farside.simulation.active_regions.Regions`
    noise : `~sunpy_farside.simulation.noise.NoiseModel` or \
            `~sunpy_farside.simulation.measured_noise.MeasuredNoise`
    view : `View`
    signature : `~sunpy_farside.simulation.signature.Signature`, optional
    scheduler : `str`, optional
        Address of a scheduler of Dask whose workers simulate the parts of a long series.

    Returns
    -------
    array of `numpy.float32`, shape (n, latitudes, longitudes)
        Phase shifts in rad; NaN on the near side.

    Raises
    ------
    SchedulerError
        The scheduler or its workers cannot do the work.
    """
    number = len(view.days) - 1
    if number <= _SPAN:
        return _add_noise(noise.noise(rng, view), regions, noise, view, signature)
    spans = [(first, min(first + _SPAN, number)) for first in range(0, number, _SPAN)]
    parts = list(zip(spans, noise.sources(rng, view, spans), strict=True))
    arguments = regions, noise, view, signature
    if scheduler:
        names = [f"simulated maps {first + 1} to {last}" for first, last in spans]
        found = scheduled(scheduler, _simulate_parts, arguments, parts, names)
    else:
        found = map(_simulate_parts(*arguments), parts)
    phases = np.empty((number, len(view.latitudes), len(view.longitudes)), np.float32)
    for (first, last), part in zip(spans, found, strict=True):
        phases[first:last] = part
    return phases


def _simulate_parts(regions, noise, view, signature):
    """
    Return the function that simulates a part of a series.
    """

    def simulate_part(part):
        (first, last), source = part
        # A map is the mean of its half and the next one.
        halves = slice(first, last + 1)
        here = replace(
            view, days=view.days[halves], center_longitudes=view.center_longitudes[halves]
        )
        return _add_noise(noise.noise_of(source, here), regions, noise, here, signature)

    return simulate_part


def _add_noise(maps, regions, noise, view, signature):
    phases = maps + view.signatures(regions, signature) + noise.mean_phase(view)
    phases[view.hidden()] = np.nan
    return phases


@dataclass(frozen=True)
class View:
    """
    Viewing geometry of a series of maps: position of the far side and nodes of the maps.

    Attributes
    ----------
    days : array, shape (n + 1,)
        Times of the 12-hour halves of ``n`` maps (`half_days`).
    center_longitudes : array, shape (n + 1,)
        Far-side central meridian of every half in degrees, not wrapped.
    center_latitude : `float`
        Latitude of the far-side disk center in degrees.
    longitudes, latitudes : array
        Nodes of the maps in degrees.
    """

    days: np.ndarray
    center_longitudes: np.ndarray
    center_latitude: float
    longitudes: np.ndarray
    latitudes: np.ndarray

    def signatures(self, regions, signature=FORMER):
        """
        Compute the phase shifts of active regions, without noise.

        Parameters
        ----------
        regions : `~sunpy_farside.simulation.active_regions.Regions` or \
                `~sunpy_farside.simulation.magnetograms.MagneticRegions`
        signature : `~sunpy_farside.simulation.signature.Signature`, optional

        Returns
        -------
        array of `numpy.float32`, shape (n, latitudes, longitudes)
            In rad, zero or negative.
        """
        return _maps(self.samples(regions, signature))

    def samples(self, regions, signature):
        """
        Compute the phase shifts of active regions at the times of the halves, without noise.

        Parameters
        ----------
        regions, signature
            As for `signatures`.

        Returns
        -------
        array of `numpy.float32`, shape (n + 1, latitudes, longitudes)
            In rad, zero or negative.
        """
        shape = len(self.days), len(self.latitudes), len(self.longitudes)
        halves = np.zeros(shape, np.float32)
        add = add_points if regions.dense else add_signatures
        for half, day, center, disk in zip(
            halves, self.days, self.center_longitudes, self.disks, strict=True
        ):
            center, lobes = (center, self.center_latitude), regions.lobes(day)
            nodes = self.longitudes, self.latitudes
            add(half, lobes, signature, center, *nodes, disk)
            saturate(half, signature.saturation)
        return halves

    def hidden(self):
        """
        Return the mask of missing pixels, those on the near side.

        Returns
        -------
        array of `bool`, shape (n, latitudes, longitudes)
            True on the near side.
        """
        return self.heights < 0

    @cached_property
    def heights(self):
        """
        Cosine of the distance from the disk center, shape (n, latitudes, longitudes).
        """
        return np.stack([self._disk(center)[2] for center in _maps(self.center_longitudes)])

    @cached_property
    def disks(self):
        """
        Positions of the nodes on the disk of every half (`list` of (x, y) arrays).
        """
        return [self.disk(center) for center in self.center_longitudes]

    def disk(self, center):
        """
        Return the positions of the nodes on the disk around a central meridian.

        Parameters
        ----------
        center : `float`
            Longitude of the far-side central meridian in degrees.

        Returns
        -------
        x, y : arrays, shape (latitudes, longitudes)
            In solar radii.
        """
        return compress_limb(*self._disk(center))

    def _disk(self, center):
        column, row = np.float32(self.longitudes)[None, :], np.float32(self.latitudes)[:, None]
        return disk_coordinates(column, row, np.float32(center), np.float32(self.center_latitude))


def _maps(halves):
    """
    Average adjacent halves to maps.
    """
    halves = np.asarray(halves)
    return (halves[1:] + halves[:-1]) / 2
