"""
Pictures on the page of a bulletin.
"""

import base64
import io
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.style import context

from sunpy_farside.bulletin import words
from sunpy_farside.bulletin.values import moment
from sunpy_farside.visualization.style import STYLE
from sunpy_farside.visualization.synchronic import synchronic_view, synchronic_wcs

__all__ = ["Picture", "draw_sun"]

# Width and height in inches and pixels per inch, on wide screens and on phones: of the whole Sun,
# and of the far side alone.
_WHOLE = {"wide": (11.0, 7.0, 120), "narrow": (5.2, 4.0, 150)}
_FAR = {"wide": (7.0, 6.2, 120), "narrow": (4.6, 4.3, 150)}
# Pixels of a page per inch.
_PAGE = 110


@dataclass(frozen=True)
class Picture:
    """
    Picture of the Sun for a page.

    Attributes
    ----------
    wide, narrow : `str`
        PNG files as data URIs, for wide screens and for phones.
    width : `int`
        Width of the wide one on the page in pixels.
    caption : `str`
    alt : `str`
        Description for those who do not see the picture.
    """

    wide: str
    narrow: str
    width: int
    caption: str
    alt: str


def draw_sun(day, document):
    """
    Draw the Sun of a bulletin: near and far side in one map, or the far side alone.

    Parameters
    ----------
    day : `~sunpy_farside.bulletin.day.Day`
        The first of its series with a detection is drawn.
    document : `~sunpy_farside.bulletin.schema.Bulletin`
        Bulletin of that day: regions carry its numbers.

    Returns
    -------
    `Picture` or None
        None of a day without a detection.
    """
    detections = [series for series in day.series if series.detection is not None]
    if not detections:
        return None
    series = detections[0]
    numbers = _numbers(series, document)
    sizes = _FAR if day.near_side is None else _WHOLE
    drawn = {
        name: _draw(series.detection, day.near_side, numbers, size) for name, size in sizes.items()
    }
    date = words.when(moment(series.detection.date))
    scene = "The far side of the Sun" if day.near_side is None else "The whole Sun"
    caption = (
        f"{scene} on {date} UT, the date of the latest detection ({series.method.title}). Numbers "
        "are those of the table; solid outlines: significant regions; dashed ones: weaker regions."
    )
    shown = [region for region in document.regions if region.number in numbers.values()]
    places = "; ".join(
        f"{region.number} at Carrington longitude {region.position.carrington_longitude:.0f}, "
        f"{words.latitude(region.position.latitude)}"
        for region in shown
    )
    alt = f"{scene} on {date} UT with {words.count(len(shown), 'numbered region')}"
    return Picture(
        **drawn,
        width=round(sizes["wide"][0] * _PAGE),
        caption=caption,
        alt=f"{alt}: {places}." if places else f"{alt}.",
    )


def _numbers(series, document):
    """
    Return the numbers of the regions of the latest detection by their labels.
    """
    numbers = {
        item.designation: region.number
        for region in document.regions
        for item in region.measurements
    }
    members, date = series.tracks.members, series.detection.date
    today = np.abs(members["date"].mjd - date.mjd) < 1e-3
    return {
        int(row["label"]): numbers[row["designation"]]
        for row in members[today]
        if row["designation"] in numbers
    }


def _draw(detection, near_side, numbers, size):
    width, height, dpi = size
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    with context(STYLE):
        if near_side is None:
            drawn = detection.plot(figure.add_subplot(projection=detection.image))
        else:
            axes = figure.add_subplot(projection=synchronic_wcs(detection.date))
            drawn = synchronic_view(near_side, detection, axes=axes)
        for label, row in zip(drawn.labels, detection.regions, strict=True):
            label.set_text(str(numbers.get(int(row["label"]), "")))
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=dpi)
    encoded = base64.b64encode(picture.getvalue()).decode("ascii")
    return f"data:image/png;base64,{encoded}"
