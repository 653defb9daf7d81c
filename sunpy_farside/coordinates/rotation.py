"""
The differential rotation of magnetic features, the one law that this package uses.
"""

import numpy as np

__all__ = ["CARRINGTON_RATE", "carrington_drift", "sidereal_rate", "synodic_rate"]

# Degrees a day by which the Carrington grid turns, and by which the Earth moves on its orbit.
CARRINGTON_RATE = 14.1844
_EARTH_RATE = 0.9856


def sidereal_rate(latitude):
    r"""
    Return the rotation of magnetic features against the stars.

    Parameters
    ----------
    latitude : array-like
        In degrees.

    Returns
    -------
    array
        Degrees a day: :math:`14.38 - 1.95 s^2 - 2.18 s^4` with :math:`s = \\sin\\beta`
        [Snodgrass 1983, ApJ 270, 288].

    Examples
    --------
    >>> from sunpy_farside.coordinates.rotation import sidereal_rate
    >>> float(sidereal_rate(0))
    14.38
    """
    s2 = np.sin(np.deg2rad(latitude)) ** 2
    return 14.38 - 1.95 * s2 - 2.18 * s2**2


def synodic_rate(latitude):
    """
    Return the rotation of magnetic features as seen from Earth.

    Parameters
    ----------
    latitude : array-like
        In degrees.

    Returns
    -------
    array
        Degrees a day: `sidereal_rate` less the mean motion of the Earth.

    Examples
    --------
    >>> from sunpy_farside.coordinates.rotation import synodic_rate
    >>> float(synodic_rate(0).round(4))
    13.3944
    """
    return sidereal_rate(latitude) - _EARTH_RATE


def carrington_drift(latitude):
    """
    Return the drift of magnetic features in Carrington longitude.

    Parameters
    ----------
    latitude : array-like
        In degrees.

    Returns
    -------
    array
        Degrees a day, positive westward: `sidereal_rate` less the rate of the Carrington grid.

    Examples
    --------
    >>> from sunpy_farside.coordinates.rotation import carrington_drift
    >>> carrington_drift([0, 30]).round(2)
    array([ 0.2 , -0.43])
    """
    return sidereal_rate(latitude) - CARRINGTON_RATE
