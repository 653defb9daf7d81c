"""
Summary of the detections of tracks.
"""

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable

from sunpy_farside.catalog.rows import times_of
from sunpy_farside.catalog.track_evidence import combine_reliability
from sunpy_farside.catalog.track_position import mean_path, position_uncertainty
from sunpy_farside.coordinates.arrival import predict_arrival
from sunpy_farside.detection.flux import FLUX_COLUMNS
from sunpy_farside.detection.methods import method_of

__all__ = ["summarize_tracks"]

# Share of the detections that a persistent track has to be significant on when nothing is known of
# their reliability. With simulated tracks, as false as those chosen by reliability.
_SIGNIFICANT_SHARE = 0.5
# Days before the last detection over which the flux is averaged: sequences further apart share no
# map.
_FLUX_DAYS = 5.0


def summarize_tracks(names, links, members, persistence, reliability):
    """
    Sum up the detections of every track.

    Parameters
    ----------
    names : array of `str`
        Designations of the tracks.
    links : `~sunpy_farside.catalog.linking.Links`
    members : `~astropy.table.QTable`
        The detections, in order of date.
    persistence, reliability
        As for `~sunpy_farside.catalog.tracking.track_regions`.

    Returns
    -------
    `~astropy.table.QTable`
        With the columns of ``sunpy_farside.catalog.track_columns.TRACK_COLUMNS``.
    """
    # Detections track by track, each in order of date.
    order = np.argsort(links.track, kind="stable")
    counts = np.bincount(links.track, minlength=len(names))
    last = np.cumsum(counts) - 1
    first = last - counts + 1
    date = members["date"][order]
    position, strength = members["centroid"], members["strength"][order]
    longitude, latitude = position.lon.deg[order], position.lat.deg[order]
    day, method = date.mjd, method_of(members).name
    index = np.searchsorted(times_of(members.meta["dates"]).mjd, day)

    table = QTable()
    table["designation"] = names
    table["first_date"], table["last_date"] = date[first], date[last]
    table["n_detections"] = counts
    table["n_possible"] = index[last] - index[first] + 1
    known = combine_reliability(members["reliability"][order], first, day[last] - day[first])
    share = np.add.reduceat(members["significant"][order], first, dtype=float) / counts
    sure = np.where(np.isnan(known), share > _SIGNIFICANT_SHARE, known >= reliability)
    table["reliability"], table["persistent"] = known, sure & (counts >= persistence)
    ranges = [slice(*pair) for pair in zip(first, last + 1, strict=True)]
    paths = [
        mean_path(day[part], longitude[part], latitude[part], strength.value[part])
        for part in ranges
    ]
    middle, *mean, scatter, drift = np.reshape(paths, (-1, 5)).T
    table["mean_position"] = _moved(position[order[first + middle.astype(int)]], *mean)
    table["latest_position"] = position[order[last]]
    table["scatter"] = scatter * u.deg
    table["position_uncertainty"] = position_uncertainty(counts, scatter, method) * u.deg
    table["drift"] = drift * u.deg / u.day
    table["peak_strength"] = [strength.value[part].max() for part in ranges] * strength.unit
    table["latest_strength"] = strength[last]
    recent = [
        slice(part.start + np.searchsorted(day[part], day[part][-1] - _FLUX_DAYS), part.stop)
        for part in ranges
    ]
    for name in FLUX_COLUMNS:
        flux = members[name].to_value(u.Mx)[order]
        table[name] = np.array([flux[part].mean() for part in recent], dtype=float) * u.Mx
    # The last name is that of no track.
    others = np.append(names, "")
    table["split_from"] = others[links.split_from]
    table["merged_into"] = others[links.merged_into]
    arrival, uncertainty, crossing = predict_arrival(table)
    table["east_limb_arrival"], table["arrival_uncertainty"] = arrival, uncertainty
    table["central_meridian_crossing"] = crossing
    return table[np.argsort(table["first_date"].mjd, kind="stable")]


def _moved(position, longitude, latitude):
    """
    Return other coordinates in the frame of positions, whose observers are already known.
    """
    frame = position.frame.replicate_without_data()
    return SkyCoord(np.mod(longitude, 360) * u.deg, latitude * u.deg, frame=frame)
