"""
Regions of a bulletin, from tracks.
"""

from dataclasses import dataclass, field

import numpy as np

import astropy.units as u
from astropy.table import Row
from astropy.time import Time

from sunpy_farside.bulletin.day import Series
from sunpy_farside.bulletin.history import region_history, strength_trend
from sunpy_farside.bulletin.schema import Arrival, Flux, Gone, Measurement, Region, Strength
from sunpy_farside.bulletin.values import moment, number, positions_on, rotate_to
from sunpy_farside.catalog.matching import match_positions
from sunpy_farside.detection.flux import FLUX_COLUMNS, FLUX_DECIMALS

__all__ = ["DISTANCE", "current_regions", "gone_regions", "latest_date"]

# Degrees within which regions of different series, or of a list, are the same. As everywhere in
# this package.
DISTANCE = 10.0
# Distance of two dates of the cadence that are the same, days.
_SAME = 0.1


def latest_date(series):
    """
    Return the date of the latest detection of a series, with or without regions.

    Parameters
    ----------
    series : `~sunpy_farside.bulletin.day.Series`

    Returns
    -------
    `~astropy.time.Time` or None
    """
    dates = series.tracks.members.meta["dates"]
    return Time(dates[-1]) if dates else None


def current_regions(day):
    """
    Return the regions that are on the far side on the date of a bulletin.

    Parameters
    ----------
    day : `~sunpy_farside.bulletin.day.Day`

    Returns
    -------
    `list` of `~sunpy_farside.bulletin.schema.Region`
        Regions with a detection on the latest date, and persistent ones whose last detection is
        no older than the memory of their tracks, unless they have come round the east limb.
        Confirmed ones first, then in order of arrival.
    """
    groups = _grouped(day)
    before = _previous(day)
    regions = [_region(group, day, before) for group in groups]
    regions.sort(key=lambda region: (not region.confirmed, region.arrival.days))
    return [
        region.model_copy(update={"number": rank}) for rank, region in enumerate(regions, start=1)
    ]


def gone_regions(day, regions):
    """
    Return the regions of the bulletin before that are not in this one.

    Parameters
    ----------
    day : `~sunpy_farside.bulletin.day.Day`
    regions : `list` of `~sunpy_farside.bulletin.schema.Region`
        Regions of this bulletin.

    Returns
    -------
    `list` of `~sunpy_farside.bulletin.schema.Gone`
        Without those at whose place there is another region now.
    """
    now = {item.designation for region in regions for item in region.measurements}
    left = sorted((_previous(day) or frozenset()) - now)
    gone = []
    for series in day.series:
        tracks = _tracks_of(series, day.date, left)
        gone += [_gone(item, day) for item in tracks]
        left = [name for name in left if name not in {item.designation for item in tracks}]
    gone += [
        Gone(
            name=day.names.get(name, name),
            designation=name,
            confirmed=False,
            reason="not_tracked",
            merged_into=None,
            arrival=None,
            position=None,
        )
        for name in left
    ]
    return _without_repeated(gone, regions)


@dataclass(frozen=True, eq=False)
class _Track:
    """
    Track with its position on the date of the bulletin, degrees, and its detections.
    """

    series: Series
    row: Row
    longitude: float
    latitude: float
    days: np.ndarray
    strengths: np.ndarray
    fluxes: np.ndarray
    significant: bool
    label: int

    @property
    def designation(self):
        return str(self.row["designation"])

    @property
    def confirmed(self):
        return bool(self.row["persistent"]) or self.significant


@dataclass(frozen=True, eq=False)
class _Group:
    """
    Tracks of one region, the most trusted first.
    """

    tracks: list[_Track] = field(default_factory=list)


def _grouped(day):
    """
    Return the tracks of a day, those of different series at one place together.
    """
    groups = []
    for series in day.series:
        tracks = _tracks_of(series, day.date, _present(series, day.date, 0.0))
        first = [group.tracks[0] for group in groups]
        found, known, _ = match_positions(
            [item.longitude for item in tracks],
            [item.latitude for item in tracks],
            [item.longitude for item in first],
            [item.latitude for item in first],
            DISTANCE,
        )
        for row, other in zip(found, known, strict=True):
            groups[other].tracks.append(tracks[row])
        alone = np.setdiff1d(np.arange(len(tracks)), found)
        groups += [_Group([tracks[row]]) for row in alone]
    return groups


def _present(series, date, ago):
    """
    Return the designations of a bulletin of a date so many days ago.
    """
    table, members = series.tracks.tracks, series.tracks.members
    dates = _mjd(members.meta["dates"])
    dates = dates[dates <= dates.max(initial=-np.inf) - ago + _SAME]
    if not len(dates) or not len(table):
        return []
    memory = u.Quantity(table.meta["memory"]).to_value(u.day)
    days = members["date"].mjd
    seen = days <= dates[-1] + _SAME
    last = dict(zip(members["designation"][seen].tolist(), days[seen], strict=True))
    age = dates[-1] - np.array([last.get(name, -np.inf) for name in table["designation"].tolist()])
    still = (age < _SAME) | (np.asarray(table["persistent"]) & (age <= memory + _SAME))
    hidden = table["east_limb_arrival"].mjd > date.mjd - ago
    return table["designation"][still & hidden].tolist()


