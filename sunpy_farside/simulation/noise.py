"""
Noise of far-side phase maps.

Every 24-hour map is the mean of two 12-hour halves, and adjacent maps share one of them. Each half
is a random field on the *disk* seen by an observer behind the Sun. There, the grains of observed
maps have nearly the same size from the center to the limb; on the Sun, they are fine at the center
and stretched toward the limb.
"""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = [
    "NoiseModel",
    "compress_limb",
    "sample_halves",
    "sample_strength",
    "sample_texture",
    "sample_white",
    "states_before",
]

# Beyond this distance from the disk center, the orthographic projection is extrapolated linearly
# to limit the stretching of grains at the limb. A choice.
LIMB_ANGLE = np.deg2rad(80)
# Half width of the random field in solar radii, enough for 100 degrees from the center, and its
# node spacing: the standard deviation of the finest grains is about two nodes.
_EXTENT = 1.2
TEXTURE_SPACING = 0.02
TEXTURE_NODES = int(2 * _EXTENT / TEXTURE_SPACING) + 1
# Width of the transition between the textures in solar radii, about ten degrees, because the skips
# overlap.
TRANSITION_WIDTH = 0.12


@dataclass(frozen=True)
class NoiseModel:
    """
    Parameters of the noise in a series of maps.

    Attributes
    ----------
    level : `float`
        Standard deviation of a 24-hour map in rad. Together with active regions, it reproduces
        the 0.05 of 31 observed maps of April and May 2022.
    mean : `float`
        Mean phase shift in rad: -0.015 to -0.038 in the same maps.
    fine_grain, coarse_grain : `float`
        Standard deviation of the grains in solar radii on the disk. Together with active regions,
        the correlation drops to one half at 4.7 degrees of latitude near the center (fine) and at
        8 degrees of longitude beyond 40 degrees of latitude (coarse), as in the same maps.
    transition : `float`
        Distance from the disk center in degrees at which the fine texture (two skips through the
        interior) changes to the coarse one (one and three skips).
    lasting : `float`
        Fraction of the standard deviation that persists for the whole series, from weak magnetism
        and systematic errors. It correlates maps two steps apart, although they share no data
        (measured: 0.25, mostly from active regions).
    jitter : `float`
        Scatter of the noise level between halves (natural logarithm). A choice.
    bad_share, bad_factor : `float`
        Fraction of halves with a low duty cycle, and factor by which their noise is larger. A
        choice.
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
        Sample a noise model from the range of observed maps over a solar cycle.
        """
        return cls(
            level=cls.level * np.exp(rng.normal(0, 0.15)),
            mean=rng.uniform(-0.04, -0.005),
            fine_grain=cls.fine_grain * np.exp(rng.normal(0, 0.08)),
            coarse_grain=cls.coarse_grain * np.exp(rng.normal(0, 0.08)),
            lasting=rng.uniform(0.1, 0.3),
        )

    def noise(self, rng, view):
        """
        Sample the noise of the maps of a view.

        Parameters
        ----------
        rng : `numpy.random.Generator`
        view : `~sunpy_farside.simulation.phases.View`

        Returns
        -------
        array of `numpy.float32`, shape (n, latitudes, longitudes)
            In rad, with zero mean. Both signs are equally likely.
        """
        halves = sample_halves(rng, self, view.disks)
        return (halves[1:] + halves[:-1]) / 2

    def sources(self, rng, view, spans):
        """
        Return the states of a generator from which parts of a series are sampled.

        Parameters
        ----------
        rng : `numpy.random.Generator`
            As for `noise`, which samples the whole series.
        view : `~sunpy_farside.simulation.phases.View`
        spans : sequence of (`int`, `int`)
            First map of each part, and the one after its last.

        Returns
        -------
        `list`
            Sources for `noise_of`.
        """
        lasting, middle = deepcopy(rng), view.center_longitudes[len(view.days) // 2]
        _skip_texture(rng)
        found = states_before(rng, len(view.days), spans, _skip_texture)
        return [(lasting, middle, found[first]) for first, _ in spans]

    def noise_of(self, source, view):
        """
        Sample the noise of the maps of a part.

        Parameters
        ----------
        source
            One of `sources`.
        view : `~sunpy_farside.simulation.phases.View`
            View of the part.

        Returns
        -------
        array of `numpy.float32`, shape (n, latitudes, longitudes)
            As `noise` of the whole series.
        """
        lasting, middle, rng = deepcopy(source)
        texture = _lasting(lasting, self, view.disk(middle))
        halves = _changing(rng, self, view.disks, texture)
        return (halves[1:] + halves[:-1]) / 2

    def mean_phase(self, view):
        """
        Return the mean phase shift of the maps of a view, one number in rad.
        """
        return np.float32(self.mean)


def compress_limb(x, y, z):
    """
    Extrapolate disk coordinates beyond the limb, where the projection would fold back.

    Parameters
    ----------
    x, y, z : arrays
        Orthographic coordinates from `sunpy_farside.coordinates.far_side.disk_coordinates`.

    Returns
    -------
    x, y : arrays
        Equal to the input up to 80 degrees from the disk center.
    """
    radius = np.hypot(x, y)
    if z.min() > np.cos(LIMB_ANGLE):
        return x, y
    angle = np.arctan2(radius, z)
    continued = np.sin(LIMB_ANGLE) + (angle - LIMB_ANGLE) * np.cos(LIMB_ANGLE)
    scale = np.where(angle > LIMB_ANGLE, continued / np.maximum(radius, 1e-6), 1)
    return x * scale, y * scale


def sample_halves(rng, model, disks):
    """
    Sample the noise of consecutive 12-hour halves.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    model : `NoiseModel`
    disks : sequence of (x, y) arrays
        Positions of the nodes of the map on the disk of each half (`compress_limb`).

    Returns
    -------
    array of `numpy.float32`, shape (halves, ...)
        With zero mean, scaled so that the mean of two adjacent halves has the standard deviation
        ``model.level``.
    """
    lasting = _lasting(rng, model, disks[len(disks) // 2])
    return _changing(rng, model, disks, lasting)


def _lasting(rng, model, middle):
    """
    Sample the noise that persists for the whole series.
    """
    return model.lasting * _texture(rng, model, *middle)


def _changing(rng, model, disks, lasting):
    """
    Add the noise of every half to that of the whole series.
    """
    # Two halves with standard deviation s average to s / sqrt(2).
    changing = np.sqrt(2 * (1 - model.lasting**2))
    halves = np.empty((len(disks), *lasting.shape), np.float32)
    for half, (x, y) in zip(halves, disks, strict=True):
        strength = sample_strength(rng, model)
        half[:] = lasting + changing * strength * _texture(rng, model, x, y)
    return halves * np.float32(model.level)


def sample_strength(rng, model):
    """
    Sample the factor of the noise of a half.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    model : `NoiseModel` or `~sunpy_farside.simulation.measured_noise.MeasuredNoise`
        With ``jitter``, ``bad_share`` and ``bad_factor``.

    Returns
    -------
    `float`
    """
    strength = np.exp(rng.normal(0, model.jitter))
    if rng.random() < model.bad_share:
        strength *= model.bad_factor
    return strength


def states_before(rng, number, spans, skip):
    """
    Return the states of a generator before the first halves of parts of a series.

    Parameters
    ----------
    rng : `numpy.random.Generator`
        Left in the state that it has after the halves.
    number : `int`
        Number of halves of the series.
    spans : sequence of (`int`, `int`)
        First map of each part, and the one after its last.
    skip : callable
        Brings a generator past what a half takes after its strength (`sample_strength`).

    Returns
    -------
    `dict`
        A `numpy.random.Generator` by first map.
    """
    first_halves, states = {first for first, _ in spans}, {}
    for half in range(number):
        if half in first_halves:
            states[half] = deepcopy(rng)
        rng.normal(), rng.random()
        skip(rng)
    return states


def _texture(rng, model, x, y):
    """
    Sample noise of unit variance, fine near the disk center and coarse farther out.
    """
    radius = np.hypot(x, y)
    edge = np.sin(np.deg2rad(model.transition))
    share = np.clip((radius - edge) / TRANSITION_WIDTH + 0.5, 0, 1)
    texture = np.zeros(x.shape, np.float32)
    inside, outside = share < 1, share > 0
    texture[inside] = np.sqrt(1 - share[inside]) * sample_texture(
        rng, model.fine_grain, x[inside], y[inside]
    )
    texture[outside] += np.sqrt(share[outside]) * sample_texture(
        rng, model.coarse_grain, x[outside], y[outside]
    )
    return texture


def _skip_texture(rng):
    """
    Leave a generator in the state that it has after a texture.
    """
    for _ in ("fine", "coarse"):
        sample_white(rng)


def sample_white(rng):
    """
    Sample the white noise of which a texture is made.

    Parameters
    ----------
    rng : `numpy.random.Generator`

    Returns
    -------
    array of `numpy.float32`, shape (n, n)
    """
    return rng.standard_normal((TEXTURE_NODES, TEXTURE_NODES), dtype=np.float32)


def sample_texture(rng, size, x, y):
    """
    Sample Gaussian noise of unit variance and one grain size at points of the disk.

    Parameters
    ----------
    rng : `numpy.random.Generator`
    size : `float`
        Standard deviation of the grains in solar radii.
    x, y : arrays
        Points of the disk in solar radii (`compress_limb`).

    Returns
    -------
    array
        With the shape of ``x``.
    """
    white = sample_white(rng)
    sigma = size / TEXTURE_SPACING
    field = ndimage.gaussian_filter(white, sigma, mode="wrap", truncate=3)
    # Restore the unit variance that white noise loses in the Gaussian filter.
    field *= 2 * np.sqrt(np.pi) * sigma
    points = np.stack([y, x]) / TEXTURE_SPACING + len(white) // 2
    return ndimage.map_coordinates(field, points, order=1, mode="nearest")
