"""
Predictions of arrivals at the east limb, and how they came true.

A prediction is what a track said a fixed time before its region was to arrive, from the detections
that existed then. It counts once its date has come: once NOAA has had three days to number the
region.
"""

from dataclasses import dataclass

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy_farside.cadence import CADENCE, MIDDLE
from sunpy_farside.catalog.stack import carrington_positions
from sunpy_farside.catalog.track_evidence import combine_reliability
from sunpy_farside.catalog.track_position import mean_path, position_uncertainty
from sunpy_farside.coordinates.arrival import east_limb_arrival, predict_arrival
from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.detection.methods import method_of
from sunpy_farside.evaluation.calibration_bins import reliability_bins
from sunpy_farside.io.noaa_regions import first_appearances
from sunpy_farside.utils.assignment import assign

__all__ = [
    "LEAD",
    "PredictionScores",
    "check_predictions",
    "noaa_arrivals",
    "predictions_in",
    "predictions_of",
]

# Time between a prediction and the predicted arrival. A choice: what is forecast for less is at
# the edge of the window.
LEAD = 3 * u.day
# Days after an arrival within which NOAA numbers a region that has come round. A choice: of those
# of 2010 to 2019 that were first listed within three days, three in ten were listed after two.
_SETTLE = 3.0
# Largest difference of a predicted and an observed arrival, days, and of the positions, degrees.
_TIME, _DISTANCE = 3.0, 10.0
# Days before its arrival during which a region is in a window of 120 columns.
_IN_WINDOW = 150 / 13.2
# Days by which predictions are moved to find how many come true by chance.
_ELSEWHERE = (-10.0, -7.0, 7.0, 10.0)
# Degrees a day by which the Sun turns as seen from Earth.
_TURN = 13.2
_DETECTION_AGE = (MIDDLE * CADENCE).to_value(u.day)


@u.quantity_input
def predictions_of(tracks, *, lead: u.day = LEAD):
    """
    Return the prediction of every track a fixed time before its arrival.

    Parameters
    ----------
    tracks : `~sunpy_farside.catalog.tracking.RegionTracks`
    lead : `~astropy.units.Quantity`, optional
        Time between the prediction and the predicted arrival, at least.

    Returns
    -------
    `~astropy.table.QTable`
        One row per track that existed so early:

        - ``designation`` of the track;
        - ``issued``: date of the last map behind its last detection so far;
        - ``arrival`` and ``uncertainty``: predicted date and its standard deviation;
        - ``position``: mean position of the detections so far;
        - ``reliability`` of these, NaN where it is not known;
        - ``confirmed``: persistent so far, or significant on the last date.

        ``meta["dates"]`` holds the dates of all detections, ``meta["lead"]`` the lead in days and
        ``meta["method"]`` the name of the method.

    Notes
    -----
    Only detections up to ``issued`` are used. Since a date never changes the tracks of those
    before it, this is what a bulletin of that day said.

    Examples
    --------
    >>> import astropy.units as u
    >>> import sunpy_farside
    >>> from sunpy_farside.evaluation.predictions import predictions_of
    >>> from sunpy_farside.simulation import simulate_maps
    >>> maps = simulate_maps("2022-05-01", 14, seed=1).maps
    >>> detections = sunpy_farside.detect_seismic_strength(sunpy_farside.find_sequences(maps))
    >>> table = predictions_of(sunpy_farside.track_regions(detections))
    >>> bool((table["arrival"] - table["issued"] >= 3 * u.day).all())
    True
    """
    members, rules = tracks.members, tracks.tracks.meta
    method = method_of(members)
    # Track by track, in order of date.
    order = np.argsort(members["designation"], kind="stable")
    names = np.asarray(members["designation"])[order]
    day, position = members["date"].mjd[order], members["centroid"][order]
    longitude, latitude = position.lon.deg, position.lat.deg
    strength = members["strength"].value[order]
    reliability = np.asarray(members["reliability"], dtype=float)[order]
    significant = np.asarray(members["significant"])[order]
    first = np.searchsorted(names, names)
    parts = [slice(start, stop) for stop, start in enumerate(first.tolist(), start=1)]

    table = QTable()
    table["designation"] = names
    table["issued"] = Time(day + _DETECTION_AGE, format="mjd")
    number = np.arange(len(names)) - first + 1
    paths = [mean_path(day[p], longitude[p], latitude[p], strength[p]) for p in parts]
    middle, mean_longitude, mean_latitude, scatter, _ = np.reshape(paths, (-1, 5)).T
    frame = position[first + middle.astype(int)].frame.replicate_without_data()
    table["mean_position"] = SkyCoord(
        mean_longitude % 360 * u.deg, mean_latitude * u.deg, frame=frame
    )
    table["position_uncertainty"] = position_uncertainty(number, scatter, method.name) * u.deg
    table["arrival"], table["uncertainty"], _ = predict_arrival(table)
    known = [combine_reliability(reliability[p], [0], [day[p][-1] - day[p][0]])[0] for p in parts]
    share = [significant[p].mean() for p in parts]
    sure = np.where(np.isnan(known), np.array(share) > 0.5, np.array(known) >= rules["reliability"])
    table["reliability"] = np.array(known, dtype=float)
    table["confirmed"] = (sure & (number >= rules["persistence"])) | significant

    early = (table["arrival"] - table["issued"]).to_value(u.day) >= lead.to_value(u.day)
    rows = np.flatnonzero(early)
    last = rows[np.append(names[rows][1:] != names[rows][:-1], True)] if len(rows) else rows
    table = table[last]
    table.remove_column("position_uncertainty")
    table.rename_column("mean_position", "position")
    table = table[np.argsort(table["arrival"].mjd, kind="stable")]
    table.meta = {
        "dates": list(members.meta["dates"]),
        "lead": float(lead.to_value(u.day)),
        "method": method.name,
    }
    return table