def _previous(day):
    """
    Return the designations of the bulletin before, or None if there was nothing before.
    """
    if day.previous is not None:
        return frozenset(day.previous)
    spans = [
        np.ptp(_mjd(item.tracks.members.meta["dates"]))
        for item in day.series
        if item.tracks.members.meta["dates"]
    ]
    if max(spans, default=0) < 1 - _SAME:
        return None
    return frozenset(name for item in day.series for name in _present(item, day.date, 1.0))


def _tracks_of(series, date, designations):
    """
    Return some tracks of a series, in the order of its table.
    """
    table, members = series.tracks.tracks, series.tracks.members
    rows = table[np.isin(table["designation"], designations)] if len(table) else table
    longitudes, latitudes = rotate_to(rows["mean_position"], date)
    names, days = np.asarray(members["designation"]), members["date"].mjd
    tracks = []
    for row, longitude, latitude in zip(rows, longitudes, latitudes, strict=True):
        mine = np.flatnonzero(names == row["designation"])
        tracks.append(
            _Track(
                series,
                row,
                float(longitude),
                float(latitude),
                days[mine],
                members["strength"].value[mine],
                members["flux"].to_value(u.Mx)[mine],
                bool(members["significant"][mine[-1]]),
                int(members["label"][mine[-1]]),
            )
        )
    return tracks


def _region(group, day, before):
    lead = group.tracks[0]
    (position,) = positions_on(
        [lead.longitude],
        [lead.latitude],
        day.date,
        [lead.row["position_uncertainty"].to_value(u.deg)],
    )
    measurements = [_measurement(item) for item in group.tracks]
    return Region(
        number=1,
        name=day.names.get(lead.designation, lead.designation),
        position=position,
        confirmed=any(item.confirmed for item in group.tracks),
        reliability=measurements[0].reliability,
        flux=measurements[0].flux,
        new=None if before is None else not any(m.designation in before for m in measurements),
        detected=any(_is_detected(item) for item in group.tracks),
        arrival=_arrival(lead.row, day.date),
        central_meridian=moment(lead.row["central_meridian_crossing"]),
        measurements=measurements,
        jsoc=None,
        noaa=None,
    )


def _arrival(row, date):
    arrival = row["east_limb_arrival"]
    return Arrival(
        date=moment(arrival),
        days=number((arrival - date).to_value(u.day), 2),
        uncertainty=number(row["arrival_uncertainty"].to_value(u.day), 2),
    )


def _measurement(track):
    row, method = track.row, track.series.method
    change, trend = strength_trend(track.days, track.strengths)
    return Measurement(
        method=method.name,
        product=track.series.product,
        designation=track.designation,
        reliability=number(row["reliability"], 3),
        persistent=bool(row["persistent"]),
        significant=track.significant,
        first_date=moment(row["first_date"]),
        last_date=moment(row["last_date"]),
        n_detections=int(row["n_detections"]),
        n_possible=int(row["n_possible"]),
        strength=Strength(
            quantity=method.strength,
            value=number(track.strengths[-1], 1),
            unit=method.unit_symbol,
            peak=number(track.strengths.max(), 1),
            change=None if change is None else number(change, 1),
            trend=trend,
        ),
        flux=_flux(track),
        area=_area(track),
        history=region_history(
            track.days,
            track.strengths,
            _mjd(track.series.tracks.members.meta["dates"]),
            row["mean_position"],
        ),
    )


def _flux(track):
    value, lower, upper = (
        number(track.row[name].to_value(u.Mx), FLUX_DECIMALS) for name in FLUX_COLUMNS
    )
    if value is None:
        return None
    # Of the same detections as the value, none of which lacks a flux.
    change, trend = strength_trend(track.days, track.fluxes)
    return Flux(
        value=value,
        lower=lower,
        upper=upper,
        unit="Mx",
        change=None if change is None else number(change, FLUX_DECIMALS),
        trend=trend,
    )


def _area(track):
    detection = track.series.detection
    if detection is None or abs(detection.date.mjd - track.days[-1]) > _SAME:
        return None
    table = detection.regions
    (area,) = table["area_uhem"][np.asarray(table["label"]) == track.label]
    return number(getattr(area, "value", area), 0)


def _is_detected(track):
    return abs(latest_date(track.series).mjd - track.days[-1]) < _SAME


def _gone(track, day):
    arrival = track.row["east_limb_arrival"]
    merged = str(track.row["merged_into"])
    if arrival <= day.date:
        reason = "arrived"
    else:
        reason = "merged" if merged else "not_detected"
    return Gone(
        name=day.names.get(track.designation, track.designation),
        designation=track.designation,
        confirmed=track.confirmed,
        reason=reason,
        merged_into=day.names.get(merged, merged) if reason == "merged" else None,
        arrival=moment(arrival),
        position=positions_on([track.longitude], [track.latitude], day.date)[0],
    )


def _without_repeated(gone, regions):
    """
    Drop regions at the place of a current one, and those that another method has named already.
    """
    kept = []
    for item in gone:
        others = [other for other in kept if other.reason == item.reason]
        # A region that has come round does not stay behind with its neighbor.
        others += [] if item.reason == "arrived" else regions
        if not _is_near(item.position, [other.position for other in others]):
            kept.append(item)
    return kept


def _is_near(position, others):
    others = [other for other in others if other is not None]
    if position is None or not others:
        return False
    found, _, _ = match_positions(
        [position.carrington_longitude],
        [position.latitude],
        [other.carrington_longitude for other in others],
        [other.latitude for other in others],
        DISTANCE,
    )
    return len(found) > 0


def _mjd(dates):
    return Time(dates).mjd if dates else np.empty(0)
