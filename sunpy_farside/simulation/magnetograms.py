"""
Active regions from observed synoptic magnetograms, with simulated emergence and decay.

A synoptic magnetogram shows every longitude when it crosses the central meridian, once per
rotation. Between two crossings, regions that are on both magnetograms change linearly; others
emerge at a random date or decay.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from scipy import ndimage

from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.simulation.active_regions import DEG2_CM2

__all__ = ["Film", "MagneticRegions", "Patches", "find_patches"]

# Mean synodic rotation period of the Carrington grid in days.
ROTATION = 27.2753
# Field in gauss that is subtracted from the unsigned field, four times the median of all cells.
_QUIET = 8.0
# Latitudes of the cells, beyond which there are no active regions.
_LATITUDES = np.arange(-60.0, 61.0)
# Standard deviation of the Gaussian in degrees by which the unsigned field is smoothed to part it
# into patches, and the smoothed field in gauss from which cells belong to one.
_SMOOTHING, _LEVEL = 3.0, 6.0
# Edge of the blocks in degrees whose flux is one Gaussian concentration: below the resolution of
# the waves.
_BLOCK = 2
# Smallest flux of a patch and of a block in Mx.
_PATCH_FLUX, _BLOCK_FLUX = 5e20, 2e19
# Share of the smoothed field that a patch has on an adjacent magnetogram if it is a lasting one.
_LASTING = 0.35
# Carrington longitude of the middle of the first column in degrees.
_COLUMN = 0.55


@dataclass(frozen=True, eq=False)
class Patches:
    """
    Patches of unsigned flux on one synoptic magnetogram.

    Attributes
    ----------
    longitude, latitude : array, shape (n,)
        Centers of the patches in degrees, weighted by flux.
    flux : array, shape (n,)
        Unsigned fluxes in Mx.
    extent : array, shape (n,)
        Twice the rms distance of the flux from the center in degrees.
    before, after : array of `bool`, shape (n,)
        The patch is on the preceding and on the following magnetogram.
    blocks : array, shape (m, 5)
        Concentrations of flux: number of the patch, distance from its center in longitude and
        latitude in degrees, flux in Mx, spatial variance in square degrees.
    """

    longitude: np.ndarray
    latitude: np.ndarray
    flux: np.ndarray
    extent: np.ndarray
    before: np.ndarray
    after: np.ndarray
    blocks: np.ndarray


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
        As in `Patches`.
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
        densities = {rotation: _density(field) for rotation, field in fields}
        smooth = {rotation: _smooth(density) for rotation, density in densities.items()}
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
        return regions[largest > _PATCH_FLUX / 2]


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


def find_patches(density, before=None, after=None):
    """
    Part the unsigned field of a magnetogram into patches around the maxima of the smoothed field.

    Parameters
    ----------
    density : array, shape (121, 360)
        Unsigned field above that of the quiet Sun in gauss, one degree from node to node.
    before, after : array, shape (121, 360), optional
        Smoothed unsigned field of the adjacent rotations.

    Returns
    -------
    `Patches`
    """
    smooth = _smooth(density)
    label, count = _watershed(smooth)
    cosine = np.cos(np.deg2rad(_LATITUDES))[:, None]
    flux = density * cosine * DEG2_CM2
    total = np.bincount(label.ravel(), flux.ravel(), count + 1)
    rows, columns = np.nonzero((label > 0) & (flux > 0) & (total[label] >= _PATCH_FLUX))
    patch, weight = label[rows, columns], flux[rows, columns]
    _, patch = np.unique(patch, return_inverse=True)
    number = patch.max(initial=-1) + 1
    mean = _weighted_mean(patch, weight, number)
    angle = np.exp(1j * np.deg2rad(columns + _COLUMN))
    longitude = np.rad2deg(np.angle(mean(angle.real) + 1j * mean(angle.imag))) % 360
    latitude = mean(_LATITUDES[rows])
    east = (columns + _COLUMN - longitude[patch] + 180) % 360 - 180
    north = _LATITUDES[rows] - latitude[patch]
    shrink = np.cos(np.deg2rad(_LATITUDES[rows]))
    extent = 2 * np.sqrt(mean((east * shrink) ** 2 + north**2))
    blocks = _blocks(patch, rows, columns, east, north, shrink, weight)
    row = np.clip(np.round(latitude - _LATITUDES[0]).astype(int), 0, len(_LATITUDES) - 1)
    own = smooth[row, np.round(longitude - _COLUMN).astype(int) % 360]
    drift = carrington_drift(latitude) * ROTATION
    there = [
        np.zeros(number, bool)
        if other is None
        else other[row, np.round(longitude + sign * drift - _COLUMN).astype(int) % 360]
        > _LASTING * own
        for other, sign in ((before, -1), (after, 1))
    ]
    fluxes = np.bincount(patch, weight, number)
    return Patches(longitude, latitude, fluxes, extent, *there, blocks)


def _density(field):
    """
    Return the unsigned field above that of the quiet Sun on nodes of one degree.
    """
    unsigned = np.maximum(np.abs(np.nan_to_num(field)) - _QUIET, 0)
    row = (np.sin(np.deg2rad(_LATITUDES)) + 1) * 90 - 0.5
    grid = np.meshgrid(row, np.arange(360), indexing="ij")
    return ndimage.map_coordinates(unsigned, grid, order=1, mode="nearest")


def _smooth(density):
    return ndimage.gaussian_filter(density, _SMOOTHING, mode=("nearest", "wrap"))


def _watershed(smooth):
    """
    Label every cell above the level with the maximum that steepest ascent leads to.
    """
    index = np.arange(smooth.size).reshape(smooth.shape)
    best, target = smooth.copy(), index.copy()
    padded = np.pad(smooth, ((1, 1), (0, 0)), constant_values=-1)
    numbers = np.pad(index, ((1, 1), (0, 0)))
    for down in (0, 1, 2):
        for across in (-1, 0, 1):
            part = slice(down, down + smooth.shape[0])
            other = np.roll(padded, across, axis=1)[part]
            higher = other > best
            best[higher] = other[higher]
            target[higher] = np.roll(numbers, across, axis=1)[part][higher]
    target = target.ravel()
    while not np.array_equal(target, target[target]):
        target = target[target]
    active = smooth.ravel() > _LEVEL
    label = np.zeros(smooth.size, int)
    _, label[active] = np.unique(target[active], return_inverse=True)
    label[active] += 1
    return label.reshape(smooth.shape), label.max()


def _weighted_mean(group, weight, number):
    total = np.bincount(group, weight, number)
    return lambda values: np.bincount(group, weight * values, number) / total


def _blocks(patch, rows, columns, east, north, shrink, weight):
    """
    Gather the flux of every patch in square blocks.
    """
    # Blocks of one size on the Sun: wider in longitude at higher latitudes.
    wide = np.maximum(np.round(_BLOCK / shrink), 1)
    key = np.stack([patch, rows // _BLOCK, columns // wide], axis=1).astype(int)
    keys, block = np.unique(key, axis=0, return_inverse=True)
    block = block.ravel()
    mean = _weighted_mean(block, weight, len(keys))
    dx, dy = mean(east), mean(north)
    spread = ((east - dx[block]) * shrink) ** 2 + (north - dy[block]) ** 2
    flux = np.bincount(block, weight, len(keys))
    # A cell of one degree has a variance of 1/12 in either direction.
    variance = mean(spread) / 2 + 1 / 12
    blocks = np.stack([keys[:, 0], dx, dy, flux, variance], axis=1)
    return blocks[flux > _BLOCK_FLUX]
