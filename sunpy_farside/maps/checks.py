"""
Checks of phase shifts for physically possible values.
"""

import numpy as np

from sunpy.util.exceptions import warn_user

from sunpy_farside.errors import FileFormatError
from sunpy_farside.utils.text import counted

__all__ = ["check_phases", "check_rows", "check_some_data", "warn_of_holes"]

# Phase shifts are angles within half a turn.
_LARGEST = np.pi
# Limits of the standard deviation in rad. Measured values are 0.048 to 0.059 (helioseismic
# holography), 0.022 to 0.038 (time-distance) and 0.050 to 0.057 (GONG); half as much in the mean
# of eleven maps, and twice as much in a map with a low duty cycle. The limits leave another factor
# of four on both sides and still reject the usual mistakes: phases in degrees have a standard
# deviation of 1.2 or more, those in milliradian or seconds of travel time even more, those in
# turns 0.003 to 0.009; misread numbers scatter over all exponents, and constants do not scatter.
_DEVIATIONS = (0.005, 0.5)
# Pixels are correlated over five degrees: fewer of them may all be in one grain of the noise, with
# hardly any scatter.
_ENOUGH = 1000
# Number of adjacent pixels with one value that are a hole. In the published maps, no two adjacent
# pixels are equal. A block of a disk has 512 bytes, which are 64 pixels or more.
_HOLE = 8


def check_phases(data, name, *, error=FileFormatError):
    """
    Raise an error if the values of a map cannot be phase shifts in radian.

    Parameters
    ----------
    data : array
        Phase shifts in rad; NaN where data are missing. A map without data passes.
    name : `str`
        Name of the map in the message: its file or its date.
    error : type of `Exception`, optional
        Class of the error that is raised.

    Raises
    ------
    FileFormatError
        Values are infinite or beyond half a turn, or their standard deviation is below 0.005 rad
        (with 1000 pixels or more) or above 0.5 rad.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.maps.checks import check_phases
    >>> phases = np.random.default_rng(1).normal(-0.02, 0.05, (181, 361))
    >>> check_phases(phases, "the map of 2022-05-05")
    >>> check_phases(np.rad2deg(phases), "the map of 2022-05-05")
    Traceback (most recent call last):
    ...
    sunpy_farside.errors.FileFormatError: the map of 2022-05-05: expected phases in rad, ...
    """
    values = np.asarray(data)
    values = values[~np.isnan(values)].astype(float)
    if not values.size:
        return
    largest = np.abs(values).max()
    if largest > _LARGEST:
        found = "infinite values" if np.isinf(largest) else f"values up to {largest:.3g}"
    else:
        lowest, highest = _DEVIATIONS
        deviation = values.std()
        if deviation <= highest and (deviation >= lowest or values.size < _ENOUGH):
            return
        found = f"a standard deviation of {deviation:.3g}"
    msg = (
        f"{name}: expected phases in rad, which stay within {_LARGEST:.2f} and deviate by "
        f"{_DEVIATIONS[0]} to {_DEVIATIONS[1]}, found {found}. The values are damaged or in "
        "another unit; fetch the map again or convert it."
    )
    raise error(msg)


def check_some_data(data, name):
    """
    Raise an error if a map has no data.

    Parameters
    ----------
    data : array
        Phase shifts in rad; NaN where data are missing.
    name : `str`
        Name of the map in the message: its file or its date.

    Raises
    ------
    FileFormatError
        No pixel is finite.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.maps.checks import check_some_data
    >>> check_some_data(np.full((181, 361), np.nan), "the map of 2022-05-05")
    Traceback (most recent call last):
    ...
    sunpy_farside.errors.FileFormatError: the map of 2022-05-05: expected phases on ...
    """
    if not np.isfinite(data).any():
        msg = f"{name}: expected phases on the far side, found no data in any pixel."
        raise FileFormatError(msg)


def check_rows(data, name):
    """
    Raise an error if all the pixels of a row of a map have the same value.

    Measured phase shifts all differ. A constant row results from a truncated file that was padded,
    usually with zeros.

    Parameters
    ----------
    data : array, shape (..., latitudes, longitudes)
        Phase shifts in rad; NaN where data are missing.
    name : `str`
        Name of the map in the message: its file or its date.

    Raises
    ------
    FileFormatError
        The map has a constant row.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.maps.checks import check_rows
    >>> phases = np.random.default_rng(1).normal(-0.02, 0.05, (181, 361))
    >>> phases[170:] = 0
    >>> check_rows(phases, "the map of 2022-05-05")
    Traceback (most recent call last):
    ...
    sunpy_farside.errors.FileFormatError: the map of 2022-05-05: expected phases that differ, ...
    """
    with np.errstate(invalid="ignore"):
        # NaN is not equal to itself: rows with missing data pass.
        filled = (data == data[..., :1]).all(axis=-1)
    if filled.any():
        msg = (
            f"{name}: expected phases that differ, found one value all along a row, {filled.sum()} "
            "times. Part of the data is missing; fetch it again."
        )
        raise FileFormatError(msg)


def warn_of_holes(data, name):
    """
    Warn of adjacent pixels with the same value in a row of a map.

    Parameters
    ----------
    data : array, shape (..., latitudes, longitudes)
        Phase shifts in rad; NaN where data are missing.
    name : `str`
        Name of the map in the warning: its file or its date.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Eight adjacent pixels or more have the same value.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> from sunpy_farside.maps.checks import warn_of_holes
    >>> phases = np.random.default_rng(1).normal(-0.02, 0.05, (181, 361))
    >>> phases[100, 50:178] = 0
    >>> with warnings.catch_warnings(record=True, action="always") as given:
    ...     warn_of_holes(phases, "the map of 2022-05-05")
    >>> print(given[0].message)
    the map of 2022-05-05: 8 or more adjacent pixels have the same value in 1 row. ...
    """
    step = _HOLE // 2
    with np.errstate(invalid="ignore"):
        # Two of these pixels are in every hole, and they are equal in none of the other rows.
        some = data[..., ::step]
        near = (some[..., 1:] == some[..., :-1]).any(axis=-1)
        if not near.any():
            return
        rows = data[near]
        equal = np.lib.stride_tricks.sliding_window_view(
            rows[..., 1:] == rows[..., :-1], _HOLE - 1, axis=-1
        )
    number = int(equal.all(axis=-1).any(axis=-1).sum())
    if number:
        warn_user(
            f"{name}: {_HOLE} or more adjacent pixels have the same value in "
            f"{counted(number, 'row')}. Part of the data may be missing; fetch it again."
        )
