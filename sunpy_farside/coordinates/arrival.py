"""
Times at which regions rotate onto the near side, across the east limb.
"""

import numpy as np
from numpy.typing import ArrayLike

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

# Columns of positions: of tracks, then of detections and region lists.
_POSITIONS = ("latest_position", "centroid")
# Columns of the mean position of a track and its standard deviation.
_MEAN, _UNCERTAINTY = "mean_position", "position_uncertainty"
# Offsets of the seismic position of a region from its magnetic field, in degrees on the Sun, which
# simulated regions do not have. Along the parallel, a standard deviation: fitted to JSOC's region
# lists of 2010 to 2021 and magnetograms of their regions (benchmarks/compare_real_arrivals.py).
# Along the meridian: 1 to 7 poleward in each of five regions that were compared with magnetograms.
OFFSET, POLEWARD = 2.2, 4.0


def east_limb_arrival(where: SkyCoord | Table) -> Time:
    """
    Return the times at which regions cross the east limb onto the near side.

    Parameters
    ----------
    where : `~astropy.coordinates.SkyCoord` or `~astropy.table.QTable`
        Positions in any frame with an observation time, or a table with a column
        ``mean_position`` (tracks), ``latest_position`` or ``centroid`` (detections, region lists).

    Returns
    -------
    `~astropy.time.Time`
        Rounded to seconds. In the past for regions that crossed the limb less than ten days
        before their observation time.

    Raises
    ------
    ValueError
        The positions have no observation time, or the table has no positions.

    See Also
    --------
    arrival_uncertainty : Standard deviation of these times.
    central_meridian_crossing : Times at which the regions face the Earth.

    Notes
    -----
    The position of the limb follows from the tilt :math:`B_0` at the observation time, and the
    motion from the differential rotation of magnetic features (`east_limb_delay`).

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


def central_meridian_crossing(where: SkyCoord | Table) -> Time:
    """
    Return the times at which regions cross the central meridian of the visible disk.

    Parameters
    ----------
    where : `~astropy.coordinates.SkyCoord` or `~astropy.table.QTable`
        As for `east_limb_arrival`.

    Returns
    -------
    `~astropy.time.Time`
        Rounded to seconds.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from sunpy.coordinates import frames
    >>> from sunpy_farside.coordinates import central_meridian_crossing
    >>> frame = frames.HeliographicCarrington(obstime="2022-05-05", observer="earth")
    >>> central_meridian_crossing(SkyCoord(98.7 * u.deg, 20.8 * u.deg, frame=frame)).isot[:10]
    '2022-05-20'
    """
    return predict_arrival(where)[2]


def arrival_uncertainty(where: SkyCoord | Table, scatter: u.Quantity | None = None) -> u.Quantity:
    """
    Return the standard deviation of the times of arrival at the east limb.

    Parameters
    ----------
    where : `~astropy.coordinates.SkyCoord` or `~astropy.table.QTable`
        As for `east_limb_arrival`.
    scatter : `~astropy.units.Quantity`, optional
        Standard deviation of the position along each axis on the Sun. By default, that of the
        mean positions in a table of tracks.

    Returns
    -------
    `~astropy.units.Quantity`
        In days.

    Raises
    ------
    ValueError
        ``where`` is not a table of tracks, and no scatter is given.

    Notes
    -----
    Errors in longitude shift the arrival directly, errors in latitude through the tilt of the limb
    and the rate of rotation. For tracks, the error is the calibrated ``position_uncertainty``
    (`sunpy_farside.catalog.track_position.position_uncertainty`), combined with two offsets of the
    seismic position from the magnetic field that simulated regions do not have: 2.2 degrees along
    the parallel, from the comparison of JSOC's region lists with magnetograms, and four degrees
    along the meridian, because the seismic position was 1 to 7 degrees poleward in each of five
    observed cases.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from sunpy.coordinates import frames
    >>> from sunpy_farside.coordinates import arrival_uncertainty
    >>> frame = frames.HeliographicCarrington(obstime="2022-05-05", observer="earth")
    >>> position = SkyCoord(98.7 * u.deg, 20.8 * u.deg, frame=frame)
    >>> arrival_uncertainty(position, 3 * u.deg).round(2)
    <Quantity 0.26 d>
    """
    if scatter is None and not _columns(where) & {_UNCERTAINTY, "scatter"}:
        msg = "Expected the scatter of the positions, found none. Give it with scatter=."
        raise ValueError(msg)
    return predict_arrival(where, scatter)[1]


def predict_arrival(
    where: SkyCoord | Table, scatter: u.Quantity | None = None
) -> tuple[Time, u.Quantity, Time]:
    """
    Return the times of arrival at the east limb, their uncertainty and the meridian crossings.

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
        In days; NaN where the scatter is missing.
    crossing : `~astropy.time.Time`
    """
    columns = _columns(where)
    position = where[_MEAN] if _MEAN in columns else positions_of(where)
    time, longitude, latitude, b0 = _view(position)
    arrival = time + east_limb_delay(longitude, latitude, b0) * u.day
    crossing = time + central_meridian_delay(longitude, latitude) * u.day
    offsets = 0.0, 0.0
    if scatter is None and _UNCERTAINTY in columns:
        scatter, offsets = where[_UNCERTAINTY], (OFFSET, POLEWARD)
    elif scatter is None:
        scatter = where["scatter"] if "scatter" in columns else np.nan * u.deg
    scatter = u.Quantity(scatter, u.deg).value
    along, across = (np.hypot(scatter, offset) for offset in offsets)
    uncertainty = arrival_spread(longitude, latitude, b0, along, across)
    return whole_seconds(arrival), uncertainty * u.day, whole_seconds(crossing)


def arrival_spread(
    longitude: float | np.ndarray,
    latitude: float | np.ndarray,
    b0: float | np.ndarray,
    along: float | np.ndarray,
    across: float | np.ndarray,
) -> np.ndarray:
    """
    Propagate errors of the position to a standard deviation of the arrival at the east limb.

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
        In days.

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
    Return the observation time, Stonyhurst longitude, latitude and B0, the angles in degrees.
    """
    if not position.size:
        # Empty coordinates cannot be transformed.
        return Time(np.empty(0), format="mjd"), *np.empty((3, 0))
    time = position.obstime
    if time is None:
        msg = "Expected positions with an observation time, found none. Give the frame an obstime."
        raise ValueError(msg)
    point = position if _seen_from_earth(position) else to_carrington(position)
    # The orientation of the Sun is slow to compute, and many regions share a date.
    _, first, owner = np.unique(time.mjd, return_index=True, return_inverse=True)
    dates = time.reshape(-1)[first]
    meridian = (far_side_central_meridian(dates).deg - 180)[owner].reshape(time.shape)
    # The latitude of the Earth is that of the disk center, B0.
    return time, point.lon.deg - meridian, point.lat.deg, point.observer.lat.deg


def _seen_from_earth(position):
    """
    Return whether positions are in a Carrington frame with the Earth as observer.
    """
    if not isinstance(position.frame, HeliographicCarrington):
        return False
    observer = position.observer
    # Only the distance of the observer matters: it sets the light travel time.
    return observer is not None and bool(
        np.all(np.abs(observer.lon) < 0.01 * u.deg)
        and np.all(np.abs(observer.lat) < 8 * u.deg)
        and np.all(np.abs(observer.radius - 1 * u.au) < 0.03 * u.au)
    )


def positions_of(where: SkyCoord | Table) -> SkyCoord:
    """
    Return the positions of regions from coordinates or a table.

    Parameters
    ----------
    where : `~astropy.coordinates.SkyCoord` or `~astropy.table.QTable`
        Positions, or a table with a column ``latest_position`` or ``centroid``.

    Returns
    -------
    `~astropy.coordinates.SkyCoord`

    Raises
    ------
    TypeError
        ``where`` is neither.
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


