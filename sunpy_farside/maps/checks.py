"""
What phases can be.
"""

import numpy as np

from sunpy_farside.errors import FileFormatError

__all__ = ["check_phases", "check_rows"]

# Phases are angles, so that none is beyond half a turn.
_LARGEST = np.pi
# Standard deviations in rad. Measured ones are 0.048 to 0.059 (holography), 0.022 to 0.038
# (time-distance) and 0.050 to 0.057 (GONG); the mean of eleven maps has half of that, and a map of
# a low duty cycle twice as much. The limits leave another factor of four on both sides, and still
# none of the usual mistakes comes through: phases in degrees deviate by 1.2 or more, in
# milliradian and in seconds of travel time by more yet, phases in turns by 0.003 to 0.009; numbers
# that were misread are spread over all the exponents, and what is constant does not deviate.
_DEVIATIONS = (0.005, 0.5)
# Neighbours agree within five degrees: fewer pixels than these may all lie in one patch of the
# noise, and deviate by nothing.
_ENOUGH = 1000


def check_phases(data, name, *, error=FileFormatError):
    """
    Refuse a map whose values cannot be phases in radian.

    Parameters
    ----------
    data : array
        Phases in rad, NaN where there are no data. A map without any data passes.
    name : `str`
        How the message names the map: its file or its date.
    error : type of `Exception`, optional
        What is raised.

    Raises
    ------
    FileFormatError
        Values are infinite or beyond half a turn; or their standard deviation is below 0.005 rad
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


def check_rows(data, name):
    """
    Refuse a map of which a whole row holds one value.

    No two measured phases are the same. A row of one value is what a file has where it was cut
    and filled up, most often with zeros.

    Parameters
    ----------
    data : array, shape (..., latitudes, longitudes)
        Phases in rad, NaN where there are no data.
    name : `str`
        How the message names the map: its file or its date.

    Raises
    ------
    FileFormatError
        There is such a row.

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
        # Not a number is not itself: rows with missing data pass.
        filled = (data == data[..., :1]).all(axis=-1)
    if filled.any():
        msg = (
            f"{name}: expected phases that differ, found one value all along a row, {filled.sum()} "
            "times. Part of the data is missing; fetch it again."
        )
        raise FileFormatError(msg)
