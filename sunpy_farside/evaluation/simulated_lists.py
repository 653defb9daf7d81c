"""
Lists of strong active regions from simulated far-side maps, over the years of a film of the Sun.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import ndimage

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy.coordinates import sun

from sunpy_farside.catalog.tracking import link_regions
from sunpy_farside.coordinates.far_side import (
    disk_center_latitude,
    far_side_central_meridian,
    separations,
)
from sunpy_farside.coordinates.window import FIRST_LATITUDE, WINDOW_ROWS
from sunpy_farside.detection.methods import DEG2_PER_UHEM
from sunpy_farside.detection.seismic_strength import PHASE
from sunpy_farside.simulation.measured_noise import MeasuredNoise
from sunpy_farside.simulation.phases import View

__all__ = ["ListedPeriod", "measure_image", "name_regions", "simulate_period"]

_MAPS, _STEP = 11, 0.5
# Columns from the central meridian of the middle map: published lists hold regions from the limb of
# the middle map to that of the last one, which is 33 degrees nearer.
_COLUMNS = np.arange(-88, 60)
# Fewest maps with data in a five-day mean.
_FEWEST_MAPS = 6
# Seismic strength from which JSOC gives a region a designation: the first row of 514 designations
# has 402 or more in 99 % of the cases. Afterwards it is listed at any strength.
_NAMED = 400.0
# Days without a detection after which a region is no longer followed: none of two daily lists.
_MEMORY = 1.25
# Smallest regions: those of two pixels or more, as small ones of published lists.
_FEWEST = 2
# Days from the middle map at which the signatures of a five-day mean are computed.
_SAMPLES = (-1.5, 1.5)
_LATITUDES = FIRST_LATITUDE + np.arange(WINDOW_ROWS, dtype=float)


@dataclass(frozen=True, eq=False)
class ListedPeriod:
    """
    A period of a simulated Sun, with the noise of its five-day means.

    Attributes
    ----------
    times : `~astropy.time.Time`
        Dates of the lists, each that of the last of its eleven maps.
    days : array, shape (n,)
        Days of the lists since the first one.
    noise : array of `numpy.float16`, shape (n, 144, 148)
        Noise of the five-day means in rad; NaN where fewer than six maps have data.
    centers : array, shape (n,)
        Far-side central meridian of the middle maps in degrees.
    b0 : `float`
        Latitude of the far-side disk center in degrees.
    regions : `~sunpy_farside.simulation.magnetograms.MagneticRegions`
        Day 0 is that of the first list; ``efficiency`` is a standard normal variable.
    shift : `float`
        Standard normal variable of the mean phase shift of the period.
    """

    times: Time
    days: np.ndarray
    noise: np.ndarray
    centers: np.ndarray
    b0: float
    regions: object
    shift: float

    def rows(self, signature, mean=0.0, spread=0.0):
        """
        Return the regions below the SAR method's phase in every list.

        Parameters
        ----------
        signature : `~sunpy_farside.simulation.signature.Signature`
        mean, spread : `float`
            Mean shift of the phase and its scatter among periods in rad, on top of the noise.

        Returns
        -------
        `~astropy.table.Table`
            Columns ``list`` (number), ``longitude``, ``latitude``, ``strength`` in micro-hemisphere
            rad, ``area`` in square degrees, ``longitude_extent``, ``latitude_extent`` and
            ``from_center`` (longitude from the central meridian of the middle map) in degrees.
        """
        efficiency = np.exp(signature.scatter * self.regions.efficiency)
        regions = replace(self.regions, efficiency=efficiency)
        found = []
        for number, noise in enumerate(self.noise):
            image = noise.astype(np.float32) + np.float32(mean + spread * self.shift)
            image += self._signal(regions, signature, number)
            found += measure_image(image, number, self.centers[number], _COLUMNS[0])
        names = (
            "list",
            "longitude",
            "latitude",
            "strength",
            "area",
            "longitude_extent",
            "latitude_extent",
            "from_center",
        )
        return Table(rows=found, names=names, dtype=[int] + [float] * 7)

    def _signal(self, regions, signature, number):
        view, visible = self._views[number]
        # Maps without data do not contribute to a mean.
        total = np.sum(view.samples(regions, signature) * visible, axis=0)
        return total / np.maximum(visible.sum(axis=0), 1)

    @cached_property
    def _views(self):
        views = []
        for center, day in zip(self.centers, self.days, strict=True):
            days = day - _MAPS // 2 * _STEP + np.array(_SAMPLES)
            centers = center - 13.2 * np.array(_SAMPLES)
            longitudes = np.floor(center) + _COLUMNS
            view = View(days, centers, self.b0, longitudes, _LATITUDES)
            place = longitudes, _LATITUDES[:, np.newaxis]
            visible = [separations(*place, middle, self.b0) < 90 for middle in centers]
            views.append((view, np.stack(visible)))
        return views


def simulate_period(film, start, n_lists, *, seed, every=1, noise=None):
    """
    Simulate the noise and the regions of a period of lists.

    Parameters
    ----------
    film : `~sunpy_farside.simulation.magnetograms.Film`
    start : `~astropy.time.Time`
        Date of the first list.
    n_lists : `int`
        Number of lists.
    seed : `int` or sequence of `int`
    every : `int`, optional
        Steps of 12 hours between two lists.
    noise : `~sunpy_farside.simulation.measured_noise.MeasuredNoise`, optional
        The measured noise by default.

    Returns
    -------
    `ListedPeriod`
    """
    rng = np.random.default_rng(seed)
    noise = noise or MeasuredNoise()
    since = np.arange(n_lists) * every * _STEP
    times = start + since * u.day
    first = start - (_MAPS - 1) * _STEP * u.day
    n_maps = (n_lists - 1) * every + _MAPS
    days = (np.arange(n_maps + 1) - 0.5) * _STEP
    longitude = far_side_central_meridian(first + days * u.day).deg
    meridians = np.unwrap(longitude, period=360)
    b0 = -disk_center_latitude(times[n_lists // 2]).deg
    view = View(days, meridians, b0, np.arange(360.0), _LATITUDES)
    maps = noise.noise(rng, view) + noise.mean_phase(view)
    maps[view.hidden()] = np.nan
    centers = ((meridians[1:] + meridians[:-1]) / 2)[_MAPS // 2 :: every][:n_lists]
    means = np.empty((n_lists, WINDOW_ROWS, len(_COLUMNS)), np.float16)
    for number in range(n_lists):
        columns = (int(np.floor(centers[number])) + _COLUMNS) % 360
        part = maps[number * every : number * every + _MAPS][..., columns]
        known = np.isfinite(part).sum(axis=0)
        total = np.nan_to_num(part).sum(axis=0) / np.maximum(known, 1)
        means[number] = np.where(known >= _FEWEST_MAPS, total, np.nan)
    phase = float(sun.carrington_rotation_number(start))
    period = -7.0, since[-1] + 1
    regions = film.regions(rng, phase, period, scatter=1.0)
    regions = replace(regions, efficiency=np.log(regions.efficiency))
    return ListedPeriod(times, since, means, centers, b0, regions, rng.normal())


def name_regions(rows, day):
    """
    Keep the rows that JSOC would list: those of a region from its first strength of 400 on.

    Parameters
    ----------
    rows : `~astropy.table.Table`
        Rows of `ListedPeriod.rows`, in order of the lists.
    day : array
        Date of every row in days.

    Returns
    -------
    `~astropy.table.Table`
        With the columns ``track``, ``first`` (the row is the first of its region) and ``day``.
    """
    strength = np.asarray(rows["strength"])
    place = np.asarray(rows["longitude"]), np.asarray(rows["latitude"])
    track = link_regions(day, *place, strength, radius=12, memory=_MEMORY).track
    listed, first = np.zeros((2, len(rows)), bool)
    for number in range(track.max(initial=-1) + 1):
        members = np.flatnonzero(track == number)
        strong = np.flatnonzero(strength[members] >= _NAMED)
        if len(strong):
            listed[members[strong[0] :]] = True
            first[members[strong[0]]] = True
    rows = rows.copy()
    rows["track"], rows["first"], rows["day"] = track, first, day
    return rows[listed]


def measure_image(image, number, center, first):
    """
    Measure the regions of the SAR method in a five-day mean.

    Parameters
    ----------
    image : array, shape (144, columns)
        Mean phase in rad, NaN where there are no data.
    number : `int`
        Number of the list.
    center : `float`
        Far-side central meridian of the middle map in degrees.
    first : `int`
        First column, in degrees from the whole degree below the central meridian.

    Returns
    -------
    `list` of `tuple`
        Rows with the columns of `ListedPeriod.rows`.
    """
    below = image < PHASE.to_value(u.rad)
    labels, count = ndimage.label(below, np.ones((3, 3)))
    if not count:
        return []
    first = int(np.floor(center)) + first
    rows = []
    for label, box in enumerate(ndimage.find_objects(labels), 1):
        inside = labels[box] == label
        if inside.sum() < _FEWEST:
            continue
        down, across = np.nonzero(inside)
        latitude = _LATITUDES[box[0].start + down]
        longitude = first + box[1].start + across
        weight = -image[box][inside] * np.cos(np.deg2rad(latitude))
        total = weight.sum()
        middle = weight @ longitude / total
        rows.append(
            (
                number,
                middle % 360,
                weight @ latitude / total,
                total / DEG2_PER_UHEM,
                np.cos(np.deg2rad(latitude)).sum(),
                np.ptp(longitude) + 1,
                np.ptp(latitude) + 1,
                middle - center,
            )
        )
    return rows
