"""
Matching of detections with known regions.
"""

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable, Table
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington

import sunpy_farside
from sunpy_farside.cadence import TOLERANCE
from sunpy_farside.catalog.region_stack import join_tables
from sunpy_farside.coordinates.arrival import positions_of
from sunpy_farside.coordinates.far_side import separations, to_carrington
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.errors import NoCommonDatesError
from sunpy_farside.utils.assignment import assign

__all__ = ["OUTCOMES", "match_dates", "match_positions", "match_regions", "same_maps"]

OUTCOMES = ("matched", "missed", "extra")
# Where a table says how strong its regions are.
_STRENGTHS = ("latest_strength", "seismic_strength")
# Where a table names its regions.
_DESIGNATIONS = ("designation", "number")


@u.quantity_input
def match_regions(
    detected: QTable | SkyCoord, reference: QTable | SkyCoord, *, distance: u.deg = 10 * u.deg
) -> QTable:
    """
    Match the regions of one date with those of a list, one to one.

    Parameters
    ----------
    detected : `~astropy.table.QTable` or `~astropy.coordinates.SkyCoord`
        Regions of one date: a detection's table, or positions.
    reference : `~astropy.table.QTable` or `~astropy.coordinates.SkyCoord`
        Reference positions: a region list (`~sunpy_farside.io.region_lists.read_region_list`), a
        summary of NOAA (`~sunpy_farside.io.noaa.read_noaa_summary`), another detection's table,
        or positions. Where the dates differ, differential rotation moves the reference to the
        date of ``detected``.
    distance : `~astropy.units.Quantity`, optional
        Largest angular distance of two regions that match.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region: the matched ones in order of ``detected``, then the missed ones (in
        ``reference`` only), then the extra ones (in ``detected`` only). The columns are

        - ``outcome``: matched, missed or extra;
        - ``detected``, ``reference``: rows of the two inputs, -1 where there is none;
        - ``separation``: angular distance of the two, NaN where there is one only;
        - ``centroid``: position at the date of ``detected``, the reference's of a missed region;
        - ``designation``: the reference's name, empty where it has none;
        - ``detected_strength``, ``reference_strength``: NaN where there is none.

    Raises
    ------
    ValueError
        ``distance`` is not positive, ``detected`` has more than one date, or a table has no
        positions.

    Notes
    -----
    As many pairs as there can be are made, and then those of the smallest total distance.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.coordinates import SkyCoord
    >>> from sunpy.coordinates import frames
    >>> from sunpy_farside import match_regions
    >>> frame = frames.HeliographicCarrington(obstime="2022-05-05", observer="earth")
    >>> detected = SkyCoord([100, 20] * u.deg, [19, 5] * u.deg, frame=frame)
    >>> reference = SkyCoord([98.7, 142.6] * u.deg, [20.8, -28.5] * u.deg, frame=frame)
    >>> match_regions(detected, reference)["outcome", "detected", "reference"]
    <QTable length=3>
    outcome detected reference
      str7   int64     int64
    ------- -------- ---------
    matched        0         0
     missed       -1         1
      extra        1        -1
    """
    if not distance > 0 * u.deg:
        msg = f"Expected a positive distance, found {distance}."
        raise ValueError(msg)
    date = _date(detected)
    longitude, latitude = _positions(detected, date)
    reference_longitude, reference_latitude = _positions(reference, date)
    found, known, separation = match_positions(
        longitude, latitude, reference_longitude, reference_latitude, distance.to_value(u.deg)
    )
    missed = np.setdiff1d(np.arange(len(reference_longitude)), known)
    extra = np.setdiff1d(np.arange(len(longitude)), found)
    counts = [len(found), len(missed), len(extra)]
    rows = np.concatenate([found, np.full(len(missed), -1), extra])
    others = np.concatenate([known, missed, np.full(len(extra), -1)])

    table = QTable()
    table["outcome"] = np.repeat(OUTCOMES, counts)
    table["detected"], table["reference"] = rows, others
    table["separation"] = np.append(separation, np.full(sum(counts[1:]), np.nan)) * u.deg
    there = rows >= 0
    table["centroid"] = SkyCoord(
        np.where(there, _take(longitude, rows), _take(reference_longitude, others)) * u.deg,
        np.where(there, _take(latitude, rows), _take(reference_latitude, others)) * u.deg,
        frame=HeliographicCarrington(obstime=date, observer="earth"),
    )
    table["designation"] = _take(_names(reference, len(reference_longitude)), others, "")
    table["detected_strength"] = _take(_strengths(detected, len(longitude)), rows)
    table["reference_strength"] = _take(_strengths(reference, len(reference_longitude)), others)
    table.meta = {
        "date": date.isot,
        "distance": str(distance),
        "version": sunpy_farside.__version__,
        **dict(zip(OUTCOMES, counts, strict=True)),
    }
    return table


