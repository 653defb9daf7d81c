"""
Reader of the region lists published by GONG.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington
from sunpy.util.exceptions import warn_user

import sunpy_farside.utils.tables  # noqa: F401  (makes tables of coordinates writable)
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.file_names import parse_gong_name
from sunpy_farside.utils.content import read_content, user_paths
from sunpy_farside.utils.text import quoted, some
from sunpy_farside.utils.typing import PathLike

__all__ = ["read_gong_list"]

# A list of twenty regions has about 2000 characters.
_MAX_SIZE = 1_000_000
_FIRST = '"C. Long"'
# Columns of a row: Carrington longitude, strength, detection probability in percent, area, flux,
# and date of return. NOAA's numbers are in the text after them. The latitude is in the column
# that the first line names.
_LONGITUDE, _LATITUDE, _STRENGTH, _PROBABILITY, _AREA, _FLUX, _RETURN = 0, 1, 3, 4, 5, 6, 8
_FIELDS = 9
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|nan|[-+]?inf")
_DAY = re.compile(r"[0-9]{8}")
_NOAA_NUMBER = re.compile(r"(?<![0-9.])[0-9]{4,5}(?![0-9.])")
# Limits of possible rows. Nineteen of twenty regions have a flux below 1e4, an area below 500 and
# a strength below 0.5; a few rows of the archive have a flux of up to 8e37.
_LIMITS = {_FLUX: 1e6, _AREA: 5e4, _STRENGTH: 50}
# No region takes longer than a rotation to return.
_MAX_DAYS = 40


@dataclass(frozen=True)
class _Row:
    """
    Region of a list: angles in degrees, probability in percent, date of return, NOAA's numbers.
    """

    longitude: float
    latitude: float
    strength: float
    probability: float
    area: float
    flux: float
    arrival: datetime
    numbers: str


def read_gong_list(paths: PathLike | Sequence[PathLike]) -> QTable:
    r"""
    Read region lists of GONG.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        One or more of GONG's ``mrf6xYYMMDDtHHMM.txt``. Their names contain the date.

    Returns
    -------
    `~astropy.table.QTable`
        One row for each region of each list, in order of date. The columns are

        - ``centroid``: `~astropy.coordinates.SkyCoord` in
          `~sunpy.coordinates.HeliographicCarrington`, seen from Earth at the date of the list;
        - ``phase_strength``, ``area``, ``flux``: as published, in units that GONG does not
          document;
        - ``detection_probability``: in percent;
        - ``return_date``: `~astropy.time.Time` of the return to the near side, to the day;
        - ``noaa_numbers``: numbers of NOAA that GONG names, separated by blanks; empty if none;
        - ``date``: `~astropy.time.Time` of the list.

        ``meta["dates"]`` contains the dates of all the lists, also those without a region.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        A file is not a region list of GONG, is truncated, or has no date in its name.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Rows with impossible values are left out. The warning names the first ones.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.io import read_gong_list
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "mrf6x140303t1200.txt"
    >>> _ = path.write_text(
    ...     '"C. Long" "Lat" "Dist" "Strength" "Prob" "Area" "Flux" "Max" "Return" "NOAA"\n'
    ...     "296.5 -3.5 20.0 0.21 93 310 620 95 20140309 NOAA 11967\n"
    ... )
    >>> read_gong_list(path)["detection_probability", "flux", "noaa_numbers"]
    <QTable length=1>
    detection_probability   flux  noaa_numbers
              %
           float64        float64     str5
    --------------------- ------- ------------
                     93.0   620.0        11967
    """
    lists = [_read(path) for path in user_paths(paths)]
    if not lists:
        msg = "Expected one region list or more, found none."
        raise ValueError(msg)
    lists.sort(key=lambda item: item[0].mjd)
    dates = Time([date for date, _ in lists])
    return _table(dates, [rows for _, rows in lists])


def _read(path):
    date = parse_gong_name(path.name)
    if date is None:
        msg = f"{path}: expected a name with a date as mrf6xYYMMDDtHHMM.txt. Rename the file."
        raise FileFormatError(msg)
    content = read_content(path, _MAX_SIZE, "a region list of GONG").decode("ascii", "replace")
    lines = [(k + 1, line.strip()) for k, line in enumerate(content.splitlines()) if line.strip()]
    first = lines[0][1] if lines else ""
    # A row in the first line would be lost.
    if not first.startswith(_FIRST) or re.search("[0-9]", re.sub('"[^"]*"', "", first)):
        found = repr(first[:80]) if lines else "an empty file"
        msg = (
            f"{path}: expected a region list of GONG that begins with {_FIRST}, found {found}. It "
            "may be a web page; fetch it again."
        )
        raise FileFormatError(msg)
    latitude = _latitude_column(first)
    rows = [(line, _row(path, *line, latitude)) for line in lines[1:]]
    absurd = [number for (number, _), row in rows if not _is_possible(row, date)]
    if absurd:
        warn_user(
            f"{path}: left out {len(absurd)} of {len(rows)} regions with impossible values, in "
            f"lines {some(list(map(str, absurd)))}."
        )
    return date, [row for (number, _), row in rows if number not in absurd]


def _latitude_column(first):
    """
    Return the column of the latitude by the names in the first line, the second without one.
    """
    names = re.findall(r'"([^"]*)"', first)[:_STRENGTH]
    named = [k for k, name in enumerate(names) if "lat" in name.lower()]
    return named[0] if len(named) == 1 else _LATITUDE


def _row(path, number, line, latitude):
    fields = line.split(None, _FIELDS)
    try:
        if len(fields) < _FIELDS or not _DAY.fullmatch(fields[_RETURN]):
            msg = "no date of return"
            raise ValueError(msg)
        if _DAY.search("".join(fields[_FIELDS:])):
            msg = "two regions"
            raise ValueError(msg)
        values = [
            _value(fields[k]) for k in (_LONGITUDE, latitude, _STRENGTH, _PROBABILITY, _AREA, _FLUX)
        ]
    except ValueError as error:
        msg = (
            f"{path}: expected a region's longitude, latitude, strength, probability, area, flux "
            f"and date of return, found {quoted(line)} in line {number} ({error}). It may be cut "
            "short; fetch it again."
        )
        raise FileFormatError(msg) from error
    numbers = " ".join(_NOAA_NUMBER.findall(fields[_FIELDS])) if len(fields) > _FIELDS else ""
    return _Row(*values, _day(fields[_RETURN]), numbers)


def _value(text):
    # Fortran fills numbers that are too long with asterisks.
    if text.strip("*") == "":
        return np.nan
    if not _NUMBER.fullmatch(text.lower()):
        msg = f"no number: {quoted(text)}"
        raise ValueError(msg)
    return float(text)


def _day(text):
    try:
        return datetime.strptime(text, "%Y%m%d")
    except ValueError:
        return None


def _is_possible(row, date):
    sizes = {_FLUX: row.flux, _AREA: row.area}
    return (
        0 <= row.longitude <= 360
        and abs(row.latitude) <= 90
        and 0 <= row.probability <= 100
        and all(0 <= size <= _LIMITS[column] for column, size in sizes.items())
        and abs(row.strength) <= _LIMITS[_STRENGTH]
        and row.arrival is not None
        and abs((row.arrival - date.datetime).days) <= _MAX_DAYS
    )


def _table(dates, lists):
    owner = np.repeat(np.arange(len(lists)), [len(rows) for rows in lists])
    rows = [row for rows in lists for row in rows]

    def column(name):
        return np.array([getattr(row, name) for row in rows], dtype=float)

    # A single list has one date; sunpy has no observer for an empty array of dates.
    obstime = dates[-1] if len(lists) == 1 or not rows else dates[owner]
    table = QTable()
    table["centroid"] = SkyCoord(
        column("longitude") * u.deg,
        column("latitude") * u.deg,
        frame=HeliographicCarrington(obstime=obstime, observer="earth"),
    )
    table["phase_strength"] = column("strength")
    table["detection_probability"] = column("probability") * u.percent
    table["area"], table["flux"] = column("area"), column("flux")
    # An empty array of strings is not an array of dates to astropy.
    arrivals = [row.arrival.strftime("%Y-%m-%d") for row in rows]
    table["return_date"] = Time(arrivals) if arrivals else dates[owner]
    table["noaa_numbers"] = np.array([row.numbers for row in rows], dtype=str if rows else "U5")
    table["date"] = dates[owner]
    table.meta = {"dates": dates.isot.tolist()}
    return table
