"""
The catalog's database: one SQLite file that grows by a date at a time.
"""

import json
from contextlib import closing, contextmanager
from dataclasses import dataclass

from astropy.time import Time

import sunpy_farside
from sunpy_farside.catalog.database_schema import open_database, readable, transaction
from sunpy_farside.catalog.rows import REGION_FIELDS, rows_of_regions
from sunpy_farside.utils.digests import digest

__all__ = ["DATABASE", "Database", "Record"]

# Name of the file in the folder of a catalog.
DATABASE = "catalogue.db"

# A track of which nothing is known but its name and the date of its first detection.
_ADD_TRACK = """
    INSERT OR IGNORE INTO tracks (
        method, designation, first_date, last_date, n_detections, n_possible, persistent,
        mean_longitude, mean_latitude, mean_date, latest_longitude, latest_latitude, peak_strength,
        latest_strength, split_from, merged_into, east_limb_arrival, central_meridian_crossing
    ) VALUES (?1, ?2, ?3, ?3, 0, 0, 0, 0, 0, ?3, 0, 0, 0, 0, '', '', ?3, ?3)
"""
_ADD_MEMBER = """
    INSERT OR IGNORE INTO members (track, detection, label)
    SELECT tracks.id, detections.id, regions.label FROM tracks
    JOIN detections ON detections.method = tracks.method
    JOIN regions ON regions.detection = detections.id AND regions.label = ?
    WHERE tracks.method = ? AND designation = ? AND date = ? AND status = 'current'
"""


@dataclass(frozen=True)
class Record:
    """
    Sources of the result of one date.

    Attributes
    ----------
    run : `dict`
        Description of the run (``sunpy_farside.catalog.sources.describe_run``).
    maps : `str`
        Digest of the eleven files.
    files : `dict`
        Digest of each file by its name; empty if only ``maps`` is known.
    """

    run: dict
    maps: str
    files: dict


