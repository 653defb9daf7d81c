"""
Tracking of regions from date to date.
"""

from dataclasses import dataclass

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable, Table
from astropy.time import Time

import sunpy_farside
from sunpy_farside.catalogue.stack import carrington_positions, stack_regions
from sunpy_farside.catalogue.track_evidence import combine_reliability
from sunpy_farside.catalogue.track_files import read_tracks, write_tracks
from sunpy_farside.catalogue.track_position import mean_path, position_uncertainty
from sunpy_farside.coordinates.arrival import predict_arrival
from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.detection.former import no_regions
from sunpy_farside.detection.methods import method_of
from sunpy_farside.utils.assignment import assign

__all__ = ["RegionTracks", "link_regions", "no_tracks", "track_regions"]

# Cost of a change of strength by a factor of e, in radii. A choice.
_STRENGTH_COST = 0.3
# Detections over which a track's position is averaged, so that it does not wander from one region
# to the next. A choice.
_MEAN_OVER = 5
_NAME_TYPE = "U24"
# Share of the detections that a persistent track has to be significant on when nothing is known of
# their reliability. With simulated tracks, as false as those chosen by reliability.
_SIGNIFICANT_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class RegionTracks:
    """
    Tracks of regions and their members.

    Attributes
    ----------
    tracks : `~astropy.table.QTable`
        One row per track, in order of first date, with the columns of
        `sunpy_farside.catalogue.columns.TRACK_COLUMNS`.
    members : `~astropy.table.QTable`
        One row per detection, in order of date, with the columns of
        `sunpy_farside.catalogue.columns.MEMBER_COLUMNS`.
        ``meta["dates"]`` holds all the dates, also those without a region.

    Examples
    --------
    >>> import sunpy_farside
    >>> tracks = sunpy_farside.RegionTracks.read("maps/detections/tracks/network")  # doctest: +SKIP
    """

    tracks: QTable
    members: QTable

    def __repr__(self):
        number = int(np.sum(self.tracks["persistent"]))
        return (
            f"<RegionTracks: {len(self.tracks)} tracks, {number} persistent, on "
            f"{len(self.members.meta['dates'])} dates>"
        )

    def write(self, folder):
        """
        Write ``tracks.ecsv`` and ``members.ecsv`` to a folder, and ``tracks.vot`` for others.

        Parameters
        ----------
        folder : path-like
            Made when it is not there; earlier tracks in it are replaced.
        """
        write_tracks(self.tracks, self.members, folder)

    @classmethod
    def read(cls, folder):
        """
        Read tracks that `write` wrote.

        Parameters
        ----------
        folder : path-like

        Returns
        -------
        `RegionTracks`
            Columns that an earlier release did not write are NaN, 0, false or empty.

        Raises
        ------
        FileNotFoundError
            The folder holds no tracks.
        FileFormatError
            A file in it is damaged, or the two do not belong together.
        """
        return cls(*read_tracks(folder, no_tracks))


@u.quantity_input
def track_regions(
    detections,
    tracks=None,
    *,
    radius: u.deg = 12 * u.deg,
    memory: u.day = 3 * u.day,
    persistence=5,
    reliability=0.8,
):
    """
    Follow regions from date to date.

    Parameters
    ----------
    detections : iterable of `~sunpy_farside.detection.result.FarsideDetection` or of their tables
        Of one method, in any order, gaps allowed. Or one table of
        `~sunpy_farside.catalogue.stack.stack_regions`.
    tracks : `RegionTracks`, optional
        Earlier tracks to go on with. Their detections keep their designations; dates that are in
        them already are passed over.
    radius : `~astropy.units.Quantity`, optional
        Largest distance of a detection from where differential rotation takes its track.
    memory : `~astropy.units.Quantity`, optional
        Longest time without a detection that a track survives.
    persistence : `int`, optional
        Number of detections of a persistent track.
    reliability : `float`, optional
        Reliability of a persistent track. By default no more than one persistent track in twenty
        is false on simulated Suns. Where the method's detections have no reliability, more than
        half of them have to be significant.

    Returns
    -------
    `RegionTracks`

    Raises
    ------
    ValueError
        A date is there twice, two methods are mixed, or an option is not positive.

    Notes
    -----
    Date after date, tracks and detections are paired one to one: as many pairs within ``radius``
    as there can be, then those of the smallest distances and changes of strength. What is left
    begins a new track. A date never changes the links of those before it, so that tracks made day
    by day equal tracks made at once.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.simulation import simulate_maps
    >>> maps = simulate_maps("2022-05-01", 14, seed=1).maps
    >>> sequences = sunpy_farside.find_sequences(maps)
    >>> detections = sunpy_farside.detect_seismic_strength(sequences)
    >>> result = sunpy_farside.track_regions(detections)
    >>> len(result.members) == sum(len(detection.regions) for detection in detections)
    True
    """
    options = {
        "radius": radius.value,
        "memory": memory.value,
        "persistence": persistence,
        "reliability": reliability,
    }
    for name, value in options.items():
        if not value > 0:
            msg = f"Expected a positive {name}, found {value}."
            raise ValueError(msg)
    radius, memory = radius.to_value(u.deg), memory.to_value(u.day)
    stack = detections if _is_stack(detections) else stack_regions(detections)
    members, known, names = _members(stack, tracks)
    links = link_regions(
        members["date"].mjd,
        members["centroid"].lon.deg,
        members["centroid"].lat.deg,
        members["strength"].value,
        radius=radius,
        memory=memory,
        known=known,
    )
    names = _designations(names, links.track, members)
    members["designation"] = names[links.track]
    table = _tracks(names, links, members, persistence, reliability)
    table.meta = {
        "strength": members.meta["strength"],
        "radius": str(radius * u.deg),
        "memory": str(memory * u.day),
        "persistence": persistence,
        "reliability": reliability,
        "version": sunpy_farside.__version__,
    }
    return RegionTracks(table, members)


