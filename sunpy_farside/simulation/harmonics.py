"""
Spherical harmonics on grids of meridians and parallels.
"""

from functools import lru_cache

import numpy as np
from scipy import special

__all__ = ["degree_power", "legendre_functions", "sphere_fields"]


def sphere_fields(coefficients, latitudes, longitudes):
    """
    Compute fields on the Sun from spherical-harmonic coefficients.

    Parameters
    ----------
    coefficients : array, shape (n, degrees, orders, 2)
        Factors of the cosine and the sine of every degree and order, of fully normalized
        harmonics. Orders above the degree are ignored.
    latitudes, longitudes : array
        Nodes in degrees.

    Returns
    -------
    array of `numpy.float32`, shape (n, latitudes, longitudes)

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.simulation.harmonics import sphere_fields
    >>> coefficients = np.zeros((1, 3, 3, 2))
    >>> coefficients[0, 1, 0, 0] = np.sqrt(4 * np.pi / 3)
    >>> sphere_fields(coefficients, np.array([30.0]), np.array([0.0, 90.0])).round(3)
    array([[[0.5, 0.5]]], dtype=float32)
    """
    number = coefficients.shape[1]
    legendre = legendre_functions(number - 1, tuple(np.asarray(latitudes, dtype=float)))
    angle = np.deg2rad(np.outer(np.arange(number), longitudes))
    # A real field has two harmonics of every order above zero.
    scale = np.where(np.arange(number) > 0, np.sqrt(2), 1)[:, None]
    waves = np.float32(scale * np.stack([np.cos(angle), np.sin(angle)]))
    fields = np.zeros((len(coefficients), len(latitudes), len(longitudes)), np.float32)
    for part, wave in zip(np.moveaxis(coefficients, 3, 0), waves, strict=True):
        # One product of matrices for every order.
        orders = np.ascontiguousarray(np.moveaxis(part, 2, 0), np.float32) @ legendre
        fields += np.moveaxis(orders, 0, 2) @ wave
    return fields


def degree_power(maps, latitudes, longitudes, degree=72):
    """
    Compute the power of maps of a part of the Sun by spherical degree.

    Parameters
    ----------
    maps : array, shape (n, latitudes, longitudes)
        NaN counts as zero.
    latitudes, longitudes : array
        Nodes in degrees, one degree apart.
    degree : `int`
        Largest degree.

    Returns
    -------
    array, shape (degree + 1,)
        Mean over the maps of the squared spherical-harmonic coefficients of every degree, summed
        over its orders. A window mixes neighboring degrees: compare maps of the same window.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.simulation.harmonics import degree_power
    >>> latitudes, longitudes = np.arange(-89.5, 90), np.arange(360.0)
    >>> dipole = np.sin(np.deg2rad(latitudes))[:, None] * np.ones(360)
    >>> power = degree_power(dipole[None], latitudes, longitudes)
    >>> int(power.argmax()), float(power[1].round(2))
    (1, 4.19)
    """
    legendre = legendre_functions(degree, tuple(np.asarray(latitudes, dtype=float)))
    area = np.deg2rad(1) ** 2 * np.cos(np.deg2rad(latitudes))[:, None]
    waves = np.exp(-1j * np.deg2rad(np.outer(longitudes, np.arange(degree + 1))))
    orders = (np.nan_to_num(maps) * area) @ waves
    coefficients = np.einsum("nbm,mlb->nlm", orders, legendre, optimize=True)
    # Orders above zero count for the negative ones as well.
    weights = np.where(np.arange(degree + 1) > 0, 2, 1)
    return (np.abs(coefficients) ** 2 @ weights).mean(axis=0)


@lru_cache(maxsize=8)
def legendre_functions(degree, latitudes):
    """
    Return normalized associated Legendre functions.

    Parameters
    ----------
    degree : `int`
        Largest degree.
    latitudes : `tuple` of `float`
        In degrees.

    Returns
    -------
    array of `numpy.float32`, shape (orders, degrees, latitudes)
    """
    sine = np.sin(np.deg2rad(latitudes))
    values = special.assoc_legendre_p_all(degree, degree, sine, norm=True)[0]
    # The integral of a squared harmonic over the sphere is one.
    values = values[:, : degree + 1] / np.sqrt(2 * np.pi)
    return np.ascontiguousarray(values.transpose(1, 0, 2), np.float32)
