import itertools
import subprocess

import matplotlib.pyplot as plt
import numpy as np
import pytest
from bulletins import START, detections_of
from handmade import blobs, emptied
from matplotlib.animation import FFMpegWriter
from PIL import Image

import astropy.units as u
from astropy.coordinates import SkyCoord

from sunpy.coordinates import HeliographicStonyhurst, get_earth

from sunpy_farside import detect_seismic_strength
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.errors import FarsideError
from sunpy_farside.visualization import animate_detections, globe_view, write_animation

pytestmark = pytest.mark.usefixtures("close_figures")

DATE = "2022-05-05"
# The 0/360 boundary passes under the window on the steps from here on.
SEAM = range(-3, 4)


@pytest.fixture(scope="module")
def days():
    meridian = far_side_central_meridian(START).deg
    return detections_of([(meridian, 10, 7, range(-100, 3)), (meridian - 5, -30, 2, SEAM)], SEAM)


def animated(detections, **options):
    """
    Animate detections without matplotlib's warning about animations that are not drawn.
    """
    animation = animate_detections(detections, **options)
    animation._draw_was_started = True
    return animation


def outlines_of(animation, number):
    image, title, *lines = animation._func(number)
    return image, title.get_text(), lines


def test_regions_stay_at_their_longitude_while_the_window_passes(days):
    animation = animated(reversed(days))
    axes = plt.gca()
    limits = axes.get_xlim()
    edges = []
    for number, detection in enumerate(days):
        image, title, lines = outlines_of(animation, number)
        assert detection.date.isot[:16].replace("T", " ") in title
        assert len(lines) == len(detection.regions)
        centroids = detection.regions["centroid"]
        middles = [np.mean(line.get_xydata()[:-1], axis=0) for line in lines]
        for middle, centroid in zip(middles, centroids, strict=True):
            assert abs((middle[0] - centroid.lon.deg + 180) % 360 - 180) < 1
            assert abs(middle[1] - centroid.lat.deg) < 1
            assert limits[0] < middle[0] < limits[1]
        assert axes.get_xlim() == limits
        np.testing.assert_array_equal(image.get_array(), detection.image.data)
        left, right, *_ = image.get_extent()
        assert right - left == 120
        edges.append(left)
    # Six degrees and a half to the left every 12 hours, in whole degrees.
    assert set(np.diff(edges)) <= {-6, -7}
    styles = {line.get_linestyle() for line in lines}
    assert styles == {"--"}


def test_an_animation_across_the_boundary_is_continuous():
    meridian = far_side_central_meridian(START).deg
    # 0 is in the middle of the window 9.7 days later.
    steps = range(int(2 * meridian / 13.2) - 4, int(2 * meridian / 13.2) + 5)
    days = detections_of([(2, 10, 7, range(100))], steps)
    animation = animated(days)
    middles, edges = [], []
    for number in range(len(days)):
        image, _, lines = outlines_of(animation, number)
        edges.append(image.get_extent()[0])
        middles += [np.mean(line.get_xydata()[:-1, 0]) for line in lines]
    assert np.ptp(middles) < 3
    assert set(np.diff(edges)) <= {-6, -7}
    labels = [f"{value % 360:.0f}" for value in plt.gca().get_xticks()]
    assert "0" in labels


def test_quiet_dates_have_no_outlines(days):
    animation = animated([emptied(days[0]), days[1]])
    assert not outlines_of(animation, 0)[2]
    assert outlines_of(animation, 1)[2]
    # Nothing stays of the frame before.
    assert not outlines_of(animation, 0)[2]
    assert not plt.gca().lines


def test_methods_are_not_mixed(days, simulated):
    sar = detect_seismic_strength(simulated.sequence)
    with pytest.raises(ValueError, match="found network and sar"):
        animate_detections([days[0], sar])
    with pytest.raises(ValueError, match="found none"):
        animate_detections([])


