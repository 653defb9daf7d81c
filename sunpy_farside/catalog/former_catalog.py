"""
Catalogs of earlier releases, which were tables in ECSV files.

Format 2: ``meta`` records the sources of every date and a digest of its rows in the file, which
reveals rows that were lost, doubled or changed. Format 1 has only the dates.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from astropy.table import QTable
from astropy.time import Time

from sunpy.util.exceptions import warn_user

from sunpy_farside.catalog.database import Record
from sunpy_farside.catalog.database_schema import transaction
from sunpy_farside.catalog.rows import texts_of
from sunpy_farside.catalog.track_files import read_members
from sunpy_farside.catalog.tracking import no_tracks
from sunpy_farside.detection import COLUMNS
from sunpy_farside.detection.former import complete_regions, no_regions
from sunpy_farside.detection.methods import METHODS, SAR
from sunpy_farside.detection.seismic_strength import METHOD
from sunpy_farside.errors import FileFormatError, NewerFormatError
from sunpy_farside.io.table_files import check_format, meta_of_lines, table_of_lines
from sunpy_farside.utils.digests import digest
from sunpy_farside.utils.text import some

__all__ = [
    "FORMER_FILE",
    "FORMER_SAR",
    "FormerCatalog",
    "import_former",
    "put_away",
    "read_former",
]

FORMER_FILE = "catalogue.ecsv"
# Name of the SAR method in earlier releases.
FORMER_SAR = "standard"
# What earlier releases wrote, and the folder in which it is kept.
_FORMER = (FORMER_FILE, "catalogue.json", "catalogue.vot", "catalogue.csv", "tracks")
_KEPT = "former"
_FORMAT = 2
_OWN = ("date", "method", "model")


@dataclass
class FormerCatalog:
    """
    Regions of many dates, with their sources, from a file of an earlier release.

    Attributes
    ----------
    table : `~astropy.table.QTable`
        One row per region, in order of date: ``date``, ``method``, ``model`` and the columns of
        ``sunpy_farside.detection.columns.COLUMNS``.
    records : `dict`
        The `~sunpy_farside.catalog.database.Record` of every date, None where there is none.
    damaged : `list` of `str`
        Dates whose rows are not those that were written. They are in neither of the others.
    """

    table: QTable
    records: dict
    damaged: list = field(default_factory=list)


def import_former(database, folder):
    """
    Take over the catalog of an earlier release, with the names of its tracks, if there is one.

    Parameters
    ----------
    database : `~sunpy_farside.catalog.database.Database`
        Empty, and to be written.
    folder : `~pathlib.Path`
        The catalog's. Afterwards the earlier files are in its folder ``former``.

    Raises
    ------
    NewerFormatError
        A later release wrote the file.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        The file does not read, or some dates in it are damaged.
    """
    path = folder / FORMER_FILE
    if not path.exists():
        return
    if not database.dates():
        try:
            former = read_former(path)
        except NewerFormatError:
            raise
        except FileFormatError as error:
            warn_user(f"{error} The file is kept in {_KEPT}.")
        else:
            if former.damaged:
                warn_user(
                    f"{path}: rows were lost, doubled or changed on {some(former.damaged)}, which "
                    f"are not taken over. The file is kept in {_KEPT}."
                )
            with transaction(database.connection):
                _import(database, former)
                for method in METHODS:
                    _import_names(database, folder / "tracks", method)
    put_away(folder)


def put_away(folder):
    """
    Move the files of earlier releases into a folder of their own, which reads no more.

    Parameters
    ----------
    folder : `~pathlib.Path`
    """
    kept = folder / _KEPT
    kept.mkdir(exist_ok=True)
    # The catalog last: as long as it is there, the others may be, too.
    for name in reversed(_FORMER):
        if (folder / name).exists():
            (folder / name).replace(kept / name)


def _import(database, former):
    table = former.table
    dates = texts_of(table)
    methods = np.asarray(table["method"])
    for date, record in former.records.items():
        here = dates == date
        for method in METHODS:
            part = table[here & (methods == method)]
            model = str(part["model"][0]) if len(part) else _model(method, record)
            database.add(date, record, {method: (model, part)})


def _model(method, record):
    if method == SAR.name:
        return METHOD
    return record.run.get("model", "") if record else ""


def _import_names(database, tracks, method):
    """
    Put the members of earlier tracks into a database, from which their names go on.
    """
    places = [method, FORMER_SAR] if method == SAR.name else [method]
    place = next((tracks / name for name in places if (tracks / name).is_dir()), None)
    if place is None:
        return
    try:
        members = read_members(place, no_tracks)
    except NewerFormatError:
        raise
    except (FileNotFoundError, FileFormatError) as error:
        warn_user(f"Tracks are made again, perhaps with other names. {error}")
        return
    database.add_names(
        method,
        zip(
            members["designation"].tolist(),
            texts_of(members).tolist(),
            members["label"].tolist(),
            strict=True,
        ),
    )


def read_former(path):
    """
    Read a catalog of an earlier release.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `FormerCatalog`
        Without the dates whose rows are damaged.

    Raises
    ------
    NewerFormatError
        A later release wrote it.
    FileFormatError
        It does not read.
    """
    path = Path(path)
    try:
        meta, header, rows = meta_of_lines(path.read_text(errors="replace"))
        version = meta.get("format", 1)
        check_format(path, version, _FORMAT)
        dates = meta["dates"]
        if version == 1:
            return FormerCatalog(_table(header, rows, path), dict.fromkeys(dates))
        digests = _digests(rows)
        records, whole = {}, set()
        for date, line in zip(dates, meta["records"], strict=True):
            run, maps, rows_digest = line.split()
            records[date] = None if run == "-" else Record(meta["runs"][int(run)], maps, {})
            if digests[date] == rows_digest:
                whole.add(date)
        good = [row for row in rows if _date(row) in whole]
        damaged = sorted({*dates, *digests} - whole)
        table = _table(header, good, path)
        return FormerCatalog(table, {date: records[date] for date in sorted(whole)}, damaged)
    except NewerFormatError:
        raise
    # Damaged files raise many kinds of errors.
    except Exception as error:
        msg = (
            f"{path}: expected a catalog, found a file that does not read ({error}). Run watch "
            "or daily again: it makes the catalog again from the maps."
        )
        raise FileFormatError(msg) from error


def _table(header, rows, path):
    if not rows:
        return _no_rows()
    table = table_of_lines(header, rows)
    own = table[list(_OWN)]
    regions = complete_regions(table, path)
    for name in COLUMNS:
        own[name] = regions[name]
    method = np.asarray(own["method"])
    own["method"] = np.where(method == FORMER_SAR, SAR.name, method)
    own.meta = {}
    return own[np.argsort(own["date"].mjd, kind="stable")]


def _no_rows():
    table = QTable()
    # An empty array of strings is no array of dates to astropy.
    table["date"] = Time(np.empty(0), format="mjd")
    table["method"] = table["model"] = np.empty(0, dtype="U1")
    regions = no_regions()
    for name in COLUMNS:
        table[name] = regions[name]
    return table


def _digests(rows):
    """
    Return the digests of the lines of every date; a date without lines has that of an empty text.
    """
    by_date = defaultdict(list)
    for row in rows:
        by_date[_date(row)].append(row)
    digests = defaultdict(lambda: digest(""))
    return digests | {date: digest("\n".join(lines)) for date, lines in by_date.items()}


def _date(row):
    # The first column of a row holds its date, without a blank.
    return row.partition(" ")[0]
