"""
Links between detections of successive dates.
"""

from dataclasses import dataclass

import numpy as np

from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.utils.assignment import assign

__all__ = ["Links", "link_regions"]

# Cost of a change of strength by a factor of e, in radii. A choice.
_STRENGTH_COST = 0.3
# Detections over which a track's position is averaged, so that it does not wander from one region
# to the next. A choice.
_MEAN_OVER = 5


@dataclass(frozen=True)
class Links:
    """
    Links between detections of successive dates.

    Attributes
    ----------
    track : array of `int`, shape (detections,)
        Number of the track of every detection.
    split_from, merged_into : array of `int`, shape (tracks,)
        Track next to which a track began, or was lost; -1 of others.
    """

    track: np.ndarray
    split_from: np.ndarray
    merged_into: np.ndarray


def link_regions(
    day: np.ndarray,
    longitude: np.ndarray,
    latitude: np.ndarray,
    strength: np.ndarray,
    *,
    radius: float,
    memory: float,
    known: np.ndarray | None = None,
) -> Links:
    """
    Link detections of successive dates.

    Parameters
    ----------
    day : array, shape (detections,)
        Dates in days, ascending.
    longitude, latitude : array, shape (detections,)
        Carrington coordinates in degrees.
    strength : array, shape (detections,)
        Positive.
    radius : `float`
        Largest distance from a track's expected position in degrees.
    memory : `float`
        Longest time without a detection that a track survives in days.
    known : array of `int`, shape (detections,), optional
        Tracks of detections that are linked already, -1 of others.

    Returns
    -------
    `Links`
        New tracks follow upon the known ones, in order of date.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.catalog.linking import link_regions
    >>> day = np.array([0.0, 0.0, 0.5, 0.5])
    >>> longitude, latitude = np.array([10.0, 50.0, 51.0, 11.0]), np.zeros(4)
    >>> link_regions(day, longitude, latitude, np.ones(4), radius=10, memory=2).track
    array([0, 1, 1, 0])
    """
    number = len(day)
    track = np.full(number, -1) if known is None else np.array(known)
    n_tracks = track.max(initial=-1) + 1
    # The latest detection of every track, how many it has, and their mean position.
    latest, split_from, merged_into = np.full((3, n_tracks + number), -1)
    place, count = np.zeros((2, n_tracks + number)), np.zeros(n_tracks + number)
    taken = np.zeros(n_tracks + number, dtype=bool)
    active, now = np.empty(0, dtype=int), 0
    starts = np.flatnonzero(np.diff(day, prepend=-np.inf))
    for first, stop in zip(starts, np.append(starts, number)[1:], strict=True):
        active = active[day[first] - day[latest[active]] <= memory]
        here = np.arange(first, stop)
        place[0, active] += carrington_drift(place[1, active]) * (day[first] - now)
        now = day[first]
        distance = separations(
            place[0, active, None], place[1, active, None], longitude[here], latitude[here]
        )
        change = np.abs(np.log(strength[latest[active]][:, None] / strength[here]))
        free = track[here] < 0
        taken[track[here[~free]]] = True
        allowed = (distance <= radius) & free & ~taken[active, None]
        rows, columns = assign(distance / radius + _STRENGTH_COST * change, allowed)
        track[here[columns]] = active[rows]

        new = here[track[here] < 0]
        track[new] = n_tracks + np.arange(len(new))
        n_tracks += len(new)
        taken[track[here]] = True
        found, followed = taken[active], count[track[here]] > 0
        taken[track[here]] = False
        for column in np.flatnonzero(~followed):
            split_from[track[here[column]]] = _nearest(
                active[found], distance[found, column], radius
            )
        merged_into[active[found]] = -1
        for row in np.flatnonzero(~found & (merged_into[active] < 0)):
            merged_into[active[row]] = _nearest(
                track[here[followed]], distance[row, followed], radius
            )
        latest[track[here]] = here
        count[track[here]] = np.minimum(count[track[here]] + 1, _MEAN_OVER)
        east = (longitude[here] - place[0, track[here]] + 180) % 360 - 180
        north = latitude[here] - place[1, track[here]]
        place[:, track[here]] += [east, north] / count[track[here]]
        active = np.append(active[~found], np.sort(track[here]))
    return Links(track, split_from[:n_tracks], merged_into[:n_tracks])


def _nearest(tracks, distances, radius):
    near = np.argmin(distances) if distances.size else None
    return tracks[near] if near is not None and distances[near] <= radius else -1
