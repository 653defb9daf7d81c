"""
Where the far side is: its central meridian, map windows and their coordinates.

The far side is the hemisphere centred on the antipode of the disk centre seen from
Earth: Carrington longitude :math:`L_0 + 180°`, latitude :math:`-B_0`. The network
looks at a *window* of it: whole-degree nodes, 144 rows from latitude -72 to 71, and
an even number of columns around the far-side central meridian
(`Felipe & Asensio Ramos 2019 <https://doi.org/10.1051/0004-6361/201936838>`__).
"""

from functools import lru_cache

import numpy as np

import astropy.units as u
from astropy.coordinates import Angle, Latitude, Longitude, SkyCoord
from astropy.time import Time
from astropy.wcs import WCS

from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst, get_earth, sun
from sunpy.sun import constants
from sunpy.time import parse_time

__all__ = [
    "FIRST_LATITUDE",
    "WINDOW_ROWS",
    "carrington_drift",
    "carrington_frame",
    "carrington_header",
    "central_meridian_delay",
    "cut_columns",
    "disk_center_latitude",
    "disk_coordinates",
    "east_limb_delay",
    "far_side_center",
    "far_side_central_meridian",
    "far_side_distance",
    "separations",
    "synodic_rate",
    "to_carrington",
    "to_stonyhurst",
    "window_header",
    "window_longitudes",
    "window_start",
    "window_wcs",
]

# Latitudes -72..71 [Felipe & Asensio Ramos 2019, section 2.2].
FIRST_LATITUDE = -72
WINDOW_ROWS = 144


def far_side_central_meridian(time):
    """
    Carrington longitude of the far side's central meridian.

    Parameters
    ----------
    time : {parse_time_types}
        One time, or an array of times.

    Returns
    -------
    `~astropy.coordinates.Longitude`
        Longitude of Earth's central meridian plus 180 degrees, in [0, 360) degrees.

    Examples
    --------
    >>> from sunpy_farside.geometry import far_side_central_meridian
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
    time : {parse_time_types}

    Returns
    -------
    `~astropy.coordinates.SkyCoord`
        In `~sunpy.coordinates.HeliographicCarrington`, with ``time`` as its
        observation time and Earth as its observer. Its longitude is the far-side
        central meridian and its latitude is minus :math:`B_0`.

    Examples
    --------
    >>> from sunpy_farside.geometry import far_side_center
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
    time : {parse_time_types}
        One time.

    Returns
    -------
    `~astropy.coordinates.Latitude`

    Examples
    --------
    >>> from sunpy_farside.geometry import disk_center_latitude
    >>> disk_center_latitude("2022-05-05").round(1)
    <Latitude -3.8 deg>
    """
    time = parse_time(time)
    return Latitude(_earth_position(time.jd1, time.jd2)[0] * u.deg)


