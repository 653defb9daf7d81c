"""
Reader of the region lists of the SAR method published by JSOC.
"""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from erfa import ErfaWarning

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington
from sunpy.util.exceptions import warn_user

import sunpy_farside.utils.tables  # noqa: F401  (makes tables of coordinates writable)
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.errors import FileFormatError
from sunpy_farside.utils.content import read_content, user_paths
from sunpy_farside.utils.text import quoted
from sunpy_farside.utils.typing import PathLike

__all__ = ["STRENGTH_UNIT", "read_region_list"]

# Phase shift in rad times area in millionths of the hemisphere, which have no dimension.
STRENGTH_UNIT = u.Unit("1e-6 rad")

# The longest published lists have about 1000 characters.
_MAX_SIZE = 1_000_000

_DAY = r"([0-9]{4}-[0-9]{2}-[0-9]{2})(\.[0-9]+)"
_DATE = re.compile(_DAY)
_VANTAGE = re.compile(r"Far-Side Vantage:\s*CLon\s*=\s*([0-9.]+),\s*Lat\s*=\s*(-?[0-9.]+)")
# Headings have no numbers, so that a region in the same line is not lost.
_HEADING = re.compile(r"(Designation|Longitude|\(degree\))[^0-9\ufffd]*")
_NO_REGION = re.compile(r"No Strong Active Regions[^0-9\ufffd]*")
# A few regions have a strength just below zero.
_ROW = re.compile(
    r"(FS-[0-9]{4}-[0-9]+)\s+([0-9.]+)\s+(-?[0-9.]+)\s+(-?[0-9.]+)"
    rf"\s+{_DAY}\s+(-?[0-9]+\.[0-9]+)"
)
# No region takes longer than a rotation to arrive.
_MAX_DAYS = 40
# Days between the date of arrival and the remaining days, both rounded to a tenth.
_MAX_DIFFERENCE = 1
_FIELDS = "a region's designation, longitude, latitude, strength, arrival and days"


@dataclass(frozen=True)
class _List:
    """
    Region list with its date as (day, fraction), its vantage in degrees and its rows.
    """

    date: tuple
    vantage: tuple
    rows: list


def read_region_list(paths: PathLike | Sequence[PathLike]) -> QTable:
    """
    Read region lists of the SAR method.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        One or more of JSOC's ``AR_LIST_YYYY.MM.DD_HH:MM:SS.txt``.

    Returns
    -------
    `~astropy.table.QTable`
        One row for each region of each list, in order of date; none for lists without strong
        regions. The columns are

        - ``designation``: FS-YYYY-NNN, constant from list to list;
        - ``centroid``: `~astropy.coordinates.SkyCoord` in
          `~sunpy.coordinates.HeliographicCarrington`, seen from Earth at the date of the list;
        - ``seismic_strength``: phase shift integrated over the area in millionths of the
          hemisphere. The unit is ``1e-6 rad``, so that the values are those of the list
          (micro-hemisphere radian), above 400 for reliable regions;
        - ``east_limb_arrival``: `~astropy.time.Time` of the arrival at the east limb, from the
          remaining days in the list;
        - ``date``: `~astropy.time.Time` of the list.

        ``meta["lists"]`` contains for each list its ``date``, its far-side vantage
        (``vantage_longitude`` and ``vantage_latitude`` as printed) and its number of
        ``regions``; ``meta["broken"]`` the paths of unreadable files.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        None of the files is a region list.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Some of the files are not region lists and are left out, or a vantage does not match the
        date of its list.

    Notes
    -----
    The dates of arrival in the lists are not used: in lists of 12 UT they are half a day early,
    because the remaining days are added to the beginning of the day. The remaining days
    themselves agree with the rotation of the Sun in all the lists.

    The vantage is compared with the far-side central meridian at the date of the list.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from sunpy_farside.io import read_region_list
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "AR_LIST_2022.04.06_00_00_00.txt"
    >>> _ = path.write_text('''                         2022-04-06.0
    ...         Far-Side Vantage:  CLon = 151.1, Lat =   6.3
    ...
    ... No Strong Active Regions (SARs) in the Sun's far hemisphere at this time.
    ... ''')
    >>> table = read_region_list(path)
    >>> len(table), table.meta["lists"][0]["vantage_longitude"]
    (0, <Quantity 151.1 deg>)
    """
    paths = user_paths(paths)
    if not paths:
        msg = "Expected one region list or more, found none."
        raise ValueError(msg)
    with warnings.catch_warnings():
        # Dates far from the present, by a changed digit: the vantage shows that they are wrong.
        warnings.simplefilter("ignore", ErfaWarning)
        lists, broken = _read_all(paths)
        return _checked_table(lists, broken)