class Database:
    """
    Detections, regions and their sources in a catalog's database.

    Parameters
    ----------
    connection : `sqlite3.Connection`
        Connection from ``sunpy_farside.catalog.database_schema.open_database``.
    """

    def __init__(self, connection):
        self.connection = connection

    @classmethod
    @contextmanager
    def opened(cls, folder, *, write=False):
        """
        Open the database of a folder within a ``with`` block.

        Parameters
        ----------
        folder : `~pathlib.Path`
        write : `bool`, optional
            As for ``sunpy_farside.catalog.database_schema.open_database``.

        Yields
        ------
        `Database`
        """
        path = folder / DATABASE
        with readable(path), closing(open_database(path, write=write)) as connection:
            yield cls(connection)

    def dates(self):
        """
        Return all dates, also those without a region.

        Returns
        -------
        `list` of `str`
        """
        query = "SELECT DISTINCT date FROM detections WHERE status = 'current' ORDER BY date"
        return [date for (date,) in self.connection.execute(query)]

    def products(self):
        """
        Return the products of the maps behind the current detections.

        Returns
        -------
        `list` of `str`
            Without those of earlier releases, which did not record the product.
        """
        query = (
            "SELECT DISTINCT product FROM detections JOIN inputs ON inputs.id = input "
            "WHERE status = 'current' AND files != '{}' ORDER BY product"
        )
        return [product for (product,) in self.connection.execute(query)]

    def records(self):
        """
        Return the sources of every date.

        Returns
        -------
        `dict`
            The `Record` of every date, None where an earlier release did not write it.
        """
        runs = self.connection.execute("SELECT id, settings FROM runs").fetchall()
        runs = {number: json.loads(settings) for number, settings in runs}
        query = (
            "SELECT date, run, inputs.digest FROM detections LEFT JOIN inputs ON "
            "inputs.id = input WHERE status = 'current' ORDER BY date"
        )
        return {
            date: None if run is None or maps is None else Record(runs[run], maps, {})
            for date, run, maps in self.connection.execute(query)
        }

    def append(self, date, record, tables, *, product="phase_map"):
        """
        Add the regions of a date in one transaction. Earlier ones are kept as superseded.

        Parameters
        ----------
        date : `str`
        record : `Record` or None
        tables : `dict`
            Name of the network or method behind them, and table of regions, by method.
        product : `str`, optional
            Product of the maps.
        """
        with transaction(self.connection):
            self.add(date, record, tables, product=product)

    def add(self, date, record, tables, *, product="phase_map"):
        """
        Add the regions of a date within a transaction of the caller.

        Parameters
        ----------
        date, record, tables, product
            As for `append`.
        """
        run, source = (None, None) if record is None else self._sources(record)
        for method, (model, table) in tables.items():
            rows = rows_of_regions(table)
            self._supersede(method, date)
            cursor = self.connection.execute(
                "INSERT INTO detections (product, method, date, status, model, run, input, "
                "digest, made) VALUES (?, ?, ?, 'current', ?, ?, ?, ?, ?)",
                (product, method, date, model, run, source, _digest(rows), _now()),
            )
            self.connection.executemany(
                f"INSERT INTO regions (detection, {', '.join(REGION_FIELDS)}) "
                f"VALUES (?{', ?' * len(REGION_FIELDS)})",
                [(cursor.lastrowid, *row) for row in rows],
            )

    def add_names(self, method, members):
        """
        Add the members of earlier tracks, with nothing but their names, from which tracks go on.

        Parameters
        ----------
        method : `str`
        members : iterable of `tuple`
            Designation of the track, date of the detection, label of the region. Those that are not
            in the database are passed over.
        """
        for designation, date, label in members:
            self.connection.execute(_ADD_TRACK, (method, designation, date))
            self.connection.execute(_ADD_MEMBER, (label, method, designation, date))

    def remove(self, dates):
        """
        Count the detections of dates as superseded, without others in their place.

        Parameters
        ----------
        dates : iterable of `str`
        """
        with transaction(self.connection):
            methods = self.connection.execute("SELECT DISTINCT method FROM detections").fetchall()
            for date in dates:
                for (method,) in methods:
                    self._supersede(method, date)

    def rows(self, method=None, date=None, since=""):
        """
        Return the current regions.

        Parameters
        ----------
        method, date : `str`, optional
            Regions by one method, or of one date, only.
        since : `str`, optional
            First date.

        Returns
        -------
        `list` of `tuple`
            Identifier, date, method and model of the detection, then the fields of the region, in
            order of date, method and rank.
        """
        query = (
            f"SELECT detections.id, date, method, model, {', '.join(REGION_FIELDS)} "
            "FROM detections JOIN regions ON detection = detections.id WHERE status = 'current' "
            "AND (?1 IS NULL OR method = ?1) AND (?2 IS NULL OR date = ?2) AND date >= ?3 "
            "ORDER BY date, method, label"
        )
        return self.connection.execute(query, (method, date, since)).fetchall()

    def damaged(self):
        """
        Return the dates whose regions are not those that were written.

        Returns
        -------
        `list` of `str`
        """
        query = "SELECT id, date, digest FROM detections WHERE status = 'current' ORDER BY date"
        written = self.connection.execute(query).fetchall()
        found = {number: [] for number, _, _ in written}
        for number, _, _, _, *row in self.rows():
            found[number].append(tuple(row))
        bad = (date for number, date, expected in written if _digest(found[number]) != expected)
        return list(dict.fromkeys(bad))

    def _sources(self, record):
        """
        Return the identifiers of a run and of maps, which are added where they are new.
        """
        keys = (sunpy_farside.__version__, json.dumps(record.run, sort_keys=True))
        self.connection.execute(
            "INSERT OR IGNORE INTO runs (version, settings, weights) VALUES (?, ?, ?)",
            (*keys, record.run.get("weights", "")),
        )
        query = "SELECT id FROM runs WHERE version = ? AND settings = ?"
        (run,) = self.connection.execute(query, keys).fetchone()
        self.connection.execute(
            "INSERT OR IGNORE INTO inputs (digest, files) VALUES (?, ?)",
            (record.maps, json.dumps(record.files)),
        )
        query = "SELECT id FROM inputs WHERE digest = ?"
        (source,) = self.connection.execute(query, (record.maps,)).fetchone()
        return run, source

    def _supersede(self, method, date):
        self.connection.execute(
            "UPDATE detections SET status = 'superseded' "
            "WHERE status = 'current' AND method = ? AND date = ?",
            (method, date),
        )
        # The tracks are followed anew from here.
        self.connection.execute(
            "INSERT INTO tracking (method, pending) VALUES (?1, ?2) ON CONFLICT (method) DO UPDATE "
            "SET pending = min(coalesce(pending, ?2), ?2)",
            (method, date),
        )


def _digest(rows):
    # Without the fields that are not known: a field that a later release adds changes nothing.
    known = [
        [(name, value) for name, value in zip(REGION_FIELDS, row, strict=True) if value is not None]
        for row in rows
    ]
    return digest(repr(known))


def _now():
    return Time.now().isot[:19]
