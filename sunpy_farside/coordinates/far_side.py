"""
The far side: the hemisphere centered on the antipode of the disk center seen from Earth.

Its center has the Carrington longitude :math:`L_0 + 180°` and the latitude :math:`-B_0`.
"""

from functools import lru_cache

import numpy as np

import astropy.units as u
from astropy.coordinates import Angle, Latitude, Longitude, SkyCoord
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst, get_earth, sun
from sunpy.time import parse_time

__all__ = [
    "carrington_frame",
    "disk_center_latitude",
    "disk_coordinates",
    "earth_position",
    "far_side_center",
    "far_side_central_meridian",
    "far_side_distance",
    "separations",
    "to_carrington",
    "to_stonyhurst",
]


def far_side_central_meridian(time):
    """
    Carrington longitude of the far side's central meridian.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`
        One time, or an array of times.

    Returns
    -------
    `~astropy.coordinates.Longitude`
        Longitude of Earth's central meridian plus 180 degrees, in [0, 360) degrees.

    Examples
    --------
    >>> from sunpy_farside.coordinates.far_side import far_side_central_meridian
    >>> far_side_central_meridian("2022-05-05").round(1)
    <Longitude 128. deg>
    """
    time = parse_time(time)
    meridian = _earth_longitude(time.jd1, time.jd2) * u.deg if time.isscalar else sun.L0(time)
    return Longitude(meridian + 180 * u.deg)


def far_side_center(time):
    """
    The far-side vantage: the point of the Sun opposite to the disk centre.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`

    Returns
    -------
    `~astropy.coordinates.SkyCoord`
        In `~sunpy.coordinates.HeliographicCarrington`, with ``time`` as its
        observation time and Earth as its observer. Its longitude is the far-side
        central meridian and its latitude is minus :math:`B_0`.

    Examples
    --------
    >>> from sunpy_farside.coordinates.far_side import far_side_center
    >>> far_side_center("2022-05-05").lat.round(1)
    <Latitude 3.8 deg>
    """
    time = parse_time(time)
    return SkyCoord(
        far_side_central_meridian(time),
        -sun.B0(time),
        frame=HeliographicCarrington,
        obstime=time,
        observer="earth",
    )


def disk_center_latitude(time):
    """
    Latitude :math:`B_0` of the disk's centre.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`
        One time.

    Returns
    -------
    `~astropy.coordinates.Latitude`

    Examples
    --------
    >>> from sunpy_farside.coordinates.far_side import disk_center_latitude
    >>> disk_center_latitude("2022-05-05").round(1)
    <Latitude -3.8 deg>
    """
    time = parse_time(time)
    return Latitude(earth_position(time.jd1, time.jd2)[0] * u.deg)


def to_stonyhurst(coordinate):
    """
    Stonyhurst view of a point: longitude from Earth's central meridian.

    Parameters
    ----------
    coordinate : `~astropy.coordinates.SkyCoord`
        In any frame with an observation time.

    Returns
    -------
    `~astropy.coordinates.SkyCoord`
        The east limb is near -90 degrees, the far side's central meridian at 180.

    Examples
    --------
    >>> from sunpy_farside.coordinates.far_side import far_side_center, to_stonyhurst
    >>> abs(to_stonyhurst(far_side_center("2022-05-05")).lon).round(2)
    <Angle 180. deg>
    """
    return coordinate.transform_to(HeliographicStonyhurst(obstime=coordinate.obstime))


def to_carrington(coordinate):
    """
    Carrington view of a point, as Earth sees it at the point's own time.

    Parameters
    ----------
    coordinate : `~astropy.coordinates.SkyCoord`
        In any frame with an observation time.

    Returns
    -------
    `~astropy.coordinates.SkyCoord`

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from sunpy.coordinates import frames
    >>> from sunpy_farside.coordinates.far_side import to_carrington
    >>> frame = frames.HeliographicStonyhurst(obstime="2022-05-05")
    >>> center = SkyCoord(180 * u.deg, 0 * u.deg, frame=frame)
    >>> to_carrington(center).lon.round(1)
    <Longitude 128. deg>
    """
    return coordinate.transform_to(
        HeliographicCarrington(obstime=coordinate.obstime, observer="earth")
    )