def match_positions(
    longitude: np.ndarray,
    latitude: np.ndarray,
    reference_longitude: np.ndarray,
    reference_latitude: np.ndarray,
    distance: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Match points on the sphere, one to one.

    Parameters
    ----------
    longitude, latitude : array, shape (n,)
        In degrees.
    reference_longitude, reference_latitude : array, shape (m,)
        In degrees.
    distance : `float`
        Largest angular distance of two points that match in degrees.

    Returns
    -------
    index, reference_index : arrays of `int`
        The pairs, in order of the first.
    separation : array
        Their angular distances in degrees.

    Examples
    --------
    >>> from sunpy_farside.catalog.matching import match_positions
    >>> match_positions([359, 90], [0, 0], [91, 1], [0, 0], 5)
    (array([0, 1]), array([1, 0]), array([2., 1.]))
    """
    apart = separations(
        np.reshape(longitude, (-1, 1)),
        np.reshape(latitude, (-1, 1)),
        np.reshape(reference_longitude, (1, -1)),
        np.reshape(reference_latitude, (1, -1)),
    )
    index, reference_index = assign(apart, apart <= distance)
    return index, reference_index, apart[index, reference_index]


def match_dates(
    detected: QTable, reference: QTable, *, distance: u.Quantity = 10 * u.deg
) -> QTable:
    """
    Match the regions of many dates with lists that come from the same maps.

    Parameters
    ----------
    detected : `~astropy.table.QTable`
        Table from `~sunpy_farside.catalog.region_stack.stack_regions`.
    reference : `~astropy.table.QTable`
        Region lists (`~sunpy_farside.io.region_lists.read_region_list`), or another table of
        `~sunpy_farside.catalog.region_stack.stack_regions`.
    distance : `~astropy.units.Quantity`, optional
        Largest angular distance of two regions that match.

    Returns
    -------
    `~astropy.table.QTable`
        The columns of `match_regions` after a ``date``; ``detected`` and ``reference`` are rows of
        the two inputs. ``meta`` holds the ``dates`` of the detections that have a list, and how
        many regions are ``matched``, ``missed`` and ``extra``.

    Raises
    ------
    NoCommonDatesError
        No list belongs to any of the detections.

    Notes
    -----
    A region list of JSOC is made from five days of data, and belongs to the detection whose *last*
    map has its date: of eleven maps, two and a half days after the date of the detection.
    Differential rotation moves the listed regions to the latter.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.catalog import stack_regions
    >>> from sunpy_farside.catalog.matching import match_dates
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=4).sequence
    >>> table = stack_regions([sunpy_farside.detect_seismic_strength(sequence)])
    >>> bool((match_dates(table, table)["outcome"] == "matched").all())
    True
    """
    pairs = same_maps(detected, reference)
    if not pairs:
        msg = (
            "Expected lists of the dates of the detections' last maps, found none: a region list "
            "belongs to the sequence whose last map has its date."
        )
        raise NoCommonDatesError(msg)
    tables = []
    for date, other in pairs:
        rows, others = (
            np.flatnonzero(item["date"].isot == day)
            for item, day in ((detected, date), (reference, other))
        )
        table = match_regions(
            _on_date(detected, rows, date), _on_date(reference, others, other), distance=distance
        )
        table["detected"] = _take(rows, table["detected"], -1)
        table["reference"] = _take(others, table["reference"], -1)
        tables.append(table)
    dates = [date for date, _ in pairs]
    owner = np.repeat(np.arange(len(dates)), [len(table) for table in tables])
    stack = join_tables(tables, Time(dates)[owner], tables[0].colnames)
    stack.meta = {
        "dates": dates,
        "distance": str(distance),
        "version": sunpy_farside.__version__,
        **{name: sum(table.meta[name] for table in tables) for name in OUTCOMES},
    }
    return stack


def same_maps(detected: QTable, reference: QTable) -> list[tuple[str, str]]:
    """
    Return the dates of two tables that belong to the same maps.

    Parameters
    ----------
    detected, reference : `~astropy.table.QTable`
        As for `match_dates`.

    Returns
    -------
    `list` of (`str`, `str`)
        Pairs of dates whose last maps are within a minute of each other.
    """
    (dates, ends), (others, other_ends) = _dates_and_ends(detected), _dates_and_ends(reference)
    pairs = []
    for date, end in zip(dates, ends, strict=True):
        near = [k for k, other in enumerate(other_ends) if abs(other - end) < TOLERANCE]
        pairs += [(date, others[k]) for k in near[:1]]
    return pairs


def _dates_and_ends(table):
    """
    Return all dates of a table, as text, and the times of the last maps behind them.
    """
    if "lists" in table.meta:
        dates = [item["date"].isot for item in table.meta["lists"]]
        return dates, list(Time(dates)) if dates else []
    if "last_maps" in table.meta:
        return table.meta["dates"], [Time(end) for end in table.meta["last_maps"]]
    msg = (
        "Expected a table with the dates and maps that it covers, found none in its meta: see "
        "stack_regions and read_region_list."
    )
    raise ValueError(msg)


def _date(detected):
    dates = positions_of(detected).obstime
    if dates is None:
        msg = "Expected positions with an observation time, found none. Give the frame an obstime."
        raise ValueError(msg)
    if not dates.isscalar:
        if not dates.size or (dates != dates[0]).any():
            msg = "Expected regions of one date, found several. match_dates takes many."
            raise ValueError(msg)
        dates = dates[0]
    return dates


def _positions(where, date):
    """
    Return Carrington longitudes and latitudes in degrees after differential rotation to a date.
    """
    position = positions_of(where)
    if not position.size:
        return np.empty(0), np.empty(0)
    point = to_carrington(position.reshape(-1))
    longitude, latitude = point.lon.deg, point.lat.deg
    elapsed = (date - point.obstime).to_value(u.day)
    return longitude + carrington_drift(latitude) * elapsed, latitude


def _on_date(table, rows, date):
    """
    Return some rows of a table, with one date for all their positions.
    """
    part = table[rows]
    part["centroid"] = SkyCoord(
        table["centroid"].lon[rows],
        table["centroid"].lat[rows],
        frame=HeliographicCarrington(obstime=date, observer="earth"),
    )
    return part


def _strengths(where, number):
    if isinstance(where, Table):
        for name in (where.meta.get("strength"), *_STRENGTHS):
            if name in where.colnames:
                return where[name]
    return np.full(number, np.nan)


def _names(where, number):
    for name in _DESIGNATIONS:
        if isinstance(where, Table) and name in where.colnames:
            return np.asarray(where[name], dtype=str)
    return np.full(number, "")


def _take(values, rows, missing=np.nan):
    """
    Return rows of an array, with a fill value where the row is -1.
    """
    unit = getattr(values, "unit", None)
    return np.append(values, missing if unit is None else missing * unit)[rows]
