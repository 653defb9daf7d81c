"""
Regions in any map of probability or phase.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u
from astropy.table import QTable

from sunpy_farside.detection.measurement import measure_regions
from sunpy_farside.detection.segmentation import away_from_seam, segment_image
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.detection.significance import rank_regions
from sunpy_farside.maps.orientation import upright
from sunpy_farside.maps.resampling import values_of
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.inputs import check_type, check_whole, quantity_of
from sunpy_farside.utils.moved import moved_names

if TYPE_CHECKING:
    from sunpy.map import GenericMap

__all__ = ["find_regions"]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.detection.columns": ["COLUMNS"],
        "sunpy_farside.detection.measurement": ["measure_regions"],
        "sunpy_farside.detection.phase_statistics": ["mean_phase", "noise_level"],
        "sunpy_farside.detection.significance": ["rank_measured", "rank_regions"],
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
        One row per region, with the columns of ``sunpy_farside.detection.columns.COLUMNS``. For
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
    phases = settings.method.of_phases
    values = {"phases": data[np.newaxis]} if phases else {"probability": data}
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
