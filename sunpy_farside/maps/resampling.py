"""
Resampling of maps on any grid to the whole-degree nodes used by the detection methods.
"""

import numpy as np

import astropy.units as u

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import FIRST_LATITUDE, WINDOW_ROWS, carrington_wcs
from sunpy_farside.errors import SequenceError

__all__ = [
    "globe_of",
    "is_cylindrical",
    "phases_of",
    "turn_to",
    "upright",
    "values_of",
    "whole_degree_nodes",
]

# Largest offset of a node from a whole degree, in degrees: rounding of header cards only.
_WHOLE = 1e-6
_CYLINDRICAL = ("CAR", "CEA")


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
    return _resample(data, wcs, item.date) if nodes is None else _copy(data, *nodes)


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


def upright(data, wcs):
    """
    Rotate a map by right angles so that longitude increases along rows and latitude upward.

    Parameters
    ----------
    data : array, shape (rows, columns)
    wcs : `~astropy.wcs.WCS`
        Celestial, of any scale and orientation.

    Returns
    -------
    data : array
        A view of the input; unchanged if the axes are rotated by any other angle.
    wcs : `~astropy.wcs.WCS`
        World coordinates of these pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.coordinates.window import window_wcs
    >>> from sunpy_farside.maps.resampling import upright
    >>> wcs = window_wcs("2022-05-05")
    >>> wcs.wcs.cdelt = -1, 1
    >>> data, wcs = upright(np.zeros((144, 120)), wcs)
    >>> wcs.wcs.cdelt
    array([1., 1.])
    """
    wcs = wcs.deepcopy()
    # From here on, steps and reference values are in degrees, whatever the units in the header.
    wcs.wcs.set()
    matrix = _matrix(wcs)
    if wcs.wcs.lng > wcs.wcs.lat:
        wcs = wcs.swapaxes(0, 1)
        data, matrix = data.T, _matrix(wcs)
    if matrix[0, 0] == matrix[1, 1] == 0:
        # Columns run along latitude: exchange the pixel axes.
        data, matrix = data.T, matrix[:, ::-1]
        reference = wcs.wcs.crpix[::-1].copy()
    else:
        reference = wcs.wcs.crpix.copy()
    if matrix[0, 1] or matrix[1, 0]:
        return data, wcs
    for axis in (0, 1):
        if matrix[axis, axis] < 0:
            data = np.flip(data, 1 - axis)
            reference[axis] = data.shape[1 - axis] + 1 - reference[axis]
    return data, _with_grid(wcs, np.abs(np.diagonal(matrix)), reference)


def turn_to(data, wcs, meridian):
    """
    Roll a cylindrical map of all longitudes so that a given meridian is in its middle.

    Parameters
    ----------
    data : array, shape (rows, columns)
    wcs : `~astropy.wcs.WCS`
        World coordinates of an upright map (`upright`).
    meridian : `float`
        Carrington longitude in degrees.

    Returns
    -------
    data : array
        With the columns of one full turn; columns that repeat the first ones only fill gaps in
        them. Unchanged for any other map.
    wcs : `~astropy.wcs.WCS`
        World coordinates of these pixels.
    """
    step = _matrix(wcs)[0, 0]
    columns = _columns_around(wcs, data.shape)
    if columns is None:
        return data, wcs
    if data.shape[1] > columns:
        repeated, data = data[:, columns:], data[:, :columns].copy()
        first = data[:, : repeated.shape[1]]
        data[:, : repeated.shape[1]] = np.where(np.isnan(first), repeated, first)
    middle = columns // 2
    here = wcs.wcs.crval[0] + (middle + 1 - wcs.wcs.crpix[0]) * step
    turn = round(((meridian - here + 180) % 360 - 180) / step)
    wcs = _with_grid(wcs, np.diagonal(_matrix(wcs)), [middle + 1, wcs.wcs.crpix[1]])
    wcs.wcs.crval = [(here + turn * step) % 360, wcs.wcs.crval[1]]
    wcs.wcs.set()
    return np.roll(data, -turn, axis=1), wcs


