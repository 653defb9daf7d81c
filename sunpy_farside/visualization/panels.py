"""
Plots and animations of the maps of a sequence.
"""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.animation import FuncAnimation
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MultipleLocator

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import FIRST_LATITUDE, WINDOW_ROWS, window_longitudes
from sunpy_farside.visualization.artists import COLORS, PHASE_SCALE, Artists, halo
from sunpy_farside.visualization.labels import name_in_title
from sunpy_farside.visualization.style import styled_figure

if TYPE_CHECKING:
    from sunpy_farside.detection.result import FarsideDetection
    from sunpy_farside.sequence import FarsideSequence

__all__ = ["animate_sequence", "degree_ticks", "plot_sequence"]

# Spacing of the longitude ticks of a small panel in degrees, and their smallest distance from its
# edges, which keeps the tick labels of adjacent panels apart.
_PANEL_STEP, _PANEL_EDGE = 60, 12


def plot_sequence(
    sequence: "FarsideSequence",
    *,
    detection: "FarsideDetection | None" = None,
    figure: Figure | None = None,
) -> Artists:
    """
    Draw the eleven maps of a sequence, each in its own window.

    Parameters
    ----------
    sequence : `~sunpy_farside.sequence.FarsideSequence`
    detection : `~sunpy_farside.detection.result.FarsideDetection`, optional
        Detection whose significant regions are outlined.
    figure : `~matplotlib.figure.Figure`, optional
        Figure without axes. By default, the current figure, or a new one if that has axes.

    Returns
    -------
    `~sunpy_farside.visualization.artists.Artists`
        ``axes`` is the list of the eleven axes.

    Raises
    ------
    ValueError
        The figure has axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import sunpy_farside
    >>> from sunpy_farside.visualization import plot_sequence
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
    >>> len(plot_sequence(sequence).axes)
    11
    >>> plt.close()
    """
    drawn = Artists([])
    with styled_figure(figure) as figure:
        grid = figure.subplots(2, 6, sharey=True)
        *panels, spare = grid.flat
        spare.axis("off")
        for panel, phases, time in zip(panels, sequence.data, sequence.times, strict=True):
            first = _unwrapped_start(time, sequence.width, sequence.date)
            drawn.images.append(panel.imshow(phases, **_window(first, sequence.width)))
            panel.set_title(
                time.isot[5:16].replace("T", " "),
                fontsize="small",
                fontweight="bold" if time == sequence.date else "normal",
            )
            degree_ticks(panel, "small")
            _panel_ticks(panel)
            drawn.outlines.extend(_outline_significant(panel, detection))
        figure.supxlabel("Carrington longitude [deg]", fontsize="medium")
        figure.supylabel("Latitude [deg]", fontsize="medium")
        outlined = ""
        if detection is not None:
            outlined = f"; outlined: significant regions ({name_in_title(detection.model)})"
        figure.suptitle(
            f"Far-side phase shifts about {sequence.date.isot[:16].replace('T', ' ')} UT{outlined}",
            fontsize="medium",
        )
        figure.colorbar(
            drawn.images[0], ax=spare, label="Phase shift [rad]", fraction=0.6, aspect=12
        )
    drawn.axes.extend(panels)
    return drawn


def animate_sequence(
    sequence: "FarsideSequence",
    *,
    detection: "FarsideDetection | None" = None,
    figure: Figure | None = None,
    interval: float = 300,
) -> FuncAnimation:
    """
    Animate the eleven maps of a sequence in the window of the middle map.

    Parameters
    ----------
    sequence : `~sunpy_farside.sequence.FarsideSequence`
    detection : `~sunpy_farside.detection.result.FarsideDetection`, optional
        Detection whose significant regions are outlined.
    figure : `~matplotlib.figure.Figure`, optional
        Figure without axes. By default, the current figure, or a new one if that has axes.
    interval : `float`, optional
        Time between maps in milliseconds.

    Returns
    -------
    `~matplotlib.animation.FuncAnimation`
        Keep a reference to the animation until it is shown or saved.

    Raises
    ------
    ValueError
        The figure has axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import sunpy_farside
    >>> from sunpy_farside.visualization import animate_sequence
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
    >>> animation = animate_sequence(sequence)
    >>> _ = animation.to_jshtml()
    >>> plt.close()
    """
    frames, times = sequence.comoving_data, sequence.times
    first = _unwrapped_start(sequence.date, sequence.width, sequence.date)
    with styled_figure(figure) as figure:
        axes = figure.subplots()
        image = axes.imshow(frames[0], **_window(first, sequence.width))
        degree_ticks(axes, "medium")
        axes.set_xlabel("Carrington longitude [deg]")
        axes.set_ylabel("Latitude [deg]")
        figure.colorbar(image, ax=axes, label="Phase shift [rad]", shrink=0.8)
        _outline_significant(axes, detection)
        title = axes.set_title("")

    def show(number):
        image.set_data(frames[number])
        title.set_text(f"Far side {times[number].isot[:16].replace('T', ' ')} UT")
        return image, title

    return FuncAnimation(figure, show, frames=len(frames), interval=interval)


def _unwrapped_start(time, width, near):
    """
    Return the first longitude of a window, unwrapped to that of a reference date.
    """
    start = float(window_longitudes(time, width)[0].value)
    return start + 360 * np.round((far_side_central_meridian(near).deg - width / 2 - start) / 360)


def _window(first, width):
    extent = (
        first - 0.5,
        first + width - 0.5,
        FIRST_LATITUDE - 0.5,
        FIRST_LATITUDE + WINDOW_ROWS - 0.5,
    )
    return {"extent": extent, "origin": "lower", **PHASE_SCALE}


def degree_ticks(axes: Axes, size: str | float) -> None:
    """
    Mark every 30 degrees of longitude and latitude on axes in degrees.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`
        Axes with longitudes that may run on beyond 360 degrees.
    size : `str` or `float`
        Size of the labels.
    """
    axes.xaxis.set_major_locator(MultipleLocator(30))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value % 360:.0f}"))
    axes.yaxis.set_major_locator(MultipleLocator(30))
    axes.tick_params(labelsize=size)


def _panel_ticks(panel):
    left, right = panel.get_xlim()
    marks = np.arange(np.ceil(left / _PANEL_STEP), right / _PANEL_STEP) * _PANEL_STEP
    inside = (marks - left >= _PANEL_EDGE) & (right - marks >= _PANEL_EDGE)
    panel.xaxis.set_major_locator(FixedLocator(marks[inside]))


def _outline_significant(axes, detection):
    """
    Outline the significant regions of a detection on axes in degrees.
    """
    if detection is None:
        return []
    lines = []
    left, right = axes.get_xlim()
    strong = zip(detection.outlines, detection.regions["significant"], strict=True)
    for ring in (ring for rings, significant in strong if significant for ring in rings):
        turns = np.round(((left + right) / 2 - ring[:, 0].mean()) / 360)
        style = {"color": COLORS["first"], "lw": 1.2, "path_effects": halo(1.2)}
        line = Line2D(ring[:, 0] + 360 * turns, ring[:, 1], **style)
        lines.append(axes.add_artist(line))
    return lines
