"""
Measure the time and memory of tracking: ``python -m pytest benchmarks/test_tracking.py -s``.

Targets: five years of detections, two dates a day, in 10 s, and memory that grows no faster than
the number of dates.
"""

import tracemalloc
from functools import cache

import numpy as np
import pytest

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington

from sunpy_farside.catalog.region_stack import stack_regions
from sunpy_farside.catalog.tracking import track_regions
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import window_wcs
from sunpy_farside.detection.measurement import measure_regions
from sunpy_farside.detection.methods import SAR
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.detection.significance import rank_regions

DATES = 3650


@cache
def template(number):
    """
    Return the table of a detection with a given number of regions.
    """
    date = Time("2014-01-01")
    labels = np.zeros((144, 120), dtype=int)
    labels[70, :number] = np.arange(1, number + 1)
    measured = measure_regions(labels, window_wcs(date), date, phases=-np.ones((1, 144, 120)))
    settings = DetectionSettings(SAR, significance_threshold=20 * u.urad)
    return rank_regions(measured, labels, settings, model="seismic_strength")[0]


def table(date, longitude, latitude):
    result = template(len(longitude)).copy()
    result["centroid"] = SkyCoord(
        longitude % 360 * u.deg,
        latitude * u.deg,
        frame=HeliographicCarrington(obstime=date, observer="earth"),
    )
    result.meta["date"] = date.isot
    return result


@pytest.fixture(scope="module")
def five_years():
    """
    Return tables with four to nine regions on each date, most of which persist.
    """
    rng = np.random.default_rng(1)
    dates = Time("2014-01-01") + np.arange(DATES) * 12 * u.hour
    meridians = far_side_central_meridian(dates).deg
    places = rng.uniform(0, 360, 30), rng.uniform(-40, 40, 30)
    tables = []
    for date, meridian in zip(dates, meridians, strict=True):
        near = np.flatnonzero(np.abs((places[0] - meridian + 180) % 360 - 180) < 60)[:6]
        longitude = np.append(places[0][near], rng.uniform(-60, 60, 3) + meridian)
        latitude = np.append(places[1][near], rng.uniform(-60, 60, 3))
        scatter = rng.normal(0, 1.5, (2, len(longitude)))
        tables.append(table(date, longitude + scatter[0], latitude + scatter[1]))
    return tables


def test_five_years(benchmark, five_years):
    result = benchmark.pedantic(track_regions, (five_years,), rounds=3)
    print(result)
    assert len(result.members.meta["dates"]) == DATES


def test_memory_grows_with_the_number(five_years):
    peaks = []
    for number in (DATES // 4, DATES // 2, DATES):
        stack = stack_regions(five_years[:number])
        tracemalloc.start()
        track_regions(stack)
        peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
    print([f"{peak:.0f} MB" for peak in peaks])
    assert peaks[2] < 2.5 * peaks[1] < 6.25 * peaks[0]
