"""
Contents of the databases of catalogs, and catalogs as earlier releases wrote them.
"""

import sqlite3
from contextlib import closing

import numpy as np

import sunpy_farside
from sunpy_farside.catalog import read_catalog
from sunpy_farside.catalog.database import DATABASE, Database
from sunpy_farside.catalog.rows import REGION_FIELDS
from sunpy_farside.catalog.track_store import _FIELDS as TRACK_FIELDS
from sunpy_farside.io.table_files import lines_of_table
from sunpy_farside.utils.digests import digest

_CURRENT = "FROM detections {} WHERE status = 'current' ORDER BY date, method"


def stored(folder, *, names=True):
    """
    Return the current contents of a database, however it came to them.

    Without ``names``, tracks are identified by their first detection.
    """
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        detections = connection.execute(
            "SELECT product, date, method, model, detections.digest, settings, inputs.digest "
            + _CURRENT.format(
                "LEFT JOIN runs ON runs.id = run LEFT JOIN inputs ON inputs.id = input"
            )
        ).fetchall()
        regions = connection.execute(
            f"SELECT date, method, {', '.join(REGION_FIELDS)} "
            + _CURRENT.format("JOIN regions ON detection = id")
            + ", label"
        ).fetchall()
        fields = ", ".join(f"tracks.{name}" for name in TRACK_FIELDS)
        tracks = connection.execute(f"SELECT method, {fields} FROM tracks").fetchall()
        members = connection.execute(
            "SELECT designation, tracks.method, date, label FROM members JOIN detections ON "
            "detections.id = detection JOIN tracks ON tracks.id = track ORDER BY date, label"
        ).fetchall()
        pending = connection.execute("SELECT * FROM tracking ORDER BY method").fetchall()
        others = connection.execute(
            "SELECT designation, source, name, date FROM names JOIN tracks ON tracks.id = track "
            "ORDER BY designation, source, name, date"
        ).fetchall()
    if not names:
        others = [row[1:] for row in others]
        first = {}
        for name, method, *place in members:
            first.setdefault((method, name), str(place))
        first[None, ""] = ""
        known = {name: place for (_, name), place in first.items()}
        members = [(first[method, name], method, *rest) for name, method, *rest in members]
        tracks = [tuple(known.get(item, item) for item in row) for row in tracks]
    return detections, regions, sorted(tracks, key=str), sorted(members), pending, sorted(others)


def change(folder, *statements):
    """
    Change a database behind the back of the package.
    """
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount
        connection.commit()


def write_former(folder, output, *, version=2, without=(), sar="sar"):
    """
    Write a catalog into a folder as earlier releases did: tables in ECSV, and the same as JSON.
    """
    table = read_catalog(folder)
    dates = table.meta["dates"]
    with Database.opened(folder) as database:
        records = database.records()
    table.meta = {}
    table.remove_columns(list(without))
    method = np.asarray(table["method"])
    table["method"] = np.where(method == "sar", sar, method)
    runs = []
    for record in records.values():
        if record.run not in runs:
            runs.append(record.run)
    lines = {date: [] for date in dates}
    for line in lines_of_table(table)[1]:
        lines[line.partition(" ")[0]].append(line)
    table.meta = {"dates": dates, "version": sunpy_farside.__version__}
    if version == 2:
        table.meta |= {
            "format": 2,
            "runs": runs,
            "records": [
                f"{runs.index(records[date].run)} {records[date].maps} "
                f"{digest(chr(10).join(lines[date]))}"
                for date in dates
            ],
        }
    output.mkdir()
    table.write(output / "catalogue.ecsv", format="ascii.ecsv")
    (output / "catalogue.json").write_text("{}")
    for name, tracks in sunpy_farside.catalog.Catalog(folder).tracks.items():
        tracks.write(output / "tracks" / (sar if name == "sar" else name))
