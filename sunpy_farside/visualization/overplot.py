"""
Plots of detected regions on other solar maps.
"""

from typing import TYPE_CHECKING

import numpy as np

from astropy.table import Table
from astropy.visualization.wcsaxes import WCSAxes

from sunpy.map import GenericMap

from sunpy_farside.utils.typing import TimeLike
from sunpy_farside.visualization.artists import COLORS, Artists, draw_regions
from sunpy_farside.visualization.detection_plot import region_names
from sunpy_farside.visualization.style import styled_axes

if TYPE_CHECKING:
    from sunpy_farside.detection.result import FarsideDetection

__all__ = ["overplot_regions"]

# Columns of positions and of names, in order of preference.
_POSITIONS = ("centroid", "latest_position", "mean_position")
_NAMES = ("label", "designation", "number")


def overplot_regions(
    regions: "FarsideDetection | Table",
    axes: WCSAxes | GenericMap,
    *,
    date: TimeLike | None = None,
    color: str = COLORS["first"],
    hidden: bool = False,
) -> Artists:
    """
    Draw detected regions on any solar map, rotated differentially to the date of the map.

    Significant regions have solid outlines and crosses, weaker ones dashed outlines and points.
    Regions behind the limb are omitted.

    Parameters
    ----------
    regions : `~sunpy_farside.detection.result.FarsideDetection` or `~astropy.table.Table`
        A detection, or a table without outlines: of regions or a region list (``centroid``,
        `~astropy.coordinates.SkyCoord`), or of tracks (``latest_position``). Regions are labeled
        with their ``label``, ``designation`` or ``number``. All of them are drawn as significant
        if there is no column ``significant`` or ``persistent``.
    axes : `~astropy.visualization.wcsaxes.WCSAxes` or `~sunpy.map.GenericMap`
        Helioprojective or heliographic axes or map. A map is drawn first, in the current figure,
        or in a new one if that has axes.
    date : `~astropy.time.Time`, `str` or `~datetime.datetime`, optional
        Date to which the regions are rotated; by default, the date of the axes. For another date,
        they are drawn at their Carrington coordinates of that date on Carrington axes, and at
        their Stonyhurst coordinates on other axes.
    color : color, optional
        Color of the regions.
    hidden : `bool`, optional
        If True, draw outlines behind the limb as dotted lines; otherwise omit them.

    Returns
    -------
    `~sunpy_farside.visualization.artists.Artists`

    Raises
    ------
    TypeError
        ``regions`` is neither a detection nor a table.
    ValueError
        The axes have no solar coordinates or no date, or the table has no positions.

    Notes
    -----
    The rotation is that of `sunpy.coordinates.propagate_with_solar_surface`. Over two weeks, it
    is 0.8 degrees less than the rotation used for arrivals at the limb, which is small compared
    with the size of regions, a few degrees.

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
    Return the first of some columns that exists in a table, or None.
    """
    return next((name for name in names if name in table.colnames), None)
