"""
Designations of tracks, which stay when tracks are made again.
"""

from collections import Counter, defaultdict

import numpy as np

from sunpy_farside.catalog.rows import texts_of
from sunpy_farside.coordinates.far_side import separations

__all__ = ["keep_names"]

# Largest distance in degrees of two detections of one region on one date, by other weights or from
# a corrected map. A choice: half the distance within which tracks go on.
_SAME_REGION = 6.0


def keep_names(tracks, members, former, is_taken, since):
    """
    Give tracks the designations that they had before.

    Parameters
    ----------
    tracks, members : `~astropy.table.QTable`
        Tables of `~sunpy_farside.catalog.tracking.RegionTracks`.
    former : iterable of `tuple`
        Previous designation, date, longitude and latitude in degrees of the members of the tracks
        that began at ``since`` or later.
    is_taken : callable
        Whether a designation belongs to a track that began earlier, which keeps it.
    since : `str`
        First date with new links.

    Returns
    -------
    `dict`
        The designations of new tracks by the ones that ``tracks`` gives them. A new track takes
        that of the former track with which it shares most detections: on the same dates, within
        six degrees. Others have the date and position of their first detection.
    """
    designations = tracks["designation"].tolist()
    firsts = dict(zip(designations, texts_of(tracks, "first_date").tolist(), strict=True))
    new = [name for name, first in firsts.items() if first >= since]
    names, used = {}, set()
    for (name, before), _ in _shared(members, former, set(new)).most_common():
        if name not in names and before not in used:
            names[name] = before
            used.add(before)
    for name in new:
        if name not in names:
            names[name] = _unused(name, lambda item: item in used or is_taken(item))
            used.add(names[name])
    return names


def _unused(name, is_used):
    """
    Return a designation, with another letter if it is in use.
    """
    base = name.rstrip("abcdefghijklmnopqrstuvwxyz")
    letters = ("", *"bcdefghijklmnopqrstuvwxyz")
    return next(base + letter for letter in letters if not is_used(base + letter))


def _shared(members, former, new):
    """
    Count the detections that pairs of a new and a former track share.
    """
    shared, by_date = Counter(), defaultdict(list)
    for name, date, longitude, latitude in former:
        by_date[date].append((name, longitude, latitude))
    for name, date, longitude, latitude in _places(members) if by_date else ():
        if name not in new or date not in by_date:
            continue
        names, *place = zip(*by_date[date], strict=True)
        distance = separations(longitude, latitude, *map(np.array, place))
        if distance.min() <= _SAME_REGION:
            shared[name, names[int(np.argmin(distance))]] += 1
    return shared


def _places(members):
    return zip(
        members["designation"].tolist(),
        texts_of(members, "date").tolist(),
        members["centroid"].lon.deg.tolist(),
        members["centroid"].lat.deg.tolist(),
        strict=True,
    )
