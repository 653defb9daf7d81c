"""
Synchronic views of the whole Sun: near side and far side in one image.
"""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.transforms import Affine2D, ScaledTranslation, blended_transform_factory

import astropy.units as u
from astropy.visualization.wcsaxes import WCSAxes
from astropy.wcs import WCS

from sunpy.coordinates import propagate_with_solar_surface
from sunpy.map import GenericMap

from sunpy_farside.coordinates.far_side import (
    disk_coordinates,
    far_side_center,
    far_side_central_meridian,
)
from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.utils.typing import TimeLike
from sunpy_farside.visualization.artists import Artists, draw_limb, label_axes
from sunpy_farside.visualization.labels import name_in_title
from sunpy_farside.visualization.overplot import overplot_regions
from sunpy_farside.visualization.style import styled_axes

if TYPE_CHECKING:
    from sunpy_farside.detection.result import FarsideDetection

__all__ = ["synchronic_view", "synchronic_wcs"]

# Pixels per degree of a synchronic view.
_FINE = 2
# Position and height of the color bars in points, below the tick labels and the axis label.
_BAR_BOTTOM, _BAR_HEIGHT = -56, 8
# Cosine of the distance from the disk center beyond which the near side is too foreshortened.
_RIM = np.cos(np.deg2rad(85))


def synchronic_view(
    near_map: GenericMap,
    detection: "FarsideDetection",
    *,
    axes: WCSAxes | None = None,
    field: u.Quantity = 200 * u.G,
) -> Artists:
    """
    Draw the whole Sun at one time: a near-side map next to a far-side detection image.

    The far side is in the left half and the near side in the right half. The east limb, at which
    regions rotate onto the near side, is in the middle.

    Parameters
    ----------
    near_map : `~sunpy.map.GenericMap`
        Full-disk map, which is rotated to the date of the detection, or heliographic map, which is
        not rotated.
    detection : `~sunpy_farside.detection.result.FarsideDetection`
        Detection whose image and regions are drawn.
    axes : `~astropy.visualization.wcsaxes.WCSAxes`, optional
        Carrington axes of the whole Sun; by default, created in the current figure.
    field : `~astropy.units.Quantity`, optional
        Magnetic field at the ends of the color scale, for both signs. Maps in units other than
        gauss are drawn with their own ``plot_settings``.

    Returns
    -------
    `~sunpy_farside.visualization.artists.Artists`
        ``images`` are those of the near side and of the far side.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> import sunpy.map
    >>> import sunpy_farside
    >>> from sunpy_farside.visualization import synchronic_view
    >>> from sunpy_farside.coordinates.window import carrington_header
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
    >>> detection = sunpy_farside.detect_farside(sequence, device="cpu")
    >>> header = carrington_header(
    ...     "2022-05-05", (181, 361), first_longitude=0, first_latitude=-90
    ... )
    >>> near_map = sunpy.map.Map(np.zeros((181, 361)), header)
    >>> len(synchronic_view(near_map, detection).images)
    2
    >>> plt.close()
    """
    date = detection.date
    target = synchronic_wcs(date)
    near = _near_side(near_map, target, date)
    with styled_axes(axes, target) as axes:
        images = _draw_halves(axes, near_map, near, detection, field)
        rows, columns = target.array_shape
        axes.set(xlim=(-0.5, columns - 0.5), ylim=(-0.5, rows - 0.5))
        drawn = overplot_regions(detection, axes, date=date, color="white")
        drawn.images.extend(images)
        drawn.lines.append(draw_limb(axes, date))
        _explain_synchronic(axes, near_map, detection, images)
    return drawn


def synchronic_wcs(date: TimeLike) -> WCS:
    """
    Return the world coordinates of a synchronic view: the whole Sun, centered on the east limb.

    Parameters
    ----------
    date : `~astropy.time.Time`, `str` or `~datetime.datetime`

    Returns
    -------
    `~astropy.wcs.WCS`
        Carrington coordinates with half a degree per pixel.

    Examples
    --------
    >>> from sunpy_farside.visualization.synchronic import synchronic_wcs
    >>> synchronic_wcs("2022-05-05").array_shape
    (360, 720)
    """
    limb = int(np.floor(far_side_central_meridian(date).deg + 90))
    header = carrington_header(date, (181, 361), first_longitude=limb - 180, first_latitude=-90)
    rows, columns = 180 * _FINE, 360 * _FINE
    header |= {
        "cdelt1": 1 / _FINE,
        "cdelt2": 1 / _FINE,
        "crpix1": (columns + 1) / 2,
        "crpix2": (rows + 1) / 2,
        "naxis1": columns,
        "naxis2": rows,
    }
    wcs = WCS(header)
    wcs.array_shape = rows, columns
    return wcs


