"""
Tables of regions that were measured.
"""

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord, UnitSphericalRepresentation
from astropy.table import QTable
from astropy.time import Time

from sunpy_farside.coordinates.arrival import east_limb_delay
from sunpy_farside.coordinates.far_side import carrington_frame, far_side_position
from sunpy_farside.detection.columns import COLUMNS, REGION_COLUMNS
from sunpy_farside.utils.tables import whole_seconds

__all__ = ["arrival_dates", "in_order", "region_table"]


def region_table(columns: dict[str, np.ndarray], date: Time, arrivals: np.ndarray) -> QTable:
    """
    Return the table of regions that were measured.

    Parameters
    ----------
    columns : `dict` of array
        From `~sunpy_farside.detection.measurement.measure`, and other columns of ``COLUMNS``.
    date : `~astropy.time.Time`
    arrivals : array of `str`
        From `arrival_dates`.

    Returns
    -------
    `~astropy.table.QTable`
        With those of ``COLUMNS`` that there are, in this order.
    """
    # Much faster than the constructor of SkyCoord with a frame.
    angles = UnitSphericalRepresentation(
        columns["longitude"] * u.deg, columns["latitude"] * u.deg, copy=False
    )
    centroid = SkyCoord(carrington_frame(date, angles), copy=False)
    # An empty array of strings is no array of dates to astropy.
    times = Time(arrivals, format="isot") if len(arrivals) else Time(np.empty(0), format="mjd")
    times = Time(times, format="isot", precision=0)
    columns = columns | {"centroid": centroid, "east_limb_arrival": times}
    for name, column in REGION_COLUMNS.items():
        if column.unit is not None and name in columns:
            columns[name] = columns[name] * column.unit
    table = QTable({name: columns[name] for name in COLUMNS if name in columns}, copy=False)
    for name in table.colnames:
        table[name].info.description = COLUMNS[name]
    return table


def arrival_dates(numbers: list[dict[str, np.ndarray]], dates: list[Time]) -> list[np.ndarray]:
    """
    Return the times at which regions cross the east limb, as text.

    Parameters
    ----------
    numbers : `list` of `dict`
        From `~sunpy_farside.detection.measurement.measure`.
    dates : `list` of `~astropy.time.Time`
        As many. Times of many dates take as long to compute as those of one.

    Returns
    -------
    `list` of arrays of `str`
        ISO 8601 in UTC, rounded to seconds.
    """
    delays = []
    for item, date in zip(numbers, dates, strict=True):
        meridian, center = far_side_position(date)
        stonyhurst = item["longitude"] - (meridian - 180)
        delays.append(east_limb_delay(stonyhurst, item["latitude"], -center))
    owner = np.repeat(np.arange(len(dates)), [len(delay) for delay in delays])
    times = whole_seconds(Time(dates)[owner] + np.concatenate(delays) * u.day)
    # An empty array of times has no strings.
    texts = times.isot if times.size else np.empty(0, dtype=str)
    ends = np.cumsum([len(delay) for delay in delays])
    return [texts[end - len(delay) : end] for end, delay in zip(ends, delays, strict=True)]


def in_order(columns: dict) -> dict:
    """
    Return columns in the order of ``COLUMNS``, after those that are not in it.
    """
    others = [name for name in columns if name not in COLUMNS]
    return {name: columns[name] for name in (*others, *COLUMNS) if name in columns}
