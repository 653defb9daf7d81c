"""
Tracks in the catalog's database, followed from the first date that has changed.

Dates before it keep their links. Of the others, all are linked anew, so that tracks that grow by a
date at a time equal tracks that are made at once, whatever the order in which dates come.
"""

import json
from functools import cache

import numpy as np

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

import sunpy_farside
from sunpy_farside.catalog.database_schema import transaction
from sunpy_farside.catalog.region_stack import carrington_positions
from sunpy_farside.catalog.rows import (
    REGION_FIELDS,
    plain_values,
    regions_of_rows,
    texts_of,
    times_of,
)
from sunpy_farside.catalog.track_names import keep_names
from sunpy_farside.catalog.tracking import RegionTracks, no_tracks, track_regions
from sunpy_farside.detection.flux import FLUX_COLUMNS
from sunpy_farside.detection.methods import METHODS

__all__ = ["follow_regions", "stored_tracks"]

_FIELDS = (
    "designation",
    "first_date",
    "last_date",
    "n_detections",
    "n_possible",
    "reliability",
    "persistent",
    "mean_longitude",
    "mean_latitude",
    "mean_date",
    "latest_longitude",
    "latest_latitude",
    "scatter",
    "position_uncertainty",
    "drift",
    "peak_strength",
    "latest_strength",
    *FLUX_COLUMNS,
    "split_from",
    "merged_into",
    "east_limb_arrival",
    "arrival_uncertainty",
    "central_meridian_crossing",
)
# Settings of tracks that their table records.
_SETTINGS = ("radius", "memory", "persistence", "reliability")
# A date of no detection, before all.
_START = "0001-01-01T00:00:00.000"


def follow_regions(database, method):
    """
    Bring the tracks in a database up to date.

    Parameters
    ----------
    database : `~sunpy_farside.catalog.database.Database`
    method : `str`

    Notes
    -----
    The time depends on the number of dates since the first one that has changed, and not on those
    before it. Tracks keep their designations (`keep_names`).
    """
    connection = database.connection
    row = connection.execute(
        "SELECT pending, settings FROM tracking WHERE method = ?", (method,)
    ).fetchone()
    if row is None:
        return
    since, settings = row
    present = _present_settings(method)
    if settings != present:
        since = _START
    if since is None:
        return
    result = _linked(connection, method, since, json.loads(present))
    table, members = _with_names(connection, method, result, since)
    with transaction(connection):
        _write(connection, method, table, members, since)
        connection.execute(
            "UPDATE tracking SET pending = NULL, settings = ? WHERE method = ?", (present, method)
        )


def stored_tracks(database, method, last=None):
    """
    Return the tracks in a database.

    Parameters
    ----------
    database : `~sunpy_farside.catalog.database.Database`
    method : `str`
    last : `~astropy.units.Quantity`, optional
        Only tracks with a detection in this time before the latest date. By default, all.

    Returns
    -------
    `~sunpy_farside.catalog.tracking.RegionTracks`
        As of the last call of `follow_regions`. ``meta["dates"]`` of the members begins with the
        first member, or with that time where it is earlier.
    """
    connection, dates = database.connection, database.dates()
    since = _START if last is None or not dates else (Time(dates[-1]) - last).isot
    members = _members(connection, method, "last_date >= ?", (since,))
    first = min([since, *texts_of(members)[:1].tolist()])
    members.meta["dates"] = [date for date in dates if date >= first]
    query = (
        f"SELECT {', '.join(_FIELDS)} FROM tracks WHERE method = ? AND last_date >= ? "
        "ORDER BY first_date, id"
    )
    rows = connection.execute(query, (method, since)).fetchall()
    row = connection.execute("SELECT settings FROM tracking WHERE method = ?", (method,)).fetchone()
    settings = row[0] if row and row[0] else _present_settings(method)
    like = _empty(method).tracks
    table = _table(rows, like) if rows else like.copy()
    table.meta = {
        "strength": METHODS[method].strength,
        **json.loads(settings),
        "version": sunpy_farside.__version__,
    }
    return RegionTracks(table, members)


