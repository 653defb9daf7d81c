"""
Segmentation of detection images, and measurement of the regions.
"""

import warnings
from dataclasses import replace
from functools import lru_cache

import numpy as np
import photutils
from photutils.segmentation import deblend_sources, detect_sources
from photutils.utils.exceptions import NoDetectionsWarning
from scipy import ndimage

import astropy.units as u
from astropy.convolution import Gaussian2DKernel
from astropy.coordinates import SkyCoord
from astropy.stats import gaussian_fwhm_to_sigma
from astropy.table import QTable
from astropy.utils import minversion

import sunpy_farside
from sunpy_farside.coordinates.arrival import east_limb_delay
from sunpy_farside.coordinates.far_side import (
    carrington_frame,
    disk_center_latitude,
    far_side_central_meridian,
    separations,
)
from sunpy_farside.detection.methods import DEG2_PER_UHEM, SAR, STRENGTH_UNIT
from sunpy_farside.detection.reliability import plain
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.maps.resampling import is_cylindrical, turn_to, upright, values_of
from sunpy_farside.utils.tables import whole_seconds

__all__ = [
    "COLUMNS",
    "find_regions",
    "mean_phase",
    "measure_regions",
    "noise_level",
    "rank_regions",
    "segment",
    "segment_image",
    "smooth_probability",
    "surface_of",
]

# photutils 3.1 took the progress bar of deblending away, and warns of the option.
_N_LEVELS = "n_levels" if minversion(photutils, "3.0") else "nlevels"
_QUIET = {} if minversion(photutils, "3.1") else {"progress_bar": False}

# Standard deviation of a Gaussian over the median distance from its middle.
_DEVIATION = 1.4826
# Degrees around a region's centroid over which its depth is taken.
_AROUND = 6.0

COLUMNS = {
    "label": "rank by reliability, or by strength where there is none",
    "centroid": "Carrington position, weighted by probability (or phase)",
    "reliability": "probability that an active region of 2e21 Mx or more lies within ten degrees",
    "integrated_probability": "sum of the probability over the region's pixels",
    "peak_probability": "largest probability in the region",
    "area": "area on the Sun",
    "area_uhem": "area on the Sun in millionths of a solar hemisphere",
    "longitude_extent": "largest extent in longitude",
    "latitude_extent": "largest extent in latitude",
    "mean_phase": "mean phase shift of the eleven maps",
    "seismic_strength": "negative phase integrated over the area, uHem rad",
    "depth": "mean depth of the phase within six degrees, in units of the map's noise",
    "coverage": "share of the eleven maps with data, averaged over the pixels",
    "complex": "number of the group of touching regions that it belongs to",
    "east_limb_arrival": "when rotation brings the centroid round the east limb",
    "significant": "reliable enough, or strong enough, to be called an active region",
}


