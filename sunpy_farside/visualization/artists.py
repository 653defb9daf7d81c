"""
Drawing of lines, points and labels on the solar surface, on axes with world coordinates.
"""

from dataclasses import dataclass, field

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.visualization.wcsaxes import WCSAxes
from astropy.visualization.wcsaxes.wcsapi import wcsapi_to_celestial_frame

from sunpy.coordinates import (
    HeliographicCarrington,
    HeliographicStonyhurst,
    Helioprojective,
    propagate_with_solar_surface,
)
from sunpy.time import parse_time

from sunpy_farside.coordinates.far_side import far_side_center
from sunpy_farside.visualization.labels import add_label, spread_labels

__all__ = [
    "COLORS",
    "PHASE_SCALE",
    "Artists",
    "draw_regions",
    "draw_limb",
    "halo",
    "label_axes",
    "place",
]

# Two colors that remain distinct with any color-vision deficiency [Okabe & Ito 2008].
COLORS = {"first": "#E69F00", "second": "#56B4E9"}

# Negative phase shifts (active regions) are dark, also in print.
PHASE_SCALE = {"cmap": "gray", "norm": None, "vmin": -0.2, "vmax": 0.2}

_CYLINDRICAL = ("CAR", "CEA", "CYP", "MER")
# A line is broken where a step exceeds its median step by this factor: at the edge of an all-sky
# projection.
_JUMP = 20
# Number of parts into which each step of an outline (about a degree) is divided, so that outlines
# end close to the limb.
_PARTS = 4


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

    axes: object
    images: list = field(default_factory=list)
    outlines: list = field(default_factory=list)
    markers: list = field(default_factory=list)
    labels: list = field(default_factory=list)
    lines: list = field(default_factory=list)

    def __repr__(self):
        kinds = ("images", "outlines", "markers", "labels", "lines")
        counts = (f"{len(getattr(self, kind))} {kind}" for kind in kinds)
        return f"<Artists: {', '.join(counts)}>"


