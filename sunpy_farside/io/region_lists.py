"""
Region lists of the standard method, as JSOC publishes them.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington
from sunpy.util.exceptions import warn_user

import sunpy_farside.utils.tables  # noqa: F401  (makes tables of coordinates writable)
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.errors import FileFormatError

__all__ = ["STRENGTH_UNIT", "read_ar_list"]

# Phase in rad times area in millionths of the hemisphere, the area being a share of the
# hemisphere and so without a dimension.
STRENGTH_UNIT = u.Unit("1e-6 rad")

# The longest published lists hold some 1000 characters.
_MAX_SIZE = 1_000_000

_DAY = r"([0-9]{4}-[0-9]{2}-[0-9]{2})(\.[0-9]+)"
_DATE = re.compile(_DAY)
_VANTAGE = re.compile(r"Far-Side Vantage:\s*CLon\s*=\s*([0-9.]+),\s*Lat\s*=\s*(-?[0-9.]+)")
_NO_REGION = "No Strong Active Regions"
_HEADINGS = ("Designation", "Longitude", "(degree)")
_ROW = re.compile(
    r"(FS-[0-9]{4}-[0-9]+)\s+([0-9.]+)\s+(-?[0-9.]+)\s+([0-9.]+)"
    r"\s+[0-9]{4}-[0-9]{2}-[0-9]{2}\.[0-9]+\s+(-?[0-9]+\.[0-9]+)"
)
# No region takes longer than a rotation.
_MAX_DAYS = 40
_FIELDS = "a region's designation, longitude, latitude, strength, arrival and days"


@dataclass(frozen=True)
class _List:
    """
    One list: its date as (day, fraction), its vantage in degrees and its rows.
    """

    date: tuple
    vantage: tuple
    rows: list


def read_ar_list(paths):
    """
    Read region lists of the standard method.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        One of JSOC's ``AR_LIST_YYYY.MM.DD_HH:MM:SS.txt``, or many.

    Returns
    -------
    `~astropy.table.QTable`
        One row for each region of each list, in order of the lists' dates. No row where the
        lists say that there is no strong region. The columns are

        - ``designation``: FS-YYYY-NNN, which persists from list to list;
        - ``centroid``: `~astropy.coordinates.SkyCoord` in
          `~sunpy.coordinates.HeliographicCarrington`, observed from Earth at the list's date;
        - ``seismic_strength``: phase integrated over the region's area in millionths of the
          hemisphere. The unit is ``1e-6 rad``, so that the values are those of the list
          (micro-hemisphere radian), above 400 for reliable regions;
        - ``east_limb_arrival``: `~astropy.time.Time` at which the region comes to the east limb,
          by the days that the list leaves until then;
        - ``date``: `~astropy.time.Time` of the list.

        ``meta["lists"]`` holds for each list its ``date``, its far-side vantage
        (``vantage_longitude`` and ``vantage_latitude`` as printed) and its number of
        ``regions``.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        A file is not a region list.

    Notes
    -----
    The dates of arrival that the lists print are not used. In those of 12 UT they are half a
    day early: they add the days to the beginning of the list's day. The days themselves agree
    with the Sun's rotation in all the lists.

    The vantage is compared with the far side's central meridian at the list's date, and a
    warning is given when they disagree.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sunpy_farside import read_ar_list
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "AR_LIST_2022.04.06_00_00_00.txt"
    >>> _ = path.write_text('''                         2022-04-06.0
    ...         Far-Side Vantage:  CLon = 151.1, Lat =   6.3
    ...
    ... No Strong Active Regions (SARs) in the Sun's far hemisphere at this time.
    ... ''')
    >>> table = read_ar_list(path)
    >>> len(table), table.meta["lists"][0]["vantage_longitude"]
    (0, <Quantity 151.1 deg>)
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    paths = [Path(path) for path in paths]
    if not paths:
        msg = "Expected one region list or more, found none."
        raise ValueError(msg)
    lists = [_read(path) for path in paths]
    dates = _time([item.date for item in lists])
    for path, item, date in zip(paths, lists, dates, strict=True):
        _check_vantage(path, item.vantage[0], date)
    return _table([lists[k] for k in np.argsort(dates.mjd, kind="stable")])


