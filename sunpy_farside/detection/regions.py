"""
Segmentation of detection images, and measurement of the regions.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

import sunpy_farside
from sunpy_farside.coordinates.far_side import far_side_position, separations
from sunpy_farside.detection.calibrated import plain
from sunpy_farside.detection.flux import FLUX_COLUMNS
from sunpy_farside.detection.measurement import in_order, measure_regions
from sunpy_farside.detection.methods import SAR
from sunpy_farside.detection.ranked import RankedRegions
from sunpy_farside.detection.segmentation import away_from_seam, segment_image
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.maps.orientation import upright
from sunpy_farside.maps.resampling import values_of
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.inputs import check_type, check_whole, quantity_of
from sunpy_farside.utils.moved import moved_names

if TYPE_CHECKING:
    from sunpy.map import GenericMap

__all__ = [
    "find_regions",
    "rank_measured",
    "rank_regions",
]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.detection.measurement": [
            "COLUMNS",
            "mean_phase",
            "measure_regions",
            "noise_level",
        ],
        "sunpy_farside.detection.segmentation": [
            "segment",
            "segment_image",
            "smooth_probability",
            "surface_of",
        ],
    },
)


def find_regions(
    image: "GenericMap",
    *,
    sequence: FarsideSequence | None = None,
    level: float | u.Quantity | None = None,
    n_pixels: int | None = None,
    threshold: float | u.Quantity | None = None,
    deblend: bool | None = None,
) -> QTable:
    """
    Find active regions in a map of probability.

    Parameters
    ----------
    image : `~sunpy.map.GenericMap`
        Detection image on a Carrington grid whose columns are meridians. The grid may have any
        scale, either orientation in latitude, and cover the Sun in part. Masked pixels count as
        zero. The image is the probability of an active region, or the mean phase shift in rad of a
        detection with the SAR method, which is then segmented with this method.
    sequence : `~sunpy_farside.sequence.FarsideSequence`, optional
        Sequence of which the image is the detection. The columns that are measured in phase maps,
        the reliability and the flux, need it.
    level : `float` or `~astropy.units.Quantity`, optional
        Segmentation threshold: smoothed probability above which pixels belong to a segment.
    n_pixels : `int`, optional
        Smallest number of 8-connected pixels of a segment.
    threshold : `float` or `~astropy.units.Quantity`, optional
        Significance threshold: integrated probability in square degrees from which a region is
        significant.
    deblend : `bool`, optional
        If True, separate touching segments at the saddle between their peaks.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region, with the columns of ``sunpy_farside.detection.measurement.COLUMNS``. For
        the image and the sequence of a detection, it is the table of the detection. Without a
        sequence, the columns that are measured in phase maps, and the reliability and the flux of a
        network's regions, are NaN; regions are then in order of decreasing strength, and
        significant from the significance threshold.

    Raises
    ------
    ValueError
        The map has other coordinates, is rotated, or has another window than the sequence; or a
        threshold is negative or NaN.

    Notes
    -----
    The defaults are the settings recorded in the image of a detection. For other maps they are the
    published ones: a segmentation threshold of 0.01, 5 pixels, a significance threshold of 100
    square degrees, and no deblending.

    The probability is smoothed with a Gaussian of 3 pixels FWHM on 3 x 3 pixels; a region's
    strength :math:`P_i` is the sum of the probability before smoothing over pixels of one
    degree by one degree, without a cosine of latitude [Felipe & Asensio Ramos 2019, section
    4.1].

    Examples
    --------
    >>> import numpy as np
    >>> import sunpy.map
    >>> import sunpy_farside
    >>> from sunpy_farside.coordinates.window import window_header
    >>> data = np.zeros((144, 120))
    >>> data[80:92, 50:60] = 1
    >>> probability = sunpy.map.Map(data, window_header("2022-05-05"))
    >>> regions = sunpy_farside.find_regions(probability)
    >>> regions["integrated_probability"]
    <Quantity [120.] deg2>
    >>> regions["centroid"].lon, regions["centroid"].lat
    (<Longitude [122.5] deg>, <Latitude [13.5] deg>)
    """
    from sunpy.map import GenericMap

    remedy = "Give the image of a detection, or a map of a network's probability."
    check_type(image, GenericMap, "a sunpy map", remedy)
    if sequence is not None:
        check_type(sequence, FarsideSequence, "a FarsideSequence", "Give that of the detection.")
    if n_pixels is not None:
        check_whole(n_pixels, "a number of pixels")
    settings = DetectionSettings.from_header(image.meta) or DetectionSettings()
    if level is not None:
        unit = settings.segmentation_threshold.unit
        level = quantity_of(level, unit, "a segmentation threshold")
    changed = settings.replace(
        segmentation_threshold=level,
        n_pixels=n_pixels,
        significance_threshold=threshold,
        deblend=deblend,
    )
    if threshold is not None or changed != settings:
        # The reliability and its cut are those of regions that are cut out in one way.
        changed = replace(changed, reliability=None)
    if _cut(changed) != _cut(settings):
        changed = replace(changed, flux=None)
    settings = changed
    data, wcs = upright(values_of(image), image.wcs)
    data, wcs = away_from_seam(data, wcs, settings)
    segments = segment_image(data, settings)
    values = {"phases": data[np.newaxis]} if settings.method is SAR else {"probability": data}
    if sequence is not None:
        values["phases"] = _phases_of(sequence, image)
    regions = measure_regions(segments, wcs, image.date, **values)
    return rank_regions(regions, segments, settings)[0]


def _cut(settings):
    return settings.segmentation_threshold, settings.n_pixels, settings.deblend


def _phases_of(sequence, image):
    """
    Return the phases in the window of an image, which has to be that of the sequence.
    """
    if image.data.shape != sequence.wcs.array_shape or image.date != sequence.date:
        msg = (
            f"Expected an image of {sequence.date.isot[:16]} and of shape "
            f"{sequence.wcs.array_shape}, the sequence's middle window, found one of "
            f"{image.date.isot[:16]} and of shape {image.data.shape}."
        )
        raise ValueError(msg)
    return sequence.comoving_data


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
        From `~sunpy_farside.detection.measurement.arrival_dates`.
    segments, settings, **meta
        As for `rank_regions`.

    Returns
    -------
    ranked : `~sunpy_farside.detection.ranked.RankedRegions`
    segments : array of `numpy.int32`, shape (rows, columns)
        As for `rank_regions`.
    """
    method, cut = settings.method, settings.reliability_cut
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
    if known and cut is not None:
        columns["significant"] = columns["reliability"] >= cut
    else:
        threshold = settings.significance_threshold.value
        columns["significant"] = columns[method.strength] >= threshold
    meta = {
        "date": date.isot,
        "version": sunpy_farside.__version__,
        "method": method.name,
        "strength": method.strength,
        "threshold": str(settings.significance_threshold),
        "reliability_cut": cut if known else None,
        "segmentation_threshold": str(settings.segmentation_threshold),
        "n_pixels": settings.n_pixels,
        "deblend": settings.deblend,
        **meta,
    }
    labels = np.zeros(len(order) + 1, dtype=np.int32)
    labels[order + 1] = columns["label"]
    return RankedRegions(in_order(columns), arrivals[order], meta), labels[segments]


def _fluxes(columns, date, relation):
    """
    Return the flux of regions, and its bounds, in Mx.
    """
    longitude, latitude = columns["longitude"], columns["latitude"]
    if relation is None or not len(longitude):
        return np.full((len(FLUX_COLUMNS), len(longitude)), np.nan)
    distance = separations(longitude, latitude, *far_side_position(date))
    return relation(columns | {"distance": distance})