def no_tracks(strength):
    """
    Return tracks without a row.

    Parameters
    ----------
    strength : `str`
        Column by which the detections are ranked.

    Returns
    -------
    `RegionTracks`
    """
    stack = no_regions()
    stack["date"] = _times([])
    stack.meta = {"dates": [], "strength": strength}
    return track_regions(stack)


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


def link_regions(day, longitude, latitude, strength, *, radius, memory, known=None):
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
    >>> from sunpy_farside.catalogue.tracking import link_regions
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
        distance = separations(*place[:, active, None], longitude[here], latitude[here])
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


def _is_stack(detections):
    return isinstance(detections, Table) and "dates" in detections.meta


def _members(stack, tracks):
    """
    Return the members of earlier tracks and the detections of other dates, in order of date.

    Returns them as a table, the numbers of their tracks, and the names of these.
    """
    kind = stack.meta["strength"]
    dates, names = set(stack.meta["dates"]), []
    columns, known = _columns(stack, kind), np.full(len(stack), -1)
    if tracks is not None:
        old = tracks.members
        if old.meta["strength"] != kind:
            msg = (
                f"Expected detections by {old.meta['strength']}, as the tracks, found {kind}. "
                "Keep the methods apart."
            )
            raise ValueError(msg)
        # Of members only: a run that was killed may have left tracks that are older.
        names = list(dict.fromkeys(old["designation"].tolist()))
        number = {name: index for index, name in enumerate(names)}
        new = ~np.isin(columns["date"], old.meta["dates"])
        columns = {
            name: np.concatenate([values, columns[name][new]])
            for name, values in _columns(old, "strength").items()
        }
        known = np.append([number[name] for name in old["designation"]], known[new]).astype(int)
        dates |= set(old.meta["dates"])
    order = np.argsort(columns["date"], kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    members = QTable()
    members["designation"] = np.zeros(len(order), dtype=_NAME_TYPE)
    members["date"] = _times(columns["date"])
    members["label"] = columns["label"]
    members["centroid"] = carrington_positions(
        columns["longitude"], columns["latitude"], members["date"]
    )
    members["strength"] = columns["strength"]
    members["significant"] = columns["significant"]
    members["reliability"] = columns["reliability"]
    members.meta = {
        "dates": sorted(dates),
        "strength": kind,
        "version": sunpy_farside.__version__,
    }
    return members, known[order], names


def _columns(table, strength):
    return {
        "date": table["date"].isot,
        "label": np.asarray(table["label"], dtype=int),
        "longitude": table["centroid"].lon.deg,
        "latitude": table["centroid"].lat.deg,
        # Without the description, which new rows would lose.
        "strength": table[strength].value * table[strength].unit,
        "significant": np.asarray(table["significant"], dtype=bool),
        "reliability": (
            np.asarray(table["reliability"], dtype=float)
            if "reliability" in table.colnames
            else np.full(len(table), np.nan)
        ),
    }


def _times(isot):
    # An empty array of strings is no array of dates to astropy.
    return Time(isot, format="isot") if len(isot) else Time(np.empty(0), format="mjd")


def _designations(names, track, members):
    """
    Return the names of all tracks; a new one has the date and position of its first detection.
    """
    names, taken = list(names), set(names)
    prefix = method_of(members).prefix
    _, first = np.unique(track, return_index=True)
    first = first[len(names) :]
    hours = [date[:13].replace("-", "") for date in members["date"].isot[first]]
    longitudes = np.round(members["centroid"].lon.deg[first]).astype(int) % 360
    latitudes = np.round(members["centroid"].lat.deg[first]).astype(int)
    for hour, longitude, latitude in zip(hours, longitudes, latitudes, strict=True):
        name = f"{prefix}{hour}-{longitude:03d}{'S' if latitude < 0 else 'N'}{abs(latitude):02d}"
        letters = ("", *"bcdefghijklmnopqrstuvwxyz")
        names.append(next(name + letter for letter in letters if name + letter not in taken))
        taken.add(names[-1])
    return np.array(names, dtype=_NAME_TYPE)


def _tracks(names, links, members, persistence, reliability):
    """
    Sum up the detections of every track.
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
    index = np.searchsorted(_times(members.meta["dates"]).mjd, day)

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
