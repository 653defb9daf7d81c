"""
Tracking of regions from date to date.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

import astropy.units as u
from astropy.table import QTable, Table

import sunpy_farside
from sunpy_farside.catalog.linking import link_regions
from sunpy_farside.catalog.region_stack import carrington_positions, stack_regions
from sunpy_farside.catalog.rows import times_of
from sunpy_farside.catalog.track_files import read_tracks, write_tracks
from sunpy_farside.catalog.track_summary import summarize_tracks
from sunpy_farside.detection.flux import FLUX_COLUMNS, stored_flux
from sunpy_farside.detection.former import no_regions
from sunpy_farside.detection.methods import method_of
from sunpy_farside.detection.result import FarsideDetection
from sunpy_farside.utils.inputs import check_type
from sunpy_farside.utils.text import counted
from sunpy_farside.utils.typing import PathLike

__all__ = ["RegionTracks", "no_tracks", "track_regions"]

_NAME_TYPE = "U24"


@dataclass(frozen=True, eq=False)
class RegionTracks:
    """
    Tracks of regions and their members.

    Attributes
    ----------
    tracks : `~astropy.table.QTable`
        One row per track, in order of first date, with the columns of
        ``sunpy_farside.catalog.track_columns.TRACK_COLUMNS``.
    members : `~astropy.table.QTable`
        One row per detection, in order of date, with the columns of
        ``sunpy_farside.catalog.track_columns.MEMBER_COLUMNS``.
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
            f"<RegionTracks: {counted(len(self.tracks), 'track')}, {number} persistent, on "
            f"{len(self.members.meta['dates'])} dates>"
        )

    def write(self, folder: PathLike) -> None:
        """
        Write ``tracks.ecsv`` and ``members.ecsv`` to a folder, and ``tracks.vot`` for other
        programs.

        Parameters
        ----------
        folder : path-like
            Created if it does not exist; earlier tracks in it are replaced.
        """
        write_tracks(self.tracks, self.members, folder)

    @classmethod
    def read(cls, folder: PathLike) -> "RegionTracks":
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
    detections: Iterable[FarsideDetection | Table] | Table,
    tracks: RegionTracks | None = None,
    *,
    radius: u.deg = 12 * u.deg,
    memory: u.day = 3 * u.day,
    persistence: int = 5,
    reliability: float = 0.8,
) -> RegionTracks:
    """
    Follow regions from date to date.

    Parameters
    ----------
    detections : iterable of `~sunpy_farside.detection.result.FarsideDetection` or of their tables
        Detections by one method, in any order, with or without gaps; or a table from
        `~sunpy_farside.catalog.region_stack.stack_regions`.
    tracks : `RegionTracks`, optional
        Earlier tracks to continue. Their detections keep their designations, and their dates are
        skipped.
    radius : `~astropy.units.Quantity`, optional
        Largest distance of a detection from the position of its track after differential rotation.
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
        A date occurs twice, two methods are mixed, or an option is not positive.

    Notes
    -----
    Date after date, tracks and detections are paired one to one: as many pairs within ``radius``
    as there can be, then those of the smallest distances and changes of strength. Unpaired
    detections begin new tracks. A date never changes the links of those before it, so that tracks
    made day by day equal tracks made at once.

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
    if tracks is not None:
        remedy = "Give what track_regions returned, or read it with RegionTracks.read."
        check_type(tracks, RegionTracks, "earlier tracks", remedy)
    for name, value in options.items():
        check_type(value, (int, float, np.number), f"a positive {name}", "Give a number.")
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
    table = summarize_tracks(names, links, members, persistence, reliability)
    table.meta = {
        "strength": members.meta["strength"],
        "radius": str(radius * u.deg),
        "memory": str(memory * u.day),
        "persistence": persistence,
        "reliability": reliability,
        "version": sunpy_farside.__version__,
    }
    return RegionTracks(table, members)


def no_tracks(strength: str) -> RegionTracks:
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
    stack["date"] = times_of([])
    stack.meta = {"dates": [], "strength": strength}
    return track_regions(stack)


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
    members["date"] = times_of(columns["date"])
    members["label"] = columns["label"]
    members["centroid"] = carrington_positions(
        columns["longitude"], columns["latitude"], members["date"]
    )
    members["strength"] = columns["strength"]
    members["significant"] = columns["significant"]
    members["reliability"] = columns["reliability"]
    for name in FLUX_COLUMNS:
        members[name] = columns[name] * u.Mx
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
        **{name: stored_flux(table, name) for name in FLUX_COLUMNS},
    }


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
