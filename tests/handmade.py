"""
Detections and headers that depend on neither the weights nor the simulator.
"""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from sunpy.coordinates import HeliographicCarrington, Helioprojective, get_earth
from sunpy.map import Map, make_fitswcs_header

from sunpy_farside import FarsideDetection
from sunpy_farside.coordinates.window import carrington_header, window_header
from sunpy_farside.detection.measurement import measure_regions
from sunpy_farside.detection.segmentation import segment_image
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.detection.significance import rank_regions


def blobs(date, places, hole=None):
    """
    Detect round regions at given longitudes from the far-side central meridian.
    """
    row, column = np.indices((144, 120))
    probability = np.zeros((144, 120))
    for place in [*places, hole] if hole else places:
        offset, latitude, radius = place
        distance = np.hypot(column - 60 - offset, row - 72 - latitude)
        disk = 1 / (1 + np.exp((distance - radius) * 2))
        probability += -disk if place is hole else disk
    return detection_of(Map(probability.clip(0, 1), window_header(date)), "blobs", threshold=60)


def detection_of(image, model="test", *, threshold=100, level=0.01, n_pixels=5, deblend=False):
    """
    Detect regions in a map of probability.
    """
    settings = DetectionSettings(
        segmentation_threshold=level,
        n_pixels=n_pixels,
        deblend=deblend,
        significance_threshold=threshold,
    )
    segments = segment_image(image.data, settings)
    regions = measure_regions(segments, image.wcs, image.date, probability=image.data)
    regions, segments = rank_regions(regions, segments, settings, model=model)
    return FarsideDetection(image, segments, regions, None, settings, model)


def emptied(detection):
    """
    Return a detection without its regions.
    """
    return replace(
        detection, regions=detection.regions[:0], segments=np.zeros_like(detection.segments)
    )


def carrington(longitude, latitude, date="2022-05-05"):
    frame = HeliographicCarrington(obstime=date, observer="earth")
    return SkyCoord(longitude * u.deg, latitude * u.deg, frame=frame)


def axes_of(header, shape, figure=None):
    wcs = WCS(header)
    wcs.array_shape = shape
    axes = (figure or plt.figure()).add_subplot(projection=wcs)
    axes.set(xlim=(-0.5, shape[1] - 0.5), ylim=(-0.5, shape[0] - 0.5))
    return axes


def hmi_header(date, shape=(4096, 4096), center=(0, 0)):
    """
    Return a header as of HMI's full-disk magnetograms, which are upside down.
    """
    frame = Helioprojective(observer=get_earth(date), obstime=date, rsun=696e6 * u.m)
    middle = SkyCoord(*(center * u.arcsec), frame=frame)
    return make_fitswcs_header(
        shape, middle, scale=[0.5, 0.5] * u.arcsec / u.pix, rotation_angle=179.93 * u.deg
    )


def cea_header(date, shape=(1440, 3600)):
    """
    Return a header as of HMI's synoptic maps, with equal steps in sine latitude.
    """
    return carrington_header(date, shape, first_longitude=0, first_latitude=0) | {
        "ctype1": "CRLN-CEA",
        "ctype2": "CRLT-CEA",
        "cdelt1": 0.1,
        "cdelt2": 180 / np.pi * 2 / 1440,
        "crpix1": 1800.5,
        "crpix2": 720.5,
        "crval1": 180.0,
        "pv2_1": 1.0,
    }


def stonyhurst_header(date, shape=(180, 360)):
    header = carrington_header(date, shape, first_longitude=0, first_latitude=-90)
    return header | {"ctype1": "HGLN-CAR", "ctype2": "HGLT-CAR", "crval1": 0.0, "crpix2": 90.5}


def polar_header(date, size=200):
    """
    Return a header of a view from above the north pole, with equal steps in latitude.
    """
    return carrington_header(date, (size, size), first_longitude=0, first_latitude=-90) | {
        "ctype1": "CRLN-ARC",
        "ctype2": "CRLT-ARC",
        "crpix1": (size + 1) / 2,
        "crpix2": (size + 1) / 2,
        "crval1": 0.0,
        "crval2": 90.0,
        "naxis1": size,
        "naxis2": size,
    }
