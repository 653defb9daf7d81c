"""
The one way from a map on any grid to the whole-degree nodes that the methods work on.
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

# Degrees by which a node may be off a whole one: rounding of the cards, not a shift.
_WHOLE = 1e-6
_CYLINDRICAL = ("CAR", "CEA")


def globe_of(item):
    """
    Put a map on the whole-degree nodes of the window's latitudes, all around the Sun.

    Parameters
    ----------
    item : `~sunpy.map.GenericMap`
        Phases in any unit of angle, on any grid of solar coordinates. A map on whole degrees,
        whichever way up, is copied by index, exactly; any other is resampled with
        `reproject.reproject_interp`, in the Carrington frame of its own date.

    Returns
    -------
    array of `numpy.float32`, shape (144, 360)
        Phases in rad; NaN where there are no data. Column ``k`` is at Carrington longitude ``k``
        and row 0 at latitude -72 degrees.

    Raises
    ------
    SequenceError
        The unit is no angle, or the map is turned by an angle that its seam forbids.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.maps.resampling import globe_of
    >>> phase_map = sunpy_farside.simulate_maps("2022-05-05", 1, seed=1).maps[0]
    >>> globe_of(phase_map).shape
    (144, 360)
    """
    data, wcs = upright(phases_of(item), item.wcs)
    nodes = whole_degree_nodes(wcs, data.shape)
    return _resample(data, wcs, item.date) if nodes is None else _copy(data, *nodes)


def phases_of(item):
    """
    Return the phases of a map as an array in radian.

    Parameters
    ----------
    item : `~sunpy.map.GenericMap`

    Returns
    -------
    array of `float`
        Of the map's shape, NaN where a pixel is masked.

    Raises
    ------
    SequenceError
        The map has no unit, or one that is no angle.
    """
    data = values_of(item)
    return data if item.unit == u.rad else data * data.dtype.type(_radians(item))


def values_of(item):
    """
    Return the values of a map, NaN where a pixel is masked.

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
    Radians in the unit of a map.
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
    Turn a map by right angles so that longitude grows along its rows and latitude upward.

    Parameters
    ----------
    data : array, shape (rows, columns)
    wcs : `~astropy.wcs.WCS`
        Celestial, of any scale and orientation.

    Returns
    -------
    data : array
        A view of the input. As it was where the axes are turned by another angle.
    wcs : `~astropy.wcs.WCS`
        Of the same pixels.

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
    # Steps and reference values are in degrees from here on, whatever the header's units.
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
    Turn a cylindrical map that goes around the Sun so that a meridian is in its middle.

    Parameters
    ----------
    data : array, shape (rows, columns)
    wcs : `~astropy.wcs.WCS`
        Of an upright map (`upright`).
    meridian : `float`
        Carrington longitude in degrees.

    Returns
    -------
    data : array
        With as many columns as go around the Sun; a column that repeats the first one fills its
        gaps. As it was for any other map.
    wcs : `~astropy.wcs.WCS`
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
    Degrees a pixel: PC, CD or CDELT, however the header gives them.
    """
    matrix = wcs.pixel_scale_matrix
    # Cosines of right angles are rounded.
    return np.where(np.abs(matrix) < 1e-9 * np.abs(matrix).max(), 0, matrix)


def _with_grid(wcs, steps, reference):
    """
    The same coordinates with other steps in degrees and another reference pixel.
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
    Say whether columns are meridians at equal steps, and rows parallels.

    Parameters
    ----------
    wcs : `~astropy.wcs.WCS`
        Of an upright map (`upright`).

    Returns
    -------
    `bool`
    """
    matrix = _matrix(wcs)
    if matrix[0, 1] or matrix[1, 0]:
        return False
    if not all(ctype[5:8] in _CYLINDRICAL for ctype in wcs.wcs.ctype):
        return False
    # An oblique map, or one whose native pole is elsewhere, has other cards in many ways: ask.
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
    Columns of an upright cylindrical map that go around the Sun, or None where they do not.
    """
    if not is_cylindrical(wcs):
        return None
    columns = 360 / _matrix(wcs)[0, 0]
    whole = round(columns)
    return whole if abs(columns - whole) < 1e-3 and shape[1] >= whole else None


def whole_degree_nodes(wcs, shape):
    """
    Return where the first pixel of a map on whole degrees is.

    Parameters
    ----------
    wcs : `~astropy.wcs.WCS`
        Of an upright map (`upright`).
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
    # What the steps add up to over the whole map counts, too.
    off = np.abs(first - whole) + np.abs(steps - 1) * size
    if shape[1] > 361 or np.any(off > _WHOLE):
        return None
    return int(whole[0]) % 360, int(whole[1])


def _copy(data, first_longitude, first_latitude):
    """
    Copy a map on whole degrees to the globe, by index.
    """
    rows, columns = data.shape
    globe = np.full((WINDOW_ROWS, 360), np.nan, dtype=np.float32)
    south = FIRST_LATITUDE - first_latitude
    inside = slice(max(south, 0), min(south + WINDOW_ROWS, rows))
    part = data[inside]
    target = globe[max(-south, 0) : max(-south, 0) + len(part)]
    longitudes = (first_longitude + np.arange(columns)) % 360
    target[:, longitudes[:360]] = part[:, :360]
    # The meridian that both ends show has data if either has.
    for column in range(360, columns):
        meridian = target[:, longitudes[column]]
        target[:, longitudes[column]] = np.where(np.isnan(meridian), part[:, column], meridian)
    return globe


def _resample(data, wcs, date):
    """
    Interpolate a map at the nodes of the globe.
    """
    # Only maps off the whole-degree grid need it, and it is slow to load.
    from reproject import reproject_interp

    middle = int(np.floor(far_side_central_meridian(date).deg))
    _check_seam(wcs, data.shape)
    data, wcs = turn_to(np.asarray(data, dtype=float), wcs, middle)
    if _columns_around(wcs, data.shape) is not None:
        # Beside the seam interpolation needs a neighbor.
        data = np.pad(data, ((0, 0), (1, 1)), mode="wrap")
        wcs.wcs.crpix = np.add(wcs.wcs.crpix, (1, 0))
        wcs.wcs.set()
    first = middle - 180
    target = carrington_wcs(
        date, (WINDOW_ROWS, 360), first_longitude=first, first_latitude=FIRST_LATITUDE
    )
    globe, _ = reproject_interp((data, wcs), target, shape_out=(WINDOW_ROWS, 360))
    return np.roll(globe, first % 360, axis=1).astype(np.float32)


def _check_seam(wcs, shape):
    """
    Refuse a cylindrical map that is turned and too wide to know on which side of its seam it is.
    """
    matrix = _matrix(wcs)
    cylindrical = all(ctype[5:8] in _CYLINDRICAL for ctype in wcs.wcs.ctype)
    turned = matrix[0, 1] and matrix[0, 0]
    if cylindrical and turned and np.abs(matrix[0]) @ np.array(shape[::-1]) > 180:
        angle = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))
        msg = (
            "Expected a map whose rows run along its parallels, found a wide one turned by "
            f"{angle:.1f} deg. Reproject it to upright Carrington coordinates."
        )
        raise SequenceError(msg)
