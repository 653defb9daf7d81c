"""
Published lists of regions in a bulletin.
"""

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy_farside.bulletin.region_entries import DISTANCE
from sunpy_farside.bulletin.schema import ListedRegion, PublishedList
from sunpy_farside.bulletin.values import moment, number, positions_on, rotate_to
from sunpy_farside.catalog.matching import match_positions

__all__ = ["jsoc_list", "noaa_list"]

# Regions of NOAA east of this have recently come round the limb, as in
# `sunpy_farside.catalog.noaa_matching`. Those further west are no matter of the far side.
_LIMB = -60.0


def jsoc_list(table, date, regions):
    """
    Return the latest region list of JSOC, matched with the regions of a bulletin.

    Parameters
    ----------
    table : `~astropy.table.QTable` or None
        From `~sunpy_farside.io.region_lists.read_region_list`.
    date : `~astropy.time.Time`
        Date of the bulletin.
    regions : `list` of `~sunpy_farside.bulletin.schema.Region`

    Returns
    -------
    `~sunpy_farside.bulletin.schema.PublishedList` or None
        None without a list.
    """
    if table is None:
        return None
    latest = max((item["date"] for item in table.meta["lists"]), key=lambda time: time.mjd)
    rows = table[table["date"].isot == latest.isot] if len(table) else table
    columns = {
        "designation": [str(name) for name in rows["designation"]],
        "strength": [number(value, 0) for value in rows["seismic_strength"].value],
        "section": [None] * len(rows),
        "arrival": [moment(time) for time in rows["east_limb_arrival"]],
    }
    return _listed(latest, rows, columns, date, regions)


def noaa_list(table, date, regions):
    """
    Return what a solar region summary of NOAA says about the east limb.

    Parameters
    ----------
    table : `~astropy.table.QTable` or None
        From `~sunpy_farside.io.noaa.read_noaa_summary`.
    date : `~astropy.time.Time`
        Date of the bulletin.
    regions : `list` of `~sunpy_farside.bulletin.schema.Region`

    Returns
    -------
    `~sunpy_farside.bulletin.schema.PublishedList` or None
        Regions due to return and those that have recently come round, matched with the regions of
        the bulletin; None without a summary.
    """
    if table is None:
        return None
    due = np.asarray(table["section"]) == "II"
    rows = table[due | (table["stonyhurst_longitude"].to_value(u.deg) < _LIMB)]
    columns = {
        "designation": [str(name) for name in rows["number"]],
        "strength": [None] * len(rows),
        "section": [str(name) for name in rows["section"]],
        "arrival": [None] * len(rows),
    }
    return _listed(Time(table.meta["date"]), rows, columns, date, regions)


def _listed(listed_date, rows, columns, date, regions):
    longitude, latitude = rotate_to(rows["centroid"], date)
    positions = positions_on(longitude, latitude, date)
    own, others, apart = match_positions(
        [region.position.carrington_longitude for region in regions],
        [region.position.latitude for region in regions],
        longitude,
        latitude,
        DISTANCE,
    )
    matched = {
        row: (regions[number].name, distance)
        for number, row, distance in zip(own.tolist(), others.tolist(), apart, strict=True)
    }
    listed = []
    for row, position in enumerate(positions):
        name, distance = matched.get(row, (None, np.nan))
        values = {key: column[row] for key, column in columns.items()}
        listed.append(
            ListedRegion(position=position, region=name, separation=number(distance, 1), **values)
        )
    return PublishedList(date=moment(listed_date), regions=listed)
