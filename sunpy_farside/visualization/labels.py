"""
Labels that keep apart from each other.
"""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

__all__ = ["add_label", "name_in_title", "spread_labels"]

# Where a label may stand, in points from the middle of what it names, the best place first.
_ANGLES = np.deg2rad([45, 135, -45, -135, 0, 180, 90, -90])


_OFFSETS = [
    (1.3 * radius * np.cos(angle), radius * np.sin(angle))
    for radius in (12, 20, 30, 42)
    for angle in _ANGLES
]


# Weak regions are named next to their mark or not at all.
_NEAR = len(_ANGLES)

# Letters of a name that a title has room for.
_MOST_LETTERS = 40


def spread_labels(axes, labels, needed=None):
    """
    Keep labels apart from each other and inside of axes, whenever they are drawn.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`
    labels : `list` of `~matplotlib.text.Annotation`
        Offset in points from what they name.
    needed : array of `bool`, optional
        Which choose their places first, and may stand further off: all by default. What finds no
        place is left out.
    """
    needed = np.ones(len(labels), dtype=bool) if needed is None else np.asarray(needed, dtype=bool)
    order = np.argsort(~needed, kind="stable")
    axes.add_artist(_Spread([(labels[k], needed[k]) for k in order if labels[k].get_visible()]))


def add_label(axes, name, position, color, strong):
    """
    Write a name next to a point.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`
    name : `str`
    position : (`float`, `float`)
        Pixels; NaN for a point out of sight, whose label stays invisible.
    color : color
    strong : `bool`
        Bold and of normal size.

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
        # A name is no formula.
        parse_math=False,
    )
    label.set_in_layout(False)
    label.set_visible(bool(np.isfinite(position).all()))
    return label


def name_in_title(name):
    r"""
    Return the name of a model as it is written in titles and legends.

    Parameters
    ----------
    name : `str`
        Of any length and any signs: names of files are among them.

    Returns
    -------
    `str`
        Cut where it is long. Its dollar signs begin no formula.

    Examples
    --------
    >>> from sunpy_farside.visualization.labels import name_in_title
    >>> print(name_in_title("cost_in_$"))
    cost_in_\$
    """
    name = " ".join(str(name).split())
    if len(name) > _MOST_LETTERS:
        name = name[: _MOST_LETTERS - 1] + "…"
    return name.replace("$", r"\$")


class _Spread(Artist):
    """
    Moves labels apart, just before they are drawn, when the layout of the figure is known.
    """

    def __init__(self, labels):
        super().__init__()
        self._labels = labels
        self.set_in_layout(False)
        self.set_zorder(-1)

    def draw(self, renderer):
        """
        Place the labels; there is nothing to see of this artist itself.
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
                # Better no number than two on top of each other.
                label.set_visible(False)

    def _marks(self, renderer):
        """
        What no label may cover: the middle of everything that has a name.
        """
        size = renderer.points_to_pixels(3)
        places = [self.axes.transData.transform(label.xy) for label, _ in self._labels]
        return [Bbox.from_bounds(x - size, y - size, 2 * size, 2 * size) for x, y in places]
