"""
Matching of detections with NOAA's solar region summaries.
"""

from collections.abc import Iterable

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington

import sunpy_farside
from sunpy_farside.catalog.matching import OUTCOMES, match_regions
from sunpy_farside.catalog.region_stack import join_tables
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.errors import NoCommonDatesError
from sunpy_farside.io.noaa import split_summaries

__all__ = ["match_summaries"]

# Degrees a day by which the Sun turns as seen from Earth, and days in half a turn.
_TURN = 13.2
_HALF_TURN = 180 / _TURN
# Days ahead for which a summary lists the regions due to return.
_AHEAD = 3


@u.quantity_input
def match_summaries(
    detected: QTable,
    summaries: QTable | Iterable[QTable],
    *,
    distance: u.deg = 10 * u.deg,
    limb: u.deg = -60 * u.deg,
    reach: u.deg = 60 * u.deg,
) -> QTable:
    """
    Match detections of many dates with NOAA's regions that crossed the east limb later.

    The regions of a summary that are due to return (section II) or lie east of ``limb`` are
    compared with the detections of one earlier date, on which they were on the far side.

    Parameters
    ----------
    detected : `~astropy.table.QTable`
        Table of `~sunpy_farside.catalog.region_stack.stack_regions` or
        `~sunpy_farside.catalog.reading.read_catalog`.
    summaries : `~astropy.table.QTable` or an iterable of them
        Table of `~sunpy_farside.io.noaa.read_noaa_summaries`, or tables of
        `~sunpy_farside.io.noaa.read_noaa_summary`.
    distance : `~astropy.units.Quantity`, optional
        Largest angular distance of two regions that match.
    limb : `~astropy.units.Quantity`, optional
        Largest Stonyhurst longitude, negative, of a region that has just crossed the limb.
    reach : `~astropy.units.Quantity`, optional
        Half of the width of the detections' window in longitude.

    Returns
    -------
    `~astropy.table.QTable`
        ``date`` of the detections, date of the ``summary``, ``section`` of the summary, and the
        columns of `~sunpy_farside.catalog.matching.match_regions`, where ``detected`` is a row of
        ``detected`` and ``reference`` a row of the summary of that day. ``meta`` holds the dates
        of the compared ``summaries``, the numbers of ``matched``, ``missed`` and ``extra`` regions,
        and the number of listed regions ``outside`` the window, which are ignored.

    Raises
    ------
    ValueError
        The detections have no dates.
    NoCommonDatesError
        None of them fits any summary.

    Notes
    -----
    The date is the latest one on which a region that is at ``limb`` now was within ``reach``:
    4.5 days before the summary or earlier, by default, and no more than half a rotation. With
    later detections the regions that are already on the disk had left the window.

    A detection is extra when rotation brings it to where the summary looks, between ``limb`` and
    the third day behind the east limb, and the summary has nothing there. That is no proof that it
    was false: section II lists the regions of the last rotation alone, some of which have
    decayed, at the places they had then, and none that emerged on the far side.

    Examples
    --------
    >>> from sunpy_farside.catalog import match_summaries, read_catalog
    >>> from sunpy_farside.io import read_noaa_summary
    >>> detected = read_catalog("maps/detections", "network")  # doctest: +SKIP
    >>> summary = read_noaa_summary("20220511SRS.txt")  # doctest: +SKIP
    >>> match_summaries(detected, [summary])["outcome"]  # doctest: +SKIP
    """
    if "dates" not in detected.meta:
        msg = "Expected a table with the dates that it covers: see stack_regions."
        raise ValueError(msg)
    dates = Time(detected.meta["dates"])
    if isinstance(summaries, QTable):
        summaries = split_summaries(summaries) if "dates" in summaries.meta else [summaries]
    limb, reach = limb.to_value(u.deg), reach.to_value(u.deg)
    latest = max((180 - reach + limb) / _TURN, 0)
    tables, used, outside = [], [], 0
    for summary in summaries:
        issued = Time(summary.meta["date"])
        age = (issued - dates).to_value(u.day)
        fit = np.flatnonzero((age >= latest) & (age <= _HALF_TURN))
        if not len(fit):
            continue
        date = dates[fit[np.argmin(age[fit])]]
        listed = np.flatnonzero(
            (np.asarray(summary["section"]) == "II")
            | (summary["stonyhurst_longitude"].to_value(u.deg) < limb)
        )
        then = _stonyhurst(summary["centroid"][listed], date)
        inside = np.abs(then % 360 - 180) <= reach
        outside += int(np.sum(~inside))
        part, rows = _on_date(detected, date)
        table = match_regions(part, summary[listed[inside]], distance=distance)
        now = _stonyhurst(part["centroid"], issued)
        awaited = np.append((now > -90 - _AHEAD * _TURN) & (now < limb), False)
        table = table[(table["outcome"] != "extra") | awaited[table["detected"]]]
        table["detected"] = np.append(rows, -1)[table["detected"]]
        table["reference"] = np.append(listed[inside], -1)[table["reference"]]
        table["section"] = np.append(summary["section"], "")[table["reference"]]
        tables.append(table)
        used.append((date, issued))
    if not used:
        msg = (
            f"Expected detections {latest:.1f} to {_HALF_TURN:.1f} days before a summary, found "
            "none. Earlier maps are needed, or later summaries."
        )
        raise NoCommonDatesError(msg)
    return _join(tables, used, outside, distance)


def _stonyhurst(positions, date):
    """
    Return Stonyhurst longitudes from -180 to 180 degrees after rotation to a date.
    """
    elapsed = (date - positions.obstime).to_value(u.day)
    longitude = positions.lon.deg + carrington_drift(positions.lat.deg) * elapsed
    # The far side's meridian is 180 degrees from the Earth's.
    return (longitude - far_side_central_meridian(date).deg) % 360 - 180


def _on_date(detected, date):
    """
    Return the regions of a date, with one date for all their positions, and their rows.
    """
    rows = np.flatnonzero(detected["date"].isot == date.isot)
    part = detected[rows]
    positions = detected["centroid"]
    frame = HeliographicCarrington(obstime=date, observer="earth")
    part["centroid"] = SkyCoord(positions.lon[rows], positions.lat[rows], frame=frame)
    return part, rows


def _join(tables, used, outside, distance):
    dates, issued = (Time(times) for times in zip(*used, strict=True))
    owner = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    stack = join_tables(tables, dates[owner], tables[0].colnames)
    stack.add_column(issued[owner], name="summary", index=1)
    stack.meta = {
        "summaries": issued.isot.tolist(),
        "distance": str(distance),
        "version": sunpy_farside.__version__,
        **{name: int(np.sum(stack["outcome"] == name)) for name in OUTCOMES},
        "outside": outside,
    }
    return stack
