"""
Coordinates of the far side, the hemisphere centered on the antipode of the disk center.

Its center has the Carrington longitude :math:`L_0 + 180°` and the latitude :math:`-B_0`.
"""

import numpy as np
from numpy.typing import ArrayLike

import astropy.units as u
from astropy.coordinates import (
    Angle,
    Latitude,
    Longitude,
    SkyCoord,
    UnitSphericalRepresentation,
)
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst, sun

from sunpy_farside.coordinates.earth import earth_at
from sunpy_farside.utils.inputs import user_time
from sunpy_farside.utils.moved import moved_names
from sunpy_farside.utils.typing import TimeLike

__all__ = [
    "carrington_frame",
    "disk_center_latitude",
    "disk_coordinates",
    "far_side_center",
    "far_side_central_meridian",
    "far_side_distance",
    "far_side_position",
    "separations",
    "to_carrington",
    "to_stonyhurst",
]

__getattr__ = moved_names(
    __name__, {"sunpy_farside.coordinates.earth": ["earth_position", "remember_earth"]}
)


def far_side_central_meridian(time: TimeLike) -> Longitude:
    """
    Return the Carrington longitude of the far-side central meridian.

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
    if not isinstance(time, Time):
        time = user_time(time)
    if time.isscalar:
        return Longitude(earth_at(time).longitude + 180, u.deg)
    return Longitude(sun.L0(time) + 180 * u.deg)


def far_side_position(time: Time) -> tuple[float, float]:
    """
    Return the Carrington longitude and the latitude of the far-side disk center as numbers.

    Parameters
    ----------
    time : `~astropy.time.Time`
        A single time.

    Returns
    -------
    longitude, latitude : `float`
        In degrees: the far-side central meridian in [0, 360), and :math:`-B_0`.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.coordinates.far_side import far_side_position
    >>> longitude, latitude = far_side_position(Time("2022-05-05"))
    >>> round(longitude, 1), round(latitude, 1)
    (128.0, 3.8)
    """
    earth = earth_at(time)
    return (earth.longitude + 180) % 360, -earth.latitude


def far_side_center(time: TimeLike) -> SkyCoord:
    """
    Return the far-side disk center, the antipode of the disk center seen from Earth.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`

    Returns
    -------
    `~astropy.coordinates.SkyCoord`
        In a `~sunpy.coordinates.HeliographicCarrington` frame with ``time`` as the
        observation time and the Earth as the observer. The longitude is that of the far-side
        central meridian, the latitude is :math:`-B_0`.

    Examples
    --------
    >>> from sunpy_farside.coordinates.far_side import far_side_center
    >>> far_side_center("2022-05-05").lat.round(1)
    <Latitude 3.8 deg>
    """
    time = user_time(time)
    return SkyCoord(
        far_side_central_meridian(time),
        -sun.B0(time),
        frame=HeliographicCarrington,
        obstime=time,
        observer="earth",
    )


def disk_center_latitude(time: TimeLike) -> Latitude:
    """
    Return the latitude :math:`B_0` of the disk center.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`
        A single time.

    Returns
    -------
    `~astropy.coordinates.Latitude`

    Examples
    --------
    >>> from sunpy_farside.coordinates.far_side import disk_center_latitude
    >>> disk_center_latitude("2022-05-05").round(1)
    <Latitude -3.8 deg>
    """
    time = user_time(time)
    return Latitude(earth_at(time).latitude * u.deg)


def to_stonyhurst(coordinate: SkyCoord) -> SkyCoord:
    """
    Transform points to Stonyhurst coordinates at their own observation time.

    Parameters
    ----------
    coordinate : `~astropy.coordinates.SkyCoord`
        In any frame with an observation time.

    Returns
    -------
    `~astropy.coordinates.SkyCoord`
        The east limb is near longitude -90 degrees, the far-side central meridian at 180.

    Examples
    --------
    >>> from sunpy_farside.coordinates.far_side import far_side_center, to_stonyhurst
    >>> abs(to_stonyhurst(far_side_center("2022-05-05")).lon).round(2)
    <Angle 180. deg>
    """
    return coordinate.transform_to(HeliographicStonyhurst(obstime=coordinate.obstime))


def to_carrington(coordinate: SkyCoord) -> SkyCoord:
    """
    Transform points to Carrington coordinates, seen from Earth at their own observation time.

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


def far_side_distance(coordinate: SkyCoord) -> Angle:
    """
    Compute the angular distance of points from the far-side disk center.

    Parameters
    ----------
    coordinate : `~astropy.coordinates.SkyCoord`
        In any frame with an observation time.

    Returns
    -------
    `~astropy.coordinates.Angle`
        Below 90 degrees on the far side.

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


def carrington_frame(
    time: Time, points: UnitSphericalRepresentation | None = None
) -> HeliographicCarrington:
    """
    Return the Carrington frame of a time, seen from Earth.

    Parameters
    ----------
    time : `~astropy.time.Time`
        A single time.
    points : `~astropy.coordinates.UnitSphericalRepresentation`, optional
        Longitudes and latitudes of points in the frame.

    Returns
    -------
    `~sunpy.coordinates.HeliographicCarrington`
        With the coordinates of the Earth as the observer: with ``observer="earth"``, sunpy would
        compute them at every use.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.coordinates.far_side import carrington_frame
    >>> carrington_frame(Time("2022-05-05")).observer.radius.to("AU").round(3)
    <Distance 1.008 AU>
    """
    data = () if points is None else (points,)
    observer = earth_at(time).coordinate
    return HeliographicCarrington(*data, obstime=time, observer=observer, copy=False)


def disk_coordinates(
    longitude: ArrayLike,
    latitude: ArrayLike,
    center_longitude: ArrayLike,
    center_latitude: ArrayLike,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Project points on the sphere orthographically onto the disk around a center.

    Parameters
    ----------
    longitude, latitude : array-like
        Points in degrees.
    center_longitude, center_latitude : array-like
        Sub-observer point in degrees.

    Returns
    -------
    x, y, z : arrays
        In solar radii: ``x`` westward and ``y`` northward on the disk, ``z`` toward the observer
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


def separations(
    longitude: ArrayLike, latitude: ArrayLike, other_longitude: ArrayLike, other_latitude: ArrayLike
) -> np.ndarray:
    """
    Compute the angular distances between points on the sphere.

    Parameters
    ----------
    longitude, latitude : array-like
        In degrees.
    other_longitude, other_latitude : array-like
        In degrees, with a shape that broadcasts against the first.

    Returns
    -------
    array
        In degrees, from 0 to 180.

    Examples
    --------
    >>> from sunpy_farside.coordinates.far_side import separations
    >>> float(separations(359, 0, 2, 0).round(6))
    3.0
    """
    x, y, z = disk_coordinates(longitude, latitude, other_longitude, other_latitude)
    return np.rad2deg(np.arctan2(np.hypot(x, y), z))
