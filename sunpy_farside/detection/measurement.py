"""
Measurement of the regions of a segmentation.
"""

import numpy as np
from scipy import ndimage

from astropy.table import QTable
from astropy.time import Time
from astropy.wcs import WCS

from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.detection.methods import DEG2_PER_UHEM
from sunpy_farside.detection.phase_statistics import mean_and_number, noise_level
from sunpy_farside.detection.pixel_grid import Grid
from sunpy_farside.detection.region_tables import arrival_dates, region_table
from sunpy_farside.utils.moved import moved_names

__all__ = ["measure", "measure_regions"]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.detection.columns": ["COLUMNS"],
        "sunpy_farside.detection.phase_statistics": ["mean_phase", "noise_level"],
        "sunpy_farside.detection.pixel_grid": ["Grid", "window_grid"],
        "sunpy_farside.detection.region_tables": ["arrival_dates", "in_order", "region_table"],
    },
)

# Radius in degrees around a region's centroid in which its depth is measured.
_AROUND = 6.0
# For the rounding of angles, in degrees.
_MARGIN = 0.1


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
    grid = Grid.of(wcs, labels.shape)
    numbers = measure(labels, grid, probability=probability, phases=phases)
    (arrivals,) = arrival_dates([numbers], [date])
    return region_table(numbers, date, arrivals)


def measure(
    labels: np.ndarray,
    grid: Grid,
    *,
    probability: np.ndarray | None = None,
    phases: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """
    Measure the regions of a segmentation as plain numbers.

    Parameters
    ----------
    grid : `~sunpy_farside.detection.pixel_grid.Grid`
        Positions of the pixels.
    labels, probability, phases
        As for `measure_regions`.

    Returns
    -------
    `dict` of array
        Carrington ``longitude`` and ``latitude`` in degrees, and the measured columns of
        ``sunpy_farside.detection.columns.COLUMNS`` in their units, in the order of the labels.
    """
    index = np.arange(1, labels.max() + 1)
    longitude_step, latitude_step = grid.longitude_steps, grid.latitude_steps
    latitudes = grid.latitudes
    if not np.isfinite(latitudes[(labels > 0).any(axis=1)]).all():
        msg = "Expected regions between the poles, found rows beyond them. Check CDELT2 and CRPIX2."
        raise ValueError(msg)
    pixel = (longitude_step * latitude_step)[:, np.newaxis]
    sphere = pixel * np.cos(np.deg2rad(latitudes))[:, np.newaxis]

    # Regions are a small part of the image.
    inside = labels > 0
    owner = labels[inside]

    def total(values):
        return total_inside(np.broadcast_to(values, labels.shape)[inside])

    def total_inside(values):
        return np.bincount(owner, values, minlength=len(index) + 1)[1:]

    unknown = np.full(len(index), np.nan)
    numbers = dict.fromkeys(
        (
            *("integrated_probability", "peak_probability", "mean_phase", "seismic_strength"),
            *("depth", "coverage"),
        ),
        unknown,
    )
    if probability is not None:
        weight = probability = np.nan_to_num(probability)
        numbers["integrated_probability"] = total(probability * pixel)
        numbers["peak_probability"] = _largest(probability[inside], owner, len(index))
    if phases is not None:
        mean, number = mean_and_number(phases)
        known = np.isfinite(mean)
        mean = np.nan_to_num(mean)
        depth = -mean.clip(max=0) * sphere / DEG2_PER_UHEM
        numbers["seismic_strength"] = total(depth)
        with np.errstate(invalid="ignore"):
            numbers["mean_phase"] = total(mean) / total(known)
        numbers["coverage"] = total(number / len(phases)) / total(1)
        weight = depth if probability is None else probability

    numbers["area"] = total(sphere)
    numbers["area_uhem"] = numbers["area"] / DEG2_PER_UHEM
    boxes = ndimage.find_objects(labels, len(index))
    numbers["longitude_extent"] = np.array(
        [longitude_step[box[0]].max() * (box[1].stop - box[1].start) for box in boxes], dtype=float
    )
    numbers["latitude_extent"] = np.array(
        [latitude_step[box[0]].sum() for box in boxes], dtype=float
    )
    numbers["complex"] = _complexes(inside, owner, len(index))
    longitude, latitude = _positions(weight[inside], inside, total_inside, grid.wcs)
    if phases is not None:
        mean[~known] = np.nan
        numbers["depth"] = _depths(mean, grid, longitude, latitude)
    return numbers | {"longitude": longitude, "latitude": latitude}


def _depths(mean, grid, longitude, latitude):
    """
    Return the mean depth around positions in units of the noise.
    """
    middle, level = noise_level(mean)
    longitudes, latitudes = grid.longitudes, grid.edge_latitudes
    depths = np.full(len(longitude), np.nan)
    for index, (east, north) in enumerate(zip(longitude, latitude, strict=True)):
        near = np.abs(latitudes - north) <= _AROUND
        # No meridian beyond this angle comes near: the sines of the halves of a triangle's sides.
        cosine = np.cos(np.deg2rad(min(abs(north) + _AROUND, 90)))
        reach = 2 * np.rad2deg(np.arcsin(min(np.sin(np.deg2rad(_AROUND / 2)) / cosine, 1)))
        beside = np.abs((longitudes - east + 180) % 360 - 180) <= reach + _MARGIN
        apart = separations(longitudes[beside], latitudes[near, np.newaxis], east, north)
        values = mean[near][:, beside][apart <= _AROUND]
        values = values[np.isfinite(values)]
        if values.size and level > 0:
            depths[index] = (middle - values.mean()) / level
    return depths


def _complexes(inside, owner, number):
    """
    Return the number of the group of touching regions that each region belongs to.
    """
    parts, _ = ndimage.label(inside, np.ones((3, 3)))
    return _largest(parts[inside], owner, number).astype(int)


def _largest(values, owner, number):
    """
    Return the largest value of each of the regions that own the values.
    """
    largest = np.full(number, -np.inf)
    order = np.argsort(owner, kind="stable")
    owners, first = np.unique(owner[order], return_index=True)
    if len(owners):
        largest[owners - 1] = np.maximum.reduceat(values[order], first)
    return largest


def _positions(weight, inside, total, wcs):
    """
    Return the longitudes and latitudes of the weighted middles of regions in degrees.
    """
    rows, columns = np.nonzero(inside)
    whole = total(weight)
    with np.errstate(invalid="ignore"):
        row, column = total(weight * rows) / whole, total(weight * columns) / whole
    longitude, latitude = wcs.wcs_pix2world(column, row, 0)
    return longitude % 360, latitude
