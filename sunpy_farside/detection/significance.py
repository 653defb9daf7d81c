"""
Rank and significance of measured regions.
"""

import numpy as np

from astropy.table import QTable
from astropy.time import Time

import sunpy_farside
from sunpy_farside.coordinates.far_side import far_side_position, separations
from sunpy_farside.detection.calibrated import plain
from sunpy_farside.detection.flux import FLUX_COLUMNS
from sunpy_farside.detection.ranked import RankedRegions
from sunpy_farside.detection.region_tables import in_order
from sunpy_farside.detection.settings import DetectionSettings

__all__ = ["rank_measured", "rank_regions"]


def rank_regions(
    table: QTable, segments: np.ndarray, settings: DetectionSettings, **meta
) -> tuple[QTable, np.ndarray]:
    """
    Number regions, the most reliable first, and mark the significant ones.

    Parameters
    ----------
    table : `~astropy.table.QTable`
        From `~sunpy_farside.detection.measurement.measure_regions`.
    segments : array of `int`, shape (rows, columns)
        The numbers of the table's rows, from 1.
    settings : `~sunpy_farside.detection.settings.DetectionSettings`
        If they have a reliability, and the table its features, the most reliable regions come
        first. Otherwise the strongest do, and the significance threshold decides.
    **meta
        Recorded in the table.

    Returns
    -------
    table : `~astropy.table.QTable`
        With the columns of ``COLUMNS``.
    segments : array of `numpy.int32`, shape (rows, columns)
        With the labels of the table as numbers.
    """
    measured, date = RankedRegions.of(table), table["centroid"].obstime
    ranked, segments = rank_measured(
        measured.columns, date, measured.arrivals, segments, settings, **meta
    )
    return ranked.table(date), segments


def rank_measured(
    columns: dict[str, np.ndarray],
    date: Time,
    arrivals: np.ndarray,
    segments: np.ndarray,
    settings: DetectionSettings,
    **meta,
) -> tuple[RankedRegions, np.ndarray]:
    """
    Number measured regions, the most reliable first, and mark the significant ones.

    Parameters
    ----------
    columns : `dict` of array
        From `~sunpy_farside.detection.measurement.measure`.
    date : `~astropy.time.Time`
    arrivals : array of `str`
        From `~sunpy_farside.detection.region_tables.arrival_dates`.
    segments, settings, **meta
        As for `rank_regions`.

    Returns
    -------
    ranked : `~sunpy_farside.detection.ranked.RankedRegions`
    segments : array of `numpy.int32`, shape (rows, columns)
        As for `rank_regions`.
    """
    method = settings.method
    strength = columns[method.strength]
    reliability = np.full(len(strength), np.nan)
    if settings.reliability is not None:
        reliability = settings.reliability(columns)
    known = settings.reliability is not None and bool(np.isfinite(reliability).all())
    # Equal ones keep the order of the segments, so that the same input gives the same table.
    order = np.argsort(-plain(reliability if known else strength), kind="stable")
    fluxes = _fluxes(columns, date, settings.flux)
    columns = columns | dict(zip(FLUX_COLUMNS, fluxes, strict=True))
    columns = {name: values[order] for name, values in columns.items()}
    columns |= {"label": np.arange(1, len(order) + 1), "reliability": reliability[order]}
    columns["significant"] = _significant(columns, settings, known)
    meta = {
        "date": date.isot,
        "version": sunpy_farside.__version__,
        "method": method.name,
        "strength": method.strength,
        "threshold": str(settings.significance_threshold),
        "reliability_cut": settings.reliability_cut if known else None,
        "segmentation_threshold": str(settings.segmentation_threshold),
        "n_pixels": settings.n_pixels,
        "deblend": settings.deblend,
        **meta,
    }
    labels = np.zeros(len(order) + 1, dtype=np.int32)
    labels[order + 1] = columns["label"]
    return RankedRegions(in_order(columns), arrivals[order], meta), labels[segments]


def _significant(columns, settings, known):
    """
    Return which regions are significant: by their reliability if it is known and has a cut.
    """
    if known and settings.reliability_cut is not None:
        return columns["reliability"] >= settings.reliability_cut
    return columns[settings.method.strength] >= settings.significance_threshold.value


def _fluxes(columns, date, relation):
    """
    Return the flux of regions, and its bounds, in Mx.
    """
    longitude, latitude = columns["longitude"], columns["latitude"]
    if relation is None or not len(longitude):
        return np.full((len(FLUX_COLUMNS), len(longitude)), np.nan)
    distance = separations(longitude, latitude, *far_side_position(date))
    return relation(columns | {"distance": distance})
