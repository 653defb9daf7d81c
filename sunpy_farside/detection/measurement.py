"""
Measurement of the regions of a segmentation.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

import astropy.units as u
from astropy.coordinates import SkyCoord, UnitSphericalRepresentation
from astropy.table import QTable
from astropy.time import Time
from astropy.wcs import WCS

from sunpy_farside.coordinates.arrival import east_limb_delay
from sunpy_farside.coordinates.far_side import (
    carrington_frame,
    far_side_position,
    separations,
)
from sunpy_farside.coordinates.window import FIRST_LATITUDE, WINDOW_ROWS, carrington_wcs
from sunpy_farside.detection.methods import DEG2_PER_UHEM, STRENGTH_UNIT
from sunpy_farside.maps.orientation import is_cylindrical
from sunpy_farside.utils.tables import whole_seconds

__all__ = [
    "COLUMNS",
    "Grid",
    "arrival_dates",
    "in_order",
    "mean_phase",
    "measure",
    "measure_regions",
    "noise_level",
    "region_table",
    "window_grid",
]

# Standard deviation of a Gaussian over the median distance from its middle.
_DEVIATION = 1.4826
# Radius in degrees around a region's centroid in which its depth is measured.
_AROUND = 6.0
# For the rounding of angles, in degrees.
_MARGIN = 0.1

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

_UNITS = {
    "flux": u.Mx,
    "flux_lower": u.Mx,
    "flux_upper": u.Mx,
    "integrated_probability": u.deg**2,
    "area": u.deg**2,
    "longitude_extent": u.deg,
    "latitude_extent": u.deg,
    "mean_phase": u.rad,
    "seismic_strength": STRENGTH_UNIT,
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
    grid = Grid.of(wcs, labels.shape)
    numbers = measure(labels, grid, probability=probability, phases=phases)
    (arrivals,) = arrival_dates([numbers], [date])
    return region_table(numbers, date, arrivals)


@dataclass(frozen=True)
class Grid:
    """
    Positions of the pixels of a Carrington map whose columns are meridians.

    Attributes
    ----------
    wcs : `~astropy.wcs.WCS`
    longitudes : array
        Longitude of every column in degrees.
    latitudes : array
        Latitude of every row on the reference meridian in degrees.
    edge_latitudes : array
        Latitude of every row in the first column in degrees.
    longitude_steps, latitude_steps : array
        Sizes of the pixels of every row in degrees.
    """

    wcs: WCS
    longitudes: np.ndarray
    latitudes: np.ndarray
    edge_latitudes: np.ndarray
    longitude_steps: np.ndarray
    latitude_steps: np.ndarray

    @classmethod
    def of(cls, wcs: WCS, shape: tuple[int, ...]) -> "Grid":
        """
        Return the grid of the pixels of a map.

        Raises
        ------
        ValueError
            The coordinates are not Carrington, or the columns are not meridians.
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
        rows, columns = map(np.arange, shape)
        column = np.full(len(rows), wcs.wcs.crpix[0] - 1)

        def latitude(row):
            return wcs.wcs_pix2world(column, row, 0)[1]

        return cls(
            wcs,
            wcs.wcs_pix2world(columns, np.full(len(columns), 0), 0)[0],
            latitude(rows),
            wcs.wcs_pix2world(np.full(len(rows), 0), rows, 0)[1],
            np.full(len(rows), abs(wcs.pixel_scale_matrix[0, 0])),
            np.abs(latitude(rows + 0.5) - latitude(rows - 0.5)),
        )