def test_gif_has_a_frame_for_every_date(days, tmp_path):
    figure = plt.figure(figsize=(4, 3))
    write_animation(animated(days, figure=figure, interval=200), tmp_path / "days.gif")
    with Image.open(tmp_path / "days.gif") as picture:
        assert picture.n_frames == len(days)
        assert picture.size == (400, 300)
        assert picture.info["duration"] == 200
        frames = []
        for number in range(picture.n_frames):
            picture.seek(number)
            frames.append(np.asarray(picture.convert("L"), dtype=float))
    assert all(np.abs(a - b).max() > 50 for a, b in itertools.pairwise(frames))
    assert [path.name for path in tmp_path.iterdir()] == ["days.gif"]


@pytest.mark.skipif(not FFMpegWriter.isAvailable(), reason="ffmpeg is not installed")
def test_mp4_has_a_frame_for_every_date(days, tmp_path):
    figure = plt.figure(figsize=(4, 3))
    path = tmp_path / "days.mp4"
    write_animation(animated(days, figure=figure), path)
    probe = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames"]
    run = subprocess.run([*probe, "-of", "csv=p=0", path], capture_output=True, text=True)
    assert int(run.stdout.strip().strip(",")) == len(days)


def test_files_that_cannot_be_written_are_refused(days, tmp_path, monkeypatch):
    animation = animated(days[:1])
    with pytest.raises(FarsideError, match=r"ends in \.gif or \.mp4"):
        write_animation(animation, tmp_path / "days.avi")
    monkeypatch.setattr(FFMpegWriter, "isAvailable", classmethod(lambda _: False))
    with pytest.raises(FarsideError, match=r"Install it, or write a \.gif"):
        write_animation(animation, tmp_path / "days.mp4")
    assert not list(tmp_path.iterdir())


def test_a_failed_animation_leaves_the_earlier_file(days, tmp_path):
    path = tmp_path / "days.gif"
    path.write_bytes(b"earlier")
    animation = animated(days)
    animation._func = lambda number: 1 / (3 - number)
    with pytest.raises((ZeroDivisionError, TypeError, RuntimeError)):
        write_animation(animation, path)
    assert path.read_bytes() == b"earlier"
    assert [item.name for item in tmp_path.iterdir()] == ["days.gif"]


def test_globe_shows_the_far_side_from_behind():
    """
    The middle of the far side is the middle of the picture, the east limb of the Earth at right.
    """
    detection = blobs(DATE, [(0, 0, 8), (35, 5, 6)])
    drawn = globe_view(detection)
    (image,) = drawn.images
    view = np.asarray(image.get_array().filled(np.nan))
    rows, columns = view.shape
    marks = sorted((marker.get_xdata()[0], marker.get_ydata()[0]) for marker in drawn.markers)
    (x, y), (right, _) = marks
    # The axis of the Sun is tilted by less than four degrees in May.
    assert np.hypot(x - columns / 2, y - rows / 2) < 0.08 * columns
    assert right - x == pytest.approx(np.sin(np.deg2rad(35)) * 235, abs=12)
    assert view[round(y), round(x)] > 0.9
    assert np.isnan(view[2, 2])


def test_globe_from_the_earth_hides_the_far_side():
    detection = blobs(DATE, [(0, 0, 8)])
    drawn = globe_view(detection, observer=get_earth(DATE))
    assert np.isnan(drawn.markers[0].get_xdata()).all()
    assert np.isnan(drawn.images[0].get_array().filled(np.nan)).all()


def test_globe_fills_the_picture_from_any_distance():
    detection = blobs(DATE, [(-60 + 10, 0, 5), (10, 0, 5)])
    extents = []
    for distance in (0.3, 1.0):
        observer = SkyCoord(
            -150 * u.deg, 0 * u.deg, distance * u.au, frame=HeliographicStonyhurst(obstime=DATE)
        )
        drawn = globe_view(detection, observer=observer)
        view = np.asarray(drawn.images[0].get_array().filled(np.nan))
        extents.append(np.ptp(np.flatnonzero(np.isfinite(view).any(axis=0))))
    assert extents[0] == pytest.approx(extents[1], abs=12)
    assert extents[0] > 300


def test_globe_needs_an_empty_figure():
    figure = plt.figure()
    figure.subplots()
    with pytest.raises(ValueError, match="without axes"):
        globe_view(blobs(DATE, [(0, 0, 8)]), figure=figure)