def _present_settings(method):
    """
    Return the settings of tracks in this release, as text.
    """
    meta = _empty(method).tracks.meta
    return json.dumps({name: meta[name] for name in _SETTINGS})


@cache
def _empty(method):
    return no_tracks(METHODS[method].strength)


def _linked(connection, method, since, settings):
    """
    Track the regions since a date, going on with the tracks that were alive then.
    """
    memory = u.Quantity(settings["memory"]).to_value(u.day)
    alive = since if since == _START else (Time(since) - (memory + 0.01) * u.day).isot
    earlier = _members(connection, method, "last_date >= ? AND date < ?", (alive, since))
    first = min(texts_of(earlier).tolist(), default=since)
    query = (
        "SELECT date FROM detections WHERE method = ? AND status = 'current' AND date >= ? "
        "ORDER BY date"
    )
    dates = [date for (date,) in connection.execute(query, (method, first))]
    earlier.meta["dates"] = [date for date in dates if date < since]
    rows = connection.execute(
        f"SELECT date, {', '.join(REGION_FIELDS)} FROM detections JOIN regions ON detection = id "
        "WHERE method = ? AND status = 'current' AND date >= ? ORDER BY date, label",
        (method, since),
    ).fetchall()
    stack = _regions(rows, method)
    stack.meta["dates"] = [date for date in dates if date >= since]
    # Tracks are summed up from their members.
    return track_regions(stack, RegionTracks(None, earlier))


def _regions(rows, method):
    dates, *columns = zip(*rows, strict=True) if rows else [()] * (1 + len(REGION_FIELDS))
    table = regions_of_rows(dates, columns)
    table.meta["strength"] = METHODS[method].strength
    return table


def _members(connection, method, condition="1", values=()):
    """
    Return the members of tracks in order of date and rank.
    """
    strength = METHODS[method].strength
    fluxes = ", ".join(f"regions.{name}" for name in FLUX_COLUMNS)
    rows = connection.execute(
        f"SELECT designation, date, members.label, longitude, latitude, {strength}, significant, "
        f"regions.reliability, {fluxes} FROM members JOIN tracks ON tracks.id = track "
        "JOIN detections ON detections.id = members.detection JOIN regions ON "
        "regions.detection = members.detection AND regions.label = members.label "
        f"WHERE tracks.method = ? AND {condition} ORDER BY date, members.label",
        (method, *values),
    ).fetchall()
    like = _empty(method).members
    if not rows:
        return like.copy()
    names, dates, label, longitude, latitude, values, significant, reliability, *flux = zip(
        *rows, strict=True
    )
    table = QTable()
    table["designation"] = np.array(names, dtype=like["designation"].dtype)
    table["date"] = times_of(dates)
    table["label"] = np.array(label)
    table["centroid"] = carrington_positions(
        np.array(longitude, dtype=float), np.array(latitude, dtype=float), table["date"]
    )
    table["strength"] = np.array(values, dtype=float) << like["strength"].unit
    table["significant"] = np.array(significant, dtype=bool)
    table["reliability"] = np.array(reliability, dtype=float)
    for name, column in zip(FLUX_COLUMNS, flux, strict=True):
        table[name] = np.array(column, dtype=float) << u.Mx
    for name in like.colnames:
        table[name].info.description = like[name].info.description
    table.meta = {
        "dates": sorted(set(dates)),
        "strength": strength,
        "version": sunpy_farside.__version__,
    }
    return table


