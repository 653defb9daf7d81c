"""
Pictures of sequences and detections, alone and on top of other maps.
"""

import numpy as np

from astropy.table import Table

from sunpy.map import GenericMap

from sunpy_farside.visualization.artists import COLORS, draw_regions
from sunpy_farside.visualization.detection_plot import region_names
from sunpy_farside.visualization.style import styled_axes

__all__ = ["overplot_regions"]

# Columns of tables, the first ones first: where things are, and what they are called.
_POSITIONS = ("centroid", "latest_position", "mean_position")
_NAMES = ("label", "designation", "number")


def overplot_regions(regions, axes, *, date=None, color=COLORS["first"], hidden=False):
    """
    Draw detected regions on any solar map, where differential rotation has brought them.

    Significant regions have solid outlines and a cross, weaker ones dashed outlines and a point.
    What is behind the limb is left out.

    Parameters
    ----------
    regions : `~sunpy_farside.detection.result.FarsideDetection` or `~astropy.table.Table`
        A detection, or a table, which has no outlines: of regions (``centroid``,
        `~astropy.coordinates.SkyCoord`), a published list, or tracks (their ``latest_position``).
        Regions are named by their ``label``, ``designation`` or ``number``, and all of them are
        strong where there is no ``significant`` and no ``persistent``.
    axes : `~astropy.visualization.wcsaxes.WCSAxes` or `~sunpy.map.GenericMap`
        Helioprojective or heliographic. A map is drawn first, in the current figure, or a new
        one where that has axes.
    date : `~astropy.time.Time`, `str` or `~datetime.datetime`, optional
        Date to which rotation carries the regions: the picture's by default. At another date
        they stand at their Carrington (in other than Carrington pictures: Stonyhurst)
        coordinates of that date.
    color : color, optional
    hidden : `bool`, optional
        Dot the parts of outlines behind the limb instead of leaving them out.

    Returns
    -------
    `~sunpy_farside.visualization.artists.Artists`

    Raises
    ------
    TypeError
        ``regions`` is something else.
    ValueError
        The axes know no solar coordinates, there is no date, or the table has no positions.

    Notes
    -----
    The rotation is that of `sunpy.coordinates.propagate_with_solar_surface`: after two weeks it
    is 0.8 degrees less than the rotation that arrivals at the limb are computed with. Detections
    are some degrees wide.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import sunpy_farside
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
    >>> detection = sunpy_farside.detect_farside(sequence, device="cpu")
    >>> drawn = sunpy_farside.overplot_regions(detection, sequence.maps[-1])
    >>> len(drawn.outlines) == len(detection.regions)
    True
    >>> plt.close()
    """
    if hasattr(regions, "outlines"):
        table, outlines = regions.regions, regions.outlines
        names = region_names(regions)
    elif isinstance(regions, Table):
        table, outlines = regions, [[] for _ in regions]
        column = _first_of(_NAMES, table)
        names = [""] * len(table) if column is None else [str(name) for name in table[column]]
    else:
        msg = f"Expected a FarsideDetection or a table, found {type(regions).__name__}."
        raise TypeError(msg)
    strong = _first_of(("significant", "persistent"), table)
    significant = np.ones(len(table), dtype=bool) if strong is None else np.asarray(table[strong])
    place = _first_of(_POSITIONS, table)
    if place is None:
        msg = (
            f"Expected a table with a column of positions, {' or '.join(_POSITIONS)}, found "
            f"{', '.join(table.colnames) or 'no columns'}."
        )
        raise ValueError(msg)
    near_map, axes = (axes, None) if isinstance(axes, GenericMap) else (None, axes)
    with styled_axes(axes, near_map) as axes:
        images = [] if near_map is None else [near_map.plot(axes=axes)]
        drawn = draw_regions(
            axes,
            outlines,
            table[place],
            names,
            significant,
            color=color,
            date=date,
            hidden=hidden,
        )
    drawn.images.extend(images)
    return drawn


def _first_of(names, table):
    """
    The first of some columns that a table has, or None.
    """
    return next((name for name in names if name in table.colnames), None)
