"""
Check of predictions against the regions that came round the east limb.
"""

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy_farside.catalog.rows import times_of
from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.evaluation.predictions.arrivals import SETTLE
from sunpy_farside.evaluation.predictions.issued import DETECTION_AGE
from sunpy_farside.evaluation.predictions.scores import PredictionScores
from sunpy_farside.utils.assignment import assign

__all__ = ["check_predictions"]

# Largest difference of a predicted and an observed arrival, days, and of the positions, degrees.
_TIME, _DISTANCE = 3.0, 10.0
# Days before its arrival during which a region is in a window of 120 columns.
_IN_WINDOW = 150 / 13.2
# Days by which predictions are moved to find how many come true by chance.
_ELSEWHERE = (-10.0, -7.0, 7.0, 10.0)
# Degrees a day by which the Sun turns as seen from Earth.
_TURN = 13.2


def check_predictions(predictions, arrivals):
    """
    Hold predictions against the regions that NOAA saw coming round the east limb.

    Parameters
    ----------
    predictions : `~astropy.table.QTable`
        From `predictions_of`.
    arrivals : `~astropy.table.QTable`
        From `noaa_arrivals`.

    Returns
    -------
    `PredictionScores`

    Raises
    ------
    ValueError
        There is no summary.

    Notes
    -----
    Predictions and regions are paired one to one where they lie within ten degrees of one another
    and the arrivals within three days: confirmed predictions first. A false alarm is no proof that
    there was nothing, for NOAA numbers regions with sunspots or plages that its observers saw. A
    region that is missed may have emerged after the date of the prediction.

    Examples
    --------
    >>> from sunpy_farside import RegionTracks
    >>> from sunpy_farside.evaluation.predictions import (
    ...     check_predictions,
    ...     noaa_arrivals,
    ...     predictions_of,
    ... )
    >>> from sunpy_farside.io import read_noaa_summaries
    >>> tracks = RegionTracks.read("maps/detections/tracks/network")  # doctest: +SKIP
    >>> arrivals = noaa_arrivals(read_noaa_summaries("summaries"))  # doctest: +SKIP
    >>> check_predictions(predictions_of(tracks), arrivals).monthly()  # doctest: +SKIP
    """
    dates = arrivals.meta["dates"].mjd
    if not len(dates):
        msg = "Expected summaries of NOAA, found none. Read them with read_noaa_summaries."
        raise ValueError(msg)
    predictions, arrivals = predictions.copy(), arrivals.copy()
    until = dates.max()
    confirmed = np.asarray(predictions["confirmed"])
    pairs = _pairs(predictions, arrivals, confirmed)
    come = predictions["arrival"].mjd + SETTLE <= until
    checked = _is_watched(predictions["arrival"].mjd, dates)
    outcome = np.select([~come, ~checked], ["waiting", "not checked"], "false alarm").astype("U12")
    number, error = np.full(len(predictions), -1), np.full(len(predictions), np.nan)
    for row, other in pairs:
        if come[row]:
            outcome[row], number[row] = "hit", arrivals["number"][other]
            late = predictions["arrival"][row] - arrivals["arrival"][other]
            error[row] = late.to_value(u.day)
    predictions["outcome"], predictions["number"] = outcome, number
    predictions["error"] = error * u.day

    when = arrivals["arrival"].mjd
    found = {other for row, other in pairs if confirmed[row]}
    covered = _is_covered(when, times_of(predictions.meta["dates"]).mjd, predictions.meta["lead"])
    arrivals["outcome"] = np.select(
        [np.isin(np.arange(len(when)), list(found)), ~covered, when + SETTLE > until],
        ["hit", "not covered", "waiting"],
        "missed",
    ).astype("U12")
    chance = _chance(predictions[confirmed], arrivals, dates)
    return PredictionScores(predictions, arrivals, chance, Time(until, format="mjd"))


def _pairs(predictions, arrivals, confirmed, ago=0.0):
    """
    Pair predictions, moved by some days, with arrivals; the confirmed ones first.
    """
    if not len(predictions) or not len(arrivals):
        return []
    place, other = predictions["position"], arrivals["position"]
    latitude = place.lat.deg[:, None]
    # Both on the date of the region's first appearance.
    elapsed = other.obstime.mjd - place.obstime.mjd[:, None] - ago
    longitude = place.lon.deg[:, None] + carrington_drift(latitude) * elapsed - _TURN * ago
    apart = separations(longitude, latitude, other.lon.deg, other.lat.deg)
    late = predictions["arrival"].mjd[:, None] + ago - arrivals["arrival"].mjd
    allowed = (apart <= _DISTANCE) & (np.abs(late) <= _TIME)
    pairs = []
    for chosen in (confirmed, ~confirmed):
        rows, columns = assign(apart, allowed & chosen[:, None])
        pairs += zip(rows.tolist(), columns.tolist(), strict=True)
        allowed[:, columns] = False
    return pairs


def _is_watched(arrival, dates):
    """
    Return whether there is a summary of the days after arrivals.
    """
    dates = np.sort(dates)
    first = np.searchsorted(dates, arrival)
    following = np.append(dates, np.inf)[first]
    return following <= arrival + SETTLE


def _is_covered(arrival, dates, lead):
    """
    Return whether regions could be predicted: in the window on a date that was early enough.
    """
    dates = np.sort(dates)
    first = np.searchsorted(dates, arrival - _IN_WINDOW)
    return np.append(dates, np.inf)[first] <= arrival - lead - DETECTION_AGE


def _chance(predictions, arrivals, dates):
    """
    Return the share of predictions that come true when they are moved by a week or more.
    """
    sure = np.ones(len(predictions), dtype=bool)
    found, number = 0, 0
    for ago in _ELSEWHERE:
        when = predictions["arrival"].mjd + ago
        usable = _is_watched(when, dates) & (when + SETTLE <= dates.max())
        number += int(usable.sum())
        found += sum(bool(usable[row]) for row, _ in _pairs(predictions, arrivals, sure, ago))
    return float(found / number) if number else np.nan
