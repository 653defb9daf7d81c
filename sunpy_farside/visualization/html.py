"""
HTML representations of objects in notebooks: a line of text and an image.
"""

import base64
import html
import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["html_with_picture"]


def html_with_picture(item, draw, *, size=(7, 5)):
    """
    Return HTML with the text representation of an object above an image of it.

    Parameters
    ----------
    item : object
        Object whose ``repr`` is the text.
    draw : callable
        Function that draws the image into a given `~matplotlib.figure.Figure`. That figure is not
        registered with pyplot, so that it is not displayed a second time.
    size : (`float`, `float`), optional
        Width and height in inches.

    Returns
    -------
    `str`
    """
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=80)
    encoded = base64.b64encode(picture.getvalue()).decode("ascii")
    text = html.escape(repr(item))
    return f'<pre>{text}</pre>\n<img alt="{text}" src="data:image/png;base64,{encoded}">'