def _read_all(paths):
    """
    Return the lists and the errors of the unreadable files, by path.
    """
    lists, broken = {}, {}
    for path in paths:
        try:
            lists[path] = _read(path)
        except FileFormatError as error:
            broken[path] = error
    if not lists:
        raise next(iter(broken.values()))
    if broken:
        reasons = " ".join(map(str, broken.values()))
        warn_user(
            f"{len(broken)} of {len(paths)} region lists do not read, and are left out: {reasons}"
        )
    return lists, broken


def _checked_table(lists, broken):
    dates = _time([item.date for item in lists.values()])
    for (path, item), date in zip(lists.items(), dates, strict=True):
        _check_vantage(path, item.vantage[0], date)
    items = list(lists.values())
    table = _table([items[k] for k in np.argsort(dates.mjd, kind="stable")])
    table.meta["broken"] = [str(path) for path in broken]
    return table


def _read(path):
    content = read_content(path, _MAX_SIZE, "a region list")
    lines = content.decode("ascii", "replace").splitlines()
    lines = [(k + 1, line.strip()) for k, line in enumerate(lines) if line.strip()]
    date = _match(path, lines[:1], _DATE, "the list's date as yyyy-mm-dd.d")
    vantage = _match(path, lines[1:2], _VANTAGE, "the far-side vantage")
    lines = [line for line in lines[2:] if not _HEADING.fullmatch(line[1])]
    rows = []
    if not (len(lines) == 1 and _NO_REGION.fullmatch(lines[0][1])):
        # A list that ends with its headings is truncated.
        rows = [_match(path, lines[k : k + 1], _ROW, _FIELDS) for k in range(len(lines) or 1)]
    try:
        _check_year(*date)
        rows = [_row(row, date) for row in rows]
        item = _List(date, tuple(map(float, vantage)), rows)
        _check_twice([row[0] for row in rows])
    except ValueError as error:
        msg = f"{path}: expected numbers and dates of a region list, found others ({error})."
        raise FileFormatError(msg) from error
    return item


def _match(path, lines, pattern, expected):
    number, text = lines[0] if lines else (None, "")
    match = pattern.fullmatch(text)
    if match is None:
        found = f"{quoted(text)} in line {number}" if lines else "the end of the file"
        msg = (
            f"{path}: expected {expected}, found {found}. It may be cut short or a web page; "
            "fetch it again."
        )
        raise FileFormatError(msg)
    return match.groups()


def _row(fields, date):
    designation, *numbers, day, fraction, days = fields
    longitude, latitude, strength, days = map(float, (*numbers, days))
    # Lists of 12 UT add the days to the beginning of their day.
    left = (_time([(day, fraction)]) - _time([date]))[0].to_value(u.day)
    if not min(abs(left - days), abs(left - days + float(date[1]))) < _MAX_DIFFERENCE:
        msg = f"{designation} to arrive on {day}{fraction}, {days} days later"
        raise ValueError(msg)
    if not (longitude <= 360 and abs(latitude) <= 90 and abs(days) < _MAX_DAYS):
        msg = f"{designation} at longitude {longitude}, latitude {latitude}, {days} days"
        raise ValueError(msg)
    return designation, longitude, latitude, strength, days


def _check_twice(designations):
    twice = {name for name in designations if designations.count(name) > 1}
    if twice:
        msg = f"{', '.join(sorted(twice))} twice"
        raise ValueError(msg)


def _time(dates):
    """
    Convert (day, fraction) pairs such as ("2022-05-05", ".5") to times.
    """
    days = Time([day for day, _ in dates], format="isot", scale="utc")
    return days + np.array([float(fraction) for _, fraction in dates]) * u.day


def _check_year(day, _fraction):
    # astropy computes the position of the Earth for these years.
    if not 1900 < int(day[:4]) < 2100:
        msg = f"a list of {day}"
        raise ValueError(msg)


def _check_vantage(path, longitude, date):
    expected = far_side_central_meridian(date).deg
    if abs((longitude - expected + 180) % 360 - 180) > 1:
        warn_user(
            f"{path}: the vantage is at longitude {longitude:.1f} deg, but the far-side central "
            f"meridian on {date.isot[:16]} is at {expected:.1f} deg. Check the list's date."
        )


def _table(lists):
    dates = _time([item.date for item in lists])
    owner = np.repeat(np.arange(len(lists)), [len(item.rows) for item in lists])
    rows = [row for item in lists for row in item.rows]
    columns = list(zip(*rows, strict=True)) or [(), (), (), (), ()]
    # A single list has one date; sunpy has no observer for an empty array of dates.
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
