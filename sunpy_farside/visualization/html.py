"""
Objects as notebooks show them: a line of text and a picture.
"""

import base64
import html
import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["html_with_picture"]


def html_with_picture(item, draw, *, size=(7, 5)):
    """
    Return HTML that shows the text form of an object above a picture of it.

    Parameters
    ----------
    item : object
        Its ``repr`` is the text.
    draw : callable
        Draws the picture into the `~matplotlib.figure.Figure` that it is given. No window or
        notebook shows that figure a second time.
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
