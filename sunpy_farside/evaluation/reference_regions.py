"""
Reference regions of masks, complexes of regions, and regions shifted in longitude.
"""

import numpy as np
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

from astropy.table import Table

from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.coordinates.window import FIRST_LATITUDE

__all__ = ["FLUX", "IGNORED_FLUX", "find_complexes", "move_regions", "regions_of_mask"]

# Unsigned flux in Mx of the smallest region of a simulation that counts. The limit is well inside
# what van Driel-Gesztelyi & Green (2015, LRSP 12, 1, table 1) call small active regions (1e20 to
# 5e21 Mx).
FLUX = 2e21
# Regions from this flux to FLUX are ignored. Weaker ones have no measurable signature in the maps,
# and are so numerous that most positions are within ten degrees of one.
IGNORED_FLUX = 1e21
# Shares of a window's width by which regions are moved.
_MOVES = (2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8)
# Number of pixels of the smallest connected part of a mask that counts, as for detections.
_N_PIXELS = 5
# Radius of a region in degrees: half of the distance of its polarities plus half of the resolution
# of the maps, and the radius of a region without a measured distance.
_EDGE, _RADIUS = 2.5, 5.0


def find_complexes(longitude, latitude, *, extent=None, radius=None):
    """
    Group touching regions into complexes.

    Parameters
    ----------
    longitude, latitude : array, shape (n,)
        Centers of the regions in degrees.
    extent : array, shape (n,), optional
        Distance of the two polarities in degrees.
    radius : array, shape (n,), optional
        Radius in degrees, used without ``extent``.

    Returns
    -------
    array of `int`, shape (n,)
        Number of the complex of each region, from 0.

    Notes
    -----
    The radius of a region is half of the distance of its polarities plus half of the resolution of
    the maps, 2.5 degrees. Without ``extent`` it is ``radius``, at least five degrees. Two regions
    touch if the distance of their centers is at most the sum of their radii.

    Examples
    --------
    >>> from sunpy_farside.evaluation.reference_regions import find_complexes
    >>> find_complexes([0, 9, 18, 40], [0, 0, 0, 0]).tolist()
    [0, 0, 0, 1]
    """
    longitude, latitude = (np.asarray(item, dtype=float) for item in (longitude, latitude))
    reach = np.full(len(longitude), _RADIUS)
    if extent is not None:
        reach = np.asarray(extent, dtype=float) / 2 + _EDGE
    elif radius is not None:
        reach = np.maximum(reach, np.asarray(radius, dtype=float))
    apart = separations(longitude[:, None], latitude[:, None], longitude, latitude)
    return connected_components(apart <= reach[:, None] + reach, directed=False)[1]


def move_regions(known, longitudes):
    """
    Shift reference regions in longitude, to measure the coverage by chance.

    Parameters
    ----------
    known : `~astropy.table.Table`
        Reference regions, with the column ``longitude`` in degrees.
    longitudes : array, shape (columns,)
        Carrington longitudes of the window in degrees.

    Returns
    -------
    `list` of `~astropy.table.Table`
        Five tables, in which the regions in the window are shifted by 1/4, 3/8, 1/2, 5/8 and 3/4
        of its width, at the same latitude. Longitudes wrap at the edges of the window. Regions
        outside the window are not shifted.

    Examples
    --------
    >>> import numpy as np
    >>> from astropy.table import Table
    >>> from sunpy_farside.evaluation.reference_regions import move_regions
    >>> moved = move_regions(Table({"longitude": [10.0]}), np.arange(120))
    >>> [float(table["longitude"][0]) for table in moved]
    [40.0, 55.0, 70.0, 85.0, 100.0]
    """
    width = len(longitudes)
    # A column is a degree wide and its node in the middle.
    east = (np.asarray(known["longitude"], dtype=float) - longitudes[0] + 0.5) % 360
    inside = east < width
    moved = []
    for share in _MOVES:
        table = known.copy()
        shifted = np.where(inside, (east + share * width) % width, east)
        table["longitude"] = (longitudes[0] - 0.5 + shifted) % 360
        moved.append(table)
    return moved


def regions_of_mask(mask, longitudes, *, first_latitude=FIRST_LATITUDE):
    """
    Return the reference regions of a mask, which are its 8-connected components.

    Parameters
    ----------
    mask : array, shape (rows, columns)
        Above zero where the Sun is active, NaN where data are missing. Pixels have a size of one
        degree by one degree.
    longitudes : array, shape (columns,)
        Carrington longitudes in degrees.
    first_latitude : `int`, optional
        Latitude of the first row in degrees.

    Returns
    -------
    `~astropy.table.Table`
        One row per region: ``longitude`` and ``latitude`` of the mean pixel in degrees, ``area`` on
        the sphere in square degrees, ``large`` (True from five pixels), and the number of the
        ``complex``, -1 for regions that are not large. Large regions less than five degrees apart
        form one complex.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.evaluation.reference_regions import regions_of_mask
    >>> mask = np.zeros((144, 120))
    >>> mask[72:75, 58:61] = 1
    >>> regions_of_mask(mask, np.arange(301, 421) % 360)["longitude", "latitude", "complex"]
    <Table length=1>
    longitude latitude complex
     float64  float64   int64
    --------- -------- -------
          0.0      1.0       0
    """
    active = np.nan_to_num(mask) > 0
    labels, number = ndimage.label(active, np.ones((3, 3)))
    index = np.arange(1, number + 1)
    ones = np.ones(mask.shape)
    sphere = ones * np.cos(np.deg2rad(first_latitude + np.arange(len(mask))))[:, np.newaxis]
    pixels = ndimage.sum_labels(ones, labels, index)
    place = np.array(ndimage.center_of_mass(ones, labels, index)).reshape(-1, 2)
    counts = pixels >= _N_PIXELS
    table = Table()
    # Adjacent columns are adjacent degrees, also across the 0/360 boundary.
    table["longitude"] = (longitudes[0] + place[:, 1]) % 360
    table["latitude"] = first_latitude + place[:, 0]
    table["area"] = ndimage.sum_labels(sphere, labels, index)
    grown = ndimage.distance_transform_edt(~np.isin(labels, index[counts])) <= _EDGE
    touching, _ = ndimage.label(grown, np.ones((3, 3)))
    table["large"] = counts
    table["complex"] = -1
    inside = ndimage.maximum(touching, labels, index[counts]) if counts.any() else []
    table["complex"][counts] = np.unique(inside, return_inverse=True)[1]
    return table
