"""
Drawing of lines, points and labels on the solar surface, on axes with world coordinates.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

import astropy.units as u
from astropy.coordinates import SkyCoord

from sunpy.coordinates import (
    HeliographicCarrington,
)

from sunpy_farside.coordinates.far_side import far_side_center
from sunpy_farside.utils.inputs import user_time
from sunpy_farside.utils.moved import moved_names
from sunpy_farside.visualization.labels import add_label, spread_labels
from sunpy_farside.visualization.placement import (
    cut_line,
    densify,
    join_lines,
    place,
    place_rings,
    solar_frame,
)

__all__ = [
    "COLORS",
    "PHASE_SCALE",
    "Artists",
    "draw_regions",
    "draw_limb",
    "halo",
    "label_axes",
]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.visualization.placement": ["place"],
    },
)

# Two colors that remain distinct with any color-vision deficiency [Okabe & Ito 2008].
COLORS = {"first": "#E69F00", "second": "#56B4E9"}

# Negative phase shifts (active regions) are dark, also in print.
PHASE_SCALE = {"cmap": "gray", "norm": None, "vmin": -0.2, "vmax": 0.2}


@dataclass(frozen=True, eq=False)
class Artists:
    """
    Matplotlib artists drawn by a plotting function of this package.

    Attributes
    ----------
    axes : `~matplotlib.axes.Axes` or `list` of `~matplotlib.axes.Axes`
        Axes of the plot.
    images : `list` of `~matplotlib.image.AxesImage`
        Maps and detection images.
    outlines, markers, labels : `list`
        `~matplotlib.lines.Line2D`, `~matplotlib.lines.Line2D` and `~matplotlib.text.Annotation`
        of the regions, in the order of their table. Artists of hidden regions have no points.
    lines : `list` of `~matplotlib.lines.Line2D`
        Limbs and meridians.
    """

    axes: Any
    images: list = field(default_factory=list)
    outlines: list = field(default_factory=list)
    markers: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    lines: list = field(default_factory=list)

    def __repr__(self):
        kinds = ("images", "outlines", "markers", "labels", "lines")
        counts = (f"{len(getattr(self, kind))} {kind}" for kind in kinds)
        return f"<Artists: {', '.join(counts)}>"


def draw_regions(axes, outlines, centroids, names, significant, *, color, date=None, hidden=False):
    """
    Draw the outlines, centroids and names of regions on axes with world coordinates.

    Parameters
    ----------
    axes : `~astropy.visualization.wcsaxes.WCSAxes`
        Axes of a solar map.
    outlines : `list` of `list` of arrays, shape (vertices, 2)
        Closed lines of every region: Carrington longitude and latitude in degrees, in the frame of
        the centroids.
    centroids : `~astropy.coordinates.SkyCoord`
        Centroids of the regions.
    names : `list` of `str`
        Labels of the regions.
    significant : array of `bool`
        True for regions with solid outlines, bold labels and crosses; the others have dashed
        outlines and points.
    color : color
        Color of all artists.
    date : `~astropy.time.Time`, `str` or `~datetime.datetime`, optional
        Date of the positions, as in `~sunpy_farside.visualization.placement.place`.
    hidden : `bool`, optional
        If True, draw outlines behind the limb as dotted lines; otherwise omit them.

    Returns
    -------
    `Artists`
    """
    artists = Artists(axes)
    if not len(centroids):
        return artists
    rings = [densify(ring) for region in outlines for ring in region]
    owner = [number for number, region in enumerate(outlines) for _ in region]
    placed = place_rings(rings, centroids, axes, date)
    for number, strong in enumerate(significant):
        mine = [ring for ring, region in zip(placed, owner, strict=True) if region == number]
        width = 1.8 if strong else 1.1
        style = {"color": color, "lw": width, "path_effects": halo(width), "zorder": 5}
        seen = [cut_line(xy, visible, axes) for xy, visible in mine]
        line = _add_line(axes, seen, ls="-" if strong else (0, (3, 1.5)), **style)
        artists.outlines.append(line)
        if hidden:
            unseen = [cut_line(xy, ~visible, axes) for xy, visible in mine]
            artists.lines.append(_add_line(axes, unseen, ls=":", **style))
    x, y, visible = place(centroids, axes, date)
    for number, strong in enumerate(significant):
        here = (x[number], y[number]) if visible[number] else (np.nan, np.nan)
        style = {"marker": "+", "ms": 8, "mew": 1.5} if strong else {"marker": ".", "ms": 5}
        marker = Line2D(*np.reshape(here, (2, 1)), color=color, path_effects=halo(1), **style)
        artists.markers.append(axes.add_artist(marker))
        artists.labels.append(add_label(axes, names[number], here, color, strong))
    spread_labels(axes, artists.labels, significant)
    return artists


def draw_limb(axes, date, *, color="white"):
    """
    Draw the limb of the far side on a date, near which the maps are least reliable.

    Parameters
    ----------
    axes : `~astropy.visualization.wcsaxes.WCSAxes`
        Axes of a solar map.
    date : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Date of the far side.
    color : color, optional
        Color of the line.

    Returns
    -------
    `~matplotlib.lines.Line2D`
    """
    angles = np.linspace(0, 360, 1441) * u.deg
    rim = far_side_center(date).directional_offset_by(angles, 90 * u.deg)
    frame = HeliographicCarrington(obstime=user_time(date), observer="earth")
    x, y, visible = place(SkyCoord(rim.lon, rim.lat, frame=frame), axes)
    parts = [cut_line(np.stack([x, y], axis=1), visible, axes)]
    return _add_line(axes, parts, color=color, lw=1, ls=(0, (6, 2, 1, 2)), path_effects=halo(1))


def halo(width):
    """
    Return path effects that draw a line with a dark edge, visible on any background.

    Parameters
    ----------
    width : `float`
        Width of the line in points.

    Returns
    -------
    `list`
        For ``path_effects=``.
    """
    return [withStroke(linewidth=width + 1.6, foreground="black", alpha=0.8)]


def label_axes(axes):
    """
    Label heliographic axes with the names and units of their coordinates.

    Parameters
    ----------
    axes : `~astropy.visualization.wcsaxes.WCSAxes`
        Axes in Carrington or Stonyhurst coordinates.
    """
    frame = solar_frame(axes)
    kind = "Carrington" if isinstance(frame, HeliographicCarrington) else "Stonyhurst"
    # set_xlabel and set_ylabel would fail for latitudes with tick labels on the right.
    axes.coords[axes.wcs.wcs.lng].set_axislabel(f"{kind} longitude [deg]")
    axes.coords[axes.wcs.wcs.lat].set_axislabel("Latitude [deg]")


def _add_line(axes, parts, **style):
    x, y = join_lines(parts).T if parts else ([], [])
    # axes.plot would extend the axes to points outside the image.
    return axes.add_artist(Line2D(x, y, **style))