# For every longitude of the first column.
@lru_cache(maxsize=360)
def window_grid(start: int, width: int) -> Grid:
    """
    Return the grid of a window, which is the same at all dates.

    Parameters
    ----------
    start : `int`
        Longitude of the first column (`~sunpy_farside.coordinates.window.window_start`).
    width : `int`
        Number of columns.

    Returns
    -------
    `Grid`
    """
    shape = WINDOW_ROWS, width
    any_date = "2010-05-01"
    wcs = carrington_wcs(any_date, shape, first_longitude=start, first_latitude=FIRST_LATITUDE)
    return Grid.of(wcs, shape)


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
    grid : `Grid`
        Positions of the pixels.
    labels, probability, phases
        As for `measure_regions`.

    Returns
    -------
    `dict` of array
        Carrington ``longitude`` and ``latitude`` in degrees, and the measured columns of
        ``COLUMNS`` in their units, in the order of the labels.
    """
    number = labels.max()
    longitude_step, latitude_step = grid.longitude_steps, grid.latitude_steps
    # Regions are a small part of the image: all that follows is of their pixels.
    rows, columns = pixels = np.nonzero(labels)
    owner = labels[pixels]
    if not np.isfinite(grid.latitudes[rows]).all():
        msg = "Expected regions between the poles, found rows beyond them. Check CDELT2 and CRPIX2."
        raise ValueError(msg)
    size = (longitude_step * latitude_step)[rows]
    sphere = size * np.cos(np.deg2rad(grid.latitudes))[rows]

    def total(values):
        return np.bincount(owner, values, minlength=number + 1)[1:]

    unknown = np.full(number, np.nan)
    numbers = dict.fromkeys(
        (
            *("integrated_probability", "peak_probability", "mean_phase", "seismic_strength"),
            *("depth", "coverage"),
        ),
        unknown,
    )
    if probability is not None:
        weight = np.nan_to_num(probability[pixels])
        numbers["integrated_probability"] = total(weight * size)
        numbers["peak_probability"] = _largest(weight, owner, number)
    if phases is not None:
        mean, number_of_maps = _mean_phase(phases)
        known = np.isfinite(mean[pixels])
        phase = np.nan_to_num(mean[pixels])
        depth = -phase.clip(max=0) * sphere / DEG2_PER_UHEM
        numbers["seismic_strength"] = total(depth)
        with np.errstate(invalid="ignore"):
            numbers["mean_phase"] = total(phase) / total(known)
        share = number_of_maps[pixels] / len(phases)
        numbers["coverage"] = total(share) / total(np.ones(len(owner)))
        weight = depth if probability is None else weight

    numbers["area"] = total(sphere)
    numbers["area_uhem"] = numbers["area"] / DEG2_PER_UHEM
    boxes = ndimage.find_objects(labels, number)
    numbers["longitude_extent"] = np.array(
        [longitude_step[box[0]].max() * (box[1].stop - box[1].start) for box in boxes], dtype=float
    )
    numbers["latitude_extent"] = np.array(
        [latitude_step[box[0]].sum() for box in boxes], dtype=float
    )
    numbers["complex"] = _complexes(labels, pixels, number)
    longitude, latitude = _positions(weight, rows, columns, total, grid.wcs)
    if phases is not None:
        numbers["depth"] = _depths(mean, grid, longitude, latitude)
    return numbers | {"longitude": longitude, "latitude": latitude}


def arrival_dates(numbers: list[dict[str, np.ndarray]], dates: list[Time]) -> list[np.ndarray]:
    """
    Return the times at which regions cross the east limb, as text.

    Parameters
    ----------
    numbers : `list` of `dict`
        From `measure`.
    dates : `list` of `~astropy.time.Time`
        As many. Times of many dates take as long to compute as those of one.

    Returns
    -------
    `list` of arrays of `str`
        ISO 8601 in UTC, rounded to seconds.
    """
    delays = []
    for item, date in zip(numbers, dates, strict=True):
        meridian, center = far_side_position(date)
        stonyhurst = item["longitude"] - (meridian - 180)
        delays.append(east_limb_delay(stonyhurst, item["latitude"], -center))
    owner = np.repeat(np.arange(len(dates)), [len(delay) for delay in delays])
    times = whole_seconds(Time(dates)[owner] + np.concatenate(delays) * u.day)
    # An empty array of times has no strings.
    texts = times.isot if times.size else np.empty(0, dtype=str)
    ends = np.cumsum([len(delay) for delay in delays])
    return [texts[end - len(delay) : end] for end, delay in zip(ends, delays, strict=True)]


def region_table(columns: dict[str, np.ndarray], date: Time, arrivals: np.ndarray) -> QTable:
    """
    Return the table of regions that were measured.

    Parameters
    ----------
    columns : `dict` of array
        From `measure`, and other columns of ``COLUMNS``.
    date : `~astropy.time.Time`
    arrivals : array of `str`
        From `arrival_dates`.

    Returns
    -------
    `~astropy.table.QTable`
        With those of ``COLUMNS`` that there are, in this order.
    """
    # Much faster than the constructor of SkyCoord with a frame.
    angles = UnitSphericalRepresentation(
        columns["longitude"] * u.deg, columns["latitude"] * u.deg, copy=False
    )
    centroid = SkyCoord(carrington_frame(date, angles), copy=False)
    # An empty array of strings is no array of dates to astropy.
    times = Time(arrivals, format="isot") if len(arrivals) else Time(np.empty(0), format="mjd")
    times = Time(times, format="isot", precision=0)
    columns = columns | {"centroid": centroid, "east_limb_arrival": times}
    for name in _UNITS.keys() & columns.keys():
        columns[name] = columns[name] * _UNITS[name]
    table = QTable({name: columns[name] for name in COLUMNS if name in columns}, copy=False)
    for name in table.colnames:
        table[name].info.description = COLUMNS[name]
    return table


def in_order(columns: dict) -> dict:
    """
    Return columns in the order of ``COLUMNS``, after those that are not in it.
    """
    others = [name for name in columns if name not in COLUMNS]
    return {name: columns[name] for name in (*others, *COLUMNS) if name in columns}


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
    return _mean_phase(phases)[0]


def _mean_phase(phases):
    """
    Return the mean of phase maps, and the number of maps that have data, at every pixel.
    """
    known = np.isfinite(phases)
    number = known.sum(axis=0, dtype=np.uint16)
    with np.errstate(invalid="ignore"):
        return np.where(known, phases, 0).sum(axis=0, dtype=float) / number, number


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


def _complexes(labels, pixels, number):
    """
    Return the number of the group of touching regions that each region belongs to.
    """
    parts, _ = ndimage.label(labels > 0, np.ones((3, 3)))
    return _largest(parts[pixels], labels[pixels], number).astype(int)


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


def _positions(weight, rows, columns, total, wcs):
    """
    Return the longitudes and latitudes of the weighted middles of regions in degrees.
    """
    whole = total(weight)
    with np.errstate(invalid="ignore"):
        row, column = total(weight * rows) / whole, total(weight * columns) / whole
    longitude, latitude = wcs.wcs_pix2world(column, row, 0)
    return longitude % 360, latitude
