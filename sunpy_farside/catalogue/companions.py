"""
Companions of the catalogue: pictures, and the same regions in formats for other programs.
"""

import json
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import sunpy_farside
from sunpy_farside.utils.digests import digest
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.tables import plain_table, write_plain

__all__ = ["are_current", "draw_date", "write_companions"]

_JSON, _OTHERS = "catalogue.json", ("catalogue.vot", "catalogue.csv")
_FORMAT = 2


def draw_date(detections, folder):
    """
    Draw the detections of a date side by side.

    Parameters
    ----------
    detections : sequence of `~sunpy_farside.detection.result.FarsideDetection`
        Of one date, by several methods.
    folder : path-like
        It gets a picture that has the date as its name.
    """
    figure = Figure(figsize=(10.5, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    for number, detection in enumerate(detections, start=1):
        axes = figure.add_subplot(1, len(detections), number, projection=detection.image)
        detection.plot(axes)
    name = detections[0].date.isot[:16].replace(":", "")
    figure.savefig(Path(folder) / f"{name}.png", dpi=100)


def write_companions(catalogue, path):
    """
    Write the catalogue as JSON, VOTable and CSV.

    Parameters
    ----------
    catalogue : `~sunpy_farside.catalogue.catalogue_files.Catalogue`
    path : path-like
        The catalogue's own file, beside which they go.
    """
    path = Path(path)
    with whole_files(path.parent, last=_JSON) as partial:
        for name in _OTHERS:
            write_plain(catalogue.table, partial / name)
        (partial / _JSON).write_text(json.dumps(_plain(catalogue, path), indent=1))


def are_current(path):
    """
    Return whether the files of `write_companions` exist and belong to this catalogue.

    Parameters
    ----------
    path : path-like
        The catalogue's own file.

    Returns
    -------
    `bool`
    """
    path = Path(path)
    if not all((path.parent / name).exists() for name in _OTHERS):
        return False
    try:
        content = json.loads((path.parent / _JSON).read_text())
        return content["source"] == digest(path.read_bytes())
    # A damaged file is written again.
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _plain(catalogue, path):
    """
    Return the catalogue as numbers and strings for JSON, which has no NaN.
    """
    table = plain_table(catalogue.table)
    columns = [
        [None if value != value else value for value in table[name].tolist()]
        for name in table.colnames
    ]
    rows = zip(*columns, strict=True)
    return {
        "format": _FORMAT,
        # Of the file that holds the same in full.
        "source": digest(path.read_bytes()),
        "dates": sorted(catalogue.records),
        "version": sunpy_farside.__version__,
        "units": {name: str(table[name].unit) for name in table.colnames if table[name].unit},
        "regions": [dict(zip(table.colnames, row, strict=True)) for row in rows],
    }
