"""
Strength of regions over the last days.
"""

from functools import lru_cache

import numpy as np

from astropy.time import Time

from sunpy_farside.bulletin.schema import HistoryEntry
from sunpy_farside.bulletin.values import moment, number
from sunpy_farside.cadence import CADENCE
from sunpy_farside.coordinates.earth import remember_earth
from sunpy_farside.coordinates.far_side import (
    disk_center_latitude,
    far_side_central_meridian,
    separations,
)
from sunpy_farside.coordinates.rotation import carrington_drift

__all__ = ["HISTORY_DAYS", "region_history", "strength_trend"]

# Days of the history, as long as a region is on the far side.
HISTORY_DAYS = 14
# Days of the straight line behind a trend: sequences further apart share no map. Least number of
# detections in them and least time that they span, and relative change over these days from which
# a region grows or fades. Choices.
_TREND_DAYS, _TREND_FEWEST, _TREND_SPAN, _TREND_CHANGE = 5.0, 3, 2.0, 0.25
# Distance of two dates of the cadence that are the same, days.
_SAME = 0.1


def region_history(days, strengths, dates, mean_position):
    """
    Return the strength of a region on every date of the cadence of the last 14 days.

    Parameters
    ----------
    days, strengths : array, shape (detections,)
        Modified Julian Dates and strengths of the detections of the region.
    dates : array
        Modified Julian Dates of all detections, with the region and without. The last one is the
        end of the history.
    mean_position : `~astropy.coordinates.SkyCoord`
        Position of the region, with the date that it belongs to.

    Returns
    -------
    `list` of `~sunpy_farside.bulletin.schema.HistoryEntry`
        In order of date.
    """
    step = CADENCE.to_value("day")
    steps = dates[-1] - np.arange(HISTORY_DAYS / step)[::-1] * step
    remember_earth(Time(steps, format="mjd"))
    latitude = mean_position.lat.deg
    drift = carrington_drift(latitude) * (steps - mean_position.obstime.mjd)
    entries = []
    for day, longitude in zip(steps.tolist(), mean_position.lon.deg + drift, strict=True):
        date, meridian, north = _far_side(day)
        here = np.abs(days - day) < _SAME
        if here.any():
            state = "detected"
        elif separations(longitude, latitude, meridian, north) > 90:
            state = "near_side"
        else:
            state = "not_detected" if np.any(np.abs(dates - day) < _SAME) else "no_map"
        strength = number(strengths[here][0], 1) if here.any() else None
        entries.append(HistoryEntry(date=date, state=state, strength=strength))
    return entries


def strength_trend(days, strengths):
    """
    Fit a straight line to the strengths of the last five days.

    Parameters
    ----------
    days, strengths : array, shape (detections,)
        In order of date.

    Returns
    -------
    change : `float` or None
        Slope per day; None of fewer than three detections, or of less than two days.
    trend : {"growing", "steady", "fading"} or None
        Direction of a change by more than a quarter over five days.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.bulletin.history import strength_trend
    >>> change, trend = strength_trend(np.arange(6.0), 100 + 10 * np.arange(6.0))
    >>> round(change, 3), trend
    (10.0, 'growing')
    """
    recent = days >= days[-1] - _TREND_DAYS
    days, strengths = days[recent], strengths[recent]
    if len(days) < _TREND_FEWEST or days[-1] - days[0] < _TREND_SPAN:
        return None, None
    elapsed = days - days.mean()
    change = float(elapsed @ strengths / (elapsed @ elapsed))
    relative = change * _TREND_DAYS / strengths.mean()
    if abs(relative) <= _TREND_CHANGE:
        return change, "steady"
    return change, "growing" if relative > 0 else "fading"


# Regions share their dates.
@lru_cache(maxsize=128)
def _far_side(day):
    """
    Return a date as text, and the center of the far side on it in degrees.
    """
    time = Time(day, format="mjd")
    return moment(time), far_side_central_meridian(time).deg, -disk_center_latitude(time).deg
