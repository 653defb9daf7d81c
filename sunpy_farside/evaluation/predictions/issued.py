"""
Predictions of arrivals at the east limb, of tracks and in bulletins.
"""

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy_farside.cadence import CADENCE, MIDDLE
from sunpy_farside.catalog.region_stack import carrington_positions
from sunpy_farside.catalog.rows import times_of
from sunpy_farside.catalog.track_evidence import combine_reliability
from sunpy_farside.catalog.track_position import mean_path, position_uncertainty
from sunpy_farside.coordinates.arrival import predict_arrival
from sunpy_farside.detection.methods import method_of

__all__ = ["DETECTION_AGE", "LEAD", "predictions_in", "predictions_of"]

# Time between a prediction and the predicted arrival. A choice: what is forecast for less is at
# the edge of the window.
LEAD = 3 * u.day
# Days from the date of a detection to that of its last map.
DETECTION_AGE = (MIDDLE * CADENCE).to_value(u.day)


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
    table["issued"] = Time(day + DETECTION_AGE, format="mjd")
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
    table["issued"] = times_of(issued)
    table["position"] = carrington_positions(
        [region.position.carrington_longitude for region in regions],
        np.array([region.position.latitude for region in regions]),
        table["issued"],
    )
    table["arrival"] = times_of([region.arrival.date[:-1] for region in regions])
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


def _numbers(values):
    return np.array([np.nan if value is None else value for value in values], dtype=float)
