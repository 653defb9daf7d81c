"""
Days of a Sun made by hand, for bulletins.
"""

from functools import lru_cache

import numpy as np
from handmade import blobs

import astropy.units as u
from astropy.time import Time

from sunpy_farside import track_regions
from sunpy_farside.bulletin import Day, MapSource, Series
from sunpy_farside.cadence import CADENCE, MIDDLE
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.rotation import carrington_drift

START = Time("2022-05-05")
# Distance from the far-side central meridian within which a region is in the window, degrees.
INSIDE = 50


def detections_of(regions, steps):
    """
    Detections on steps of 12 hours of regions (longitude at the start, latitude, radius, steps).
    """
    return [_detection(tuple(regions), step) for step in steps]


def day_of(regions, steps, **options):
    """
    The bulletin's day on the date of the last map behind the last detection.
    """
    found = detections_of(regions, steps)
    last = found[-1].date
    return Day(
        last + MIDDLE * CADENCE,
        (Series("phase_map", track_regions(found), found[-1]),),
        sources=(
            MapSource("phase_map", tuple(last + np.arange(-MIDDLE, MIDDLE + 1) * 12 * u.hour)),
        ),
        **options,
    )


@lru_cache(maxsize=512)
def _detection(regions, step):
    date = START + step * CADENCE
    meridian = far_side_central_meridian(date).deg
    places = []
    for longitude, latitude, radius, alive in regions:
        moved = longitude + carrington_drift(latitude) * step / 2
        offset = (moved - meridian + 180) % 360 - 180
        if step in alive and abs(offset) < INSIDE:
            places.append((offset, latitude, radius))
    return blobs(date, places)


def properties(schema):
    """
    Names of all properties and whether they are required, by definition.
    """
    parts = {"": schema, **schema["$defs"]}
    return {
        name: (sorted(part.get("properties", {})), sorted(part.get("required", [])))
        for name, part in parts.items()
    }
