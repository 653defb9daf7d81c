"""
Maps that are given for a sequence: checks of their kind, and their dates and products.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import astropy.units as u
from astropy.time import Time

from sunpy_farside.cadence import N_MAPS, nearest_step, step_time
from sunpy_farside.errors import SequenceError
from sunpy_farside.maps.windows import GlobalMap
from sunpy_farside.products import PRODUCTS, product_of
from sunpy_farside.utils.inputs import listed
from sunpy_farside.utils.text import described

if TYPE_CHECKING:
    from sunpy.map import GenericMap

__all__ = ["cadence_date", "dates_of_maps", "listed_maps", "product_of_map"]


def listed_maps(maps):
    """
    Return maps as a list.

    Parameters
    ----------
    maps : sequence of `~sunpy.map.GenericMap` or ``sunpy_farside.maps.windows.GlobalMap``

    Returns
    -------
    `list`

    Raises
    ------
    TypeError
        One map was given.
    """
    expected = "a list of sunpy maps"
    # Lists of files' maps need no class of maps, which takes long to load.
    one = not isinstance(maps, Iterable) and (isinstance(maps, GlobalMap) or _is_map(maps))
    if one:
        msg = f"Expected {expected}, found one map. Give {N_MAPS} of them in a list."
        raise TypeError(msg)
    return listed(maps, expected, "Read files with FarsideSequence.from_files.")


def dates_of_maps(maps):
    """
    Return the dates that maps of one product have in a sequence.

    Parameters
    ----------
    maps : `list`
        From `listed_maps`.

    Returns
    -------
    `~astropy.time.Time`
        `cadence_date` of each map.

    Raises
    ------
    TypeError
        One of them is no map.
    SequenceError
        There is no map, or the maps are of several products.
    """
    for item in maps:
        if not (isinstance(item, GlobalMap) or _is_map(item)):
            msg = (
                f"Expected sunpy maps, found {described(item)}. Read files with "
                "FarsideSequence.from_files, arrays with FarsideSequence.from_array."
            )
            raise TypeError(msg)
    if not maps:
        msg = f"Expected {N_MAPS} maps, found none."
        raise SequenceError(msg)
    products = sorted({product_of_map(item) for item in maps})
    if len(products) > 1:
        msg = f"Expected maps of one product, found {' and '.join(products)}. Separate them."
        raise SequenceError(msg)
    return Time([cadence_date(item) for item in maps])


def cadence_date(phase_map: "GenericMap | GlobalMap") -> Time:
    """
    Return the date that a map has in a sequence.

    Parameters
    ----------
    phase_map : `~sunpy.map.GenericMap` or ``sunpy_farside.maps.windows.GlobalMap``

    Returns
    -------
    `~astropy.time.Time`
        The date of the map; for a product whose maps lack some of their data, as those of GONG, the
        date of the complete data at 00 or 12 UT, which is in the name of the file.

    Examples
    --------
    >>> from sunpy_farside.sequence import cadence_date
    >>> from sunpy_farside.simulation import simulate_maps
    >>> cadence_date(simulate_maps("2022-05-05", 1, seed=1).maps[0]).isot
    '2022-05-05T00:00:00.000'
    """
    date = phase_map.time if isinstance(phase_map, GlobalMap) else phase_map.date
    product = PRODUCTS.get(product_of_map(phase_map))
    if product is None or not product.jitter:
        return date
    step = step_time(nearest_step(date))
    return step if abs(date - step) <= product.jitter * u.hour else date


def product_of_map(item):
    """
    Return the name of the product of a map.

    Parameters
    ----------
    item : `~sunpy.map.GenericMap` or ``sunpy_farside.maps.windows.GlobalMap``

    Returns
    -------
    `str`
    """
    return item.product if isinstance(item, GlobalMap) else product_of(item.meta)


def _is_map(item):
    from sunpy.map import GenericMap

    return isinstance(item, GenericMap)
