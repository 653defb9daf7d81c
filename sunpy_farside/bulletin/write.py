"""
Writing of bulletins.
"""

from sunpy_farside.bulletin.document import bulletin_document
from sunpy_farside.utils.files import whole_files

__all__ = ["write_bulletin"]

_JSON = "bulletin.json"


def write_bulletin(folder, day):
    """
    Write a bulletin.

    Parameters
    ----------
    folder : path-like
        Made when it is not there; an earlier bulletin in it is replaced. It gets
        ``bulletin.json``.
    day : `~sunpy_farside.bulletin.day.Day`
        Detections, tracks and lists of the day.

    Returns
    -------
    `~sunpy_farside.bulletin.schema.Bulletin`
    """
    document = bulletin_document(day)
    with whole_files(folder, last=_JSON) as partial:
        (partial / _JSON).write_text(f"{document.model_dump_json(indent=1)}\n", encoding="utf-8")
    return document
