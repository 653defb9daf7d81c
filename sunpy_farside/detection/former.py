"""
Tables of regions from earlier releases.
"""

from functools import lru_cache

import numpy as np

from sunpy_farside.coordinates.window import window_header
from sunpy_farside.detection.regions import find_regions
from sunpy_farside.io.table_files import complete_table
from sunpy_farside.maps.sources import Map

__all__ = ["complete_regions", "no_regions"]


def complete_regions(table, source):
    """
    Give a table of regions from a file all the columns of today.

    Parameters
    ----------
    table : `~astropy.table.QTable`
    source : path-like
        Named in errors.

    Returns
    -------
    `~astropy.table.QTable`
        With the columns of ``sunpy_farside.detection.columns.COLUMNS``. Those that an earlier
        release did not write are NaN, 0 or false.

    Raises
    ------
    FileFormatError
        The table has no positions.
    """
    return complete_table(table, no_regions(), source)


def no_regions():
    """
    Return an empty table of regions.

    Returns
    -------
    `~astropy.table.QTable`
        With the columns of ``sunpy_farside.detection.columns.COLUMNS`` in their units.
    """
    return _no_regions().copy()


@lru_cache
def _no_regions():
    # Any empty map gives one.
    return find_regions(Map(np.zeros((144, 16)), window_header("2022-05-05", 16)))