def find_regions(image, *, sequence=None, level=None, n_pixels=None, threshold=None, deblend=None):
    """
    Find active regions in a map of probability.

    Parameters
    ----------
    image : `~sunpy.map.GenericMap`
        Probability of an active region on a Carrington grid whose columns are meridians, of any
        scale and either way up, of the whole Sun or of a part. Masked pixels count as zero. The
        image of a detection by the SAR method, a mean phase shift in rad, is cut by that method.
    sequence : `~sunpy_farside.sequence.FarsideSequence`, optional
        The maps that the image was made from, in whose middle window it is. They give the
        measured phases, and hence the reliability that decides which regions are significant.
    level : `float` or `~astropy.units.Quantity`, optional
        Segmentation threshold: smoothed probability above which pixels belong to a segment.
    n_pixels : `int`, optional
        Smallest number of connected pixels of a segment, corners included.
    threshold : `float` or `~astropy.units.Quantity`, optional
        Significance threshold: integrated probability in square degrees from which a region is
        significant.
    deblend : `bool`, optional
        Deblend segments that touch at the saddle between their peaks.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region, with the columns of `sunpy_farside.detection.regions.COLUMNS`. The
        image of a detection and its sequence give the table of the detection. Without the
        sequence what needs the phase maps is NaN, the reliability of a network's regions too: the
        strongest come first, and the significance threshold decides.

    Raises
    ------
    ValueError
        The map is in other coordinates, or turned, or not in the window of the sequence; a
        threshold is negative or NaN.

    Notes
    -----
    What is not given is taken from the map: the image of a detection records the settings of its
    model. Any other map is cut as published: a level of 0.01, 5 pixels, a threshold of 100 square
    degrees, no deblending.

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
    settings = DetectionSettings.from_header(image.meta) or DetectionSettings()
    if level is not None:
        level = u.Quantity(level, settings.segmentation_threshold.unit)
    changed = settings.replace(
        segmentation_threshold=level,
        n_pixels=n_pixels,
        significance_threshold=threshold,
        deblend=deblend,
    )
    if threshold is not None or changed != settings:
        # The reliability and its cut are those of regions that are cut out in one way.
        changed = replace(changed, reliability=None)
    settings = changed
    data, wcs = upright(values_of(image), image.wcs)
    data, wcs = _away_from_seam(data, wcs, settings)
    segments = segment_image(data, settings)
    values = {"phases": data[np.newaxis]} if settings.method is SAR else {"probability": data}
    if sequence is not None:
        values["phases"] = _phases_of(sequence, image)
    regions = measure_regions(segments, wcs, image.date, **values)
    return rank_regions(regions, segments, settings)[0]


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


def segment_image(image, settings):
    """
    Cut segments out of a detection image.

    Parameters
    ----------
    image : array, shape (rows, columns)
        Probability, or mean phase in rad for the SAR method. NaN belongs to no segment.
    settings : `~sunpy_farside.detection.settings.DetectionSettings`

    Returns
    -------
    array of `int`, shape (rows, columns)
        0 outside the segments, their numbers inside.
    """
    surface, level = surface_of(image, settings)
    return segment(surface, level, settings.n_pixels, deblend=settings.deblend)


def surface_of(image, settings):
    """
    Return the surface that is segmented, and the level above which segments are.

    Parameters
    ----------
    image, settings
        As for `segment_image`.

    Returns
    -------
    surface : array, shape (rows, columns)
        The smoothed probability, or the mean phase with its sign turned.
    level : `float`
    """
    level = settings.segmentation_threshold.value
    if settings.method is SAR:
        return -np.nan_to_num(image), -level
    return smooth_probability(image), level


def _away_from_seam(data, wcs, settings):
    """
    Turn a map of the whole Sun so that its ends cut no region, if possible.
    """
    longitudes = wcs.wcs_pix2world([[wcs.wcs.crpix[0], wcs.wcs.crpix[1]]], 1)[:, 0]
    turned, around = turn_to(data, wcs, float(longitudes[0]))
    if around is wcs:
        return data, wcs
    surface, _ = surface_of(turned, settings)
    # The ends go where the surface is lowest.
    lowest = np.argmin(surface.max(axis=0))
    column = (lowest + turned.shape[1] // 2) % turned.shape[1]
    longitude = around.wcs_pix2world([[column, around.wcs.crpix[1] - 1]], 0)[0, 0]
    return turn_to(data, wcs, longitude)


def smooth_probability(probability):
    """
    Smooth a map of probability as published, with a Gaussian of 3 pixels FWHM on 3 x 3 pixels.

    Parameters
    ----------
    probability : array, shape (rows, columns)
        NaN counts as zero.

    Returns
    -------
    array, shape (rows, columns)
    """
    return ndimage.convolve(np.nan_to_num(probability), _kernel(), mode="constant", cval=0)


@lru_cache
def _kernel():
    kernel = Gaussian2DKernel(3 * gaussian_fwhm_to_sigma, x_size=3, y_size=3)
    kernel.normalize()
    return kernel.array


def segment(image, level, n_pixels, *, deblend=False):
    """
    Number the connected parts of an image above a level.

    Parameters
    ----------
    image : array, shape (rows, columns)
    level : `float`
    n_pixels : `int`
    deblend : `bool`, optional

    Returns
    -------
    array of `int`, shape (rows, columns)
    """
    with warnings.catch_warnings():
        # No detection is a valid result.
        warnings.simplefilter("ignore", NoDetectionsWarning)
        segments = detect_sources(image, level, n_pixels)
    if segments is None:
        return np.zeros(image.shape, dtype=int)
    if deblend:
        # Linear levels, because probabilities have no faint wings as stars do; more than eight
        # levels find hardly more regions and take longer than the network.
        segments = deblend_sources(
            image, segments, n_pixels, mode="linear", **{_N_LEVELS: 8}, **_QUIET
        )
    return segments.data


def measure_regions(labels, wcs, date, *, probability=None, phases=None):
    """
    Measure the regions of a segmentation.

    Parameters
    ----------
    labels : array of `int`, shape (rows, columns)
        From `segment_image`.
    wcs : `~astropy.wcs.WCS`
        World coordinates of the labels, Carrington.
    date : `~astropy.time.Time`
    probability : array, shape (rows, columns), optional
    phases : array, shape (maps, rows, columns), optional
        Phase maps in the same window, rad, NaN where there are no data.

    Returns
    -------
    `~astropy.table.QTable`
        In the order of the labels, without the columns that rank the regions.
    """
    index = np.arange(1, labels.max() + 1)
    longitude_step, latitude_step, latitudes = _grid(wcs, len(labels))
    if not np.isfinite(latitudes[(labels > 0).any(axis=1)]).all():
        msg = "Expected regions between the poles, found rows beyond them. Check CDELT2 and CRPIX2."
        raise ValueError(msg)
    pixel = (longitude_step * latitude_step)[:, np.newaxis]
    sphere = pixel * np.cos(np.deg2rad(latitudes))[:, np.newaxis]

    def total(values):
        return ndimage.sum_labels(np.broadcast_to(values, labels.shape), labels, index)

    measured = dict.fromkeys(
        ("integrated", "peak", "phase", "strength", "depth", "coverage"),
        np.full(len(index), np.nan),
    )
    if probability is not None:
        weight = probability = np.nan_to_num(probability)
        measured["integrated"] = total(probability * pixel)
        measured["peak"] = ndimage.maximum(probability, labels, index)
    if phases is not None:
        mean = mean_phase(phases)
        known = np.isfinite(mean)
        mean = np.nan_to_num(mean)
        depth = -mean.clip(max=0) * sphere / DEG2_PER_UHEM
        measured["strength"] = total(depth)
        with np.errstate(invalid="ignore"):
            measured["phase"] = total(mean) / total(known)
        measured["coverage"] = total(np.isfinite(phases).mean(axis=0)) / total(1)
        weight = depth if probability is None else probability

    area = total(sphere)
    boxes = ndimage.find_objects(labels, len(index))
    table = QTable()
    table["centroid"] = centroid = _centroids(weight, labels, index, wcs, date)
    if phases is not None:
        measured["depth"] = _depths(np.where(known, mean, np.nan), wcs, centroid)
    table["integrated_probability"] = _column(measured["integrated"], u.deg**2)
    table["peak_probability"] = _column(measured["peak"])
    table["area"] = _column(area, u.deg**2)
    table["area_uhem"] = _column(area / DEG2_PER_UHEM)
    table["longitude_extent"] = _column(
        [longitude_step[box[0]].max() * (box[1].stop - box[1].start) for box in boxes], u.deg
    )
    table["latitude_extent"] = _column([latitude_step[box[0]].sum() for box in boxes], u.deg)
    table["mean_phase"] = _column(measured["phase"], u.rad)
    table["seismic_strength"] = _column(measured["strength"], STRENGTH_UNIT)
    table["depth"] = _column(measured["depth"])
    table["coverage"] = _column(measured["coverage"])
    table["complex"] = _complexes(labels, index)
    table["east_limb_arrival"] = _arrivals(centroid, date)
    return table


def rank_regions(table, segments, settings, **meta):
    """
    Number regions, the most reliable first, and mark the significant ones.

    Parameters
    ----------
    table : `~astropy.table.QTable`
        From `measure_regions`.
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
        With the columns of `COLUMNS`.
    segments : array of `numpy.int32`, shape (rows, columns)
        With the labels of the table as numbers.
    """
    strength, cut = settings.method.strength, settings.reliability_cut
    table["reliability"] = np.full(len(table), np.nan)
    if settings.reliability is not None:
        table["reliability"] = settings.reliability(table)
    known = settings.reliability is not None and np.isfinite(table["reliability"]).all()
    rank = plain(table["reliability" if known else strength])
    # Equal ones keep the order of the segments, so that the same input gives the same table.
    order = np.argsort(-rank, kind="stable")
    table = table[order]
    table["label"] = np.arange(1, len(table) + 1)
    if known and cut is not None:
        table["significant"] = table["reliability"] >= cut
    else:
        table["significant"] = table[strength] >= settings.significance_threshold
    table = table[list(COLUMNS)]
    for name, description in COLUMNS.items():
        table[name].info.description = description
    table.meta = {
        "date": table["centroid"].obstime.isot,
        "version": sunpy_farside.__version__,
        "method": settings.method.name,
        "strength": strength,
        "threshold": str(settings.significance_threshold),
        "reliability_cut": cut if known else None,
        "segmentation_threshold": str(settings.segmentation_threshold),
        "n_pixels": settings.n_pixels,
        "deblend": settings.deblend,
        **meta,
    }
    labels = np.zeros(len(order) + 1, dtype=np.int32)
    labels[order + 1] = table["label"]
    return table, labels[segments]


def mean_phase(phases):
    """
    Average phase maps over the maps that have data.

    Parameters
    ----------
    phases : array, shape (maps, rows, columns)
        NaN where there are no data.

    Returns
    -------
    array, shape (rows, columns)
        NaN where no map has data.
    """
    known = np.isfinite(phases)
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(phases).sum(axis=0, dtype=float) / known.sum(axis=0)


def noise_level(mean):
    """
    Return the middle of a map's values and the level of its noise.

    Parameters
    ----------
    mean : array, shape (rows, columns)
        Mean phase shift, NaN where there are no data.

    Returns
    -------
    middle, level : `float`
        Median, and 1.4826 times the median distance from it, which active regions, being few
        pixels, hardly change. NaN where there are no data at all.
    """
    values = mean[np.isfinite(mean)]
    if not values.size:
        return np.nan, np.nan
    middle = np.median(values)
    return middle, _DEVIATION * np.median(np.abs(values - middle))


def _depths(mean, wcs, centroid):
    """
    Return the mean depth around positions in units of the noise.
    """
    middle, level = noise_level(mean)
    rows, columns = mean.shape
    longitudes = wcs.wcs_pix2world(np.arange(columns), np.full(columns, 0), 0)[0]
    latitudes = wcs.wcs_pix2world(np.full(rows, 0), np.arange(rows), 0)[1]
    depths = np.full(len(centroid), np.nan)
    for index, (longitude, latitude) in enumerate(
        zip(centroid.lon.deg, centroid.lat.deg, strict=True)
    ):
        near = np.abs(latitudes - latitude) <= _AROUND
        apart = separations(longitudes, latitudes[near, np.newaxis], longitude, latitude)
        values = mean[near][apart <= _AROUND]
        values = values[np.isfinite(values)]
        if values.size and level > 0:
            depths[index] = (middle - values.mean()) / level
    return depths


def _complexes(labels, index):
    """
    Return the number of the group of touching regions that each region belongs to.
    """
    parts, _ = ndimage.label(labels > 0, np.ones((3, 3)))
    return ndimage.maximum(parts, labels, index).astype(int) if len(index) else np.array([], int)


def _grid(wcs, n_rows):
    """
    Return the steps in longitude and latitude, and the latitude, of every row in degrees.
    """
    if [ctype[:4] for ctype in wcs.wcs.ctype] != ["CRLN", "CRLT"]:
        msg = (
            f"Expected a map in Carrington coordinates, found {' and '.join(wcs.wcs.ctype)}. "
            "Reproject it to Carrington coordinates."
        )
        raise ValueError(msg)
    if not is_cylindrical(wcs):
        msg = (
            f"Expected a map whose columns are meridians, found {' and '.join(wcs.wcs.ctype)} "
            "turned or in an oblique view. Reproject it to upright CAR or CEA."
        )
        raise ValueError(msg)
    rows = np.arange(n_rows)
    column = np.full(n_rows, wcs.wcs.crpix[0] - 1)

    def latitude(row):
        return wcs.wcs_pix2world(column, row, 0)[1]

    steps = np.abs(latitude(rows + 0.5) - latitude(rows - 0.5))
    return np.full(n_rows, abs(wcs.pixel_scale_matrix[0, 0])), steps, latitude(rows)


def _column(values, unit=u.dimensionless_unscaled):
    values = np.asarray(values, dtype=float)
    return values if unit == u.dimensionless_unscaled else values * unit


def _centroids(weight, labels, index, wcs, date):
    positions = ndimage.center_of_mass(weight, labels, index)
    row, column = np.asarray(positions, dtype=float).reshape(-1, 2).T
    longitude, latitude = wcs.wcs_pix2world(column, row, 0)
    return SkyCoord(longitude % 360 * u.deg, latitude * u.deg, frame=carrington_frame(date))


def _arrivals(centroid, date):
    stonyhurst = centroid.lon.deg - (far_side_central_meridian(date).deg - 180)
    delay = east_limb_delay(stonyhurst, centroid.lat.deg, disk_center_latitude(date).deg)
    return whole_seconds(date + delay * u.day)
