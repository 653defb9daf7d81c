"""
Writing of bulletins.
"""

import json
from importlib import resources

from sunpy_farside.bulletin.document import bulletin_document
from sunpy_farside.bulletin.overlay import bulletin_overlay
from sunpy_farside.bulletin.page import bulletin_page
from sunpy_farside.bulletin.pictures import draw_sun
from sunpy_farside.bulletin.plain_text import bulletin_text
from sunpy_farside.utils.files import whole_files

__all__ = ["write_bulletin"]

_NAME = "bulletin"
_SCHEMA, _OVERLAY = "bulletin.schema.json", "jhelioviewer.json"


def write_bulletin(folder, day):
    """
    Write a bulletin.

    Parameters
    ----------
    folder : path-like
        Created if it does not exist; an earlier bulletin in it is replaced. It gets

        - ``bulletin.json``: the document, from which the others are made, and
          ``bulletin.schema.json``, its schema;
        - ``bulletin.html``: a page that needs no other file;
        - ``bulletin.txt``: text of 80 columns;
        - ``jhelioviewer.json``: an overlay for JHelioviewer.
    day : `~sunpy_farside.bulletin.day.Day`
        Detections, tracks and lists of the day.

    Returns
    -------
    `~sunpy_farside.bulletin.schema.Bulletin`
        The document.

    Notes
    -----
    All files appear at once, ``bulletin.json`` last.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from astropy.time import Time
    >>> from sunpy_farside.bulletin import Day, Series, write_bulletin
    >>> from sunpy_farside.catalog.tracking import no_tracks
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> day = Day(Time("2022-05-05"), (Series("phase_map", no_tracks("seismic_strength")),))
    >>> _ = write_bulletin(folder, day)
    >>> sorted(path.name for path in folder.glob("*.*"))[:2]
    ['bulletin.html', 'bulletin.json']
    """
    document = bulletin_document(day)
    content = {
        f"{_NAME}.json": f"{document.model_dump_json(indent=1)}\n",
        f"{_NAME}.html": bulletin_page(document, draw_sun(day, document)),
        f"{_NAME}.txt": bulletin_text(document),
        _OVERLAY: json.dumps(bulletin_overlay(document)),
        _SCHEMA: (resources.files("sunpy_farside.data") / _SCHEMA).read_text(encoding="utf-8"),
    }
    with whole_files(folder, last=f"{_NAME}.json") as partial:
        for name, text in content.items():
            (partial / name).write_text(text, encoding="utf-8")
    return document
