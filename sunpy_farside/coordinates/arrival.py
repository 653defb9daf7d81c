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
    "arrival_spread",
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
# Where tables of tracks keep the position that is known best, and its standard deviation.
_MEAN, _UNCERTAINTY = "mean_position", "position_uncertainty"
# How far the seismic signature of a region may lie poleward of its magnetic field, in degrees: 1 to
# 7 in all of five regions of the real Sun that were compared with magnetograms. Simulated regions
# lie where their field is.
_POLEWARD = 4.0


def east_limb_arrival(where):
    """
    Time at which regions come round the east limb.

    Parameters
    ----------
    where : `~astropy.coordinates.SkyCoord` or `~astropy.table.QTable`
        Positions in any frame with an observation time, or a table that has them in a column
        ``mean_position`` (tracks), ``latest_position`` or ``centroid`` (detections, region lists).

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
    Return the standard deviation of the time of arrival at the east limb.

    Parameters
    ----------
    where : `~astropy.coordinates.SkyCoord` or `~astropy.table.QTable`
        As for `east_limb_arrival`.
    scatter : `~astropy.units.Quantity`, optional
        Standard deviation of the position along each axis on the Sun. Of a table of tracks by
        default what is known of their mean positions.

    Returns
    -------
    `~astropy.units.Quantity`
        Days.

    Raises
    ------
    ValueError
        ``where`` is no table of tracks, and no scatter is given.

    Notes
    -----
    The error of the position in longitude and, through the limb's tilt and the rate of rotation, in
    latitude. Of tracks it is the calibrated ``position_uncertainty``
    (`sunpy_farside.catalogue.track_position.position_uncertainty`), and four degrees more in
    latitude: on the real Sun, seismic positions lie 1 to 7 degrees poleward of the field in all of
    five cases that were compared. A region's own motion and growth are not in it.

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
    if scatter is None and not _columns(where) & {_UNCERTAINTY, "scatter"}:
        msg = "Expected the scatter of the positions, found none. Give it with scatter=."
        raise ValueError(msg)
    return predict_arrival(where, scatter)[1]


def predict_arrival(where, scatter=None):
    """
    Return the arrival at the limb, its uncertainty, and the crossing of the central meridian.

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
        NaN where the scatter is not known.
    crossing : `~astropy.time.Time`
    """
    columns = _columns(where)
    position = where[_MEAN] if _MEAN in columns else positions_of(where)
    time, longitude, latitude, b0 = _view(position)
    arrival = time + east_limb_delay(longitude, latitude, b0) * u.day
    crossing = time + central_meridian_delay(longitude, latitude) * u.day
    poleward = 0.0
    if scatter is None and _UNCERTAINTY in columns:
        scatter, poleward = where[_UNCERTAINTY], _POLEWARD
    elif scatter is None:
        scatter = where["scatter"] if "scatter" in columns else np.nan * u.deg
    scatter = u.Quantity(scatter, u.deg).value
    uncertainty = arrival_spread(longitude, latitude, b0, scatter, np.hypot(scatter, poleward))
    return whole_seconds(arrival), uncertainty * u.day, whole_seconds(crossing)


def arrival_spread(longitude, latitude, b0, along, across):
    """
    Return the standard deviation of arrivals that errors of the position make.

    Parameters
    ----------
    longitude, latitude, b0 : array-like
        As for `east_limb_delay`.
    along, across : array-like
        Standard deviation of the position on the Sun along the parallel and along the meridian,
        degrees.

    Returns
    -------
    array
        Days.

    Examples
    --------
    >>> from sunpy_farside.coordinates.arrival import arrival_spread
    >>> float(arrival_spread(180, 20, 7, 3, 3).round(3))
    0.243
    """
    per_degree = 1 / (synodic_rate(latitude) * np.cos(np.deg2rad(latitude)))
    step = 0.01
    poleward = east_limb_delay(longitude, latitude + step, b0)
    poleward = (poleward - east_limb_delay(longitude, latitude - step, b0)) / (2 * step)
    return np.hypot(per_degree * along, poleward * across)


def _columns(where):
    return set(where.colnames) if isinstance(where, Table) else set()


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
