"""
Tables on disk in versioned formats, including those of earlier releases.
"""

import io

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import Column, QTable
from astropy.table.meta import get_header_from_yaml
from astropy.time import Time

from sunpy_farside.errors import FileFormatError, NewerFormatError

__all__ = ["check_format", "complete_table", "lines_of_table", "meta_of_lines", "table_of_lines"]

_ECSV = "ascii.ecsv"


def check_format(source, found, known):
    """
    Raise an error for a file of a later release.

    Parameters
    ----------
    source : path-like
        Named in the error.
    found : `int`
        Version of the format in the file.
    known : `int`
        Latest version that this release reads.

    Raises
    ------
    NewerFormatError
        The file's version is later.
    FileFormatError
        The file's version is not a whole number.
    """
    if type(found) is not int or found < 1:
        msg = f"{source}: expected the version of a format, found {found!r}."
        raise FileFormatError(msg)
    if found > known:
        msg = (
            f"{source}: expected format {known} or an earlier one, found format {found} of a later "
            "release. Update sunpy_farside."
        )
        raise NewerFormatError(msg)


def complete_table(table, like, source):
    """
    Convert a table to the columns and units of another.

    Parameters
    ----------
    table : `~astropy.table.QTable`
        Table as read from a file.
    like : `~astropy.table.QTable`
        Table in the current format.
    source : path-like
        Named in the error.

    Returns
    -------
    `~astropy.table.QTable`
        The columns of ``like``, with ``meta`` of ``table``. Columns missing in the file are NaN,
        0, False or empty.

    Raises
    ------
    FileFormatError
        The file lacks positions or times, which all releases write, or has a column in another
        unit.
    """
    complete = QTable()
    for name in like.colnames:
        expected = like[name]
        if name in table.colnames:
            complete[name] = _like(table[name], expected, name, source)
        elif isinstance(expected, SkyCoord | Time):
            msg = f"{source}: expected a column {name}, found {', '.join(table.colnames)}."
            raise FileFormatError(msg)
        else:
            complete[name] = _missing(expected, len(table))
        complete[name].info.description = expected.info.description
    complete.meta = table.meta
    return complete


def lines_of_table(table):
    """
    Return the lines of a table in ECSV format.

    Parameters
    ----------
    table : `~astropy.table.Table`

    Returns
    -------
    header, rows : `list` of `str`
    """
    text = io.StringIO()
    table.write(text, format=_ECSV)
    return _split(text.getvalue())


def meta_of_lines(text):
    """
    Read the metadata of an ECSV file, and split it into header and rows.

    Parameters
    ----------
    text : `str`
        Content of the file.

    Returns
    -------
    meta : `dict`
    header, rows : `list` of `str`
        Lines of the file.

    Raises
    ------
    ValueError
        The file has no ECSV header.
    """
    header, rows = _split(text)
    if len(header) < 2 or not header[0].startswith("# %ECSV"):
        msg = "no header of ECSV"
        raise ValueError(msg)
    try:
        meta = dict(get_header_from_yaml([line[2:] for line in header[1:-1]]).get("meta", {}))
        # Needed only by astropy, to reassemble positions and times.
        meta.pop("__serialized_columns__", None)
        return meta, header, rows
    # The YAML reader raises many types of errors for damaged files.
    except Exception as error:
        msg = f"a header that does not read ({error})"
        raise ValueError(msg) from error


def table_of_lines(header, rows):
    """
    Create a table from the lines of an ECSV file.

    Parameters
    ----------
    header, rows : `list` of `str`
        At least one row: astropy cannot create positions from none.

    Returns
    -------
    `~astropy.table.QTable`
    """
    return QTable.read([*header, *rows], format=_ECSV)


def _split(text):
    lines = text.split("\n")
    first = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    # The line above the rows contains the names of the columns.
    return lines[: first + 1], [line for line in lines[first + 1 :] if line]


def _like(values, expected, name, source):
    if isinstance(expected, u.Quantity):
        try:
            return u.Quantity(values).to(expected.unit)
        except (u.UnitConversionError, TypeError) as error:
            msg = f"{source}: expected {name} in {expected.unit}, found {values.info.unit}."
            raise FileFormatError(msg) from error
    if np.ma.isMaskedArray(values) and values.dtype.kind == "U":
        # astropy reads empty strings as masked.
        return Column(values.filled(""))
    return values


def _missing(expected, number):
    if isinstance(expected, u.Quantity):
        return np.full(number, np.nan) * expected.unit
    if expected.dtype.kind == "f":
        return np.full(number, np.nan)
    return np.zeros(number, dtype=expected.dtype)
