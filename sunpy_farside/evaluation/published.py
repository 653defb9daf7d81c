"""
Reference regions from JSOC's region lists and NOAA's solar region summaries.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

import astropy.units as u
from astropy.table import Table, vstack
from astropy.time import Time

from sunpy_farside.cadence import TOLERANCE
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.detection.methods import DEG2_PER_UHEM
from sunpy_farside.evaluation.reference_regions import find_complexes
from sunpy_farside.io.noaa import read_noaa_summaries
from sunpy_farside.io.noaa_regions import first_appearances
from sunpy_farside.io.region_lists import read_region_list

__all__ = ["SOURCES", "PublishedRegions", "read_published_regions"]

# Regions in JSOC's list of the date of the last map; NOAA's regions that crossed the east limb in
# the two weeks after the sequence; NOAA's regions that crossed the west limb in the two weeks
# before.
SOURCES = ("JSOC", "NOAA arrived", "NOAA left")
# Mean phase of a listed region in rad, its strength over its area [1,714 regions in JSOC's pictures
# of 2015, correlation 0.986].
_PHASE = 0.094
# A turn of the far side takes half a synodic rotation.
_HALF_TURN = 13.6
# Days in which the whole window rotates to the near side, and the largest number of missing daily
# summaries in this period.
_ARRIVAL, _GAPS = 12, 2
# Stonyhurst longitude in degrees (east negative) beyond which a region counts as at the limb.
_LIMB = 60


@dataclass(frozen=True)
class PublishedRegions:
    """
    Far-side regions published by JSOC and NOAA.

    Attributes
    ----------
    lists : `~astropy.table.QTable` or None
        Table of `~sunpy_farside.io.region_lists.read_region_list`.
    summaries : `~astropy.table.QTable` or None
        Table of `~sunpy_farside.io.noaa.read_noaa_summaries`.
    """

    lists: Table | None
    summaries: Table | None

    def on(self, sequence):
        """
        Return the reference regions of a sequence.

        Parameters
        ----------
        sequence : `~sunpy_farside.sequence.FarsideSequence`

        Returns
        -------
        `~astropy.table.Table`
            One row per region of one of the ``SOURCES``: ``longitude`` and ``latitude`` in degrees
            on the date of the sequence, ``source``, ``name``, ``strength`` in uHem rad (NaN for
            NOAA's regions), ``radius`` in degrees (of the disk with the area that a region of this
            strength has in JSOC's images), ``large`` (True), and the number of the ``complex``, -1
            outside the window. ``meta["sources"]`` is the list of the sources that cover the
            sequence. A source without regions on this date is included.
        """
        parts, sources = [], []
        for name, table in (
            ("JSOC", self._listed(sequence)),
            *self._summarized(sequence),
        ):
            if table is not None:
                sources.append(name)
                table["source"] = np.full(len(table), name, dtype="U12")
                parts.append(table)
        known = vstack(parts, metadata_conflicts="silent") if parts else _table([], [], [], [])
        if not parts:
            known["source"] = np.array([], dtype="U12")
        known["large"] = np.ones(len(known), dtype=bool)
        known["complex"] = np.full(len(known), -1)
        inside = _inside(known, sequence)
        part = known[inside]
        known["complex"][inside] = find_complexes(
            part["longitude"], part["latitude"], radius=part["radius"]
        )
        known.meta = {"sources": sources}
        return known

    def _listed(self, sequence):
        if self.lists is None:
            return None
        # A list belongs to the sequence whose last map has its date.
        dates = Time([item["date"] for item in self.lists.meta["lists"]])
        if not (abs(dates - sequence.times[-1]) < TOLERANCE).any():
            return None
        rows = self.lists[abs(self.lists["date"] - sequence.times[-1]) < TOLERANCE]
        return _table(
            *_at(rows["centroid"], rows["date"], sequence.date),
            rows["designation"],
            rows["seismic_strength"].value,
        )

    def _summarized(self, sequence):
        """
        Yield NOAA's regions that crossed the east limb later, or the west limb before.
        """
        if self.summaries is None:
            return
        age = (self.summaries.meta["dates"] - sequence.date).to_value(u.day)
        enough = _ARRIVAL - _GAPS
        if np.sum((age > 0) & (age <= _ARRIVAL)) >= enough:
            yield "NOAA arrived", _between(self._arrived, sequence, 0, _HALF_TURN)
        if np.sum((age < 0) & (age >= -_ARRIVAL)) >= enough:
            yield "NOAA left", _between(self._left, sequence, -_HALF_TURN, 0)

    @cached_property
    def _arrived(self):
        first = first_appearances(self.summaries)
        return first[first["stonyhurst_longitude"].to_value(u.deg) <= -_LIMB]

    @cached_property
    def _left(self):
        seen = self.summaries[self.summaries["section"] != "II"]
        numbers = np.asarray(seen["number"])[::-1]
        last = seen[len(seen) - 1 - np.unique(numbers, return_index=True)[1]]
        return last[last["stonyhurst_longitude"].to_value(u.deg) >= _LIMB]


def read_published_regions(folder):
    """
    Read all region lists and solar region summaries of a folder.

    Parameters
    ----------
    folder : path-like
        Folder, searched recursively, of JSOC's ``AR_LIST_*.txt`` and NOAA's
        ``YYYYMMDDSRS.txt``, or tarballs of the latter.

    Returns
    -------
    `PublishedRegions`

    Raises
    ------
    FileNotFoundError
        The folder has neither.
    """
    folder = Path(folder)
    lists = sorted(folder.rglob("AR_LIST_*.txt"))
    summaries = sorted(folder.rglob("*SRS*"))
    summaries = [path for path in summaries if path.is_file()]
    if not lists and not summaries:
        msg = (
            f"{folder}: expected region lists (AR_LIST_*.txt) or solar region summaries "
            "(YYYYMMDDSRS.txt), found neither. Put them beside the maps."
        )
        raise FileNotFoundError(msg)
    return PublishedRegions(
        read_region_list(lists) if lists else None,
        read_noaa_summaries(summaries) if summaries else None,
    )


def _between(rows, sequence, first, last):
    """
    Return the regions dated ``first`` to ``last`` days after a sequence, rotated to its date.
    """
    age = (rows["date"] - sequence.date).to_value(u.day)
    rows = rows[(age >= first) & (age <= last)]
    longitude, latitude = _at(rows["centroid"], rows["date"], sequence.date)
    return _table(longitude, latitude, np.asarray(rows["number"], dtype=str), np.nan)


def _at(centroid, dates, date):
    """
    Return Carrington longitudes and latitudes in degrees after differential rotation to a date.
    """
    elapsed = (date - dates).to_value(u.day) if len(dates) else np.empty(0)
    latitude = centroid.lat.deg
    return (centroid.lon.deg + carrington_drift(latitude) * elapsed) % 360, latitude


def _table(longitude, latitude, names, strength):
    table = Table()
    table["longitude"] = np.asarray(longitude, dtype=float)
    table["latitude"] = np.asarray(latitude, dtype=float)
    table["name"] = np.asarray(names, dtype="U12")
    table["strength"] = np.broadcast_to(np.asarray(strength, dtype=float), len(table)).copy()
    area = table["strength"] / _PHASE * DEG2_PER_UHEM
    table["radius"] = np.nan_to_num(np.sqrt(area / np.pi))
    return table


def _inside(known, sequence):
    east = np.asarray(known["longitude"]) - far_side_central_meridian(sequence.date).deg
    rows = np.abs(np.asarray(known["latitude"]) + 0.5) < sequence.wcs.array_shape[0] / 2
    return rows & (np.abs((east + 180) % 360 - 180) <= sequence.width / 2)