def far_side_distance(coordinate):
    """
    Angular distance of a point from the far side's centre.

    Parameters
    ----------
    coordinate : `~astropy.coordinates.SkyCoord`
        In any frame with an observation time.

    Returns
    -------
    `~astropy.coordinates.Angle`
        Less than 90 degrees on the far side.

    Examples
    --------
    >>> from sunpy_farside.coordinates.far_side import far_side_center, far_side_distance
    >>> far_side_distance(far_side_center("2022-05-05")).round(3)
    <Angle 0. deg>
    """
    point = to_carrington(coordinate)
    center = far_side_center(point.obstime)
    distance = separations(point.lon.deg, point.lat.deg, center.lon.deg, center.lat.deg)
    return Angle(distance, u.deg)


# One map's time is asked for again by its header, its windows and its table.
@lru_cache(maxsize=4096)
def _earth_longitude(jd1, jd2):
    return sun.L0(Time(jd1, jd2, format="jd")).to_value(u.deg)


@lru_cache(maxsize=4096)
def _earth(jd1, jd2):
    return get_earth(Time(jd1, jd2, format="jd"))


def earth_position(jd1, jd2):
    """
    Return the latitude in degrees and the distance in meters of the Earth.

    Parameters
    ----------
    jd1, jd2 : `float`
        The two parts of a Julian date, as `~astropy.time.Time` has them.

    Returns
    -------
    latitude, distance : `float`
    """
    earth = _earth(jd1, jd2)
    return earth.lat.to_value(u.deg), earth.radius.to_value(u.m)


def carrington_frame(time):
    """
    Carrington coordinates of a time, seen from Earth.

    Parameters
    ----------
    time : `~astropy.time.Time`
        A single one.

    Returns
    -------
    `~sunpy.coordinates.HeliographicCarrington`
        Where the Earth is stands in it: with ``observer="earth"`` sunpy would look for it at
        every use.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.coordinates.far_side import carrington_frame
    >>> carrington_frame(Time("2022-05-05")).observer.radius.to("AU").round(3)
    <Distance 1.008 AU>
    """
    return HeliographicCarrington(obstime=time, observer=_earth(time.jd1, time.jd2))


def disk_coordinates(longitude, latitude, center_longitude, center_latitude):
    """
    Orthographic view of points on the sphere from above a centre.

    Parameters
    ----------
    longitude, latitude : array-like
        Points in degrees.
    center_longitude, center_latitude : array-like
        Point below the viewer in degrees.

    Returns
    -------
    x, y, z : arrays
        In solar radii: ``x`` westward and ``y`` northward on the disk, ``z`` towards the viewer
        (negative behind the limb).
    """
    longitude = np.deg2rad(np.asarray(longitude) - np.asarray(center_longitude))
    latitude = np.deg2rad(latitude)
    center_latitude = np.deg2rad(center_latitude)
    sin_lat, cos_lat = np.sin(latitude), np.cos(latitude)
    sin_center, cos_center = np.sin(center_latitude), np.cos(center_latitude)
    toward = cos_lat * np.cos(longitude)
    x = cos_lat * np.sin(longitude)
    y = cos_center * sin_lat - sin_center * toward
    z = sin_center * sin_lat + cos_center * toward
    return x, y, z


def separations(longitude, latitude, other_longitude, other_latitude):
    """
    Angular distances of points on the sphere.

    Parameters
    ----------
    longitude, latitude : array-like
        In degrees.
    other_longitude, other_latitude : array-like
        In degrees, of a shape that broadcasts against the first.

    Returns
    -------
    array
        Degrees, from 0 to 180.

    Examples
    --------
    >>> from sunpy_farside.coordinates.far_side import separations
    >>> float(separations(359, 0, 2, 0).round(6))
    3.0
    """
    x, y, z = disk_coordinates(longitude, latitude, other_longitude, other_latitude)
    return np.rad2deg(np.arctan2(np.hypot(x, y), z))