def _with_names(connection, method, result, since):
    """
    Return the tracks and their members since a date, with the names that tracks had before.
    """
    # Also the members on superseded detections, whose places are close to those of today.
    former = connection.execute(
        "SELECT designation, date, longitude, latitude FROM tracks JOIN members ON track = "
        "tracks.id JOIN detections ON detections.id = members.detection JOIN regions ON "
        "regions.detection = members.detection AND regions.label = members.label "
        "WHERE tracks.method = ? AND first_date >= ?",
        (method, since),
    ).fetchall()

    def is_taken(name):
        query = "SELECT 1 FROM tracks WHERE method = ? AND designation = ? AND first_date < ?"
        return connection.execute(query, (method, name, since)).fetchone() is not None

    table, members = result.tracks.copy(), result.members.copy()
    names = keep_names(table, members, former, is_taken, since)
    for name in ("designation", "split_from", "merged_into"):
        table[name] = [names.get(item, item) for item in table[name].tolist()]
    members["designation"] = [names.get(item, item) for item in members["designation"].tolist()]
    return table, members[texts_of(members) >= since]


def _write(connection, method, table, members, since):
    """
    Replace the tracks and their members since a date.
    """
    connection.execute(
        "DELETE FROM members WHERE detection IN "
        "(SELECT id FROM detections WHERE method = ? AND date >= ?)",
        (method, since),
    )
    connection.execute(
        "DELETE FROM names WHERE date >= ? AND track IN (SELECT id FROM tracks WHERE method = ?)",
        (since, method),
    )
    keys = ", ".join(_FIELDS)
    # A track that began before has its beginning from then.
    update = ", ".join(f"{name} = excluded.{name}" for name in _FIELDS if name != "split_from")
    connection.executemany(
        f"INSERT INTO tracks (method, {keys}) VALUES (?{', ?' * len(_FIELDS)}) "
        f"ON CONFLICT (method, designation) DO UPDATE SET {update}, split_from = "
        "CASE WHEN tracks.first_date < ? THEN tracks.split_from ELSE excluded.split_from END",
        [(method, *row, since) for row in _rows(table)],
    )
    gone = {
        name
        for (name,) in connection.execute(
            "SELECT designation FROM tracks WHERE method = ? AND first_date >= ?", (method, since)
        )
    } - set(table["designation"].tolist())
    connection.executemany(
        "DELETE FROM tracks WHERE method = ? AND designation = ?",
        [(method, name) for name in sorted(gone)],
    )
    connection.executemany(
        "INSERT INTO members (track, detection, label) SELECT tracks.id, detections.id, ? FROM "
        "tracks JOIN detections ON detections.method = tracks.method WHERE tracks.method = ? AND "
        "designation = ? AND date = ? AND status = 'current'",
        zip(
            members["label"].tolist(),
            [method] * len(members),
            members["designation"].tolist(),
            texts_of(members).tolist(),
            strict=True,
        ),
    )


def _rows(table):
    mean, latest = table["mean_position"], table["latest_position"]
    columns = {
        "mean_longitude": mean.lon.deg,
        "mean_latitude": mean.lat.deg,
        "mean_date": mean.obstime,
        "latest_longitude": latest.lon.deg,
        "latest_latitude": latest.lat.deg,
    }
    if not len(table):
        return []
    found = [
        plain_values(columns.get(name, table[name] if name in table.colnames else None))
        for name in _FIELDS
    ]
    return list(zip(*found, strict=True))


def _table(rows, like):
    fields = dict(zip(_FIELDS, zip(*rows, strict=True), strict=True))
    table = QTable()
    for name in like.colnames:
        expected = like[name]
        if name in ("mean_position", "latest_position"):
            prefix = name.removesuffix("position")
            date = fields["mean_date" if prefix == "mean_" else "last_date"]
            table[name] = carrington_positions(
                np.array(fields[f"{prefix}longitude"]),
                np.array(fields[f"{prefix}latitude"]),
                times_of(date),
            )
        elif isinstance(expected, Time):
            precision = 3 if name in ("first_date", "last_date") else 0
            table[name] = times_of(fields[name], precision)
        else:
            values = np.array(fields[name], dtype=expected.dtype)
            unit = getattr(expected, "unit", None)
            table[name] = values if unit is None else values << unit
        table[name].info.description = expected.info.description
    return table