def place(points, axes, date=None):
    """
    Compute the pixel positions of points on the solar surface, after differential rotation.

    Parameters
    ----------
    points : `~astropy.coordinates.SkyCoord`
        Points in any frame with an observation time.
    axes : `~astropy.visualization.wcsaxes.WCSAxes`
        Axes of a solar map.
    date : `~astropy.time.Time`, `str` or `~datetime.datetime`, optional
        Date to which differential rotation carries the points; by default, the date of the axes.
        For another date, the points are shown as seen by the observer of the axes.

    Returns
    -------
    x, y : arrays
        In pixels.
    visible : array of `bool`
        False behind the limb.

    Raises
    ------
    ValueError
        The axes have no solar coordinates or no date.

    Notes
    -----
    The rotation is that of `sunpy.coordinates.propagate_with_solar_surface` [Howard et al. 1990,
    Sol. Phys. 130, 295].

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sunpy_farside.visualization.artists import place
    >>> from sunpy_farside.coordinates.far_side import far_side_center
    >>> from sunpy_farside.coordinates.window import window_wcs
    >>> axes = plt.figure().add_subplot(projection=window_wcs("2022-05-05"))
    >>> x, y, visible = place(far_side_center("2022-05-05"), axes)
    >>> round(float(x), 1), bool(visible)
    (60.0, True)
    >>> plt.close()
    """
    frame = _solar_frame(axes)
    date = frame.obstime if date is None else parse_time(date)
    if date is None:
        msg = "Expected axes with a date, found none. Give one with date=."
        raise ValueError(msg)
    with propagate_with_solar_surface():
        if frame.obstime is None or abs((date - frame.obstime).to_value(u.s)) > 1:
            points = _as_on(points, date, frame)
        points = _on_surface(points, frame).transform_to(frame)
    visible = np.ones(points.shape, dtype=bool)
    if isinstance(frame, Helioprojective):
        visible = points.is_visible()
    x, y = axes.wcs.world_to_pixel(points)
    return x, y, visible & np.isfinite(x) & np.isfinite(y)


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
        Date of the positions, as in `place`.
    hidden : `bool`, optional
        If True, draw outlines behind the limb as dotted lines; otherwise omit them.

    Returns
    -------
    `Artists`
    """
    artists = Artists(axes)
    if not len(centroids):
        return artists
    rings = [_densify(ring) for region in outlines for ring in region]
    owner = [number for number, region in enumerate(outlines) for _ in region]
    placed = _place_rings(rings, centroids, axes, date)
    for number, strong in enumerate(significant):
        mine = [ring for ring, region in zip(placed, owner, strict=True) if region == number]
        width = 1.8 if strong else 1.1
        style = {"color": color, "lw": width, "path_effects": halo(width), "zorder": 5}
        seen = [_cut(xy, visible, axes) for xy, visible in mine]
        line = _add_line(axes, seen, ls="-" if strong else (0, (3, 1.5)), **style)
        artists.outlines.append(line)
        if hidden:
            unseen = [_cut(xy, ~visible, axes) for xy, visible in mine]
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
    frame = HeliographicCarrington(obstime=parse_time(date), observer="earth")
    x, y, visible = place(SkyCoord(rim.lon, rim.lat, frame=frame), axes)
    parts = [_cut(np.stack([x, y], axis=1), visible, axes)]
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
    frame = _solar_frame(axes)
    kind = "Carrington" if isinstance(frame, HeliographicCarrington) else "Stonyhurst"
    # set_xlabel and set_ylabel would fail for latitudes with tick labels on the right.
    axes.coords[axes.wcs.wcs.lng].set_axislabel(f"{kind} longitude [deg]")
    axes.coords[axes.wcs.wcs.lat].set_axislabel("Latitude [deg]")


def _solar_frame(axes):
    frame = wcsapi_to_celestial_frame(axes.wcs) if isinstance(axes, WCSAxes) else None
    if not isinstance(frame, Helioprojective | HeliographicCarrington | HeliographicStonyhurst):
        msg = (
            f"Expected WCSAxes of a solar map, found {type(axes).__name__} "
            f"of {type(frame).__name__ if frame is not None else 'no frame'}. "
            "Create them with the projection= of a sunpy map."
        )
        raise ValueError(msg)
    return frame


def _as_on(points, date, frame):
    """
    Transform points to a date, then replace that date by the date of a frame.

    This keeps the Carrington longitudes if the frame is Carrington, else the Stonyhurst longitudes.
    """
    if isinstance(frame, HeliographicCarrington):
        kind, observer = HeliographicCarrington, {"observer": "earth"}
    else:
        kind, observer = HeliographicStonyhurst, {}
    points = points.transform_to(kind(obstime=date, **observer))
    obstime = date if frame.obstime is None else frame.obstime
    return SkyCoord(points.lon, points.lat, frame=kind(obstime=obstime, **observer))


def _on_surface(points, frame):
    """
    Move points to the solar radius of a frame, which determines the points behind its limb.
    """
    if not isinstance(points.frame, HeliographicCarrington | HeliographicStonyhurst):
        points = points.transform_to(HeliographicStonyhurst(obstime=points.obstime))
    own = points.frame.replicate_without_data(rsun=frame.rsun)
    return SkyCoord(points.lon, points.lat, frame=own)


def _densify(ring):
    steps = np.arange(len(ring) * _PARTS - _PARTS + 1) / _PARTS
    return np.stack([np.interp(steps, np.arange(len(ring)), column) for column in ring.T], axis=1)


def _place_rings(rings, centroids, axes, date):
    if not rings:
        return []
    vertices = np.concatenate(rings) * u.deg
    points = SkyCoord(*vertices.T, frame=centroids.frame.replicate_without_data())
    x, y, visible = place(points, axes, date)
    ends = np.cumsum([len(ring) for ring in rings])[:-1]
    placed = np.stack([x, y], axis=1)
    return list(zip(np.split(placed, ends), np.split(visible, ends), strict=True))


def _cut(xy, visible, axes):
    """
    Remove hidden points from a line, and repeat the line on both sides of a map's boundary.
    """
    xy = np.where(visible[:, np.newaxis], xy, np.nan)
    turn = _full_turn(axes.wcs)
    if turn is None:
        steps = np.hypot(*np.diff(xy, axis=0).T)
        usual = np.nanmedian(steps) if np.isfinite(steps).any() else np.inf
        return np.insert(xy, np.flatnonzero(steps > _JUMP * usual) + 1, np.nan, axis=0)
    along = xy @ turn / (turn @ turn)
    turns = np.round(np.unwrap(along, period=1) - along)
    xy = xy + turns[:, np.newaxis] * turn
    copies = [xy + number * turn for number in (-1, 0, 1)]
    copies = [copy for copy in copies if _in_picture(copy, axes)] or [xy]
    return _join(copies)


def _full_turn(wcs):
    """
    Return 360 degrees of longitude in pixels for cylindrical projections, else None.
    """
    wcs = getattr(wcs, "wcs", None) and wcs
    if wcs is None or wcs.wcs.lng < 0 or wcs.wcs.crval[wcs.wcs.lat] != 0:
        return None
    if wcs.wcs.ctype[wcs.wcs.lng][5:8] not in _CYLINDRICAL:
        return None
    turn = np.zeros(2)
    turn[wcs.wcs.lng] = 360
    return np.linalg.solve(wcs.pixel_scale_matrix, turn)


def _in_picture(xy, axes):
    shape = getattr(axes.wcs, "pixel_shape", None)
    limits = (
        [axes.get_xlim(), axes.get_ylim()] if shape is None else [(-0.5, n - 0.5) for n in shape]
    )
    low, high = np.sort(limits, axis=1).T
    return bool(np.all((xy >= low) & (xy <= high), axis=1).any())


def _join(parts):
    gap = np.full((1, 2), np.nan)
    return np.concatenate([piece for part in parts for piece in (gap, part)][1:])


def _add_line(axes, parts, **style):
    x, y = _join(parts).T if parts else ([], [])
    # axes.plot would extend the axes to points outside the image.
    return axes.add_artist(Line2D(x, y, **style))
