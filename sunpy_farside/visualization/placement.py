"""
Pixel positions of points and lines on the solar surface.
"""

import numpy as np

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

from sunpy_farside.utils.inputs import user_time

__all__ = ["place"]

_CYLINDRICAL = ("CAR", "CEA", "CYP", "MER")
# A line is broken where a step exceeds its median step by this factor: at the edge of an all-sky
# projection.
_JUMP = 20
# Number of parts into which each step of an outline (about a degree) is divided, so that outlines
# end close to the limb.
_PARTS = 4


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
    >>> from sunpy_farside.visualization.placement import place
    >>> from sunpy_farside.coordinates.far_side import far_side_center
    >>> from sunpy_farside.coordinates.window import window_wcs
    >>> axes = plt.figure().add_subplot(projection=window_wcs("2022-05-05"))
    >>> x, y, visible = place(far_side_center("2022-05-05"), axes)
    >>> round(float(x), 1), bool(visible)
    (60.0, True)
    >>> plt.close()
    """
    frame = solar_frame(axes)
    date = frame.obstime if date is None else user_time(date)
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


def solar_frame(axes):
    """
    Return the coordinate frame of axes, which has to be solar.
    """
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


def densify(ring):
    """
    Divide every step of a line into four.
    """
    steps = np.arange(len(ring) * _PARTS - _PARTS + 1) / _PARTS
    return np.stack([np.interp(steps, np.arange(len(ring)), column) for column in ring.T], axis=1)


def place_rings(rings, centroids, axes, date):
    """
    Return pixel positions and visibility of the points of every line (`place`).
    """
    if not rings:
        return []
    vertices = np.concatenate(rings) * u.deg
    points = SkyCoord(*vertices.T, frame=centroids.frame.replicate_without_data())
    x, y, visible = place(points, axes, date)
    ends = np.cumsum([len(ring) for ring in rings])[:-1]
    placed = np.stack([x, y], axis=1)
    return list(zip(np.split(placed, ends), np.split(visible, ends), strict=True))


def cut_line(xy, visible, axes):
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
    return join_lines(copies)


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


def join_lines(parts):
    """
    Join lines to one, with NaN between them.
    """
    gap = np.full((1, 2), np.nan)
    return np.concatenate([piece for part in parts for piece in (gap, part)][1:])