def _near_side(near_map, target, date):
    """
    Resample the near side of a map to the grid of a synchronic view, with NaN elsewhere.
    """
    # Slow to import.
    from reproject import reproject_interp

    data, wcs = np.asarray(near_map.data, dtype=float), near_map.wcs
    if not wcs.wcs.ctype[0].startswith("HPLN"):
        # Heliographic maps combine many dates, or have the right one: keep their longitudes.
        wcs = wcs.deepcopy()
        wcs.wcs.dateobs = wcs.wcs.dateavg = date.utc.isot
        if _comes_round(wcs, data.shape):
            data = np.concatenate([data, data[:, :1]], axis=1)
    with propagate_with_solar_surface():
        near, _ = reproject_interp((data, wcs), target, shape_out=target.array_shape)
    rows, columns = np.indices(target.array_shape)
    longitude, latitude = target.wcs_pix2world(columns, rows, 0)
    center = far_side_center(date)
    toward = disk_coordinates(longitude, latitude, center.lon.deg, center.lat.deg)[2]
    return np.where(toward < -_RIM, near, np.nan)


def _comes_round(wcs, shape):
    """
    Return whether the columns of a map span 360 degrees, without a repeated column.
    """
    rows, columns = shape
    ends = wcs.wcs_pix2world([[0, rows / 2], [1, rows / 2], [columns, rows / 2]], 0)
    first, second, beyond = ends[:, wcs.wcs.lng] % 360
    step = abs((second - first + 180) % 360 - 180)
    return abs((beyond - first + 180) % 360 - 180) < step / 2


def _draw_halves(axes, near_map, near, detection, field):
    """
    Draw the images of the near side and the far side.
    """
    magnetic = near_map.unit is not None and near_map.unit.is_equivalent(u.G)
    settings = near_map.plot_settings
    limit = u.Quantity(field).to_value(near_map.unit) if magnetic else None
    scale = (
        {"cmap": "gray", "vmin": -limit, "vmax": limit}
        if magnetic
        else {"cmap": settings["cmap"], "norm": settings["norm"]}
    )
    axes.set_facecolor("0.75")
    # The axes are half as high as wide: leave the space below them to the color bars.
    axes.set_anchor("N")
    far = detection.image
    return [
        axes.imshow(near, origin="lower", **scale),
        axes.imshow(
            far.data, origin="lower", extent=_extent(far, axes.wcs), **detection.method.scale
        ),
    ]


def _extent(window, target):
    """
    Return the extent of a window in a synchronic view in pixels.
    """
    rows, columns = window.data.shape
    longitude, latitude = window.wcs.wcs_pix2world([0, 0], [0, rows - 1], 0)
    x, _ = target.wcs_world2pix(longitude, latitude, 0)
    _, y = target.wcs_world2pix([0, 0], latitude, 0)
    half = _FINE / 2
    left = x[0] - half
    return left, left + columns * _FINE, y[0] - half, y[1] + half


def _explain_synchronic(axes, near_map, detection, images):
    label_axes(axes)
    unit = f" [{near_map.unit}]" if near_map.unit is not None else ""
    method = detection.method
    near, far = images
    _add_colorbar(axes, far, f"Far side: {method.image[0].lower()}{method.image[1:]}", start=0)
    _add_colorbar(axes, near, f"Near side{unit}", start=0.5)
    names = ("west limb", "far side", "east limb", "near side", "west limb")
    sides = ("left", "center", "center", "center", "right")
    for number, (name, side) in enumerate(zip(names, sides, strict=True)):
        where = number / (len(names) - 1)
        axes.text(where, 1.02, name, transform=axes.transAxes, ha=side, fontsize="small")
    name = name_in_title(detection.model)
    axes.set_title(f"{detection.date.isot[:16].replace('T', ' ')} UT, {name}", pad=20)


def _add_colorbar(axes, image, label, *, start):
    """
    Add a color bar below one half of a synchronic view, starting at a fraction of its width.
    """
    # The distance below the axes is in points, independent of the size of the figure.
    points = Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans
    below = points + ScaledTranslation(0, 0, axes.transAxes)
    bar = axes.inset_axes(
        (start + 0.05, _BAR_BOTTOM, 0.4, _BAR_HEIGHT),
        transform=blended_transform_factory(axes.transAxes, below),
    )
    axes.figure.colorbar(image, cax=bar, label=label, orientation="horizontal")
