"""
Measurement of the regions of a segmentation.
"""

from dataclasses import dataclass

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
# Columns that are NaN without a probability, or without phases.
_OPTIONAL = (
    "integrated_probability",
    "peak_probability",
    "mean_phase",
    "seismic_strength",
    "depth",
    "coverage",
)


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
    # Regions are a small part of the image: all that follows is of their pixels.
    regions = _Regions.of(labels)
    if not np.isfinite(grid.latitudes[regions.rows]).all():
        msg = "Expected regions between the poles, found rows beyond them. Check CDELT2 and CRPIX2."
        raise ValueError(msg)
    # Areas of the pixels on the plane and on the sphere in square degrees.
    size = (grid.longitude_steps * grid.latitude_steps)[regions.rows]
    sphere = size * np.cos(np.deg2rad(grid.latitudes))[regions.rows]

    numbers = dict.fromkeys(_OPTIONAL, np.full(regions.number, np.nan))
    if probability is not None:
        weight = np.nan_to_num(regions.values(probability))
        numbers["integrated_probability"] = regions.total(weight * size)
        numbers["peak_probability"] = regions.largest(weight)
    if phases is not None:
        mean, n_maps = mean_and_number(phases)
        known = np.isfinite(regions.values(mean))
        phase = np.nan_to_num(regions.values(mean))
        strength = -phase.clip(max=0) * sphere / DEG2_PER_UHEM
        numbers["seismic_strength"] = regions.total(strength)
        with np.errstate(invalid="ignore"):
            numbers["mean_phase"] = regions.total(phase) / regions.total(known)
        share = regions.values(n_maps) / len(phases)
        numbers["coverage"] = regions.total(share) / regions.total(np.ones(len(share)))
        weight = strength if probability is None else weight
    numbers |= _sizes(labels, regions, grid, sphere)
    longitude, latitude = _positions(weight, regions, grid.wcs)
    if phases is not None:
        numbers["depth"] = _depths(mean, grid, longitude, latitude)
    return numbers | {"longitude": longitude, "latitude": latitude}


@dataclass(frozen=True)
class _Regions:
    """
    Pixels of the regions of a label image.

    Attributes
    ----------
    rows, columns : array of `int`
        Places of the pixels.
    owner : array of `int`
        Label of the region that each of them belongs to.
    number : `int`
        Number of regions.
    """

    rows: np.ndarray
    columns: np.ndarray
    owner: np.ndarray
    number: int

    @classmethod
    def of(cls, labels):
        """
        Return the pixels of the regions of a label image.
        """
        rows, columns = np.nonzero(labels)
        return cls(rows, columns, labels[rows, columns], int(labels.max()))

    def values(self, image):
        """
        Return the values of an image in the pixels.
        """
        return image[self.rows, self.columns]

    def total(self, values):
        """
        Return the sums of values of the pixels over each region.
        """
        return np.bincount(self.owner, values, minlength=self.number + 1)[1:]

    def largest(self, values):
        """
        Return the largest of the values of the pixels in each region.
        """
        largest = np.full(self.number, -np.inf)
        order = np.argsort(self.owner, kind="stable")
        owners, first = np.unique(self.owner[order], return_index=True)
        if len(owners):
            largest[owners - 1] = np.maximum.reduceat(values[order], first)
        return largest


def _sizes(labels, regions, grid, sphere):
    """
    Return the columns of the sizes of regions, and the group of touching ones each belongs to.
    """
    area = regions.total(sphere)
    boxes = ndimage.find_objects(labels, regions.number)
    longitude_extent = [
        grid.longitude_steps[rows].max() * (columns.stop - columns.start) for rows, columns in boxes
    ]
    latitude_extent = [grid.latitude_steps[rows].sum() for rows, _ in boxes]
    parts, _ = ndimage.label(labels > 0, np.ones((3, 3)))
    return {
        "area": area,
        "area_uhem": area / DEG2_PER_UHEM,
        "longitude_extent": np.array(longitude_extent, dtype=float),
        "latitude_extent": np.array(latitude_extent, dtype=float),
        "complex": regions.largest(regions.values(parts)).astype(int),
    }


def _positions(weight, regions, wcs):
    """
    Return the longitudes and latitudes of the weighted middles of regions in degrees.
    """
    whole = regions.total(weight)
    with np.errstate(invalid="ignore"):
        row = regions.total(weight * regions.rows) / whole
        column = regions.total(weight * regions.columns) / whole
    longitude, latitude = wcs.wcs_pix2world(column, row, 0)
    return longitude % 360, latitude


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
