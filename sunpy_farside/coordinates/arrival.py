"""
When regions come round the east limb.
"""

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington

from sunpy_farside.coordinates.far_side import far_side_central_meridian, to_carrington
from sunpy_farside.coordinates.rotation import synodic_rate
from sunpy_farside.utils.tables import whole_seconds

__all__ = [
    "arrival_uncertainty",
    "central_meridian_crossing",
    "central_meridian_delay",
    "east_limb_arrival",
    "east_limb_delay",
    "positions_of",
    "predict_arrival",
]

# Where tables keep positions: tracks, then detections and lists.
_POSITIONS = ("latest_position", "centroid")


def east_limb_arrival(where):
    """
    Time at which regions come round the east limb.

    Parameters
    ----------
    where : `~astropy.coordinates.SkyCoord` or `~astropy.table.QTable`
        Positions in any frame with an observation time, or a table that has them in a column
        ``latest_position`` or ``centroid``: tracks, detections, region lists.

    Returns
    -------
    `~astropy.time.Time`
        To the second, in the past for regions that came round the limb less than ten days before
        their observation time.

    Raises
    ------
    ValueError
        The positions have no observation time, or the table no positions.

    See Also
    --------
    arrival_uncertainty : how well it is known.
    central_meridian_crossing : when the regions face the Earth.

    Notes
    -----
    See `east_limb_delay`: the limb with the tilt :math:`B_0` of the
    observation time, and the differential rotation of magnetic features.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from sunpy.coordinates import frames
    >>> from sunpy_farside import east_limb_arrival
    >>> frame = frames.HeliographicCarrington(obstime="2022-05-05", observer="earth")
    >>> east_limb_arrival(SkyCoord(98.7 * u.deg, 20.8 * u.deg, frame=frame)).isot[:10]
    '2022-05-14'
    """
    return predict_arrival(where)[0]


def central_meridian_crossing(where):
    """
    Time at which regions cross the central meridian of the disk.

    Parameters
    ----------
    where : `~astropy.coordinates.SkyCoord` or `~astropy.table.QTable`
        As for `east_limb_arrival`.

    Returns
    -------
    `~astropy.time.Time`
        To the second.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from sunpy.coordinates import frames
    >>> from sunpy_farside import central_meridian_crossing
    >>> frame = frames.HeliographicCarrington(obstime="2022-05-05", observer="earth")
    >>> central_meridian_crossing(SkyCoord(98.7 * u.deg, 20.8 * u.deg, frame=frame)).isot[:10]
    '2022-05-20'
    """
    return predict_arrival(where)[2]


def arrival_uncertainty(where, scatter=None):
    """
    Standard deviation of the time of arrival at the east limb.

    Parameters
    ----------
    where : `~astropy.coordinates.SkyCoord` or `~astropy.table.QTable`
        As for `east_limb_arrival`.
    scatter : `~astropy.units.Quantity`, optional
        Standard deviation of the position along each axis on the Sun. The column ``scatter`` of a
        table of tracks by default.

    Returns
    -------
    `~astropy.units.Quantity`
        Days. NaN where the scatter is not known, as for a region that was seen once.

    Raises
    ------
    ValueError
        ``where`` has no column ``scatter``, and none is given.

    Notes
    -----
    The scatter in longitude and, through the limb's tilt and the rate of rotation, in latitude.
    A region's own motion and growth are not in it.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from sunpy.coordinates import frames
    >>> from sunpy_farside import arrival_uncertainty
    >>> frame = frames.HeliographicCarrington(obstime="2022-05-05", observer="earth")
    >>> position = SkyCoord(98.7 * u.deg, 20.8 * u.deg, frame=frame)
    >>> arrival_uncertainty(position, 3 * u.deg).round(2)
    <Quantity 0.26 d>
    """
    if scatter is None:
        if not isinstance(where, Table) or "scatter" not in where.colnames:
            msg = "Expected the scatter of the positions, found none. Give it with scatter=."
            raise ValueError(msg)
        scatter = where["scatter"]
    return predict_arrival(where, scatter)[1]


