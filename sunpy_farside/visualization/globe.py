"""
Views of the Sun as a globe.
"""

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

import astropy.units as u
from astropy.coordinates import SkyCoord

from sunpy.coordinates import HeliographicStonyhurst, Helioprojective
from sunpy.map import make_fitswcs_header

from sunpy_farside.coordinates.far_side import disk_center_latitude
from sunpy_farside.visualization.artists import Artists
from sunpy_farside.visualization.labels import name_in_title
from sunpy_farside.visualization.overplot import overplot_regions
from sunpy_farside.visualization.style import styled_figure

if TYPE_CHECKING:
    from sunpy_farside.detection.result import FarsideDetection

__all__ = ["globe_view"]

# Pixels across the picture, and across the Sun.
_PIXELS, _DISK = 512, 470


def globe_view(
    detection: "FarsideDetection",
    *,
    observer: SkyCoord | None = None,
    figure: Figure | None = None,
) -> Artists:
    """
    Draw a detection image on the globe of the Sun, as seen from behind the Sun.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`
        Detection whose image and regions are drawn.
    observer : `~astropy.coordinates.SkyCoord`, optional
        Position of the observer, with a distance from the Sun. By default opposite of the Earth,
        so that the far side faces the observer.
    figure : `~matplotlib.figure.Figure`, optional
        Figure without axes. By default, the current figure, or a new one if that has axes.

    Returns
    -------
    `~sunpy_farside.visualization.artists.Artists`
        Regions behind the limb have no points.

    Raises
    ------
    ValueError
        The figure has axes.

    Notes
    -----
    The projection is that of `~sunpy.coordinates.Helioprojective`. From the distance of the
    Earth, it differs from an orthographic one by a quarter of a degree at the limb.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import sunpy_farside
    >>> from sunpy_farside.visualization import globe_view
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
    >>> detection = sunpy_farside.detect_farside(sequence, device="cpu")
    >>> drawn = globe_view(detection)
    >>> drawn.axes.get_title()[:25]
    'Far side 2022-05-05 00:00'
    >>> plt.close()
    """
    date = detection.date
    view = detection.image.reproject_to(_header(date, observer))
    with styled_figure(figure) as figure:
        axes = figure.add_subplot(projection=view)
        image = view.plot(axes=axes, title=False, **detection.method.scale)
        axes.set_facecolor("0.75")
        axes.coords.grid(draw_grid=False)
        for axis in axes.coords:
            axis.set_ticks_visible(False)
            axis.set_ticklabel_visible(False)
            axis.set_axislabel("")
        view.draw_limb(axes=axes, color="black", linewidth=1)
        view.draw_grid(
            axes=axes, grid_spacing=30 * u.deg, annotate=False, color="white", alpha=0.35
        )
        drawn = overplot_regions(detection, axes, color="white")
        drawn.images.append(image)
        figure.colorbar(image, ax=axes, label=detection.method.image, shrink=0.7)
        text = date.isot[:16].replace("T", " ")
        axes.set_title(f"Far side {text} UT, {name_in_title(detection.model)}")
    return drawn


def _header(date, observer):
    """
    Return the header of a picture that the Sun fills.
    """
    if observer is None:
        observer = SkyCoord(
            180 * u.deg,
            -disk_center_latitude(date),
            1 * u.au,
            frame=HeliographicStonyhurst(obstime=date),
        )
    frame = Helioprojective(observer=observer.frame, obstime=date)
    distance = SkyCoord(observer).transform_to(HeliographicStonyhurst(obstime=date)).radius
    scale = 2 * (frame.rsun / distance).to(u.arcsec, u.dimensionless_angles()) / (_DISK * u.pix)
    return make_fitswcs_header(
        (_PIXELS, _PIXELS),
        SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=frame),
        scale=u.Quantity([scale, scale]),
    )
