"""
The catalogue on disk.

Format 2: ``meta`` records the sources of every date and a digest of its rows in the file, which
reveals rows that were lost, doubled or changed. Format 1, of earlier releases, has only the dates.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from astropy.table import QTable
from astropy.time import Time

import sunpy_farside
from sunpy_farside.detection import COLUMNS
from sunpy_farside.detection.former import complete_regions, no_regions
from sunpy_farside.errors import FileFormatError, NewerFormatError
from sunpy_farside.io.table_files import check_format, lines_of_table, meta_of_lines, table_of_lines
from sunpy_farside.utils.digests import digest

__all__ = ["FORMER_SAR", "Catalogue", "Record", "read_catalogue_file", "write_catalogue_file"]

_FORMAT = 2
_OWN = ("date", "method", "model")
# Name of the SAR method in earlier releases.
FORMER_SAR = "standard"


@dataclass(frozen=True)
class Record:
    """
    Sources of the result of one date.

    Attributes
    ----------
    run : `dict`
        Of `~sunpy_farside.catalogue.sources.describe_run`.
    maps : `str`
        Digest of the eleven files.
    """

    run: dict
    maps: str


@dataclass
class Catalogue:
    """
    Regions of many dates, with their sources.

    Attributes
    ----------
    table : `~astropy.table.QTable`
        One row per region, in order of date: ``date``, ``method``, ``model`` and the columns of
        `sunpy_farside.detection.measurement.COLUMNS`.
    records : `dict`
        The `Record` of every date, None where an earlier release made it.
    damaged : `list` of `str`
        Dates whose rows are not those that were written. They are in neither of the others.
    """

    table: QTable = None
    records: dict = field(default_factory=dict)
    damaged: list = field(default_factory=list)

    def __post_init__(self):
        if self.table is None:
            self.table = _no_rows()


def write_catalogue_file(catalogue, path):
    """
    Write a catalogue.

    Parameters
    ----------
    catalogue : `Catalogue`
    path : path-like
        An ECSV file.
    """
    table = catalogue.table.copy(copy_data=False)
    table.meta = {}
    _, rows = lines_of_table(table)
    digests = _digests(rows)
    runs, dates = [], sorted(catalogue.records)
    records = []
    for date in dates:
        record = catalogue.records[date]
        if record is None:
            records.append(f"- - {digests[date]}")
            continue
        if record.run not in runs:
            runs.append(record.run)
        records.append(f"{runs.index(record.run)} {record.maps} {digests[date]}")
    table.meta = {
        "format": _FORMAT,
        "dates": dates,
        "runs": runs,
        # Of every date: the number of its run, the digest of its maps, that of its rows.
        "records": records,
        "version": sunpy_farside.__version__,
    }
    table.write(path, format="ascii.ecsv")


def read_catalogue_file(path):
    """
    Read a catalogue.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `Catalogue`
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
            return Catalogue(_table(header, rows, path), dict.fromkeys(dates))
        digests = _digests(rows)
        records, whole = {}, set()
        for date, line in zip(dates, meta["records"], strict=True):
            run, maps, rows_digest = line.split()
            records[date] = None if run == "-" else Record(meta["runs"][int(run)], maps)
            if digests[date] == rows_digest:
                whole.add(date)
        good = [row for row in rows if _date(row) in whole]
        damaged = sorted({*dates, *digests} - whole)
        table = _table(header, good, path)
        return Catalogue(table, {date: records[date] for date in sorted(whole)}, damaged)
    except NewerFormatError:
        raise
    # Damaged files raise many kinds of errors.
    except Exception as error:
        msg = (
            f"{path}: expected a catalogue, found a file that does not read ({error}). Run watch "
            "again: it makes the catalogue again from the maps."
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
    own["method"] = np.where(method == FORMER_SAR, "sar", method)
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
