"""
Hold predictions from JSOC's region lists against the regions that NOAA saw coming round.

``python benchmarks/score_listed_regions.py LISTS TIMES SUMMARIES [FOLDER]``

LISTS is a table of the rows of JSOC's region lists (columns ``designation``,
``carrington_longitude``, ``latitude``, ``strength``, ``time``), TIMES one of the times of all lists
(column ``list_time``), and SUMMARIES a folder of NOAA's solar region summaries or tarballs of them.
Tracks are made as for detections. FOLDER gets the page of the scores.
"""

import argparse
from pathlib import Path

import numpy as np

import astropy.units as u
from astropy.table import QTable, Table
from astropy.time import Time

from sunpy_farside import track_regions
from sunpy_farside.cadence import CADENCE, MIDDLE
from sunpy_farside.catalog.region_stack import carrington_positions
from sunpy_farside.detection.methods import SAR
from sunpy_farside.evaluation.predictions import check_predictions, noaa_arrivals, predictions_of
from sunpy_farside.evaluation.scores_page import scores_document, write_scores
from sunpy_farside.io import read_noaa_summaries


def read_detections(lists, times):
    """
    Read the rows of lists as detections by the SAR method.

    A list belongs to the last map of a detection, which is dated two and a half days earlier.
    """
    rows = Table.read(lists)
    rows = rows[np.argsort(rows["time"], kind="stable")]
    stack = QTable()
    stack["date"] = Time((Time(list(rows["time"])) - MIDDLE * CADENCE).isot)
    stack["label"] = np.arange(len(rows)) + 1
    longitude, latitude, strength = (
        np.asarray(rows[name], dtype=float)
        for name in ("carrington_longitude", "latitude", "strength")
    )
    stack["centroid"] = carrington_positions(longitude, latitude, stack["date"])
    # Some are zero or below.
    stack[SAR.strength] = np.maximum(strength, 1) * SAR.unit
    stack["significant"] = stack[SAR.strength] >= SAR.threshold
    stack["reliability"] = np.full(len(rows), np.nan)
    dates = (Time(list(Table.read(times)["list_time"])) - MIDDLE * CADENCE).isot
    stack.meta = {
        "dates": sorted({*dates.tolist(), *stack["date"].isot.tolist()}),
        "strength": SAR.strength,
    }
    return stack


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("lists", "times", "summaries"):
        parser.add_argument(name, type=Path)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--lead", type=float, default=3, help="days before the arrival (3)")
    options = parser.parse_args()
    tracks = track_regions(read_detections(options.lists, options.times))
    arrivals = noaa_arrivals(read_noaa_summaries(options.summaries))
    scores = check_predictions(predictions_of(tracks, lead=options.lead * u.day), arrivals)
    print(scores_document(scores).total.model_dump_json(indent=1))
    if options.folder is not None:
        write_scores(options.folder, scores)


if __name__ == "__main__":
    main()
