"""
Patches of unsigned flux on synoptic magnetograms.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.simulation.active_regions import DEG2_CM2

__all__ = [
    "PATCH_FLUX",
    "ROTATION",
    "Patches",
    "find_patches",
    "smooth_density",
    "unsigned_density",
]

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
PATCH_FLUX, _BLOCK_FLUX = 5e20, 2e19
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
    smooth = smooth_density(density)
    label, count = _watershed(smooth)
    cosine = np.cos(np.deg2rad(_LATITUDES))[:, None]
    flux = density * cosine * DEG2_CM2
    total = np.bincount(label.ravel(), flux.ravel(), count + 1)
    rows, columns = np.nonzero((label > 0) & (flux > 0) & (total[label] >= PATCH_FLUX))
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


def unsigned_density(field):
    """
    Return the unsigned field above that of the quiet Sun on nodes of one degree.

    Parameters
    ----------
    field : array, shape (180, 360)
        Field in gauss, NaN where there are no data.

    Returns
    -------
    array, shape (121, 360)
        In gauss.
    """
    unsigned = np.maximum(np.abs(np.nan_to_num(field)) - _QUIET, 0)
    row = (np.sin(np.deg2rad(_LATITUDES)) + 1) * 90 - 0.5
    grid = np.meshgrid(row, np.arange(360), indexing="ij")
    return ndimage.map_coordinates(unsigned, grid, order=1, mode="nearest")


def smooth_density(density):
    """
    Smooth an unsigned field before it is divided into patches.

    Parameters
    ----------
    density : array, shape (121, 360)
        From `unsigned_density`.

    Returns
    -------
    array, shape (121, 360)
    """
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