def east_limb_delay(longitude: ArrayLike, latitude: ArrayLike, b0: ArrayLike) -> np.ndarray:
    r"""
    Compute the time until differential rotation carries a point across the east limb.

    Parameters
    ----------
    longitude : array-like
        Stonyhurst longitude in degrees.
    latitude : array-like
        Latitude in degrees.
    b0 : array-like
        Latitude of the disk center in degrees.

    Returns
    -------
    array
        In days; negative for points that crossed the limb less than ten days ago. Points too
        close to a pole to cross the limb are assigned the crossing of the central meridian.

    Notes
    -----
    At the latitude :math:`\beta`, the limb is at the central-meridian distance
    :math:`-\arccos(-\tan\beta\,\tan B_0)`. The synodic rotation rate is
    :math:`14.38 - 1.95 s^2 - 2.18 s^4 - 0.9856` degrees per day with :math:`s = \sin\beta`
    [Snodgrass 1983, ApJ 270, 288]. It reproduces the arrival times published by JSOC to within
    0.1 days.

    Examples
    --------
    >>> from sunpy_farside.coordinates.arrival import east_limb_delay
    >>> float(east_limb_delay(180, 0, 0).round(2))
    6.72
    """
    longitude, latitude, b0 = np.broadcast_arrays(longitude, latitude, b0)
    limb = -_limb_distance(latitude, b0)
    return (limb - _on_the_way(longitude)) / synodic_rate(latitude)


def central_meridian_delay(longitude: ArrayLike, latitude: ArrayLike) -> np.ndarray:
    """
    Compute the time until differential rotation carries a point to the central meridian.

    Parameters
    ----------
    longitude : array-like
        Stonyhurst longitude in degrees.
    latitude : array-like
        Latitude in degrees.

    Returns
    -------
    array
        In days; negative for points up to 45 degrees west of the meridian.

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
    Wrap Stonyhurst longitudes to the range from -315 to 45 degrees.
    """
    return (longitude + 315) % 360 - 315


def _limb_distance(latitude, b0):
    cosine = -np.tan(np.deg2rad(latitude)) * np.tan(np.deg2rad(b0))
    return np.rad2deg(np.arccos(np.clip(cosine, -1, 1)))
