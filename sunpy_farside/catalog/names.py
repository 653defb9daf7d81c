"""
Names that JSOC and NOAA give to the regions of tracks.

A track is named after its first detection, for good. The names of others come later, when a list
or a summary has a region at the place of a detection, and hold for the whole track: also for the
dates before.
"""

import numpy as np

from astropy.table import Table

from sunpy_farside.catalog.database_schema import transaction
from sunpy_farside.catalog.matching import match_dates
from sunpy_farside.catalog.noaa_matching import match_summaries
from sunpy_farside.catalog.reading import regions_table
from sunpy_farside.detection.methods import METHODS
from sunpy_farside.errors import NoCommonDatesError

__all__ = ["attach_names", "names_of_tracks"]

_ADD = """
    INSERT OR IGNORE INTO names (track, source, name, date)
    SELECT track, ?, ?, date FROM detections JOIN members ON detection = detections.id
    WHERE method = ? AND date = ? AND status = 'current' AND label = ?
"""


def attach_names(database, region_list=None, summaries=(), since=""):
    """
    Attach the names in lists and summaries to the tracks whose detections they match.

    Parameters
    ----------
    database : `~sunpy_farside.catalog.database.Database`
    region_list : `~astropy.table.QTable`, optional
        Table from `~sunpy_farside.io.region_lists.read_region_list`.
    summaries : iterable of `~astropy.table.QTable`, optional
        Tables from `~sunpy_farside.io.noaa.read_noaa_summary`.
    since : `str`, optional
        Date of the first detection that is compared.

    Returns
    -------
    `dict`
        Matches with the region list by method (`~sunpy_farside.catalog.matching.match_dates`);
        none where no list is of the dates of the detections.
    """
    compared = {}
    dates = [date for date in database.dates() if date >= since]
    for method in METHODS:
        table = regions_table(database.rows(method, since=since), dates, method)
        found = []
        if region_list is not None:
            matches = _matches(match_dates, table, region_list)
            if matches is not None:
                compared[method] = matches
                found += _matched("JSOC", matches, table)
        matches = _matches(match_summaries, table, summaries) if dates else None
        if matches is not None:
            found += _matched("NOAA", matches, table)
        with transaction(database.connection):
            database.connection.executemany(
                _ADD, [(source, name, method, date, label) for source, name, date, label in found]
            )
    return compared


def names_of_tracks(database, method):
    """
    Return the names that others give to the regions of tracks.

    Parameters
    ----------
    database : `~sunpy_farside.catalog.database.Database`
    method : `str`

    Returns
    -------
    `~astropy.table.Table`
        One row per track, source and name, the most frequent name of a track and source first:
        ``designation`` of the track, ``source`` (JSOC or NOAA), ``name``, the number of
        ``matches``, and the dates of the ``first`` and the ``last`` detection of the track.
    """
    rows = database.connection.execute(
        "SELECT designation, source, name, count(*), first_date, last_date FROM names "
        "JOIN tracks ON tracks.id = track WHERE method = ? GROUP BY track, source, name "
        "ORDER BY first_date, designation, source, count(*) DESC, name",
        (method,),
    ).fetchall()
    names = ("designation", "source", "name", "matches", "first", "last")
    types = ("U24", "U4", "U24", int, "U23", "U23")
    return Table(rows=rows or None, names=names, dtype=types)


def _matches(match, table, reference):
    try:
        return match(table, reference)
    except NoCommonDatesError:
        return None


def _matched(source, matches, table):
    """
    Return source, name, date and label of the detections that match.
    """
    rows = matches[np.asarray(matches["outcome"]) == "matched"]
    index = np.asarray(rows["detected"], dtype=int)
    dates = table["date"].isot[index].tolist() if len(index) else []
    labels = np.asarray(table["label"])[index].tolist()
    names = [str(name) for name in np.asarray(rows["designation"]).tolist()]
    return list(zip([source] * len(names), names, dates, labels, strict=True))
