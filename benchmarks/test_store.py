"""
Measure the catalog's database: ``python -m pytest benchmarks/test_store.py -s``.

Targets: ten years, two dates a day, appended date by date, the last append taking no longer than
1.5 times the first, and an open in 0.2 s. An append is all that a run does in the database: the
regions of both methods, and the tracks.
"""

import time

import numpy as np
import pytest

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

from sunpy_farside.catalog import Catalog
from sunpy_farside.catalog.database import Database, Record
from sunpy_farside.catalog.region_stack import carrington_positions
from sunpy_farside.catalog.track_store import follow_regions
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.detection.former import no_regions

DATES = 7300
# Dates at the beginning and the end that are followed one by one, and how many of them are timed:
# the first dates have few tracks to go on with, and the first of the last comes after all others.
FOLLOWED, SAMPLE = 100, 60
RUN = {"model": "default", "weights": "0123456789abcdef", "width": 120}


def all_regions():
    """
    Return the dates, and one table of four to nine regions on each: some last, others do not.
    """
    rng = np.random.default_rng(1)
    dates = Time("2010-05-01") + np.arange(DATES) * 12 * u.hour
    meridians = far_side_central_meridian(dates).deg
    owner, places = [], []
    for number, meridian in enumerate(meridians):
        if number % 60 == 0:
            # Regions live a month.
            lasting = rng.uniform(0, 360, 30), rng.uniform(-40, 40, 30)
        near = np.flatnonzero(np.abs((lasting[0] - meridian + 180) % 360 - 180) < 60)[:6]
        longitude = np.append(lasting[0][near], rng.uniform(-60, 60, 3) + meridian)
        latitude = np.append(lasting[1][near], rng.uniform(-60, 60, 3))
        longitude += rng.normal(0, 1.5, len(longitude))
        owner += [number] * len(longitude)
        places += zip(longitude % 360, latitude, strict=True)
    return dates, np.array(owner), regions(dates[owner], *np.transpose(places))


def regions(dates, longitude, latitude):
    """
    Return a table of regions at given places.
    """
    like, number = no_regions(), len(longitude)
    table = QTable()
    for name in like.colnames:
        if name == "centroid":
            table[name] = carrington_positions(longitude, latitude, dates)
        elif name == "east_limb_arrival":
            table[name] = dates + 5 * u.day
        elif like[name].dtype.kind == "f":
            table[name] = np.full(number, 0.9) << (getattr(like[name], "unit", None) or u.one)
        else:
            table[name] = np.ones(number, dtype=like[name].dtype)
    return table


@pytest.fixture(scope="module")
def appended(tmp_path_factory):
    """
    Append ten years date by date; return the folder and the times taken.
    """
    folder = tmp_path_factory.mktemp("catalog")
    dates, owner, table = all_regions()
    bounds = np.searchsorted(owner, np.arange(DATES + 1))
    taken = []
    for number, date in enumerate(dates.isot.tolist()):
        part = table[bounds[number] : bounds[number + 1]]
        part["label"] = np.arange(1, len(part) + 1)
        files = {f"map {number + k}": f"{number + k:016x}" for k in range(11)}
        record = Record(RUN, f"{number:016x}", files)
        start = time.process_time()
        with Database.opened(folder, write=True) as database:
            results = {"network": ("default", part), "sar": ("seismic_strength", part)}
            database.append(date, record, results)
            # Those between are followed together, which gives the same tracks.
            for method in results if number < FOLLOWED or number >= DATES - FOLLOWED else ():
                follow_regions(database, method)
        taken.append(time.process_time() - start)
    return folder, np.array(taken)


def test_appends_take_constant_time(appended):
    _, taken = appended
    first, last = np.median(taken[FOLLOWED - SAMPLE : FOLLOWED]), np.median(taken[-SAMPLE:])
    print(
        f"\nappend: first {first * 1e3:.1f} ms, last {last * 1e3:.1f} ms, {last / first:.2f} times"
    )
    assert last < 1.5 * first


def test_open(appended):
    folder, _ = appended
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        catalog = Catalog(folder)
        taken.append(time.perf_counter() - start)
    start = time.perf_counter()
    table = catalog.detections()
    reading = time.perf_counter() - start
    size = (folder / "catalogue.db").stat().st_size / 1e6
    print(
        f"\nopen: {max(taken) * 1e3:.0f} ms; {len(table)} regions in {reading:.1f} s; {size:.0f} MB"
    )
    assert max(taken) < 0.2
