"""
Tables of the catalog's database, and the steps from one version of them to the next.

Dates are texts in ISO format and UTC, so that their order is that of time, and angles are degrees.
A NaN is stored as NULL. Rows of regions never change: a detection that is made again is a new one,
and the earlier one, with its regions, remains with the status ``superseded``.
"""

import sqlite3
from contextlib import contextmanager

from sunpy_farside.catalog.rows import REGION_FIELDS
from sunpy_farside.errors import FileFormatError, NewerFormatError

__all__ = ["open_database", "readable", "transaction"]

# Codes of SQLite for files that are damaged, or no databases.
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# Codes for files that the system does not let SQLite read or write: a full disk, permissions.
_REFUSED = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_BUSY,
)

# Each step brings a database from the version that is its place in the list to the next one. A step
# that a release has published is never changed: later releases add theirs. Columns of tables of
# regions need no step (`_missing_fields`).
_STEPS = [
    """
    -- Software, network and settings behind detections.
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        version TEXT NOT NULL,
        weights TEXT NOT NULL,
        settings TEXT NOT NULL,
        UNIQUE (version, settings)
    );
    -- The eleven files behind detections: a digest of all, and a JSON object of the digest of each.
    CREATE TABLE inputs (
        id INTEGER PRIMARY KEY,
        digest TEXT NOT NULL UNIQUE,
        files TEXT NOT NULL
    );
    -- Results of one method on one date, also those without a region. `digest` is that of the
    -- regions. A run or input that an earlier release did not record is NULL.
    CREATE TABLE detections (
        id INTEGER PRIMARY KEY,
        product TEXT NOT NULL,
        method TEXT NOT NULL,
        date TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('current', 'superseded')),
        model TEXT NOT NULL,
        run INTEGER REFERENCES runs,
        input INTEGER REFERENCES inputs,
        digest TEXT NOT NULL,
        made TEXT NOT NULL
    );
    CREATE UNIQUE INDEX current_detections ON detections (method, date)
        WHERE status = 'current';
    CREATE TABLE regions (
        detection INTEGER NOT NULL REFERENCES detections,
        label INTEGER NOT NULL,
        longitude REAL NOT NULL,
        latitude REAL NOT NULL,
        reliability REAL,
        integrated_probability REAL,
        peak_probability REAL,
        area REAL,
        area_uhem REAL,
        longitude_extent REAL,
        latitude_extent REAL,
        mean_phase REAL,
        seismic_strength REAL,
        depth REAL,
        coverage REAL,
        complex INTEGER,
        east_limb_arrival TEXT NOT NULL,
        significant INTEGER NOT NULL,
        PRIMARY KEY (detection, label)
    ) WITHOUT ROWID;
    CREATE TABLE tracks (
        id INTEGER PRIMARY KEY,
        method TEXT NOT NULL,
        designation TEXT NOT NULL,
        first_date TEXT NOT NULL,
        last_date TEXT NOT NULL,
        n_detections INTEGER NOT NULL,
        n_possible INTEGER NOT NULL,
        reliability REAL,
        persistent INTEGER NOT NULL,
        mean_longitude REAL NOT NULL,
        mean_latitude REAL NOT NULL,
        mean_date TEXT NOT NULL,
        latest_longitude REAL NOT NULL,
        latest_latitude REAL NOT NULL,
        scatter REAL,
        position_uncertainty REAL,
        drift REAL,
        peak_strength REAL NOT NULL,
        latest_strength REAL NOT NULL,
        split_from TEXT NOT NULL,
        merged_into TEXT NOT NULL,
        east_limb_arrival TEXT NOT NULL,
        arrival_uncertainty REAL,
        central_meridian_crossing TEXT NOT NULL,
        UNIQUE (method, designation)
    );
    CREATE INDEX latest_tracks ON tracks (method, last_date);
    -- Regions that belong to tracks.
    CREATE TABLE members (
        track INTEGER NOT NULL REFERENCES tracks,
        detection INTEGER NOT NULL,
        label INTEGER NOT NULL,
        PRIMARY KEY (detection, label),
        FOREIGN KEY (detection, label) REFERENCES regions
    ) WITHOUT ROWID;
    CREATE INDEX members_of_tracks ON members (track);
    -- The first date whose detections are not in the tracks yet, NULL where all are, and the
    -- settings of the tracks.
    CREATE TABLE tracking (
        method TEXT PRIMARY KEY,
        pending TEXT,
        settings TEXT NOT NULL DEFAULT ''
    );
    -- Names that others give to the regions of tracks: one row for every date of a match.
    CREATE TABLE names (
        track INTEGER NOT NULL REFERENCES tracks ON DELETE CASCADE,
        source TEXT NOT NULL,
        name TEXT NOT NULL,
        date TEXT NOT NULL,
        PRIMARY KEY (track, source, name, date)
    ) WITHOUT ROWID;
    -- Alerts that were given, so that none is given twice.
    CREATE TABLE alerts (
        method TEXT NOT NULL,
        designation TEXT NOT NULL,
        kind TEXT NOT NULL,
        given TEXT NOT NULL,
        PRIMARY KEY (method, designation, kind)
    ) WITHOUT ROWID;
    """,
    # Magnetic flux in Mx, NULL where an earlier release has detected the regions.
    """
    ALTER TABLE regions ADD COLUMN flux REAL;
    ALTER TABLE regions ADD COLUMN flux_lower REAL;
    ALTER TABLE regions ADD COLUMN flux_upper REAL;
    ALTER TABLE tracks ADD COLUMN flux REAL;
    ALTER TABLE tracks ADD COLUMN flux_lower REAL;
    ALTER TABLE tracks ADD COLUMN flux_upper REAL;
    """,
]


