"""
Figures, compared with accepted ones.

How to compare and how to accept a change: ``docs/contributing.rst``.
"""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from handmade import axes_of, blobs, cea_header, hmi_header, polar_header, stonyhurst_header

import astropy.units as u
from astropy.utils import iers

from sunpy.map import Map

from sunpy_farside import FarsideSequence, detect_seismic_strength, overplot_regions, track_regions
from sunpy_farside.visualization import plot_sequence, plot_tracks, synchronic_view
from sunpy_farside.visualization.artists import COLORS, label_axes

DATE, LATER = "2022-05-05", "2022-05-12"
# The far side's central meridian is at the 0/360 boundary.
SEAM_DATE = "2022-05-14T17:00"

same = pytest.mark.mpl_image_compare(style="default", savefig_kwargs={"dpi": 70})


@pytest.fixture(autouse=True)
def _offline():
    with iers.conf.set_temp("auto_download", False):
        yield
    plt.close("all")


@pytest.fixture
def found():
    """
    Detect strong and weak regions, one with a hole, one cut by the window's edge.
    """
    places = [(-30, 20, 10), (10, -25, 6), (40, 5, 5), (45, 45, 3), (-50, -60, 2), (58, -10, 4)]
    return blobs(DATE, places, hole=(-30, 20, 5))


@pytest.fixture
def sequence():
    """
    Return maps of a region that stays in place and of waves that do not, with a gap in one map.
    """
    row, column = np.indices((144, 120))
    latitude = row - 72
    frames = np.empty((11, 144, 120))
    for number, frame in enumerate(frames):
        drift = 13.2 / 2 * (number - 5)
        away = np.hypot(column - 45 - drift, latitude - 20)
        frame[:] = 0.05 * np.sin(column / 5 + number) * np.cos(row / 7 - number)
        frame -= 0.25 * np.exp(-((away / 7) ** 2))
    frames[3, :, :20] = np.nan
    return FarsideSequence.from_array(frames, SEAM_DATE)


def stripes(header, shape, unit="G"):
    """
    Return a map whose pattern shows its orientation.
    """
    row, column = np.indices(shape) / np.reshape(shape, (2, 1, 1))
    return Map(150 * np.sin(20 * row + 7 * column), header | {"bunit": unit})


def canvas(*size):
    return plt.figure(figsize=size, layout="constrained")


@same
def test_detection(found):
    figure = canvas(6.4, 6)
    found.plot()
    return figure


@same
def test_detection_by_the_sar_method(sequence):
    figure = canvas(6.4, 6)
    detect_seismic_strength(sequence).plot()
    return figure


@same
def test_strip(sequence):
    figure = canvas(10, 4.6)
    plot_sequence(sequence, detection=detect_seismic_strength(sequence), figure=figure)
    return figure


@same
def test_disk_a_week_later(found):
    figure = canvas(6, 6)
    header = hmi_header(LATER, (420, 420)) | {"cdelt1": 5.0, "cdelt2": 5.0}
    overplot_regions(found, stripes(header, (420, 420)), hidden=True)
    return figure


@same
def test_cutout(found):
    figure = canvas(6, 6)
    header = hmi_header(LATER, (300, 300), center=(-700, 300)) | {"cdelt1": 2.0, "cdelt2": 2.0}
    overplot_regions(found, stripes(header, (300, 300)))
    return figure


@same
def test_maps_of_the_whole_sun():
    """
    Draw regions at and near the edge of a synoptic map, which is the center of a Stonyhurst map.
    """
    on_seam = blobs(SEAM_DATE, [(0, 15, 8), (-50, -30, 5)])
    figure = canvas(9, 3)
    synoptic = cea_header(SEAM_DATE), (1440, 3600)
    stonyhurst = stonyhurst_header(SEAM_DATE), (180, 360)
    for part, picture in zip(figure.subfigures(1, 2), (synoptic, stonyhurst), strict=True):
        drawn = overplot_regions(on_seam, axes_of(*picture, part))
        label_axes(drawn.axes)
    return figure


@same
def test_pole(found):
    figure = canvas(6, 6)
    axes = axes_of(polar_header(DATE), (200, 200), figure)
    overplot_regions(found, axes)
    label_axes(axes)
    return figure


@same
def test_two_tables(found):
    figure = canvas(6.4, 6)
    drawn = found.plot()
    overplot_regions(found.regions[:3], drawn.axes, color=COLORS["second"])
    return figure


@same
def test_whole_sun(found):
    figure = canvas(10, 4.2)
    header = hmi_header(DATE, (210, 210)) | {"cdelt1": 10.0, "cdelt2": 10.0}
    synchronic_view(stripes(header, (210, 210)), found)
    return figure


@same
def test_tracks(found):
    detections = []
    for step in range(8):
        date = (found.date + step / 2 * u.day).isot
        offset = 13.2 * step / 2
        places = [(-35 + offset, 20, 8), (-10 + offset, -15, 8)]
        detections.append(blobs(date, places if step else places[:1]))
    figure = canvas(9, 5)
    plot_tracks(track_regions(detections, persistence=5))
    return figure
