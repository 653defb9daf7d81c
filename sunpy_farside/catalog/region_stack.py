"""
The regions of many dates in one table.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable, Table
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington, get_earth

import sunpy_farside
from sunpy_farside.detection.columns import COLUMNS
from sunpy_farside.detection.result import FarsideDetection
from sunpy_farside.utils.inputs import listed
from sunpy_farside.utils.text import described

__all__ = ["carrington_positions", "join_tables", "stack_regions"]


def stack_regions(detections: Iterable[FarsideDetection | QTable]) -> QTable:
    """
    Put the regions of many dates into one table.

    Parameters
    ----------
    detections : iterable of `~sunpy_farside.detection.result.FarsideDetection` or of their tables
        Detections by one method, in any order, with or without regions.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region: its ``date`` and the columns of
        ``sunpy_farside.detection.columns.COLUMNS``, in order of date. ``meta["dates"]`` holds
        all the dates, also those without a region, ``meta["last_maps"]`` the dates of the last
        maps behind them, and ``meta["strength"]`` how strong the regions are.

    Raises
    ------
    TypeError
        They are no list, or one of them is no detection.
    ValueError
        There is none, a date occurs twice, or the detections are ranked by different strengths.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.simulation import simulate_maps
    >>> from sunpy_farside.catalog import stack_regions
    >>> maps = simulate_maps("2022-05-01", 12, seed=1).maps
    >>> sequences = sunpy_farside.find_sequences(maps)
    >>> table = stack_regions(sunpy_farside.detect_seismic_strength(sequences))
    >>> table.meta["dates"]
    ['2022-05-03T12:00:00.000', '2022-05-04T00:00:00.000']
    """
    one = (FarsideDetection, Table)
    expected = "a list of detections or of their tables"
    tables = [_table(item) for item in listed(detections, expected, "Put one into a list.", one)]
    if not tables:
        msg = "Expected one detection or more, found none."
        raise ValueError(msg)
    strengths = sorted({table.meta["strength"] for table in tables})
    if len(strengths) > 1:
        msg = (
            f"Expected detections of one method, found {' and '.join(strengths)}. Their strengths "
            "do not compare: keep the methods apart."
        )
        raise ValueError(msg)
    dates = Time([table.meta["date"] for table in tables], format="isot")
    order = np.argsort(dates.mjd, kind="stable")
    tables, dates = [tables[k] for k in order], dates[order]
    twice = dates[1:][np.diff(dates.mjd) == 0].isot
    if twice.size:
        msg = f"Expected every date once, found {', '.join(np.unique(twice))} more than once."
        raise ValueError(msg)

    owner = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    stack = join_tables(tables, dates[owner], COLUMNS)
    stack.meta = {
        "dates": dates.isot.tolist(),
        "last_maps": [table.meta.get("last_map", table.meta["date"]) for table in tables],
        "strength": strengths[0],
        "version": sunpy_farside.__version__,
    }
    return stack


def join_tables(tables: list[QTable], dates: Time, names: Iterable[str]) -> QTable:
    """
    Put tables of regions of different dates below one another.

    Parameters
    ----------
    tables : `list` of `~astropy.table.QTable`
        One or more.
    dates : `~astropy.time.Time`
        The dates of all the rows.
    names : iterable of `str`
        The columns to join.

    Returns
    -------
    `~astropy.table.QTable`
        ``date`` and the columns, without ``meta``. astropy's own `~astropy.table.vstack` joins no
        positions of different dates.
    """
    # Tables without rows may lack the units and the dates of the others.
    filled = [table for table in tables if len(table)] or tables[:1]
    joined = QTable()
    joined["date"] = dates
    for name in names:
        parts = [table[name] for table in filled]
        first = parts[0]
        if isinstance(first, Time):
            joined[name] = _times(parts)
        elif isinstance(first, SkyCoord):
            longitude = np.concatenate([part.lon.deg for part in parts])
            latitude = np.concatenate([part.lat.deg for part in parts])
            joined[name] = carrington_positions(longitude, latitude, dates)
        else:
            values = np.concatenate([getattr(part, "value", part) for part in parts])
            joined[name] = values if first.unit is None else values * first.unit
        joined[name].info.description = first.info.description
    return joined


def _times(parts):
    if not any(len(part) for part in parts):
        # An empty array of strings is no array of dates to astropy.
        return Time(np.empty(0), format="mjd")
    isot = np.concatenate([part.isot for part in parts])
    return Time(isot, format="isot", precision=parts[0].precision)


def carrington_positions(longitude: ArrayLike, latitude: ArrayLike, dates: Time) -> SkyCoord:
    """
    Return positions with the Earth as observer, each at its own date.

    Parameters
    ----------
    longitude, latitude : array
        Carrington coordinates in degrees.
    dates : `~astropy.time.Time`
        As many.

    Returns
    -------
    `~astropy.coordinates.SkyCoord`
    """
    if not len(dates):
        # sunpy cannot compute an observer from an empty array of dates.
        return SkyCoord([] * u.deg, [] * u.deg, frame=HeliographicCarrington())
    # Where the Earth is takes time to find, and many regions share a date.
    _, first, owner = np.unique(dates.mjd, return_index=True, return_inverse=True)
    frame = HeliographicCarrington(obstime=dates, observer=get_earth(dates[first])[owner].frame)
    return SkyCoord(np.mod(longitude, 360) * u.deg, latitude * u.deg, frame=frame)


def _table(item):
    table = item.regions if isinstance(item, FarsideDetection) else item
    if not isinstance(table, Table):
        msg = (
            f"Expected detections or their tables, found {described(item)}. Detect with "
            "detect_farside or detect_seismic_strength."
        )
        raise TypeError(msg)
    missing = [name for name in COLUMNS if name not in table.colnames]
    missing += [name for name in ("date", "strength") if name not in table.meta]
    if missing:
        msg = f"Expected a detection's table, found one without {', '.join(missing)}."
        raise ValueError(msg)
    return table
