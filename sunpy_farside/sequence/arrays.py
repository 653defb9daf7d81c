"""
Maps of arrays of phase shifts that are already cut to windows.
"""

import numpy as np

import astropy.units as u

from sunpy_farside.coordinates.window import FIRST_LATITUDE, window_longitudes
from sunpy_farside.errors import SequenceError
from sunpy_farside.maps.headers import phase_map_header
from sunpy_farside.utils.text import described

__all__ = ["map_in_window", "plain_phases"]


def plain_phases(data):
    """
    Convert an array with or without unit and mask to phase shifts in rad, NaN where missing.

    Parameters
    ----------
    data : array or `~astropy.units.Quantity`

    Returns
    -------
    array of `numpy.float32`

    Raises
    ------
    SequenceError
        The unit is not an angle.
    TypeError
        It is no array of numbers.
    """
    missing = np.ma.getmask(data)
    if isinstance(data, u.Quantity):
        try:
            data = data.to_value(u.rad)
        except u.UnitConversionError as error:
            msg = f"Expected phases in rad or another unit of angle, found the unit {data.unit}."
            raise SequenceError(msg) from error
    try:
        data = np.array(np.ma.getdata(data), dtype=np.float32)
    except (TypeError, ValueError) as error:
        msg = (
            f"Expected an array of phases, found {described(data)}. Read files with read_stack, or "
            "with FarsideSequence.from_files."
        )
        raise TypeError(msg) from error
    data[missing] = np.nan
    return data


def map_in_window(data, time):
    """
    Return the map of phase shifts that are cut to the window of their date.

    Parameters
    ----------
    data : array, shape (144, width)
        In rad.
    time : `~astropy.time.Time`

    Returns
    -------
    `~sunpy_farside.maps.phase_map.FarsidePhaseMap`
    """
    from sunpy_farside.maps.phase_map import FarsidePhaseMap

    header = phase_map_header(
        time,
        shape=data.shape,
        first_longitude=int(window_longitudes(time, data.shape[1])[0].value),
        first_latitude=FIRST_LATITUDE,
    )
    return FarsidePhaseMap(data, header)