def open_database(path, *, write=False):
    """
    Open a catalog's database.

    Parameters
    ----------
    path : `~pathlib.Path`
    write : `bool`, optional
        If True, create a file that is missing, and bring an earlier version up to date. Otherwise,
        an earlier version is brought up to date in a copy in memory.

    Returns
    -------
    `sqlite3.Connection`
        Without implicit transactions (`transaction`).

    Raises
    ------
    NewerFormatError
        A later release wrote the database.
    FileFormatError
        The file is no database, or a damaged or an empty one.
    """
    with readable(path):
        connection = _connect(path, write)
        try:
            version = _version(connection, path)
            if not write and (version < len(_STEPS) or _missing_fields(connection)):
                connection = _in_memory(connection, version, path)
            _bring_up_to_date(connection, version)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def readable(path):
    """
    Raise errors that name the file where a database does not read or cannot be written.

    Parameters
    ----------
    path : `~pathlib.Path`

    Raises
    ------
    FileFormatError
        The database is damaged.
    OSError
        The system does not let SQLite read or write the file.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        # The last byte of a code is the kind of error.
        if error.sqlite_errorcode & 0xFF in _REFUSED:
            msg = (
                f"{path}: expected a catalog that can be read and written, found that it cannot "
                f"({error}). Make room on the disk, or change the permissions."
            )
            raise OSError(msg) from error
        if error.sqlite_errorcode not in _DAMAGED:
            raise
        msg = (
            f"{path}: expected a catalog, found a file that does not read ({error}). Run watch "
            "or daily again: it makes the catalog again from the maps."
        )
        raise FileFormatError(msg) from error


def _connect(path, write):
    if write:
        # With FULL, a transaction is on disk before the next one, even after a power cut.
        return _connection(path, "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
    address = path.resolve().as_uri()
    try:
        # Opened for writing, so that SQLite removes the files that it puts beside the database.
        return _connection(f"{address}?mode=rw", "query_only = ON", "user_version")
    except sqlite3.OperationalError:
        # A read-only folder has no place for the files of the write-ahead log.
        return _connection(f"{address}?immutable=1")


def _connection(address, *pragmas):
    connection = sqlite3.connect(address, uri=isinstance(address, str), isolation_level=None)
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _in_memory(connection, version, path):
    """
    Return a copy of a database in memory, and close the database.
    """
    if version == 0:
        msg = (
            f"{path}: expected a catalog, found version 0, an empty database. Run watch or daily: "
            "it makes the catalog."
        )
        raise FileFormatError(msg)
    copy = _connection(":memory:")
    try:
        connection.backup(copy)
    except BaseException:
        copy.close()
        raise
    connection.close()
    return copy


def _version(connection, path):
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(_STEPS):
        msg = (
            f"{path}: expected version {len(_STEPS)} of a catalog or an earlier one, found "
            f"version {version} of a later release. Update sunpy_farside."
        )
        raise NewerFormatError(msg)
    later = _region_fields(connection) - {"detection", *REGION_FIELDS}
    if version == len(_STEPS) and later:
        msg = (
            f"{path}: expected the columns of this release, found also "
            f"{', '.join(sorted(later))} of a later release. Update sunpy_farside."
        )
        raise NewerFormatError(msg)
    return version


def _region_fields(connection):
    """
    Return the names of the fields that regions have in a database, an empty set without regions.
    """
    return {name for _, name, *_ in connection.execute("PRAGMA table_info(regions)")}


def _missing_fields(connection):
    """
    Return the fields of regions that a database of an earlier release lacks.
    """
    present = _region_fields(connection)
    return [name for name in REGION_FIELDS if name not in present]


def _bring_up_to_date(connection, version):
    for number, step in enumerate(_STEPS[version:], start=version + 1):
        with transaction(connection):
            for statement in _statements(step):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
    if missing := _missing_fields(connection):
        with transaction(connection):
            for name in missing:
                # Without a type, SQLite stores any value as it is; it is NULL in former regions.
                connection.execute(f"ALTER TABLE regions ADD COLUMN {name}")


def _statements(script):
    """
    Yield the statements of a script, which `sqlite3` runs together only outside transactions.
    """
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def transaction(connection):
    """
    Write all the changes of a ``with`` block to a database, or none of them.

    Parameters
    ----------
    connection : `sqlite3.Connection`
        Connection from `open_database`.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        # Some errors, such as a full disk, have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
