"""
What stands beside the catalogue: pictures, and the same regions for programs of other kinds.
"""

import hashlib
import json
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from astropy.time import Time

import sunpy_farside
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.tables import write_plain

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
    Return whether what `write_companions` wrote is there, and of this catalogue.

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
        return content["source"] == _digest(path)
    # Whatever it is, it can be written again.
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _plain(catalogue, path):
    """
    The catalogue as plain numbers and strings.
    """
    table, columns = catalogue.table, {}
    for name in table.colnames:
        values = table[name]
        if name == "centroid":
            columns["longitude"] = values.lon.deg.round(3).tolist()
            columns["latitude"] = values.lat.deg.round(3).tolist()
        elif isinstance(values, Time):
            columns[name] = values.isot.tolist()
        else:
            values = getattr(values, "value", values).tolist()
            # JSON knows no NaN.
            columns[name] = [None if value != value else value for value in values]
    rows = zip(*columns.values(), strict=True)
    return {
        "format": _FORMAT,
        # Of the file that holds the same in full.
        "source": _digest(path),
        "dates": sorted(catalogue.records),
        "version": sunpy_farside.__version__,
        "units": {
            name: str(table[name].unit)
            for name in table.colnames
            if getattr(table[name], "unit", None)
        },
        "regions": [dict(zip(columns, row, strict=True)) for row in rows],
    }