def predict_arrival(where, scatter=np.nan * u.deg):
    """
    All that is said of regions that are on their way.

    Parameters
    ----------
    where : `~astropy.coordinates.SkyCoord` or `~astropy.table.QTable`
        As for `east_limb_arrival`.
    scatter : `~astropy.units.Quantity`, optional
        As for `arrival_uncertainty`.

    Returns
    -------
    arrival : `~astropy.time.Time`
    uncertainty : `~astropy.units.Quantity`
    crossing : `~astropy.time.Time`
    """
    time, longitude, latitude, b0 = _view(positions_of(where))
    arrival = time + east_limb_delay(longitude, latitude, b0) * u.day
    crossing = time + central_meridian_delay(longitude, latitude) * u.day
    along = 1 / (synodic_rate(latitude) * np.cos(np.deg2rad(latitude)))
    step = 0.01
    across = east_limb_delay(longitude, latitude + step, b0)
    across = (across - east_limb_delay(longitude, latitude - step, b0)) / (2 * step)
    uncertainty = np.hypot(along, across) * u.Quantity(scatter, u.deg).value * u.day
    return whole_seconds(arrival), uncertainty, whole_seconds(crossing)


def _view(position):
    """
    Observation time, Stonyhurst longitude, latitude and the disk centre's latitude, in degrees.
    """
    if not position.size:
        # Nothing can be transformed, and nothing needs to be.
        return Time(np.empty(0), format="mjd"), *np.empty((3, 0))
    time = position.obstime
    if time is None:
        msg = "Expected positions with an observation time, found none. Give the frame an obstime."
        raise ValueError(msg)
    point = position if _seen_from_earth(position) else to_carrington(position)
    # The Sun's orientation takes time to find, and many regions share a date.
    _, first, owner = np.unique(time.mjd, return_index=True, return_inverse=True)
    dates = time.reshape(-1)[first]
    meridian = (far_side_central_meridian(dates).deg - 180)[owner].reshape(time.shape)
    # The Earth stands above the disk's centre.
    return time, point.lon.deg - meridian, point.lat.deg, point.observer.lat.deg


def _seen_from_earth(position):
    """
    Whether positions are those of a Carrington frame with the Earth as its observer.
    """
    if not isinstance(position.frame, HeliographicCarrington):
        return False
    observer = position.observer
    # What matters of the observer is the distance, which delays the light.
    return observer is not None and bool(
        np.all(np.abs(observer.lon) < 0.01 * u.deg)
        and np.all(np.abs(observer.lat) < 8 * u.deg)
        and np.all(np.abs(observer.radius - 1 * u.au) < 0.03 * u.au)
    )


def positions_of(where):
    """
    Positions of regions.

    Parameters
    ----------
    where : `~astropy.coordinates.SkyCoord` or `~astropy.table.QTable`
        Positions, or a table that has them in a column ``latest_position`` or ``centroid``.

    Returns
    -------
    `~astropy.coordinates.SkyCoord`

    Raises
    ------
    TypeError
        It is neither.
    ValueError
        The table has no positions.
    """
    if isinstance(where, SkyCoord):
        return where
    if isinstance(where, Table):
        for name in _POSITIONS:
            if name in where.colnames:
                return where[name]
        msg = f"Expected a column {' or '.join(_POSITIONS)}, found {', '.join(where.colnames)}."
        raise ValueError(msg)
    msg = f"Expected a SkyCoord or a table, found {type(where).__name__}."
    raise TypeError(msg)


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
    >>> from sunpy_farside.coordinates.arrival import east_limb_delay
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
    >>> from sunpy_farside.coordinates.arrival import central_meridian_delay
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


def _limb_distance(latitude, b0):
    cosine = -np.tan(np.deg2rad(latitude)) * np.tan(np.deg2rad(b0))
    return np.rad2deg(np.arccos(np.clip(cosine, -1, 1)))
