"""
Differential rotation of magnetic features, used throughout this package.
"""

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["CARRINGTON_RATE", "carrington_drift", "sidereal_rate", "synodic_rate"]

# Rotation rate of the Carrington grid and mean motion of the Earth, in degrees per day.
CARRINGTON_RATE = 14.1844
_EARTH_RATE = 0.9856


def sidereal_rate(latitude: ArrayLike) -> np.ndarray:
    r"""
    Return the sidereal rotation rate of magnetic features.

    Parameters
    ----------
    latitude : array-like
        Latitude in degrees.

    Returns
    -------
    array
        In degrees per day: :math:`14.38 - 1.95 s^2 - 2.18 s^4` with :math:`s = \sin\beta`
        [Snodgrass 1983, ApJ 270, 288].

    Examples
    --------
    >>> from sunpy_farside.coordinates.rotation import sidereal_rate
    >>> float(sidereal_rate(0))
    14.38
    """
    s2 = np.sin(np.deg2rad(latitude)) ** 2
    return 14.38 - 1.95 * s2 - 2.18 * s2**2


def synodic_rate(latitude: ArrayLike) -> np.ndarray:
    """
    Return the synodic rotation rate of magnetic features, as seen from Earth.

    Parameters
    ----------
    latitude : array-like
        Latitude in degrees.

    Returns
    -------
    array
        In degrees per day: `sidereal_rate` minus the mean motion of the Earth.

    Examples
    --------
    >>> from sunpy_farside.coordinates.rotation import synodic_rate
    >>> float(synodic_rate(0).round(4))
    13.3944
    """
    return sidereal_rate(latitude) - _EARTH_RATE


def carrington_drift(latitude: ArrayLike) -> np.ndarray:
    """
    Return the drift rate of magnetic features in Carrington longitude.

    Parameters
    ----------
    latitude : array-like
        Latitude in degrees.

    Returns
    -------
    array
        In degrees per day, positive westward: `sidereal_rate` minus the rate of the Carrington
        grid.

    Examples
    --------
    >>> from sunpy_farside.coordinates.rotation import carrington_drift
    >>> carrington_drift([0, 30]).round(2)
    array([ 0.2 , -0.43])
    """
    return sidereal_rate(latitude) - CARRINGTON_RATE