@u.quantity_input
def predictions_in(bulletins, *, lead: u.day = LEAD):
    """
    Return the predictions in published bulletins.

    Parameters
    ----------
    bulletins : iterable of `~sunpy_farside.bulletin.schema.Bulletin`
        From `~sunpy_farside.bulletin.schema.read_bulletin`, in any order.
    lead : `~astropy.units.Quantity`, optional
        Time between the bulletin and the predicted arrival, at least.

    Returns
    -------
    `~astropy.table.QTable`
        As from `predictions_of`: of every region the last bulletin that was so early.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sunpy_farside.bulletin import read_bulletin
    >>> from sunpy_farside.evaluation.predictions import predictions_in
    >>> paths = Path("bulletins").glob("*/bulletin.json")
    >>> predictions = predictions_in(map(read_bulletin, paths))
    """
    last, dates, methods = {}, set(), set()
    for bulletin in sorted(bulletins, key=lambda item: item.date):
        dates |= {item.date[:-1] for item in bulletin.detections if item.date is not None}
        methods |= {item.method for item in bulletin.detections}
        for region in bulletin.regions:
            if region.arrival.days >= lead.to_value(u.day):
                last[region.measurements[0].designation] = (bulletin.date[:-1], region)
    issued, regions = zip(*last.values(), strict=True) if last else ((), ())
    table = QTable()
    table["designation"] = np.array(list(last), dtype=str)
    table["issued"] = _times(issued)
    table["position"] = carrington_positions(
        [region.position.carrington_longitude for region in regions],
        np.array([region.position.latitude for region in regions]),
        table["issued"],
    )
    table["arrival"] = _times([region.arrival.date[:-1] for region in regions])
    table["uncertainty"] = _numbers(region.arrival.uncertainty for region in regions) * u.day
    table["reliability"] = _numbers(region.reliability for region in regions)
    table["confirmed"] = np.array([region.confirmed for region in regions], dtype=bool)
    table = table[np.argsort(table["arrival"].mjd, kind="stable")]
    table.meta = {
        "dates": Time(sorted(dates)).isot.tolist() if dates else [],
        "lead": float(lead.to_value(u.day)),
        "method": " and ".join(sorted(methods)),
    }
    return table


def noaa_arrivals(regions):
    """
    Return the regions of NOAA that came round the east limb.

    Parameters
    ----------
    regions : `~astropy.table.QTable`
        From `~sunpy_farside.io.noaa.read_noaa_summaries`.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region first listed within three days of its passage of the limb: its
        ``number``, the ``position`` of its first appearance, and its ``arrival``, the date to which
        differential rotation takes that position back to the limb. ``meta["dates"]`` holds the
        dates of all summaries.

    Examples
    --------
    >>> from sunpy_farside.evaluation.predictions import noaa_arrivals
    >>> from sunpy_farside.io import read_noaa_summaries
    >>> arrivals = noaa_arrivals(read_noaa_summaries("summaries"))  # doctest: +SKIP
    """
    seen, dates = first_appearances(regions), regions.meta["dates"]
    arrival = east_limb_arrival(seen["centroid"])
    # On the first day of a record, all regions appear for the first time.
    later = seen["date"].mjd > np.min(dates.mjd, initial=np.inf)
    rows = np.flatnonzero(later & (seen["date"].mjd - arrival.mjd <= _SETTLE))
    table = QTable()
    table["number"] = np.asarray(seen["number"])[rows]
    table["position"] = seen["centroid"][rows]
    table["arrival"] = arrival[rows]
    table.meta = {"dates": dates}
    return table


