"""
Plots of tracks.
"""

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.dates import ConciseDateFormatter
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MultipleLocator

import astropy.units as u
from astropy.time import Time

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.visualization.artists import Artists
from sunpy_farside.visualization.labels import spread_labels
from sunpy_farside.visualization.style import styled_axes

if TYPE_CHECKING:
    from sunpy_farside.catalog.tracking import RegionTracks

__all__ = ["plot_tracks"]

_WEAK_TRACK = {"ls": "--", "lw": 1, "marker": ".", "ms": 3}


# Fraction of the time axis kept free after the last arrival, for the labels.
_MARGIN = 0.3


def plot_tracks(tracks: "RegionTracks", *, axes: Axes | None = None) -> Artists:
    """
    Draw the Carrington longitudes of tracks against time, up to their arrival at the east limb.

    Regions hardly move in Carrington longitude, while the far side (gray band) passes over them.
    Persistent tracks are solid and labeled; a dotted line connects the last detection to the
    arrival at the limb, a triangle with its uncertainty. Other tracks are thin and dashed.

    Parameters
    ----------
    tracks : `~sunpy_farside.catalog.tracking.RegionTracks`
        Tracks to draw.
    axes : `~matplotlib.axes.Axes`, optional
        Axes to draw on; by default, created in the current figure.

    Returns
    -------
    `~sunpy_farside.visualization.artists.Artists`
        ``outlines`` are the tracks, ``markers`` and ``labels`` the arrivals and names of the
        persistent ones, and ``lines`` the limbs.

    Raises
    ------
    ValueError
        There are no tracks.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import sunpy_farside
    >>> from sunpy_farside.visualization import plot_tracks
    >>> from sunpy_farside.simulation import simulate_maps
    >>> maps = simulate_maps("2022-05-01", 14, seed=1).maps
    >>> detections = sunpy_farside.detect_seismic_strength(sunpy_farside.find_sequences(maps))
    >>> tracks = sunpy_farside.track_regions(detections)
    >>> drawn = plot_tracks(tracks)
    >>> len(drawn.outlines) == len(tracks.tracks)
    True
    >>> plt.close()
    """
    table, members = tracks.tracks, tracks.members
    if len(table) == 0:
        msg = "Expected tracks to draw, found none."
        raise ValueError(msg)
    with styled_axes(axes) as axes:
        return _draw_tracks(table, members, axes)


def _draw_tracks(table, members, axes):
    colors = cycle(item["color"] for item in rcParams["axes.prop_cycle"])
    persistent = np.asarray(table["persistent"])
    ends = [members["date"].mjd.min(), members["date"].mjd.max()]
    ends[1] = np.max([ends[1], *table["east_limb_arrival"].mjd[persistent]])
    after = max(1, _MARGIN * (ends[1] - ends[0]))
    band = _FarSideBand(Time(np.arange(ends[0] - 0.5, ends[1] + after, 0.25), format="mjd"))
    drawn = Artists(axes, lines=band.draw(axes))
    for row in table:
        mine = members[members["designation"] == row["designation"]]
        strong = bool(row["persistent"])
        style = {"ls": "-", "lw": 2, "marker": "o", "ms": 4} if strong else _WEAK_TRACK
        color = next(colors) if strong else "0.45"
        path = mine["date"].plot_date, band.unwrapped(mine["centroid"].lon.deg, mine["date"])
        drawn.outlines.append(axes.plot(*path, color=color, **style)[0])
        if strong:
            _draw_arrival(drawn, row, path, color)
    spread_labels(axes, drawn.labels)
    axes.xaxis_date()
    axes.xaxis.set_major_formatter(ConciseDateFormatter(axes.xaxis.get_major_locator()))
    axes.yaxis.set_major_locator(MultipleLocator(30))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value % 360:.0f}"))
    axes.set_xlabel("Date [UT]")
    axes.set_ylabel("Carrington longitude [deg]")
    return drawn


class _FarSideBand:
    """
    Carrington longitudes of the far side against time, unwrapped at the 0/360 boundary.
    """

    def __init__(self, times):
        self._times = times
        meridians = far_side_central_meridian(times).deg
        self._meridians = np.unwrap(meridians, period=360)

    def unwrapped(self, longitude, times):
        """
        Unwrap the longitudes of points on the far side to the scale of the band.
        """
        meridian = np.interp(times.mjd, self._times.mjd, self._meridians)
        return meridian + (longitude - meridian + 180) % 360 - 180

    def draw(self, axes):
        """
        Draw the band and the limbs at its edges.
        """
        day, east, west = self._times.plot_date, self._meridians + 90, self._meridians - 90
        axes.fill_between(day, west, east, color="0.9", lw=0, zorder=0)
        lines = [
            axes.plot(day, limb, color="black", lw=1, ls=style)[0]
            for limb, style in ((east, "-"), (west, ":"))
        ]
        style = {"textcoords": "offset points", "fontsize": "small"}
        axes.annotate("east limb", (day[0], east[0]), xytext=(15, 3), **style)
        below = {"ha": "right", "va": "top"}
        axes.annotate("west limb", (day[-1], west[-1]), xytext=(-15, -3), **below, **style)
        return lines


def _draw_arrival(drawn, row, path, color):
    """
    Extend a track from its last detection to the limb, and label its arrival.
    """
    arrival, mean = row["east_limb_arrival"], row["mean_position"]
    # Rotate the mean position, from which the arrival follows, to that date, and unwrap it.
    moved = carrington_drift(mean.lat.deg) * (arrival - mean.obstime).to_value(u.day)
    longitude = mean.lon.deg + moved
    longitude += 360 * np.round((path[1][-1] - longitude) / 360)
    axes = drawn.axes
    axes.plot([path[0][-1], arrival.plot_date], [path[1][-1], longitude], color=color, ls=":")
    (marker, *_) = axes.errorbar(
        arrival.plot_date,
        longitude,
        xerr=row["arrival_uncertainty"].to_value(u.day),
        color=color,
        marker="^",
        ms=7,
    )
    drawn.markers.append(marker)
    label = axes.annotate(
        f"{row['designation']}\n{arrival.isot[5:13].replace('T', ' ')} UT",
        # The plot is empty beyond the limb.
        (arrival.plot_date, longitude),
        xytext=(0, 0),
        textcoords="offset points",
        ha="left",
        va="bottom",
        fontsize="small",
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )
    label.set_in_layout(False)
    drawn.labels.append(label)
