"""
Predictions of arrivals at the east limb, and how they came true.

A prediction is what a track said a fixed time before its region was to arrive, from the detections
that existed then. It counts once its date has come: once NOAA has had three days to number the
region.
"""

from sunpy_farside.evaluation.predictions.arrivals import noaa_arrivals
from sunpy_farside.evaluation.predictions.check import check_predictions
from sunpy_farside.evaluation.predictions.issued import LEAD, predictions_in, predictions_of
from sunpy_farside.evaluation.predictions.scores import PredictionScores

__all__ = [
    "LEAD",
    "PredictionScores",
    "check_predictions",
    "noaa_arrivals",
    "predictions_in",
    "predictions_of",
]
