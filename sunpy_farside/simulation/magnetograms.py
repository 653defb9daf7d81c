"""
Active regions from observed synoptic magnetograms, with simulated emergence and decay.

A synoptic magnetogram shows every longitude when it crosses the central meridian, once per
rotation. Between two crossings, regions that are on both magnetograms change linearly; others
emerge at a random date or decay.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.simulation.magnetic_patches import (
    PATCH_FLUX,
    ROTATION,
    find_patches,
    smooth_density,
    unsigned_density,
)
from sunpy_farside.utils.moved import moved_names

__all__ = ["Film", "MagneticRegions"]

__getattr__ = moved_names(
    __name__, {"sunpy_farside.simulation.magnetic_patches": ["Patches", "find_patches"]}
)


@dataclass(frozen=True, eq=False)
class MagneticRegions:
    """
    Active regions of observed magnetograms, with the interface of simulated ones.

    Attributes
    ----------
    longitude, latitude : array
        Carrington position on the day of the central-meridian passage in degrees.
    crossing : array
        Day of the central-meridian passage; day 0 is the reference date.
    flux : array
        Unsigned flux on that day in Mx.
    emergence : array
        Day of emergence.
    rise, decay : array
        Duration of the linear growth and e-folding time of the decay in days. An infinite decay
        time is that of a region on the next magnetogram, to which the flux fades linearly.
    separation : array
        Twice the rms distance of the flux from the center in degrees.
    efficiency : array
        Factor by which the phase shift deviates from its mean relation to the flux.
    blocks : array, shape (m, 5)
        As in `~sunpy_farside.simulation.magnetic_patches.Patches`.
    """

    longitude: np.ndarray
    latitude: np.ndarray
    crossing: np.ndarray
    flux: np.ndarray
    emergence: np.ndarray
    rise: np.ndarray
    decay: np.ndarray
    separation: np.ndarray
    efficiency: np.ndarray
    blocks: np.ndarray

    # Concentrations are many, and smaller than the point-spread function of the waves.
    dense = True

    def __len__(self):
        return len(self.longitude)

    def __getitem__(self, index):
        chosen = np.arange(len(self))[index]
        number = np.full(len(self), -1)
        number[chosen] = np.arange(len(chosen))
        blocks = self.blocks[number[self.blocks[:, 0].astype(int)] >= 0].copy()
        blocks[:, 0] = number[blocks[:, 0].astype(int)]
        names = [field.name for field in fields(self)][:-1]
        return MagneticRegions(*(getattr(self, name)[chosen] for name in names), blocks)

    def longitude_on(self, day):
        """
        Return the Carrington longitudes on a day, after differential rotation.
        """
        return self.longitude + carrington_drift(self.latitude) * (day - self.crossing)

    def flux_on(self, day):
        """
        Return the unsigned fluxes on a day in Mx.
        """
        return self.flux * self._share(day)

    def lobes(self, day):
        """
        Return the Gaussian concentrations of flux on a day.

        Parameters
        ----------
        day : `float`
            Day relative to the reference date.

        Returns
        -------
        `dict` of `str` to array
            As from `~sunpy_farside.simulation.active_regions.Regions.lobes`.
        """
        patch = self.blocks[:, 0].astype(int)
        share = self._share(day)[patch]
        present = share > 0
        patch, blocks = patch[present], self.blocks[present]
        return {
            "longitude": self.longitude_on(day)[patch] + blocks[:, 1],
            "latitude": self.latitude[patch] + blocks[:, 2],
            "flux": blocks[:, 3] * share[present],
            "variance": blocks[:, 4],
            "efficiency": self.efficiency[patch],
        }

    def _share(self, day):
        growth = np.clip((day - self.emergence) / self.rise, 0, 1)
        later = np.maximum(day - self.crossing, 0)
        fading = np.clip(1 - later / ROTATION, 0, 1)
        lasting = np.isinf(self.decay)
        return growth * np.where(lasting, fading, np.exp(-later / self.decay))


class Film:
    """
    Active regions of the whole Sun over the years of a series of synoptic magnetograms.

    Parameters
    ----------
    maps : `~sunpy_farside.io.synoptic_maps.SynopticMaps`
    last : `int`, optional
        Last Carrington rotation to use.
    """

    def __init__(self, maps, last=None):
        number = len(maps) if last is None else int(np.searchsorted(maps.rotations, last, "right"))
        fields = zip(maps.rotations[:number].tolist(), maps.field, strict=False)
        densities = {rotation: unsigned_density(field) for rotation, field in fields}
        smooth = {rotation: smooth_density(density) for rotation, density in densities.items()}
        self.patches = {
            rotation: find_patches(density, smooth.get(rotation - 1), smooth.get(rotation + 1))
            for rotation, density in densities.items()
        }

    @property
    def rotations(self):
        """
        Rotations with a magnetogram for themselves and both neighbors (array of `int`).
        """
        inner = [
            rotation
            for rotation in self.patches
            if rotation - 1 in self.patches and rotation + 1 in self.patches
        ]
        return np.array(inner)

    @cached_property
    def by_activity(self):
        """
        The rotations in order of increasing flux (array of `int`).
        """
        rotations = self.rotations
        return rotations[np.argsort([self.activity(item) for item in rotations], kind="stable")]

    def activity(self, rotation):
        """
        Return the unsigned flux of all patches of a rotation in Mx.
        """
        return self.patches[rotation].flux.sum()

    def regions(self, rng, phase, days, *, scatter, offset=0.0):
        """
        Return the active regions of a period, with random emergence and decay.

        Parameters
        ----------
        rng : `numpy.random.Generator`
        phase : `float`
            Reference date (day 0) in Carrington rotations: longitude 0 crosses the central meridian
            at the end of a rotation, 360 at its start.
        days : (`float`, `float`)
            First and last day relative to the reference date.
        scatter : `float`
            Scatter of the phase shift (natural logarithm).
        offset : `float`, optional
            Rotation of the Sun by which all longitudes change, in degrees.

        Returns
        -------
        `MagneticRegions`
        """
        first, last = (int(np.floor(phase + day / ROTATION)) for day in days)
        parts, start = [], 0
        for rotation in range(first - 1, last + 2):
            item = self.patches.get(rotation)
            if item is None:
                continue
            blocks = item.blocks.copy()
            blocks[:, 0] += start
            start += len(item.flux)
            crossing = (rotation + 1 - item.longitude / 360 - phase) * ROTATION
            parts.append((item, crossing, blocks))
        regions = _evolve(rng, parts, scatter, offset)
        largest = np.max([regions.flux_on(day) for day in np.linspace(*days, 5)], axis=0)
        return regions[largest > PATCH_FLUX / 2]


def _evolve(rng, parts, scatter, offset):
    """
    Sample the dates of emergence and the decay times of patches.
    """
    if not parts:
        empty = np.zeros(0)
        return MagneticRegions(*(empty,) * 9, np.zeros((0, 5)))
    join = {
        name: np.concatenate([getattr(item, name) for item, _, _ in parts])
        for name in ("longitude", "latitude", "flux", "extent", "before", "after")
    }
    crossing = np.concatenate([item for _, item, _ in parts])
    number = len(crossing)
    rise = rng.uniform(1, 4, number)
    # A new region emerges at any time since its longitude was on the disk's central meridian.
    emergence = crossing - rng.uniform(rise, ROTATION)
    emergence = np.where(join["before"], crossing - ROTATION, emergence)
    rise = np.where(join["before"], ROTATION, rise)
    decay = 14 * np.sqrt(join["flux"] / 1e22) * np.exp(rng.normal(0, 0.4, number))
    decay = np.where(join["after"], np.inf, np.minimum(decay, 20))
    return MagneticRegions(
        join["longitude"] + offset,
        join["latitude"],
        crossing,
        join["flux"],
        emergence,
        rise,
        decay,
        join["extent"],
        np.exp(rng.normal(0, scatter, number)),
        np.concatenate([item for _, _, item in parts]),
    )
