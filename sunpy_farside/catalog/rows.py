"""
Rows of the catalog's database from tables of regions, and back.
"""

import numpy as np

from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy_farside.catalog.region_stack import carrington_positions
from sunpy_farside.detection import COLUMNS
from sunpy_farside.detection.former import no_regions

__all__ = [
    "REGION_FIELDS",
    "plain_values",
    "regions_of_rows",
    "rows_of_regions",
    "texts_of",
    "times_of",
]

# Columns of a table of regions, as fields of the database.
REGION_FIELDS = tuple(
    field
    for name in COLUMNS
    for field in (("longitude", "latitude") if name == "centroid" else (name,))
)


def rows_of_regions(table):
    """
    Return the rows of the database of a table of regions.

    Parameters
    ----------
    table : `~astropy.table.QTable`
        With the columns of ``sunpy_farside.detection.columns.COLUMNS``.

    Returns
    -------
    `list` of `tuple`
        The fields `REGION_FIELDS` of every row.
    """
    if not len(table):
        return []
    columns = []
    for name in COLUMNS:
        values = table[name]
        if isinstance(values, SkyCoord):
            columns += [plain_values(values.lon.deg), plain_values(values.lat.deg)]
        else:
            columns.append(plain_values(values))
    return list(zip(*columns, strict=True))


def plain_values(values):
    """
    Return a column as numbers and texts that SQLite stores.

    Parameters
    ----------
    values : `~astropy.units.Quantity`, `~astropy.time.Time` or array

    Returns
    -------
    `list`
        NaN is None, and a time a text in ISO format.
    """
    if isinstance(values, Time):
        return values.isot.tolist() if len(values) else []
    plain = np.asarray(getattr(values, "value", values))
    if plain.dtype.kind == "b":
        # As which SQLite returns it.
        plain = plain.astype(int)
    return [None if item != item else item for item in plain.tolist()]


def regions_of_rows(dates, columns):
    """
    Return the table of regions that rows of the database hold.

    Parameters
    ----------
    dates : `list` of `str`
        Date of every row.
    columns : sequence of sequences
        The fields `REGION_FIELDS`.

    Returns
    -------
    `~astropy.table.QTable`
        ``date`` and the columns of ``sunpy_farside.detection.columns.COLUMNS``.
    """
    like, table = no_regions(), QTable()
    table["date"] = times_of(dates)
    fields = dict(zip(REGION_FIELDS, columns, strict=True))
    for name in COLUMNS:
        expected = like[name]
        if name == "centroid":
            longitude, latitude = (
                np.array(fields[axis], dtype=float) for axis in ("longitude", "latitude")
            )
            table[name] = carrington_positions(longitude, latitude, table["date"])
        elif isinstance(expected, Time):
            table[name] = times_of(fields[name], precision=0)
        else:
            # A field that an earlier release did not write is NULL.
            known = fields[name]
            if expected.dtype.kind != "f":
                known = [0 if value is None else value for value in known]
            values = np.array(known, dtype=expected.dtype)
            unit = getattr(expected, "unit", None)
            table[name] = values if unit is None else values << unit
        table[name].info.description = expected.info.description
    return table


def texts_of(table, name="date"):
    """
    Return the dates of a table as texts, of which there may be none.

    Parameters
    ----------
    table : `~astropy.table.Table`
    name : `str`, optional
        Column of the dates.

    Returns
    -------
    array of `str`
    """
    # An empty array of dates has no strings.
    return table[name].isot if len(table) else np.empty(0, dtype="U23")


def times_of(texts, precision=3):
    """
    Return the times that texts in ISO format hold.

    Parameters
    ----------
    texts : sequence of `str`
    precision : `int`, optional
        Decimals of the seconds.

    Returns
    -------
    `~astropy.time.Time`
    """
    if not len(texts):
        # An empty array of strings is no array of dates to astropy.
        return Time(np.empty(0), format="mjd")
    return Time(list(texts), format="isot", precision=precision)
