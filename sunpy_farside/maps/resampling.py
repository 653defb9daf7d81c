"""
Resampling of maps on any grid to the whole-degree nodes used by the detection methods.
"""

import numpy as np

import astropy.units as u

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import FIRST_LATITUDE, WINDOW_ROWS, carrington_wcs
from sunpy_farside.errors import SequenceError
from sunpy_farside.maps.orientation import (
    CYLINDRICAL,
    columns_around,
    scale_matrix,
    turn_to,
    upright,
    whole_degree_nodes,
)
from sunpy_farside.utils.moved import moved_names

__all__ = [
    "globe_of",
    "phases_of",
    "values_of",
]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.maps.orientation": [
            "is_cylindrical",
            "turn_to",
            "upright",
            "whole_degree_nodes",
        ],
    },
)


def globe_of(item):
    """
    Resample a map to whole degrees at all longitudes and the latitudes of the windows.

    Parameters
    ----------
    item : `~sunpy.map.GenericMap`
        Phase shifts in any unit of angle, on any grid of solar coordinates. A map on whole
        degrees, in any orientation by right angles, is copied by index, exactly; any other is
        interpolated with `reproject.reproject_interp`, in the Carrington frame of its own date:
        bilinearly, and from the nearest pixel next to missing data.

    Returns
    -------
    array of `numpy.float32`, shape (144, 360)
        Phase shifts in rad; NaN where data are missing. Column ``k`` is at Carrington longitude
        ``k`` and row 0 at latitude -72 degrees.

    Raises
    ------
    SequenceError
        The unit is not an angle, or the map is too wide for the angle by which it is rotated.

    Examples
    --------
    >>> from sunpy_farside.simulation import simulate_maps
    >>> from sunpy_farside.maps.resampling import globe_of
    >>> phase_map = simulate_maps("2022-05-05", 1, seed=1).maps[0]
    >>> globe_of(phase_map).shape
    (144, 360)
    """
    data, wcs = upright(phases_of(item), item.wcs)
    nodes = whole_degree_nodes(wcs, data.shape)
    return _resample(data, wcs, item.date) if nodes is None else copy_nodes(data, *nodes)


def phases_of(item):
    """
    Return the phase shifts of a map in radian, with masked pixels as NaN.

    Parameters
    ----------
    item : `~sunpy.map.GenericMap`

    Returns
    -------
    array of `float`
        With the shape of the map.

    Raises
    ------
    SequenceError
        The map has no unit, or one that is not an angle.
    """
    data = values_of(item)
    return data if item.unit == u.rad else data * data.dtype.type(_radians(item))


def values_of(item):
    """
    Return the values of a map, with masked pixels as NaN.

    Parameters
    ----------
    item : `~sunpy.map.GenericMap`

    Returns
    -------
    array of `float`
    """
    data = np.ma.filled(item.data, np.nan) if np.ma.isMA(item.data) else np.asarray(item.data)
    if not np.issubdtype(data.dtype, np.floating):
        data = data.astype(float)
    if item.mask is not None:
        data = np.where(item.mask, data.dtype.type(np.nan), data)
    return data


def _radians(item):
    """
    Return the size of the unit of a map in radian.
    """
    if item.unit is not None and item.unit.is_equivalent(u.rad):
        return item.unit.to(u.rad)
    found = "none" if item.unit is None else str(item.unit)
    msg = (
        f"Expected phases in rad or another unit of angle, found the unit {found} in the map of "
        f"{item.date.isot[:16]}. Convert the map to rad."
    )
    raise SequenceError(msg)


def copy_nodes(data, first_longitude, first_latitude):
    """
    Copy a map on whole degrees by index to an array of all longitudes.
    """
    rows, columns = data.shape
    globe = np.full((WINDOW_ROWS, 360), np.nan, dtype=np.float32)
    south = FIRST_LATITUDE - first_latitude
    inside = slice(max(south, 0), min(south + WINDOW_ROWS, rows))
    part = data[inside]
    target = globe[max(-south, 0) : max(-south, 0) + len(part)]
    longitudes = (first_longitude + np.arange(columns)) % 360
    target[:, longitudes[:360]] = part[:, :360]
    # A meridian that both ends of the map contain has data if either of them has.
    for column in range(360, columns):
        meridian = target[:, longitudes[column]]
        target[:, longitudes[column]] = np.where(np.isnan(meridian), part[:, column], meridian)
    return globe


def _resample(data, wcs, date):
    """
    Interpolate a map at whole degrees of all longitudes.
    """
    # Slow to import, and needed only for maps that are not on whole degrees.
    from reproject import reproject_interp

    middle = int(np.floor(far_side_central_meridian(date).deg))
    _check_seam(wcs, data.shape)
    data, wcs = turn_to(np.asarray(data, dtype=float), wcs, middle)
    if columns_around(wcs, data.shape) is not None:
        # Interpolation needs a neighbor on both sides of the map's edge.
        data = np.pad(data, ((0, 0), (1, 1)), mode="wrap")
        wcs.wcs.crpix = np.add(wcs.wcs.crpix, (1, 0))
        wcs.wcs.set()
    first = middle - 180
    target = carrington_wcs(
        date, (WINDOW_ROWS, 360), first_longitude=first, first_latitude=FIRST_LATITUDE
    )
    shape = (WINDOW_ROWS, 360)
    globe, _ = reproject_interp((data, wcs), target, shape_out=shape)
    missing = np.isnan(globe)
    # Bilinear interpolation needs four pixels with data, and ends ten degrees from the limb of an
    # orthographic disk.
    nearest, _ = reproject_interp((data, wcs), target, shape_out=shape, order="nearest-neighbor")
    globe[missing] = nearest[missing]
    return np.roll(globe, first % 360, axis=1).astype(np.float32)


def _check_seam(wcs, shape):
    """
    Raise an error for a rotated cylindrical map so wide that its longitudes are ambiguous.
    """
    matrix = scale_matrix(wcs)
    cylindrical = all(ctype[5:8] in CYLINDRICAL for ctype in wcs.wcs.ctype)
    turned = matrix[0, 1] and matrix[0, 0]
    if cylindrical and turned and np.abs(matrix[0]) @ np.array(shape[::-1]) > 180:
        angle = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
        msg = (
            "Expected a map whose rows are parallels of latitude, found a wide map rotated by "
            f"{angle:.1f} deg. Reproject it to upright Carrington coordinates."
        )
        raise SequenceError(msg)
