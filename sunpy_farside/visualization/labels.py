"""
Labels of regions, placed without overlap.
"""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

__all__ = ["add_label", "name_in_title", "spread_labels"]

# Possible offsets of a label from its point, in points, in order of preference.
_ANGLES = np.deg2rad([45, 135, -45, -135, 0, 180, 90, -90])


_OFFSETS = [
    (1.3 * radius * np.cos(angle), radius * np.sin(angle))
    for radius in (12, 20, 30, 42)
    for angle in _ANGLES
]


# Weak regions are labeled next to their marker or not at all: number of offsets that they may use.
_NEAR = len(_ANGLES)

# What recorded names are called in pictures.
_TITLES = {"seismic_strength": "SAR method"}
# Largest length of a name in a title.
_MOST_LETTERS = 40


def spread_labels(axes, labels, needed=None):
    """
    Place labels without overlap and inside the axes whenever the figure is drawn.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`
        Axes of the labels.
    labels : `list` of `~matplotlib.text.Annotation`
        Annotations with positions in offset points.
    needed : array of `bool`, optional
        True for labels that are placed first and may be farther from their point; all by default.
        Labels that do not fit are hidden.
    """
    needed = np.ones(len(labels), dtype=bool) if needed is None else np.asarray(needed, dtype=bool)
    order = np.argsort(~needed, kind="stable")
    axes.add_artist(_Spread([(labels[k], needed[k]) for k in order if labels[k].get_visible()]))


def add_label(axes, name, position, color, strong):
    """
    Draw a name next to a point.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`
        Axes of the label.
    name : `str`
        Text of the label.
    position : (`float`, `float`)
        Position in pixels; NaN for a hidden point, whose label is invisible.
    color : color
        Color of the text.
    strong : `bool`
        If True, draw the label in bold and in normal size.

    Returns
    -------
    `~matplotlib.text.Annotation`
    """
    label = axes.annotate(
        name,
        position,
        xytext=_OFFSETS[0],
        textcoords="offset points",
        ha="center",
        va="center",
        color=color,
        fontsize="medium" if strong else "small",
        fontweight="bold" if strong else "normal",
        path_effects=[withStroke(linewidth=2.5, foreground="black")],
        annotation_clip=True,
        zorder=7,
        # Dollar signs in names are not mathematics.
        parse_math=False,
    )
    label.set_in_layout(False)
    label.set_visible(bool(np.isfinite(position).all()))
    return label


def name_in_title(name):
    r"""
    Return the name of a model for titles and legends, shortened and escaped.

    Parameters
    ----------
    name : `str`
        Name of any length with any characters, such as the name of a file.

    Returns
    -------
    `str`
        At most 40 characters, with escaped dollar signs.

    Examples
    --------
    >>> from sunpy_farside.visualization.labels import name_in_title
    >>> print(name_in_title("cost_in_$"))
    cost_in_\$
    """
    name = " ".join(_TITLES.get(name, str(name)).split())
    if len(name) > _MOST_LETTERS:
        name = name[: _MOST_LETTERS - 1] + "…"
    return name.replace("$", r"\$")


class _Spread(Artist):
    """
    Artist that places labels just before they are drawn, when the layout of the figure is final.
    """

    def __init__(self, labels):
        super().__init__()
        self._labels = labels
        self.set_in_layout(False)
        self.set_zorder(-1)

    def draw(self, renderer):
        """
        Place the labels. The artist itself draws nothing.
        """
        room = self.axes.get_window_extent(renderer)
        others = [item for item in self.axes.get_children() if isinstance(item, _Spread)]
        taken = [box for item in others for box in item._marks(renderer)]
        for item in others[: others.index(self)]:
            visible = (label for label, _ in item._labels if label.get_visible())
            taken += [label.get_window_extent(renderer) for label in visible]
        for label, must in self._labels:
            label.set_visible(True)
            for offset in _OFFSETS if must else _OFFSETS[:_NEAR]:
                label.set_position(offset)
                box = label.get_window_extent(renderer).padded(1)
                inside = room.containsx(box.x0) and room.containsx(box.x1)
                inside = inside and room.containsy(box.y0) and room.containsy(box.y1)
                if inside and not box.count_overlaps(taken):
                    taken.append(box)
                    break
            else:
                # No label is better than two that overlap.
                label.set_visible(False)

    def _marks(self, renderer):
        """
        Return the boxes around the labeled points, which labels must not cover.
        """
        size = renderer.points_to_pixels(3)
        places = [self.axes.transData.transform(label.xy) for label, _ in self._labels]
        return [Bbox.from_bounds(x - size, y - size, 2 * size, 2 * size) for x, y in places]
