"""
Plots of any table of regions, on any axes.
"""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from list_files import summary

from astropy.table import QTable

import sunpy.map

from sunpy_farside import detect_seismic_strength, find_sequences, overplot_regions, track_regions
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.io.noaa import read_noaa_summary
from sunpy_farside.visualization import animate_sequence, plot_sequence, synchronic_view
from sunpy_farside.visualization.labels import name_in_title
from sunpy_farside.visualization.placement import place

pytestmark = pytest.mark.usefixtures("close_figures")

SUMMARY = summary("2022-05-05", ["3004 S12W15   337"], due=["2993 N20    111"])


@pytest.fixture(scope="module")
def tracks(maps):
    return track_regions(detect_seismic_strength(find_sequences(maps))).tracks


def test_summary_on_a_map(simulated, tmp_path):
    path = tmp_path / "20220505SRS.txt"
    path.write_text(SUMMARY)
    drawn = overplot_regions(read_noaa_summary(path), simulated.sequence.maps[5])
    assert [label.get_text() for label in drawn.labels] == ["13004", "12993"]
    # Pixels of whole-degree maps are degrees.
    assert [line.get_xdata()[0] for line in drawn.markers] == pytest.approx([323, 111], abs=0.5)
    assert [line.get_ydata()[0] for line in drawn.markers] == pytest.approx([78, 110], abs=0.5)


def test_tracks_on_a_map(tracks, maps):
    drawn = overplot_regions(tracks, maps[7])
    names = [label.get_text() for label in drawn.labels]
    assert names == list(tracks["designation"])
    for line, position in zip(drawn.markers, tracks["latest_position"], strict=True):
        # The dates differ from row to row.
        x, y, _ = place(position, drawn.axes)
        assert line.get_xydata()[0] == pytest.approx((float(x), float(y)), abs=1e-6)
    strong = np.array([line.get_marker() == "+" for line in drawn.markers])
    assert (strong == tracks["persistent"]).all()


def test_table_without_names_or_without_positions(simulated, tracks):
    bare = QTable({"mean_position": tracks["mean_position"]})
    drawn = overplot_regions(bare, simulated.sequence.maps[5])
    assert len(drawn.markers) == len(bare)
    with pytest.raises(ValueError, match="column of positions, centroid or latest_position"):
        overplot_regions(tracks["designation", "persistent"], drawn.axes)


@pytest.mark.parametrize("draw", [plot_sequence, animate_sequence])
def test_nothing_is_drawn_over(draw, simulated):
    figure = plt.figure()
    panels = figure.subplots(2)
    # Animations warn when they are deleted without having been shown.
    drawn = [draw(simulated.sequence)]
    plt.gcf().canvas.draw()
    assert plt.gcf() is not figure
    assert figure.axes == list(panels)
    with pytest.raises(ValueError, match="figure without axes, found one with 2"):
        draw(simulated.sequence, figure=figure)
    figure.clear()
    drawn.append(draw(simulated.sequence, figure=figure))
    figure.canvas.draw()
    assert len(figure.axes) > 1


def test_pictures_of_detections_are_not_drawn_over_either(detection):
    first = detection.plot().axes.figure
    number = len(first.axes)
    second = detection.plot().axes.figure
    assert second is not first
    assert len(first.axes) == number


@pytest.mark.parametrize(("columns", "degrees"), [(121, 121), (360, 360), (361, 360)])
def test_near_side_is_drawn_as_far_as_it_goes(columns, degrees, detection):
    date = detection.date
    near = round(far_side_central_meridian(date).deg) + 180
    header = carrington_header(
        date, (181, columns), first_longitude=near - columns // 2, first_latitude=-90
    )
    near_map = sunpy.map.Map(np.ones((181, columns)), header)
    image, _ = synchronic_view(near_map, detection).images
    row = np.isfinite(image.get_array().filled(np.nan)[180])
    # Only the near side is shown, except its outermost five degrees, at two pixels per degree.
    assert row.sum() == pytest.approx(2 * min(degrees, 170), abs=1)


@pytest.mark.parametrize("name", ["$", "a$b$c", r"\$x_{", "100%_$\\alpha$", "long " * 30, "$" * 80])
def test_names_of_models_are_no_formulas(name, detection):
    named = replace(detection, model=name)
    title = named.plot().axes.get_title()
    assert name_in_title(name) in title
    plt.gcf().canvas.draw()
    plot_sequence(named.sequence, detection=named)
    plt.gcf().canvas.draw()
    shown = name_in_title(name).replace(r"\$", "$")
    assert len(shown) <= 40
    assert name.startswith(shown.rstrip("…"))


def test_names_of_regions_are_no_formulas(simulated, detection):
    table = detection.regions[:1]["label", "centroid"]
    table["label"] = ["$x^$"]
    drawn = overplot_regions(table, simulated.sequence.maps[5])
    assert drawn.labels[0].get_text() == "$x^$"
    plt.gcf().canvas.draw()
