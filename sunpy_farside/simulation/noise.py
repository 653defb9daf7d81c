"""
Noise of far-side phase maps.

Every 24-hour map is the mean of two 12-hour halves, and neighbouring maps share one.
Each half is a random field on the *disk* that a viewer behind the Sun sees, where
the grains of real maps have nearly one size from the centre to the limb; on the Sun
they are fine at the centre and stretched towards the limb.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = ["NoiseModel", "compress_limb", "sample_halves"]

# Beyond this distance from the disk's centre the orthographic view is continued
# linearly, so that no grain is stretched without end at the limb. A choice.
_LIMB_ANGLE = np.deg2rad(80)
# Half width of the field in solar radii, enough for 100 degrees from the centre, and its
# node spacing: two and a half nodes in the standard deviation of the finest grain.
_EXTENT = 1.2
_SPACING = 0.02


@dataclass(frozen=True)
class NoiseModel:
    """
    What the noise of a series of maps looks like.

    Attributes
    ----------
    level : `float`
        Standard deviation of a 24-hour map in rad. With active regions it makes the 0.05 of 31
        real maps of April and May 2022.
    mean : `float`
        Mean phase in rad: -0.015 to -0.038 in the same maps.
    fine_grain, coarse_grain : `float`
        Standard deviation of the grains in solar radii on the disk. The first gives, with active
        regions, a correlation of one half at 4.7 degrees of latitude near the centre, as measured
        in the same maps; the second one at 8 degrees of longitude beyond 40 degrees of latitude.
    transition : `float`
        Distance from the centre in degrees at which the fine texture (two skips
        through the interior) gives way to the coarse one (one and three skips).
    lasting : `float`
        Share of the standard deviation that stays for the whole series: weak
        magnetism and systematic errors. With it, maps two steps apart correlate
        although they share no data (0.25 measured, most of it active regions).
    jitter : `float`
        Scatter of the noise level from half to half (natural logarithm). A choice.
    bad_share, bad_factor : `float`
        Share of halves with a low duty cycle, and how much noisier they are. A choice.
    """

    level: float = 0.045
    mean: float = -0.025
    fine_grain: float = 0.04
    coarse_grain: float = 0.039
    transition: float = 47.0
    lasting: float = 0.2
    jitter: float = 0.08
    bad_share: float = 0.02
    bad_factor: float = 1.8

    @classmethod
    def sample(cls, rng):
        """
        A noise model from the range that real maps span over a solar cycle.
        """
        return cls(
            level=cls.level * np.exp(rng.normal(0, 0.15)),
            mean=rng.uniform(-0.04, -0.005),
            fine_grain=cls.fine_grain * np.exp(rng.normal(0, 0.08)),
            coarse_grain=cls.coarse_grain * np.exp(rng.normal(0, 0.08)),
            lasting=rng.uniform(0.1, 0.3),
        )


def compress_limb(x, y, z):
    """
    Disk coordinates that keep growing behind the limb instead of folding back.

    Parameters
    ----------
    x, y, z : arrays
        Orthographic coordinates from `sunpy_farside.coordinates.far_side.disk_coordinates`.

    Returns
    -------
    x, y : arrays
        Equal to the input up to 80 degrees from the centre.
    """
    radius = np.hypot(x, y)
    if z.min() > np.cos(_LIMB_ANGLE):
        return x, y
    angle = np.arctan2(radius, z)
    continued = np.sin(_LIMB_ANGLE) + (angle - _LIMB_ANGLE) * np.cos(_LIMB_ANGLE)
    scale = np.where(angle > _LIMB_ANGLE, continued / np.maximum(radius, 1e-6), 1)
    return x * scale, y * scale


def sample_halves(rng, model, disks):
    """
    Noise of consecutive 12-hour halves.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    model : `NoiseModel`
    disks : sequence of (x, y) arrays
        For every half, where the map's points stand on its disk
        (`compress_limb`).

    Returns
    -------
    array of `numpy.float32`, shape (halves, ...)
        Of zero mean, scaled so that the mean of two neighbours has the standard
        deviation ``model.level``.
    """
    middle = disks[len(disks) // 2]
    lasting = model.lasting * _texture(rng, model, *middle)
    # Two halves with standard deviation s average to s / sqrt(2).
    changing = np.sqrt(2 * (1 - model.lasting**2))
    halves = np.empty((len(disks), *lasting.shape), np.float32)
    for half, (x, y) in zip(halves, disks, strict=True):
        strength = np.exp(rng.normal(0, model.jitter))
        if rng.random() < model.bad_share:
            strength *= model.bad_factor
        half[:] = lasting + changing * strength * _texture(rng, model, x, y)
    return halves * np.float32(model.level)


def _texture(rng, model, x, y):
    """
    Unit-variance noise, fine near the disk's centre and coarse outside.
    """
    radius = np.hypot(x, y)
    edge = np.sin(np.deg2rad(model.transition))
    # A transition about ten degrees wide, because the skips overlap.
    share = np.clip((radius - edge) / 0.12 + 0.5, 0, 1)
    texture = np.zeros(x.shape, np.float32)
    inside, outside = share < 1, share > 0
    texture[inside] = np.sqrt(1 - share[inside]) * _grains(
        rng, model.fine_grain, x[inside], y[inside]
    )
    texture[outside] += np.sqrt(share[outside]) * _grains(
        rng, model.coarse_grain, x[outside], y[outside]
    )
    return texture


def _grains(rng, size, x, y):
    """
    Unit-variance Gaussian grains of one size, read at points of the disk.
    """
    nodes = int(2 * _EXTENT / _SPACING) + 1
    white = rng.standard_normal((nodes, nodes), dtype=np.float32)
    sigma = size / _SPACING
    field = ndimage.gaussian_filter(white, sigma, mode="wrap", truncate=3)
    # The standard deviation that a Gaussian of this width leaves of white noise.
    field *= 2 * np.sqrt(np.pi) * sigma
    points = np.stack([y, x]) / _SPACING + nodes // 2
    return ndimage.map_coordinates(field, points, order=1, mode="nearest")