def _matrix(wcs):
    """
    Return the pixel scale matrix in degrees, from the PC, CD or CDELT cards.
    """
    matrix = wcs.pixel_scale_matrix
    # Rounding makes the cosines of right angles differ from zero.
    return np.where(np.abs(matrix) < 1e-9 * np.abs(matrix).max(), 0, matrix)


def _with_grid(wcs, steps, reference):
    """
    Return a copy of world coordinates with other steps in degrees and another reference pixel.
    """
    wcs = wcs.deepcopy()
    wcs.wcs.set()
    cards = wcs.wcs
    if cards.has_cd():
        del cards.cd
    cards.cdelt = np.asarray(steps)
    cards.pc = np.eye(2)
    cards.crpix = reference
    cards.set()
    return wcs


def is_cylindrical(wcs):
    """
    Return whether columns are equally spaced meridians, and rows parallels.

    Parameters
    ----------
    wcs : `~astropy.wcs.WCS`
        World coordinates of an upright map (`upright`).

    Returns
    -------
    `bool`
    """
    matrix = _matrix(wcs)
    if matrix[0, 1] or matrix[1, 0]:
        return False
    if not all(ctype[5:8] in _CYLINDRICAL for ctype in wcs.wcs.ctype):
        return False
    # Many cards can make a map oblique or move its native pole: test the coordinates themselves.
    x, y = wcs.wcs.crpix
    longitude, latitude = wcs.wcs_pix2world([x, x + 1, x + 1], [y, y, y + 1], 1)
    east = (longitude - wcs.wcs.crval[0] + 180) % 360 - 180
    return bool(
        np.allclose(east, matrix[0, 0] * np.array([0, 1, 1]), rtol=0, atol=1e-8)
        and np.allclose(latitude[:2], 0, rtol=0, atol=1e-8)
        and latitude[2] > 0
    )


def _columns_around(wcs, shape):
    """
    Return the number of columns in 360 degrees, or None for a map that does not span them.
    """
    if not is_cylindrical(wcs):
        return None
    columns = 360 / _matrix(wcs)[0, 0]
    whole = round(columns)
    return whole if abs(columns - whole) < 1e-3 and shape[1] >= whole else None


def whole_degree_nodes(wcs, shape):
    """
    Return the longitude and latitude of the first pixel of a map on whole degrees.

    Parameters
    ----------
    wcs : `~astropy.wcs.WCS`
        World coordinates of an upright map (`upright`).
    shape : `tuple` of `int`
        Rows and columns.

    Returns
    -------
    (`int`, `int`) or None
        Carrington longitude and latitude in degrees; None for a map on any other grid.
    """
    if not (is_cylindrical(wcs) and [c[:4] for c in wcs.wcs.ctype] == ["CRLN", "CRLT"]):
        return None
    if any(ctype[5:8] != "CAR" for ctype in wcs.wcs.ctype):
        return None
    size = np.array(shape[::-1])
    steps = np.diagonal(_matrix(wcs))
    first = wcs.wcs.crval + (1 - wcs.wcs.crpix) * steps
    whole = np.round(first)
    # Errors of the steps add up over the whole map.
    off = np.abs(first - whole) + np.abs(steps - 1) * size
    if shape[1] > 361 or np.any(off > _WHOLE):
        return None
    return int(whole[0]) % 360, int(whole[1])


def _copy(data, first_longitude, first_latitude):
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
    if _columns_around(wcs, data.shape) is not None:
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
    matrix = _matrix(wcs)
    cylindrical = all(ctype[5:8] in _CYLINDRICAL for ctype in wcs.wcs.ctype)
    turned = matrix[0, 1] and matrix[0, 0]
    if cylindrical and turned and np.abs(matrix[0]) @ np.array(shape[::-1]) > 180:
        angle = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
        msg = (
            "Expected a map whose rows are parallels of latitude, found a wide map rotated by "
            f"{angle:.1f} deg. Reproject it to upright Carrington coordinates."
        )
        raise SequenceError(msg)
