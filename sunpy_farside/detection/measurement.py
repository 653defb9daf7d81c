"""
Measurement of the regions of a segmentation.
"""

import numpy as np
from scipy import ndimage

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time
from astropy.wcs import WCS

from sunpy_farside.coordinates.arrival import east_limb_delay
from sunpy_farside.coordinates.far_side import (
    carrington_frame,
    disk_center_latitude,
    far_side_central_meridian,
    separations,
)
from sunpy_farside.detection.methods import DEG2_PER_UHEM, STRENGTH_UNIT
from sunpy_farside.maps.orientation import is_cylindrical
from sunpy_farside.utils.tables import whole_seconds

__all__ = ["COLUMNS", "mean_phase", "measure_regions", "noise_level"]

# Standard deviation of a Gaussian over the median distance from its middle.
_DEVIATION = 1.4826
# Radius in degrees around a region's centroid in which its depth is measured.
_AROUND = 6.0

COLUMNS = {
    "label": "rank by reliability, or by strength where there is none",
    "centroid": "Carrington position, weighted by probability (or phase)",
    "reliability": "probability that an active region of 2e21 Mx or more lies within ten degrees",
    "flux": "estimated total unsigned magnetic flux, if an active region is there",
    "flux_lower": "lower bound of the 68 % interval of the flux",
    "flux_upper": "upper bound of that interval",
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


def measure_regions(
    labels: np.ndarray,
    wcs: WCS,
    date: Time,
    *,
    probability: np.ndarray | None = None,
    phases: np.ndarray | None = None,
) -> QTable:
    """
    Measure the regions of a segmentation.

    Parameters
    ----------
    labels : array of `int`, shape (rows, columns)
        From `~sunpy_farside.detection.segmentation.segment_image`.
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

    # Regions are a small part of the image.
    inside = labels > 0
    owner = labels[inside]

    def total(values):
        values = np.broadcast_to(values, labels.shape)[inside]
        return np.bincount(owner, values, minlength=len(index) + 1)[1:]

    measured = dict.fromkeys(
        ("integrated", "peak", "phase", "strength", "depth", "coverage"),
        np.full(len(index), np.nan),
    )
    if probability is not None:
        weight = probability = np.nan_to_num(probability)
        measured["integrated"] = total(probability * pixel)
        measured["peak"] = _largest(probability[inside], owner, len(index))
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


def mean_phase(phases: np.ndarray) -> np.ndarray:
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


def noise_level(mean: np.ndarray) -> tuple[float, float]:
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
    inside = labels > 0
    parts, _ = ndimage.label(inside, np.ones((3, 3)))
    return _largest(parts[inside], labels[inside], len(index)).astype(int)


def _largest(values, owner, number):
    """
    Return the largest value of each of the regions that own the values.
    """
    largest = np.full(number + 1, -np.inf)
    np.maximum.at(largest, owner, values)
    return largest[1:]


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
