"""
Position of the Earth, which is computed once for every time.
"""

from dataclasses import dataclass

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

from sunpy.coordinates import get_earth, sun

__all__ = ["Earth", "earth_at", "earth_position", "remember_earth"]


@dataclass(frozen=True)
class Earth:
    """
    Position of the Earth at one time.

    Attributes
    ----------
    longitude, latitude : `float`
        Carrington coordinates in degrees.
    distance : `float`
        Distance from the Sun in meters.
    coordinate : `~astropy.coordinates.SkyCoord`
        The same in Stonyhurst coordinates.
    """

    longitude: float
    latitude: float
    distance: float
    coordinate: SkyCoord


# The header, the windows and the tables of a map all need the position at the same time.
_known: dict[tuple[float, float], Earth] = {}
_MOST_KNOWN = 4096


def remember_earth(times: Time) -> None:
    """
    Compute the positions of the Earth at many times together, to remember them.

    The computation takes hardly longer than that for one time.

    Parameters
    ----------
    times : `~astropy.time.Time`
        An array of times in any scale.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.coordinates.earth import remember_earth
    >>> from sunpy_farside.coordinates.far_side import disk_center_latitude
    >>> remember_earth(Time(["2022-05-05T00:00", "2022-05-05T12:00"]))
    >>> disk_center_latitude("2022-05-05T12:00").round(1)
    <Latitude -3.7 deg>
    """
    times = times.utc
    pairs = zip(times.jd1.tolist(), times.jd2.tolist(), strict=True)
    due = [pair for pair in dict.fromkeys(pairs) if pair not in _known]
    if not due:
        return
    dates = Time(*np.transpose(due), format="jd", scale="utc")
    earth, longitude = get_earth(dates), sun.L0(dates).to_value(u.deg)
    latitude, distance = earth.lat.to_value(u.deg), earth.radius.to_value(u.m)
    for k, pair in enumerate(due):
        _known[pair] = Earth(float(longitude[k]), float(latitude[k]), float(distance[k]), earth[k])
    for pair in list(_known)[: len(_known) - _MOST_KNOWN]:
        _known.pop(pair, None)


def earth_at(time: Time) -> Earth:
    """
    Return the position of the Earth at a time.

    Parameters
    ----------
    time : `~astropy.time.Time`
        A single time.

    Returns
    -------
    `Earth`
    """
    time = time.utc
    pair = float(time.jd1), float(time.jd2)
    earth = _known.get(pair)
    if earth is None:
        remember_earth(time.reshape(1))
        earth = _known[pair]
    return earth


def earth_position(time: Time) -> tuple[float, float]:
    """
    Return the heliographic latitude in degrees and the distance in meters of the Earth.

    Parameters
    ----------
    time : `~astropy.time.Time`
        A single time.

    Returns
    -------
    latitude, distance : `float`
    """
    earth = earth_at(time)
    return earth.latitude, earth.distance
