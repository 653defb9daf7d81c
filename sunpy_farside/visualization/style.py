"""
The package's style, for axes of its own alone.
"""

from contextlib import contextmanager

__all__ = ["STYLE", "styled_axes", "styled_figure"]

# The style sheet, for matplotlib.pyplot.style.use.
STYLE = "sunpy_farside.data.farside"


@contextmanager
def styled_figure(figure=None):
    """
    Apply the package's style to what is drawn in a figure within a ``with`` block.

    Parameters
    ----------
    figure : `~matplotlib.figure.Figure`, optional
        Without axes. The current figure by default, or a new one where that has axes.

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

    # Before the style is entered: a session's first figure loads matplotlib's backend, which may
    # change settings, and the end of a style context sets them back. The backend of notebooks
    # then showed no later figure (matplotlib issues 24351, 25041 and 26716).
    current = plt.gcf() if figure is None else figure
    if current.axes and figure is not None:
        msg = (
            f"Expected a figure without axes, found one with {len(current.axes)}, which would be "
            "drawn over. Make a new one, or clear it with figure.clear()."
        )
        raise ValueError(msg)
    if current.axes:
        current = plt.figure()
    with plt.style.context(STYLE):
        yield current


@contextmanager
def styled_axes(axes=None, projection=None):
    """
    Apply the package's style to new axes within a ``with`` block, and none to given axes.

    Parameters
    ----------
    axes : `~matplotlib.axes.Axes`, optional
        Made in the current figure by default, or in a new one where that has axes.
    projection : `~sunpy.map.GenericMap` or `~astropy.wcs.WCS`, optional
        Of new axes; without one, the figure's current axes serve.

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