def _read(path):
    if not path.exists():
        msg = f"{path}: no such file."
        raise FileNotFoundError(msg)
    with path.open("rb") as file:
        content = file.read(_MAX_SIZE + 1)
    if len(content) > _MAX_SIZE:
        msg = f"{path}: expected a region list, found more than {_MAX_SIZE} bytes."
        raise FileFormatError(msg)
    lines = content.decode("ascii", "replace").splitlines()
    lines = [(k + 1, line.strip()) for k, line in enumerate(lines) if line.strip()]
    date = _match(path, lines[:1], _DATE, "the list's date as yyyy-mm-dd.d")
    vantage = _match(path, lines[1:2], _VANTAGE, "the far-side vantage")
    lines = [line for line in lines[2:] if line[1].split()[0] not in _HEADINGS]
    rows = []
    if not (len(lines) == 1 and lines[0][1].startswith(_NO_REGION)):
        # A list that ends with its headings is cut short.
        rows = [_match(path, lines[k : k + 1], _ROW, _FIELDS) for k in range(len(lines) or 1)]
    try:
        item = _List(date, tuple(map(float, vantage)), [_row(row) for row in rows])
        _check_year(*item.date)
        _time([item.date])
    except ValueError as error:
        msg = f"{path}: expected numbers and dates of a region list, found others ({error})."
        raise FileFormatError(msg) from error
    return item


def _match(path, lines, pattern, expected):
    number, text = lines[0] if lines else (None, "")
    match = pattern.fullmatch(text)
    if match is None:
        found = f"{text[:60]!r} in line {number}" if lines else "the end of the file"
        msg = (
            f"{path}: expected {expected}, found {found}. It may be cut short or a web page; "
            "fetch it again."
        )
        raise FileFormatError(msg)
    return match.groups()


def _row(fields):
    designation, *numbers = fields
    longitude, latitude, strength, days = map(float, numbers)
    if not (longitude <= 360 and abs(latitude) <= 90 and abs(days) < _MAX_DAYS):
        msg = f"{designation} at longitude {longitude}, latitude {latitude}, {days} days"
        raise ValueError(msg)
    return designation, longitude, latitude, strength, days


def _time(dates):
    """
    Times of (day, fraction) pairs such as ("2022-05-05", ".5").
    """
    days = Time([day for day, _ in dates], format="isot", scale="utc")
    return days + np.array([float(fraction) for _, fraction in dates]) * u.day


def _check_year(day, _fraction):
    # Outside this, astropy knows the Earth's place no more.
    if not 1900 < int(day[:4]) < 2100:
        msg = f"a list of {day}"
        raise ValueError(msg)


def _check_vantage(path, longitude, date):
    expected = far_side_central_meridian(date).deg
    if abs((longitude - expected + 180) % 360 - 180) > 1:
        warn_user(
            f"{path}: the vantage is at longitude {longitude:.1f} deg, but the far side's central "
            f"meridian on {date.isot[:16]} stands at {expected:.1f} deg. Check the list's date."
        )


def _table(lists):
    dates = _time([item.date for item in lists])
    owner = np.repeat(np.arange(len(lists)), [len(item.rows) for item in lists])
    rows = [row for item in lists for row in item.rows]
    columns = list(zip(*rows, strict=True)) or [(), (), (), (), ()]
    # One list has one date; sunpy knows no observer for an empty array of dates either.
    obstime = dates[-1] if len(lists) == 1 or not rows else dates[owner]
    centroid = SkyCoord(
        np.array(columns[1], dtype=float) * u.deg,
        np.array(columns[2], dtype=float) * u.deg,
        frame=HeliographicCarrington,
        obstime=obstime,
        observer="earth",
    )
    table = QTable(
        {
            "designation": np.array(columns[0], dtype=str if rows else "U11"),
            "centroid": centroid,
            "seismic_strength": np.array(columns[3], dtype=float) * STRENGTH_UNIT,
            "east_limb_arrival": dates[owner] + np.array(columns[4], dtype=float) * u.day,
            "date": dates[owner],
        }
    )
    table.meta["lists"] = [
        {
            "date": date,
            "vantage_longitude": item.vantage[0] * u.deg,
            "vantage_latitude": item.vantage[1] * u.deg,
            "regions": len(item.rows),
        }
        for item, date in zip(lists, dates, strict=True)
    ]
    return table
