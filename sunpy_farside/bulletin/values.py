"""
Numbers, dates and positions as the bulletin's document holds them.
"""

import math

import numpy as np

import astropy.units as u

from sunpy_farside.bulletin.schema import Position
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.utils.tables import whole_seconds

__all__ = ["moment", "number", "positions_on", "rotate_to"]


def moment(time):
    """
    Return a time as ISO 8601 text in UTC, to the second.

    Parameters
    ----------
    time : `~astropy.time.Time`
        A single time.

    Returns
    -------
    `str`

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.bulletin.values import moment
    >>> moment(Time("2022-05-05T11:59:59.9"))
    '2022-05-05T12:00:00Z'
    """
    return f"{whole_seconds(time.utc).isot[:19]}Z"


def number(value, decimals):
    """
    Return a rounded number, and None for NaN.

    Parameters
    ----------
    value : `float`
    decimals : `int`

    Returns
    -------
    `float` or None

    Examples
    --------
    >>> from sunpy_farside.bulletin.values import number
    >>> number(1.26, 1), number(float("nan"), 1)
    (1.3, None)
    """
    value = float(value)
    # Without minus zero.
    return round(value, decimals) + 0.0 if math.isfinite(value) else None


def rotate_to(positions, date):
    """
    Move positions by differential rotation to a date.

    Parameters
    ----------
    positions : `~astropy.coordinates.SkyCoord`
        In Carrington coordinates, shape (n,).
    date : `~astropy.time.Time`
        A single time.

    Returns
    -------
    longitude, latitude : array, shape (n,)
        Carrington coordinates in degrees.
    """
    if not positions.size:
        return np.empty((2, 0))
    latitude = positions.lat.deg
    elapsed = (date - positions.obstime).to_value(u.day)
    return (positions.lon.deg + carrington_drift(latitude) * elapsed) % 360, latitude


def positions_on(longitude, latitude, date, uncertainty=None):
    """
    Return positions of a date for the document.

    Parameters
    ----------
    longitude, latitude : array, shape (n,)
        Carrington coordinates in degrees.
    date : `~astropy.time.Time`
        A single time.
    uncertainty : array, shape (n,), optional
        Standard deviation along each axis in degrees.

    Returns
    -------
    `list` of `~sunpy_farside.bulletin.schema.Position`

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.bulletin.values import positions_on
    >>> positions_on([128.0], [10.0], Time("2022-05-05"))[0].stonyhurst_longitude
    180.0
    """
    if uncertainty is None:
        uncertainty = np.full(len(longitude), np.nan)
    center = far_side_central_meridian(date).deg - 180
    return [
        Position(
            carrington_longitude=round(float(lon), 1) % 360,
            latitude=number(lat, 1),
            stonyhurst_longitude=number((lon - center + 180) % 360 - 180, 1),
            uncertainty=number(error, 1),
        )
        for lon, lat, error in zip(longitude, latitude, uncertainty, strict=True)
    ]
