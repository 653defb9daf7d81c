"""
Matplotlib style of the package, applied only to its own axes.
"""

from contextlib import contextmanager

__all__ = ["STYLE", "styled_axes", "styled_figure"]

# Name of the style sheet for matplotlib.pyplot.style.use.
STYLE = "sunpy_farside.data.farside"


@contextmanager
def styled_figure(figure=None):
    """
    Apply the style of the package to a figure within a ``with`` block.

    Parameters
    ----------
    figure : `~matplotlib.figure.Figure`, optional
        Figure without axes. By default, the current figure, or a new one if that has axes.

    Yields
    ------
    `~matplotlib.figure.Figure`

    Raises
    ------
    ValueError
        The figure has axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sunpy_farside.visualization.style import styled_figure
    >>> with styled_figure() as figure:
    ...     image = figure.add_subplot().imshow([[0, 1]])
    >>> image.origin
    'lower'
    >>> plt.close()
    """
    import matplotlib.pyplot as plt

    # Create the figure before the style context: the first figure of a session loads matplotlib's
    # backend, which may change settings that the end of the context would reset. The notebook
    # backend then displays no further figures (matplotlib issues 24351, 25041 and 26716).
    current = plt.gcf() if figure is None else figure
    if current.axes and figure is not None:
        msg = (
            f"Expected a figure without axes, found one with {len(current.axes)}, which would be "
            "drawn over. Create a new one, or clear it with figure.clear()."
        )
        raise ValueError(msg)
    if current.axes:
        current = plt.figure()
    with plt.style.context(STYLE):
        yield current


@contextmanager
def styled_axes(axes=None, projection=None):
    """
    Apply the style of the package to new axes within a ``with`` block; keep that of given axes.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`, optional
        Axes to draw on. By default, they are created in the current figure, or in a new one if
        that has axes.
    projection : `~sunpy.map.GenericMap` or `~astropy.wcs.WCS`, optional
        Projection of new axes. Without it, the current axes of the figure are used.

    Yields
    ------
    `~matplotlib.axes.Axes`

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sunpy_farside.coordinates.window import window_wcs
    >>> from sunpy_farside.visualization.style import styled_axes
    >>> with styled_axes(projection=window_wcs("2022-05-05")) as axes:
    ...     axes.set_title("Far side").get_text()
    'Far side'
    >>> plt.close()
    """
    if axes is not None:
        yield axes
        return
    import matplotlib.pyplot as plt

    if projection is None:
        figure = plt.gcf()
        with plt.style.context(STYLE):
            yield figure.gca()
        return
    with styled_figure() as figure:
        yield figure.add_subplot(projection=projection)