@dataclass(frozen=True, eq=False)
class PredictionScores:
    """
    Predictions held against the regions that came round the east limb.

    Attributes
    ----------
    predictions : `~astropy.table.QTable`
        As from `predictions_of`, with the ``outcome`` of each, and the ``number`` of NOAA's region
        and the ``error`` of the arrival (predicted minus observed) of a hit. The outcome is

        - ``hit``: a region of NOAA arrived there;
        - ``false alarm``: none did;
        - ``waiting``: its date has not come;
        - ``not checked``: there is no summary of that time.
    arrivals : `~astropy.table.QTable`
        As from `noaa_arrivals`, with the ``outcome`` of each: ``hit``; ``missed``; ``waiting``;
        or ``not covered`` where no detection was early enough while it was in the window.
    chance : `float`
        Share of the confirmed predictions that come true when all are moved by a week or more.
    until : `~astropy.time.Time`
        Date of the last summary.
    """

    predictions: QTable
    arrivals: QTable
    chance: float
    until: Time

    @property
    def confirmed(self):
        """
        The predictions of confirmed regions.
        """
        return self.predictions[self.predictions["confirmed"]]

    def monthly(self):
        """
        Count outcomes by the month of the arrival.

        Returns
        -------
        `~astropy.table.QTable`
            ``month`` (``YYYY-MM``), the numbers of ``hits``, ``false_alarms``, ``misses`` and
            ``waiting`` predictions, the share of checked predictions that are a hit
            (``correct``), the share of regions that were predicted (``completeness``), and the
            mean absolute ``error`` of the arrivals; NaN where there is nothing to divide by.
        """
        months = np.array([date[:7] for date in _isot(self.confirmed["arrival"])])
        others = np.array([date[:7] for date in _isot(self.arrivals["arrival"])])
        used = np.isin(self.arrivals["outcome"], ("hit", "missed"))
        names = sorted({*months.tolist(), *others[used].tolist()})
        rows = [self._counts(months == name, others == name) for name in names]
        table = QTable()
        table["month"] = np.array(names, dtype="U7")
        for key in _COUNTS:
            table[key] = np.array([row[key] for row in rows])
        table["error"] = table["error"] * u.day
        return table

    def total(self):
        """
        Count outcomes over all dates.

        Returns
        -------
        `dict`
            The columns of `monthly`, the ``bias`` of the arrivals in days, the share ``within``
            one standard deviation, and ``chance``.
        """
        hits = self.confirmed[self.confirmed["outcome"] == "hit"]
        error = hits["error"].to_value(u.day)
        inside = np.abs(error) <= hits["uncertainty"].to_value(u.day)
        return {
            **self._counts(slice(None), slice(None)),
            "bias": float(error.mean()) if len(hits) else np.nan,
            "within": float(inside.mean()) if len(hits) else np.nan,
            "chance": self.chance,
        }

    def reliability(self):
        """
        Compare the reliability of predictions with the share that came true.

        Returns
        -------
        `~astropy.table.Table`
            As from `~sunpy_farside.evaluation.calibration_bins.reliability_bins`, of all checked
            predictions, confirmed or not.
        """
        table = self.predictions
        checked = np.isin(table["outcome"], ("hit", "false alarm"))
        hit = np.asarray(table["outcome"] == "hit")[checked]
        return reliability_bins(np.asarray(table["reliability"])[checked], hit)

    def _counts(self, rows, others):
        predictions, outcomes = self.confirmed[rows], self.arrivals["outcome"][others]
        names = np.asarray(predictions["outcome"])
        hits, false = int(np.sum(names == "hit")), int(np.sum(names == "false alarm"))
        found, missed = int(np.sum(outcomes == "hit")), int(np.sum(outcomes == "missed"))
        error = np.abs(predictions["error"].to_value(u.day)[names == "hit"])
        return {
            "hits": hits,
            "false_alarms": false,
            "misses": missed,
            "waiting": int(np.sum(names == "waiting")),
            "correct": hits / (hits + false) if hits + false else np.nan,
            "completeness": found / (found + missed) if found + missed else np.nan,
            "error": float(error.mean()) if hits else np.nan,
        }


_COUNTS = ("hits", "false_alarms", "misses", "waiting", "correct", "completeness", "error")


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
    come = predictions["arrival"].mjd + _SETTLE <= until
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
    covered = _is_covered(when, _times(predictions.meta["dates"]).mjd, predictions.meta["lead"])
    arrivals["outcome"] = np.select(
        [np.isin(np.arange(len(when)), list(found)), ~covered, when + _SETTLE > until],
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
    return following <= arrival + _SETTLE


def _is_covered(arrival, dates, lead):
    """
    Return whether regions could be predicted: in the window on a date that was early enough.
    """
    dates = np.sort(dates)
    first = np.searchsorted(dates, arrival - _IN_WINDOW)
    return np.append(dates, np.inf)[first] <= arrival - lead - _DETECTION_AGE


def _chance(predictions, arrivals, dates):
    """
    Return the share of predictions that come true when they are moved by a week or more.
    """
    sure = np.ones(len(predictions), dtype=bool)
    found, number = 0, 0
    for ago in _ELSEWHERE:
        when = predictions["arrival"].mjd + ago
        usable = _is_watched(when, dates) & (when + _SETTLE <= dates.max())
        number += int(usable.sum())
        found += sum(bool(usable[row]) for row, _ in _pairs(predictions, arrivals, sure, ago))
    return float(found / number) if number else np.nan


def _numbers(values):
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _times(texts):
    # An empty array of strings is no array of dates to astropy.
    return Time(list(texts)) if len(texts) else Time(np.empty(0), format="mjd")


def _isot(times):
    # An empty array of dates has no strings.
    return times.isot.tolist() if len(times) else []
