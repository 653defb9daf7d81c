"""
Pictures of the dates of a catalog.
"""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["draw_date"]


def draw_date(detections, folder):
    """
    Draw the detections of a date side by side.

    Parameters
    ----------
    detections : sequence of `~sunpy_farside.detection.result.FarsideDetection`
        Detections of one date by several methods.
    folder : path-like
        Output folder. The name of the image is the date.
    """
    figure = Figure(figsize=(10.5, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    for number, detection in enumerate(detections, start=1):
        axes = figure.add_subplot(1, len(detections), number, projection=detection.image)
        detection.plot(axes)
    name = detections[0].date.isot[:16].replace(":", "")
    figure.savefig(Path(folder) / f"{name}.png", dpi=100)
