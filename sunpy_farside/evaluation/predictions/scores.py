"""
Scores of checked predictions.
"""

from dataclasses import dataclass

import numpy as np

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

from sunpy_farside.evaluation.calibration_bins import reliability_bins

__all__ = ["PredictionScores"]

_COUNTS = ("hits", "false_alarms", "misses", "waiting", "correct", "completeness", "error")


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


def _isot(times):
    # An empty array of dates has no strings.
    return times.isot.tolist() if len(times) else []
