"""
Noise of far-side phase maps with the statistics of observed quiet maps.

The noise of a 24-hour map has three parts:

- the mean of two 12-hour halves, one of which the next map shares;
- a part that no other map has;
- a slow part, to which every step of 12 hours adds a field that lasts for a few maps.

The first has grains of constant size on the disk seen by an observer behind the Sun, the other two
have grains of constant size on the Sun. Level and mean depend on the distance from the disk center.
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from sunpy_farside.simulation.harmonics import sphere_fields
from sunpy_farside.simulation.noise import (
    sample_strength,
    sample_texture,
    sample_white,
    states_before,
)

__all__ = ["MeasuredNoise", "sphere_spectrum"]

# Distances from the disk center in degrees of the nodes of the two profiles.
PROFILE_NODES = (0.0, 20.0, 37.5, 52.5, 67.5, 90.0)
# Spherical degrees of the fields on the Sun; grains of 2.5 degrees have no power beyond.
SPHERE_DEGREES = 72


@dataclass(frozen=True)
class MeasuredNoise:
    """
    Parameters of the noise in a series of maps, with measured values.

    Attributes
    ----------
    level : `float`
        Standard deviation of a 24-hour map in rad. Measured outside active regions in 32 maps of
        April and May 2022: 0.0504.
    level_profile : `tuple` of `float`
        Factors of the level at 0, 15, 37.5, 52.5, 67.5 and 90 degrees from the disk center.
        Measured standard deviations at 0-30, 30-45, 45-60, 60-75 and 75-90 degrees: 0.0504,
        0.0533, 0.0489, 0.0485 and 0.0437 rad.
    mean_profile : `tuple` of `float`
        Mean phase shift in rad at the same distances. Measured in the same rings: -0.032, -0.016,
        -0.023, -0.018 and -0.015.
    grain : `float`
        Standard deviation of the grains on the disk in solar radii.
    sphere_grain : `float`
        Standard deviation of the grains on the Sun in degrees. The two sizes are a compromise
        between the measured half correlation, 4.6 degrees near the center, and the measured power
        at spherical degrees below 14, 1.5 times that of `~sunpy_farside.simulation.noise`.
    slow : `float`
        Share of the slow part in the variance of a map.
    memory : `float`
        Duration of the slow part in maps: its correlation decreases linearly to zero at this
        separation. Measured correlation of maps 12 to 60 hours apart: 0.49, 0.13, 0.085, 0.05 and
        0.01.
    alone : `float`
        Share of the part that other maps do not have, which reduces the correlation of consecutive
        maps to the measured 0.49.
    jitter : `float`
        Scatter of the noise level between halves (natural logarithm). A choice.
    bad_share, bad_factor : `float`
        Fraction of halves with a low duty cycle, and factor by which their noise is larger. A
        choice.
    """

    level: float = 0.0504
    level_profile: tuple = (0.98, 0.98, 1.075, 0.955, 0.967, 0.77)
    mean_profile: tuple = (-0.037, -0.036, -0.012, -0.024, -0.0175, -0.014)
    grain: float = 0.039
    sphere_grain: float = 4.0
    slow: float = 0.21
    memory: float = 5.0
    alone: float = 0.14
    jitter: float = 0.08
    bad_share: float = 0.02
    bad_factor: float = 1.8

    @classmethod
    def sample(cls, rng):
        """
        Sample a noise model around the measured one.

        The scatter is larger than in the month of the measurement, because noise depends on the
        instrument and the year: 20 % of the level, and half of the variation of the mean from
        center to limb. A choice. The mean is 0.010 rad higher with a scatter of 0.012 rad: lists of
        strong regions call for 0.016 rad in most years from 2010 to 2021, and -0.004 rad in 2014
        and 2015.
        """
        level = np.array(cls.level_profile) * np.exp(rng.normal(0, 0.05, len(PROFILE_NODES)))
        mean = np.array(cls.mean_profile)
        shape = mean - mean.mean()
        mean = mean.mean() + rng.normal(0.010, 0.012)
        mean = mean + rng.normal(1, 0.5) * shape + rng.normal(0, 0.004, len(PROFILE_NODES))
        return replace(
            cls(),
            level=cls.level * np.exp(rng.normal(0, 0.2)),
            level_profile=tuple(level),
            mean_profile=tuple(mean),
            grain=cls.grain * np.exp(rng.normal(0, 0.1)),
            sphere_grain=cls.sphere_grain * np.exp(rng.normal(0, 0.15)),
            slow=rng.uniform(0.08, 0.34),
            memory=rng.uniform(3.0, 7.0),
            alone=rng.uniform(0.0, 0.28),
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
        return self._noise(rng, view)

    def sources(self, rng, view, spans):
        """
        Return the states of a generator from which parts of a series are sampled.

        Parameters
        ----------
        rng, view, spans
            As for `sunpy_farside.simulation.noise.NoiseModel.sources`.

        Returns
        -------
        `list`
            Sources for `noise_of`.
        """
        found = states_before(rng, len(view.days), spans, sample_white)
        # Each depends on those of the maps before it.
        coefficients = self._sphere_coefficients(rng, len(view.days) - 1)
        return [(found[first], coefficients[first:last]) for first, last in spans]

    def noise_of(self, source, view):
        """
        Sample the noise of the maps of a part.

        Parameters
        ----------
        source, view
            As for `sunpy_farside.simulation.noise.NoiseModel.noise_of`.

        Returns
        -------
        array of `numpy.float32`, shape (n, latitudes, longitudes)
            As `noise` of the whole series.
        """
        rng, coefficients = source
        return self._noise(deepcopy(rng), view, coefficients)

    def _noise(self, rng, view, coefficients=None):
        halves = np.stack([self._half(rng, *disk) for disk in view.disks])
        # Two halves with standard deviation s average to s / sqrt(2).
        maps = (halves[1:] + halves[:-1]) * np.float32(np.sqrt((1 - self.slow - self.alone) / 2))
        if coefficients is None:
            coefficients = self._sphere_coefficients(rng, len(maps))
        coefficients = coefficients * sphere_spectrum(self.sphere_grain)
        maps += sphere_fields(coefficients, view.latitudes, view.longitudes)
        return maps * np.float32(self.level) * self._at(view, self.level_profile)

    def mean_phase(self, view):
        """
        Return the mean phase shift of the maps of a view.

        Parameters
        ----------
        view : `~sunpy_farside.simulation.phases.View`

        Returns
        -------
        array of `numpy.float32`, shape (n, latitudes, longitudes)
            In rad.
        """
        return self._at(view, self.mean_profile)

    def _half(self, rng, x, y):
        strength = np.float32(sample_strength(rng, self))
        return strength * sample_texture(rng, self.grain, x, y)

    def _sphere_coefficients(self, rng, number):
        """
        Sample white coefficients of the slow and the unshared part, shape (n, degrees, orders, 2).
        """
        shape = SPHERE_DEGREES + 1, SPHERE_DEGREES + 1, 2
        alone = rng.standard_normal((number, *shape), dtype=np.float32)
        whole = int(self.memory)
        slow = rng.standard_normal((number + whole, *shape), dtype=np.float32)
        # A moving average over `memory` maps, the oldest of which has a part of its weight, has a
        # correlation that decreases linearly.
        total = np.cumsum(slow, axis=0, out=slow.copy())
        window = total[whole:].copy()
        window -= total[:number]
        window += np.float32(np.sqrt(self.memory - whole)) * slow[:number]
        scale = np.sqrt(self.slow / self.memory)
        return np.float32(scale) * window + np.float32(np.sqrt(self.alone)) * alone

    def _at(self, view, profile):
        distance = np.rad2deg(np.arccos(np.clip(view.heights, -1, 1)))
        return np.interp(distance, PROFILE_NODES, profile).astype(np.float32)


@lru_cache(maxsize=64)
def sphere_spectrum(grain):
    """
    Return factors of white coefficients for a field of unit variance with Gaussian grains.

    Parameters
    ----------
    grain : `float`
        Standard deviation of the grains on the Sun in degrees.

    Returns
    -------
    array of `numpy.float32`, shape (degrees, 1, 1)
        By spherical degree, for coefficients as in
        ``sphere_fields``.
    """
    degree = np.arange(SPHERE_DEGREES + 1)
    amplitude = np.exp(-degree * (degree + 1) * np.deg2rad(grain) ** 2 / 2)
    amplitude[0] = 0
    variance = np.sum((2 * degree + 1) * amplitude**2) / (4 * np.pi)
    return np.float32(amplitude / np.sqrt(variance))[:, None, None]
