"""
Animations of many dates, and their files.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.animation import Animation, FFMpegWriter, FuncAnimation, PillowWriter
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.errors import FarsideError
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.typing import PathLike
from sunpy_farside.visualization.artists import halo
from sunpy_farside.visualization.labels import name_in_title
from sunpy_farside.visualization.panels import degree_ticks
from sunpy_farside.visualization.style import styled_figure

if TYPE_CHECKING:
    from sunpy_farside.detection.result import FarsideDetection

__all__ = ["animate_detections", "write_animation"]

# Writers by the suffix of the file.
_WRITERS: dict[str, type[PillowWriter] | type[FFMpegWriter]] = {
    ".gif": PillowWriter,
    ".mp4": FFMpegWriter,
}


def animate_detections(
    detections: "Iterable[FarsideDetection]",
    *,
    figure: Figure | None = None,
    interval: float = 300,
) -> FuncAnimation:
    """
    Animate the detections of many dates in Carrington coordinates.

    Regions hardly move, while the window of the far side passes over them to the left.

    Parameters
    ----------
    detections : iterable of `~sunpy_farside.detection.result.FarsideDetection`
        Detections by one method, one or more, in any order.
    figure : `~matplotlib.figure.Figure`, optional
        Figure without axes. By default, the current figure, or a new one if that has axes.
    interval : `float`, optional
        Time between dates in milliseconds.

    Returns
    -------
    `~matplotlib.animation.FuncAnimation`
        Keep a reference to the animation until it is shown or saved.

    Raises
    ------
    ValueError
        There is no detection, two methods are mixed, or the figure has axes.

    See Also
    --------
    write_animation : Write an animation to a file.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import sunpy_farside
    >>> from sunpy_farside.simulation import simulate_maps
    >>> from sunpy_farside.visualization import animate_detections
    >>> maps = simulate_maps("2022-05-01", 13, seed=1).maps
    >>> sequences = sunpy_farside.find_sequences(maps)
    >>> animation = animate_detections(sunpy_farside.detect_seismic_strength(sequences))
    >>> _ = animation.to_jshtml()
    >>> plt.close()
    """
    detections = sorted(detections, key=lambda item: item.date.mjd)
    methods = {item.method.name for item in detections}
    if len(methods) != 1:
        found = " and ".join(sorted(methods)) or "none"
        msg = f"Expected detections of one method, found {found}. Animate each method alone."
        raise ValueError(msg)
    method = detections[0].method
    extents = _extents(detections)
    with styled_figure(figure) as figure:
        axes = figure.subplots()
        image = axes.imshow(detections[0].image.data, extent=extents[0], **method.scale)
        left, right, bottom, top = np.transpose(extents)
        axes.set(xlim=(left.min(), right.max()), ylim=(bottom.min(), top.max()), facecolor="0.75")
        degree_ticks(axes, "medium")
        axes.set_xlabel("Carrington longitude [deg]")
        axes.set_ylabel("Latitude [deg]")
        figure.colorbar(image, ax=axes, label=method.image, shrink=0.8)
        title = axes.set_title("")
    lines: list[Line2D] = []

    def show(number):
        detection, extent = detections[number], extents[number]
        image.set_data(detection.image.data)
        image.set_extent(extent)
        # The extent of an image moves the limits of its axes.
        axes.set(xlim=(left.min(), right.max()), ylim=(bottom.min(), top.max()))
        text = detection.date.isot[:16].replace("T", " ")
        title.set_text(f"Far side {text} UT, {name_in_title(detection.model)}")
        while lines:
            lines.pop().remove()
        lines.extend(axes.add_artist(line) for line in _outlines(detection, extent))
        return [image, title, *lines]

    return FuncAnimation(figure, show, frames=len(detections), interval=interval)


def write_animation(animation: Animation, path: PathLike, *, dpi: float = 100) -> None:
    """
    Write an animation to a file.

    Parameters
    ----------
    animation : `~matplotlib.animation.Animation`
        Animation of `animate_detections` or
        `~sunpy_farside.visualization.panels.animate_sequence`.
    path : path-like
        File that ends in ``.gif``, or in ``.mp4`` where the program ``ffmpeg`` is installed. It
        appears when it is whole, and replaces an earlier one.
    dpi : `float`, optional
        Pixels per inch of the figure.

    Raises
    ------
    FarsideError
        The file has another suffix, or ``ffmpeg`` is needed and absent.

    Examples
    --------
    >>> from sunpy_farside.visualization import animate_detections, write_animation
    >>> write_animation(animate_detections(detections), "last_days.gif")  # doctest: +SKIP
    """
    path = Path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        msg = f"{path}: expected a file that ends in {' or '.join(_WRITERS)}, found another."
        raise FarsideError(msg)
    if not writer.isAvailable():
        msg = f"{path}: expected the program ffmpeg, found none. Install it, or write a .gif file."
        raise FarsideError(msg)
    with whole_files(path.parent) as partial:
        # Annotations of matplotlib lack the interval.
        rate = 1000 / animation.event_source.interval  # type: ignore[union-attr]
        animation.save(partial / path.name, writer=writer(fps=rate), dpi=dpi)


def _extents(detections):
    """
    Return the edges of the windows in degrees, unwrapped at the 0/360 boundary.
    """
    meridians = np.unwrap(
        [far_side_central_meridian(item.date).deg for item in detections], period=360
    )
    extents = []
    for detection, meridian in zip(detections, meridians, strict=True):
        rows, columns = detection.image.data.shape
        corners = [[-0.5, -0.5], [columns - 0.5, rows - 0.5]]
        longitude, latitude = detection.image.wcs.wcs_pix2world(corners, 0).T
        left = longitude[0] + 360 * np.round((meridian - columns / 2 - longitude[0]) / 360)
        extents.append((left, left + columns, latitude[0], latitude[1]))
    return extents


def _outlines(detection, extent):
    """
    Yield the outlines of regions, those of significant ones solid.
    """
    middle = (extent[0] + extent[1]) / 2
    for rings, significant in zip(
        detection.outlines, detection.regions["significant"], strict=True
    ):
        for ring in rings:
            turns = np.round((middle - ring[:, 0].mean()) / 360)
            style = {"lw": 1.6, "ls": "-"} if significant else {"lw": 1, "ls": "--"}
            yield Line2D(
                ring[:, 0] + 360 * turns,
                ring[:, 1],
                color="white",
                path_effects=halo(style["lw"]),
                **style,
            )
