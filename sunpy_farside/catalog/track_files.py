"""
Tracks on disk.

Format 2: both files carry a digest of their rows, and ``tracks.ecsv`` that of the members that it
was made from, which move into place first. Format 1, of earlier releases, has neither.
"""

from pathlib import Path

from sunpy_farside.errors import FileFormatError, NewerFormatError
from sunpy_farside.io.table_files import (
    check_format,
    complete_table,
    lines_of_table,
    meta_of_lines,
    table_of_lines,
)
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.digests import digest
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.tables import write_plain

__all__ = ["read_members", "read_tracks", "write_tracks"]

_TRACKS, _MEMBERS, _PLAIN = "tracks.ecsv", "members.ecsv", "tracks.vot"
_FORMAT = 2
_MARKS = ("rows", "members")


def write_tracks(tracks, members, folder):
    """
    Write tracks and their members.

    Parameters
    ----------
    tracks, members : `~astropy.table.QTable`
        Tables of `~sunpy_farside.catalog.tracking.RegionTracks`.
    folder : path-like
        Output folder for ``members.ecsv``, ``tracks.ecsv``, and ``tracks.vot`` for other programs.
    """
    with whole_files(folder, last=_TRACKS) as partial:
        rows = _write(members, partial / _MEMBERS)
        _write(tracks, partial / _TRACKS, members=rows)
        write_plain(tracks, partial / _PLAIN)


def read_tracks(folder, like):
    """
    Read tracks and their members.

    Parameters
    ----------
    folder : path-like
    like : callable
        Given what the tracks are ranked by, it returns
        `~sunpy_farside.catalog.tracking.RegionTracks` without a row: for the columns that an
        earlier release did not write.

    Returns
    -------
    tracks, members : `~astropy.table.QTable`

    Raises
    ------
    FileNotFoundError
        The folder holds no tracks.
    FileFormatError
        A file in it is damaged, or the two do not belong together.
    """
    folder = user_path(folder)
    for name in (_TRACKS, _MEMBERS):
        if not (folder / name).exists():
            msg = f"{folder}: expected tracks, found no {name} in it."
            raise FileNotFoundError(msg)
    tracks, marks = _read(folder / _TRACKS, lambda strength: like(strength).tracks)
    members, own_marks = _read(folder / _MEMBERS, lambda strength: like(strength).members)
    if marks.get("members") != own_marks.get("rows"):
        msg = (
            f"{folder}: expected tracks of the members beside them, found tracks of others. "
            "Track the detections again."
        )
        raise FileFormatError(msg)
    return tracks, members


def read_members(folder, like):
    """
    Read the members of tracks alone, from which tracks go on.

    Parameters
    ----------
    folder, like
        As for `read_tracks`.

    Returns
    -------
    `~astropy.table.QTable`

    Raises
    ------
    FileNotFoundError
        The folder holds no members.
    FileFormatError
        The file is damaged.
    """
    return _read(Path(folder) / _MEMBERS, lambda strength: like(strength).members)[0]


def _write(table, path, **meta):
    rows = digest("\n".join(lines_of_table(table)[1]))
    table = table.copy(copy_data=False)
    table.meta = {**table.meta, "format": _FORMAT, "rows": rows, **meta}
    table.write(path, format="ascii.ecsv")
    return rows


def _read(path, like):
    """
    Read a table and the digests in its file.
    """
    try:
        meta, header, rows = meta_of_lines(path.read_text(errors="replace"))
        check_format(path, meta.pop("format", 1), _FORMAT)
        marks = {name: meta.pop(name) for name in _MARKS if name in meta}
        if marks.get("rows") not in (None, digest("\n".join(rows))):
            msg = "rows that were lost, doubled or changed"
            raise ValueError(msg)
        complete = like(meta["strength"])
        table = table_of_lines(header, rows) if rows else complete
        table.meta = meta
        return complete_table(table, complete, path), marks
    except (FileNotFoundError, NewerFormatError):
        raise
    # Damaged files raise many kinds of errors.
    except Exception as error:
        msg = (
            f"{path}: expected tracks written by RegionTracks.write, found some that do not read "
            f"({error}). Track the detections again."
        )
        raise FileFormatError(msg) from error
