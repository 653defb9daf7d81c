"""
Phase shifts of active regions: the relation between magnetic field and phase.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from sunpy_farside.coordinates.far_side import disk_coordinates
from sunpy_farside.simulation.noise import compress_limb

__all__ = [
    "CALIBRATED",
    "FORMER",
    "Signature",
    "add_points",
    "add_signatures",
    "disk_gaussians",
    "disk_points",
    "saturate",
]

# Half width of the grid on the disk in solar radii, and its node spacing and number of nodes.
DISK_EXTENT, DISK_SPACING = 1.3, 0.02
DISK_CELLS = int(2 * DISK_EXTENT / DISK_SPACING) + 2
# Phase shift in rad below which a concentration of flux leaves no trace, and distance from the disk
# center in radians from which none does.
LEAST_DEPTH, _FARTHEST = 2e-3, np.deg2rad(100)


@dataclass(frozen=True)
class Signature:
    """
    Parameters of the relation between magnetic field and phase shift.

    Attributes
    ----------
    phase_per_flux : `float`
        Phase shift integrated over a region of 1e22 Mx in the absence of saturation, in rad deg^2:
        a choice for which, as in observed maps, most of the correlation between maps two steps
        apart comes from active regions.
    saturation : `float`
        Phase shift in rad above which the signal increases only with the logarithm of the field,
        so that large regions are wide rather than deep. A choice: the signal of the very large
        NOAA 12192 was 2.4 times that of a medium-sized region [Yang et al. 2023, A&A 669, A89,
        figure 4].
    resolution : `float`
        Standard deviation of the point-spread function of the waves, in solar radii on the disk:
        that of the finest grains of the noise.
    scatter : `float`
        Scatter of the phase shift of regions around its mean relation to the flux (natural
        logarithm).
    """

    phase_per_flux: float = 35.0
    saturation: float = 0.2
    resolution: float = 0.04
    scatter: float = 0.25


# The relation that the weights of the package were trained with.
FORMER = Signature()
# The relation for which the SAR method lists regions like those of the published lists
# (``benchmarks/calibrate_sun.py``).
CALIBRATED = Signature(phase_per_flux=14.5, saturation=0.055, resolution=0.089, scatter=1.0)


def add_signatures(half, lobes, signature, center, longitudes, latitudes, disk):
    """
    Add the phase shifts of concentrations of flux to the map of a 12-hour half, in place.

    The phase shift is proportional to the unsigned flux density (`saturate` applies the
    saturation), convolved with a point-spread function of constant size on the disk: toward the
    limb, the signature of a region is stretched along the radius and fades.

    Parameters
    ----------
    half : array, shape (latitudes, longitudes)
    lobes : `dict`
        Concentrations of flux (`~sunpy_farside.simulation.active_regions.Regions.lobes`).
    signature : `Signature`
    center : (`float`, `float`)
        Longitude and latitude of the far-side disk center in degrees.
    longitudes, latitudes : array
        Nodes of the map in degrees.
    disk : (x, y) arrays, shape (latitudes, longitudes)
        Positions of the nodes on the disk.
    """
    if not len(lobes["flux"]):
        return
    lon0, lat0 = lobes["longitude"], lobes["latitude"]
    here, covariance, depth, jacobian = disk_gaussians(lobes, signature, center)
    precision, inverse = np.linalg.inv(covariance), np.linalg.inv(jacobian)
    on_map = inverse @ covariance @ inverse.transpose(0, 2, 1)
    # Add each signature only out to the distance at which it drops below a thousandth of a radian.
    reach = np.sqrt(2 * np.log(np.maximum(depth, LEAST_DEPTH) / 1e-3))
    reach_lon = reach * np.sqrt(on_map[:, 0, 0]) / np.cos(np.deg2rad(lat0))
    reach_lat = reach * np.sqrt(on_map[:, 1, 1])
    for i in np.flatnonzero(depth > LEAST_DEPTH):
        rows = np.flatnonzero(np.abs(latitudes - lat0[i]) < reach_lat[i])
        columns = np.flatnonzero(np.abs((longitudes - lon0[i] + 180) % 360 - 180) < reach_lon[i])
        near = np.ix_(rows, columns)
        dx, dy = disk[0][near] - here[0, i], disk[1][near] - here[1, i]
        (pxx, pxy), (_, pyy) = precision[i].astype(half.dtype)
        half[near] -= half.dtype.type(depth[i]) * np.exp(
            -0.5 * (pxx * dx * dx + 2 * pxy * dx * dy + pyy * dy * dy)
        )


def disk_gaussians(lobes, signature, center):
    """
    Return the phase shifts of concentrations of flux as Gaussians on the disk.

    Parameters
    ----------
    lobes, signature, center
        As for `add_signatures`.

    Returns
    -------
    here : array, shape (2, n)
        Positions on the disk in solar radii.
    covariance : array, shape (n, 2, 2)
        Covariance matrices on the disk in square solar radii.
    depth : array, shape (n,)
        Negative phase shifts at the maximum in rad, zero beyond 100 degrees from the disk center.
    jacobian : array, shape (n, 2, 2)
        Derivatives of the position by degrees on the Sun.
    """
    here, jacobian, distance = _on_disk(lobes["longitude"], lobes["latitude"], center)
    covariance = lobes["variance"][:, None, None] * (jacobian @ jacobian.transpose(0, 2, 1))
    covariance += np.eye(2) * signature.resolution**2
    on_sun = np.sqrt(np.linalg.det(covariance)) / np.abs(np.linalg.det(jacobian))
    depth = _integrated_phase(lobes, signature, distance) / (2 * np.pi * on_sun)
    depth[distance >= _FARTHEST] = 0
    return here, covariance, depth, jacobian


def add_points(half, lobes, signature, center, longitudes, latitudes, disk):
    """
    Add the phase shifts of many small concentrations of flux, in place.

    Like `add_signatures`, but the flux is binned on the disk, smoothed with the point-spread
    function there and interpolated, which is faster for hundreds of concentrations that are
    smaller than it.

    Parameters
    ----------
    half, lobes, signature, center, longitudes, latitudes, disk
        As for `add_signatures`.
    """
    if not len(lobes["flux"]):
        return
    (x, y), mass, _ = disk_points(lobes, signature, center)
    x, y = (x + DISK_EXTENT) / DISK_SPACING, (y + DISK_EXTENT) / DISK_SPACING
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    right, up = x - column, y - row
    grid = np.zeros((DISK_CELLS, DISK_CELLS))
    for down, along in ((0, 1 - up), (1, up)):
        for across, over in ((0, 1 - right), (1, right)):
            np.add.at(grid, (row + down, column + across), mass * along * over)
    sigma = signature.resolution / DISK_SPACING
    smooth = ndimage.gaussian_filter(np.float32(grid / DISK_SPACING**2), sigma, mode="constant")
    points = (np.stack([disk[1], disk[0]]) + DISK_EXTENT) / DISK_SPACING
    half -= ndimage.map_coordinates(smooth, points, order=1, mode="nearest")


def disk_points(lobes, signature, center):
    """
    Return the phase shifts of small concentrations of flux as points on the disk.

    Parameters
    ----------
    lobes, signature, center
        As for `add_signatures`.

    Returns
    -------
    here : array, shape (2, m)
        Positions on the disk in solar radii, of the points up to 100 degrees from its center.
    mass : array, shape (m,)
        Integrated phase shifts in rad times square solar radii of the disk.
    near : array of `bool`, shape (n,)
        True for these points.
    """
    here, jacobian, distance = _on_disk(lobes["longitude"], lobes["latitude"], center)
    # On the disk, an area of the Sun shrinks by the determinant.
    mass = _integrated_phase(lobes, signature, distance) * np.abs(np.linalg.det(jacobian))
    near = distance < _FARTHEST
    return here[:, near], mass[near], near


def _on_disk(longitude, latitude, center):
    """
    Return disk positions, their derivatives by degrees on the Sun, and center distances in radians.
    """
    offset = 0.5  # degrees, over which the projection is nearly linear
    here = disk_coordinates(longitude, latitude, *center)
    west = disk_coordinates(longitude + offset / np.cos(np.deg2rad(latitude)), latitude, *center)
    north = disk_coordinates(longitude, latitude + offset, *center)
    distance = np.arctan2(np.hypot(here[0], here[1]), here[2])
    here, west, north = (np.stack(compress_limb(*point)) for point in (here, west, north))
    jacobian = np.stack([west - here, north - here], axis=-1).transpose(1, 0, 2) / offset
    return here, jacobian, distance


def _integrated_phase(lobes, signature, distance):
    """
    Return the phase shifts integrated over the solar surface in rad deg^2, without saturation.

    They do not depend on the position, but their visible part decreases by a third from the disk
    center to the limb (a choice).
    """
    visible = 1 - (distance / np.pi * 2) ** 2 / 3
    return signature.phase_per_flux * lobes["flux"] / 1e22 * lobes["efficiency"] * visible


def saturate(half, level):
    """
    Saturate large phase shifts to the logarithm of the field, in place.

    Parameters
    ----------
    half : array
        Negative phase shifts in rad, proportional to the field.
    level : `float`
        Phase shift in rad at which saturation begins.
    """
    scale = half.dtype.type(level)
    np.log1p(half / -scale, out=half)
    half *= -scale
