"""
Style of the package's axes, and of no others.
"""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from handmade import blobs, hmi_header

import astropy.units as u

from sunpy.map import Map

from sunpy_farside import overplot_regions, track_regions
from sunpy_farside.visualization import (
    animate_sequence,
    plot_sequence,
    plot_tracks,
    synchronic_view,
)

pytestmark = pytest.mark.usefixtures("close_figures")

DATE = "2022-05-05"
# Settings of a user that would turn images over, smooth them and draw lines across.
UNUSUAL = {
    "axes.grid": True,
    "font.size": 17,
    "image.interpolation": "bilinear",
    "image.origin": "upper",
}


@pytest.fixture(scope="module")
def found():
    return blobs(DATE, [(-30, 20, 7), (10, -25, 6), (40, 5, 5)])


@pytest.fixture(scope="module")
def tracks(found):
    dates = [(found.date + days * u.day).isot for days in (0, 0.5, 1)]
    return track_regions([blobs(date, [(-30, 20, 7)]) for date in dates], persistence=2)


@pytest.fixture(
    params=["detection", "detection in a figure", "disk", "sequence", "animation", "sun", "tracks"]
)
def draw(request, found, tracks, simulated):
    """
    Return a function that draws one of the package's plots.
    """
    sequence = simulated.sequence
    header = hmi_header(DATE, (100, 100)) | {"cdelt1": 20.0, "cdelt2": 20.0, "bunit": "G"}
    disk = Map(np.ones((100, 100)), header)

    def animate():
        animation = animate_sequence(sequence, detection=found)
        animation._draw_was_started = True

    def in_a_figure():
        plt.figure(figsize=(5, 5))
        found.plot()

    return {
        "detection": found.plot,
        "detection in a figure": in_a_figure,
        "disk": lambda: overplot_regions(found, disk),
        "sequence": lambda: plot_sequence(sequence, detection=found),
        "animation": animate,
        "sun": lambda: synchronic_view(disk, found),
        "tracks": lambda: plot_tracks(tracks),
    }[request.param]


def settings():
    # The first figure of a session chooses the backend.
    return {name: value for name, value in mpl.rcParams.items() if name != "backend"}


def test_settings_of_a_session_are_left_alone(draw):
    with plt.rc_context(UNUSUAL):
        before = settings()
        draw()
        assert settings() == before


def test_own_axes_are_not_in_the_user_s_style(draw):
    with plt.rc_context(UNUSUAL):
        draw()
        plt.gcf().canvas.draw()
    for axes in plt.gcf().axes:
        assert all(image.origin == "lower" for image in axes.images)
        assert all(image.get_interpolation() == "nearest" for image in axes.images)
        assert not any(line.get_visible() for line in axes.get_xgridlines())
        # The size of letters is the user's: no two sizes in one picture.
        assert axes.title.get_fontsize() in (17, pytest.approx(17 * 0.833))


def test_given_axes_stay_in_the_user_s_style(found):
    with plt.rc_context(UNUSUAL):
        axes = plt.figure().add_subplot(projection=found.image)
        before = settings()
        label = found.plot(axes).labels[0]
        assert settings() == before
    assert label.get_fontsize() == 17


def test_layouts_can_be_changed_afterwards(draw):
    draw()
    plt.tight_layout()
    plt.gcf().canvas.draw()
