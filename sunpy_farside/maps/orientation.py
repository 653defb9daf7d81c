"""
Orientation of maps: upright, turned in longitude, on whole degrees.
"""

import numpy as np

__all__ = [
    "is_cylindrical",
    "turn_to",
    "upright",
    "whole_degree_nodes",
]

CYLINDRICAL = ("CAR", "CEA")
# Largest offset of a node from a whole degree, in degrees: rounding of header cards only.
_WHOLE = 1e-6


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
    >>> from sunpy_farside.maps.orientation import upright
    >>> wcs = window_wcs("2022-05-05")
    >>> wcs.wcs.cdelt = -1, 1
    >>> data, wcs = upright(np.zeros((144, 120)), wcs)
    >>> wcs.wcs.cdelt
    array([1., 1.])
    """
    wcs = wcs.deepcopy()
    # From here on, steps and reference values are in degrees, whatever the units in the header.
    wcs.wcs.set()
    matrix = scale_matrix(wcs)
    if wcs.wcs.lng > wcs.wcs.lat:
        wcs = wcs.swapaxes(0, 1)
        data, matrix = data.T, scale_matrix(wcs)
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
    step = scale_matrix(wcs)[0, 0]
    columns = columns_around(wcs, data.shape)
    if columns is None:
        return data, wcs
    if data.shape[1] > columns:
        repeated, data = data[:, columns:], data[:, :columns].copy()
        first = data[:, : repeated.shape[1]]
        data[:, : repeated.shape[1]] = np.where(np.isnan(first), repeated, first)
    middle = columns // 2
    here = wcs.wcs.crval[0] + (middle + 1 - wcs.wcs.crpix[0]) * step
    turn = round(((meridian - here + 180) % 360 - 180) / step)
    wcs = _with_grid(wcs, np.diagonal(scale_matrix(wcs)), [middle + 1, wcs.wcs.crpix[1]])
    wcs.wcs.crval = [(here + turn * step) % 360, wcs.wcs.crval[1]]
    wcs.wcs.set()
    return np.roll(data, -turn, axis=1), wcs


def scale_matrix(wcs):
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
    matrix = scale_matrix(wcs)
    if matrix[0, 1] or matrix[1, 0]:
        return False
    if not all(ctype[5:8] in CYLINDRICAL for ctype in wcs.wcs.ctype):
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


def columns_around(wcs, shape):
    """
    Return the number of columns in 360 degrees, or None for a map that does not span them.
    """
    if not is_cylindrical(wcs):
        return None
    columns = 360 / scale_matrix(wcs)[0, 0]
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
    steps = np.diagonal(scale_matrix(wcs))
    first = wcs.wcs.crval + (1 - wcs.wcs.crpix) * steps
    whole = np.round(first)
    # Errors of the steps add up over the whole map.
    off = np.abs(first - whole) + np.abs(steps - 1) * size
    if shape[1] > 361 or np.any(off > _WHOLE):
        return None
    return int(whole[0]) % 360, int(whole[1])