def window_start(central_meridian, width):
    """
    First Carrington longitude of a window, in whole degrees.

    Column ``width // 2`` of a window stands on the whole degree at or below the
    far-side central meridian, so that no window is ever interpolated.

    Parameters
    ----------
    central_meridian : `float` or array-like
        Carrington longitude in degrees.
    width : `int`
        Number of columns.

    Returns
    -------
    `int` or array of `int`
        Longitude of column 0 in [0, 360) degrees.

    Examples
    --------
    >>> from sunpy_farside.geometry import window_start
    >>> int(window_start(128.018, 120))
    68
    """
    return (np.floor(central_meridian).astype(int) - width // 2) % 360


def cut_columns(window, width):
    """
    Make a window narrower, around the same central meridian.

    Parameters
    ----------
    window : array, shape (..., columns)
    width : `int`
        Number of columns, no more than there are.

    Returns
    -------
    array, shape (..., width)

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.geometry import cut_columns
    >>> cut_columns(np.arange(140), 120)[[0, 60, -1]]
    array([ 10,  70, 129])
    """
    west = np.shape(window)[-1] // 2 - width // 2
    # Not a view, which would keep the columns that are left out.
    return window[..., west : west + width].copy()


def window_longitudes(time, width=120):
    """
    Carrington longitudes of a window's columns.

    Parameters
    ----------
    time : {parse_time_types}
        The time of the map, which decides where the far side is.
    width : `int`
        Number of columns.

    Returns
    -------
    `~astropy.units.Quantity`
        ``width`` whole degrees in [0, 360), growing westward and wrapped at the seam.

    Examples
    --------
    >>> from sunpy_farside.geometry import window_longitudes
    >>> window_longitudes("2022-05-05")[[0, 60, -1]]
    <Quantity [ 68., 128., 187.] deg>
    """
    start = window_start(far_side_central_meridian(time).deg, width)
    return np.arange(start, start + width) % 360 * u.deg


def carrington_header(time, shape, *, first_longitude, first_latitude):
    """
    FITS header of a one-degree Carrington map seen from Earth.

    The reference pixel is the column in the middle, so that a map of up to 361
    columns projects both ways without a jump, wherever the seam lies.

    Parameters
    ----------
    time : {parse_time_types}
        Date of the map. Carrington frames of two dates are different frames.
    shape : `tuple` of `int`
        Rows and columns.
    first_longitude, first_latitude : `int`
        Whole degrees at which the first column and the first row stand.

    Returns
    -------
    `dict`

    Examples
    --------
    >>> from sunpy_farside.geometry import carrington_header
    >>> header = carrington_header("2022-05-05", (181, 361), first_longitude=0, first_latitude=-90)
    >>> header["crval1"], header["crpix1"], header["crpix2"]
    (180.0, 181.0, 91.0)
    """
    time = parse_time(time)
    middle = shape[1] // 2
    earth_latitude, earth_distance = _earth_position(time.jd1, time.jd2)
    return {
        "wcsaxes": 2,
        "ctype1": "CRLN-CAR",
        "ctype2": "CRLT-CAR",
        "cunit1": "deg",
        "cunit2": "deg",
        "cdelt1": 1.0,
        "cdelt2": 1.0,
        "crpix1": middle + 1.0,
        "crpix2": 1.0 - first_latitude,
        "crval1": float((first_longitude + middle) % 360),
        # The CAR projection is only linear in latitude about the equator.
        "crval2": 0.0,
        "lonpole": 0.0,
        "latpole": 90.0,
        "date-obs": time.utc.isot,
        "mjd-obs": time.utc.mjd,
        "rsun_ref": constants.radius.to_value(u.m),
        # Stonyhurst longitudes count from Earth.
        "hgln_obs": 0.0,
        "hglt_obs": earth_latitude,
        "dsun_obs": earth_distance,
    }


def window_header(time, width=120):
    """
    FITS header of the window of a map.

    Parameters
    ----------
    time : {parse_time_types}
    width : `int`

    Returns
    -------
    `dict`

    Examples
    --------
    >>> from sunpy_farside.geometry import window_header
    >>> header = window_header("2022-05-05", 140)
    >>> header["crval1"], header["crpix1"], header["crpix2"]
    (128.0, 71.0, 73.0)
    """
    time = parse_time(time)
    start = int(window_start(far_side_central_meridian(time).deg, width))
    return carrington_header(
        time, (WINDOW_ROWS, width), first_longitude=start, first_latitude=FIRST_LATITUDE
    )


def window_wcs(time, width=120):
    """
    World coordinates of the window of a map.

    Parameters
    ----------
    time : {parse_time_types}
    width : `int`

    Returns
    -------
    `~astropy.wcs.WCS`
        Carrington coordinates at ``time`` with Earth as the observer.

    Examples
    --------
    >>> from sunpy_farside.geometry import window_wcs
    >>> corner = window_wcs("2022-05-05").pixel_to_world(0, 0)
    >>> corner.lon, corner.lat
    (<Longitude 68. deg>, <Latitude -72. deg>)
    """
    wcs = WCS(window_header(time, width))
    wcs.array_shape = (WINDOW_ROWS, width)
    return wcs


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
    >>> from sunpy_farside.geometry import far_side_center, to_stonyhurst
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
    >>> from sunpy_farside.geometry import to_carrington
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
    >>> from sunpy_farside.geometry import far_side_center, far_side_distance
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


def _earth_position(jd1, jd2):
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
    >>> from sunpy_farside.geometry import carrington_frame
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


def east_limb_delay(longitude, latitude, b0):
    r"""
    Days until differential rotation brings a point round the east limb.

    Parameters
    ----------
    longitude : array-like
        Stonyhurst longitude in degrees.
    latitude : array-like
        In degrees.
    b0 : array-like
        Latitude of the disk's centre in degrees.

    Returns
    -------
    array
        Days, negative for points that came round the limb less than ten days ago. Points so
        near to a pole that they never cross the limb are taken to cross the meridian instead.

    Notes
    -----
    The limb stands at the central-meridian distance
    :math:`-\arccos(-\tan\beta\,\tan B_0)`. The synodic rotation is
    :math:`14.38 - 1.95 s^2 - 2.18 s^4 - 0.9856` degrees a day with :math:`s = \sin\beta`
    [Snodgrass 1983, ApJ 270, 288]. JSOC's own arrival times follow from it within 0.1 days.

    Examples
    --------
    >>> from sunpy_farside.geometry import east_limb_delay
    >>> float(east_limb_delay(180, 0, 0).round(2))
    6.72
    """
    longitude, latitude, b0 = np.broadcast_arrays(longitude, latitude, b0)
    limb = -_limb_distance(latitude, b0)
    return (limb - _on_the_way(longitude)) / synodic_rate(latitude)


def central_meridian_delay(longitude, latitude):
    """
    Days until differential rotation brings a point to the disk's central meridian.

    Parameters
    ----------
    longitude : array-like
        Stonyhurst longitude in degrees.
    latitude : array-like
        In degrees.

    Returns
    -------
    array
        Days, negative for points up to 45 degrees west of the meridian.

    Examples
    --------
    >>> from sunpy_farside.geometry import central_meridian_delay
    >>> float(central_meridian_delay(180, 0).round(2))
    13.44
    """
    longitude, latitude = np.broadcast_arrays(longitude, latitude)
    return -_on_the_way(longitude) / synodic_rate(latitude)


def _on_the_way(longitude):
    """
    Stonyhurst longitudes from 315 degrees east of the central meridian to 45 degrees west of it.
    """
    return (longitude + 315) % 360 - 315


def carrington_drift(latitude):
    """
    Drift of magnetic features in Carrington longitude by differential rotation.

    Parameters
    ----------
    latitude : array-like
        In degrees.

    Returns
    -------
    array
        Degrees a day, positive westward [Snodgrass 1983, ApJ 270, 288; the Carrington grid turns
        by 14.1844 degrees a day].

    Examples
    --------
    >>> from sunpy_farside.geometry import carrington_drift
    >>> carrington_drift([0, 30]).round(2)
    array([ 0.2 , -0.43])
    """
    return synodic_rate(latitude) + 0.9856 - 14.1844


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
    >>> from sunpy_farside.geometry import separations
    >>> float(separations(359, 0, 2, 0).round(6))
    3.0
    """
    x, y, z = disk_coordinates(longitude, latitude, other_longitude, other_latitude)
    return np.rad2deg(np.arctan2(np.hypot(x, y), z))


def synodic_rate(latitude):
    """
    Rotation of magnetic features as seen from Earth.

    Parameters
    ----------
    latitude : array-like
        In degrees.

    Returns
    -------
    array
        Degrees a day [Snodgrass 1983, ApJ 270, 288].

    Examples
    --------
    >>> from sunpy_farside.geometry import synodic_rate
    >>> float(synodic_rate(0).round(4))
    13.3944
    """
    s2 = np.sin(np.deg2rad(latitude)) ** 2
    return 14.38 - 1.95 * s2 - 2.18 * s2**2 - 0.9856


def _limb_distance(latitude, b0):
    cosine = -np.tan(np.deg2rad(latitude)) * np.tan(np.deg2rad(b0))
    return np.rad2deg(np.arccos(np.clip(cosine, -1, 1)))
