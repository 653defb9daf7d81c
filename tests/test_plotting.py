import warnings
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from handmade import (
    axes_of,
    blobs,
    cea_header,
    detection_of,
    emptied,
    hmi_header,
    polar_header,
    stonyhurst_header,
)
from matplotlib.figure import Figure

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable

from sunpy.coordinates import HeliographicCarrington, HeliographicStonyhurst, Helioprojective
from sunpy.map import Map, make_fitswcs_header

from sunpy_farside import overplot_regions, simulate_sequence, track_regions
from sunpy_farside.coordinates.far_side import far_side_central_meridian, far_side_distance
from sunpy_farside.coordinates.window import carrington_header, window_header
from sunpy_farside.visualization import (
    animate_sequence,
    plot_sequence,
    plot_tracks,
    synchronic_view,
)
from sunpy_farside.visualization.artists import COLORS, draw_limb
from sunpy_farside.visualization.detection_plot import region_names
from sunpy_farside.visualization.placement import place

pytestmark = pytest.mark.usefixtures("close_figures")

DATE, LATER = "2022-05-05", "2022-05-12"
# The far side's central meridian is at the 0/360 boundary.
SEAM_DATE = "2022-05-14T17:00"


@pytest.fixture(scope="module")
def found():
    return blobs(DATE, [(-30, 20, 7), (10, -25, 6), (40, 5, 5), (45, 45, 3), (-50, -60, 2)])


@pytest.fixture(scope="module")
def at_seam():
    return blobs(SEAM_DATE, [(0, 15, 8)])


def drawn_points(line):
    xy = np.stack(line.get_data(), axis=1)
    return xy[np.isfinite(xy).all(axis=1)]


def howard(longitude, latitude, days):
    """
    Return the Carrington longitude after differential rotation [Howard et al. 1990, table 2].
    """
    s2 = np.sin(np.deg2rad(latitude)) ** 2
    rate = np.rad2deg((2.894 - 0.428 * s2 - 0.370 * s2**2) * 1e-6 * 86400)
    return longitude + (rate - 14.1844) * days


def carrington_points(axes, line, date):
    """
    Return the positions of the vertices of a line on the Sun, by way of SkyCoord.
    """
    sky = axes.wcs.pixel_to_world(*drawn_points(line).T)
    points = sky.transform_to(HeliographicCarrington(obstime=date, observer="earth"))
    return points.lon.deg, points.lat.deg


def quarters(ring):
    """
    Return the vertices of an outline and three points between each two, as they are drawn.
    """
    return np.concatenate([ring[:-1] + np.diff(ring, axis=0) * part for part in np.arange(4) / 4])


def nearest(longitude, latitude, points):
    """
    Return the distance of points from the nearest of others.
    """
    away = (longitude[:, None] - points[:, 0] + 180) % 360 - 180
    return np.hypot(away, latitude[:, None] - points[:, 1]).min(axis=1)


@pytest.mark.parametrize(
    ("header", "shape"),
    [
        (carrington_header(DATE, (181, 361), first_longitude=0, first_latitude=-90), (181, 361)),
        (cea_header(DATE), (1440, 3600)),
        (stonyhurst_header(DATE), (180, 360)),
    ],
)
def test_vertices_stand_where_skycoord_puts_them(found, header, shape):
    axes = axes_of(header, shape)
    drawn = overplot_regions(found, axes)
    assert len(drawn.outlines) == len(found.regions) == 5
    for line, region in zip(drawn.outlines, found.outlines, strict=True):
        (ring,) = region
        longitude, latitude = carrington_points(axes, line, DATE)
        assert len(longitude) >= 4 * len(ring) - 3
        assert nearest(longitude, latitude, quarters(ring)).max() < 1e-3


def test_vertices_on_the_far_side_s_own_disk(found):
    behind = SkyCoord(
        180 * u.deg, 3.8 * u.deg, 1 * u.AU, frame=HeliographicStonyhurst(obstime=DATE)
    )
    frame = Helioprojective(observer=behind, obstime=DATE)
    middle = SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=frame)
    header = make_fitswcs_header((4096, 4096), middle, scale=[0.5, 0.5] * u.arcsec / u.pix)
    axes = axes_of(header, (4096, 4096))
    drawn = overplot_regions(found, axes)
    for line, region in zip(drawn.outlines, found.outlines, strict=True):
        longitude, latitude = carrington_points(axes, line, DATE)
        assert nearest(longitude, latitude, quarters(region[0])).max() < 1e-3


def test_centroids_stand_where_the_table_says(found):
    axes = axes_of(cea_header(DATE), (1440, 3600))
    drawn = overplot_regions(found, axes)
    longitude, latitude = np.concatenate(
        [carrington_points(axes, marker, DATE) for marker in drawn.markers], axis=1
    )
    assert np.allclose(longitude, found.regions["centroid"].lon.deg, atol=1e-3)
    assert np.allclose(latitude, found.regions["centroid"].lat.deg, atol=1e-3)


@pytest.mark.parametrize("days", [3.5, 7, 14])
def test_differential_rotation(found, days):
    later = found.date + days * u.day
    header = carrington_header(later, (181, 361), first_longitude=0, first_latitude=-90)
    axes = axes_of(header, (181, 361))
    drawn = overplot_regions(found, axes)
    for line, region in zip(drawn.outlines, found.outlines, strict=True):
        longitude, latitude = carrington_points(axes, line, later)
        points = quarters(region[0])
        points[:, 0] = howard(*points.T, days)
        assert nearest(longitude, latitude, points).max() < 0.001


@pytest.mark.parametrize(
    ("shape", "center"),
    [((4096, 4096), (0, 0)), ((1200, 1400), (100, 300))],
    ids=["disk", "cutout"],
)
def test_differential_rotation_on_the_disk(found, shape, center):
    later = found.date + 14 * u.day
    axes = axes_of(hmi_header(later, shape, center), shape)
    drawn = overplot_regions(found, axes)
    compared = 0
    for line, (ring,) in zip(drawn.outlines, found.outlines, strict=True):
        longitude, latitude = carrington_points(axes, line, later)
        points = quarters(ring)
        points[:, 0] = howard(*points.T, 14)
        if len(longitude):
            assert nearest(longitude, latitude, points).max() < 0.001
            compared += len(longitude)
    assert compared > 300


def test_a_date_other_than_the_picture_s(found):
    """
    Move regions on a synoptic map to a given date as to the date of another map.
    """
    header, later = cea_header(DATE), cea_header(LATER)
    moved = overplot_regions(found, axes_of(header, (1440, 3600)), date=LATER)
    there = overplot_regions(found, axes_of(later, (1440, 3600)))
    for one, other in zip(moved.outlines, there.outlines, strict=True):
        assert np.allclose(drawn_points(one), drawn_points(other), atol=0.02)
    stonyhurst = axes_of(stonyhurst_header(DATE), (180, 360))
    moved = overplot_regions(found, stonyhurst, date=LATER)
    there = overplot_regions(found, axes_of(stonyhurst_header(LATER), (180, 360)))
    for one, other in zip(moved.markers, there.markers, strict=True):
        assert np.allclose(drawn_points(one), drawn_points(other), atol=0.01)


def test_nothing_behind_the_limb(found):
    same = overplot_regions(found, axes_of(hmi_header(DATE), (4096, 4096)))
    assert all(len(drawn_points(line)) == 0 for line in same.outlines + same.markers)
    assert not any(label.get_visible() for label in same.labels)

    later = "2022-05-08T10:00"
    axes = axes_of(hmi_header(later), (4096, 4096))
    drawn = overplot_regions(found, axes)
    counts = [len(drawn_points(line)) for line in drawn.outlines]
    whole = [4 * len(ring) - 3 for (ring,) in found.outlines]
    assert any(0 < count < full for count, full in zip(counts, whole, strict=True)), "cut by a limb"
    for line in drawn.outlines + drawn.markers:
        if not len(drawn_points(line)):
            continue
        longitude, latitude = carrington_points(axes, line, later)
        frame = HeliographicCarrington(obstime=later, observer="earth")
        points = SkyCoord(longitude * u.deg, latitude * u.deg, frame=frame)
        assert far_side_distance(points).deg.min() > 89.9


def test_what_is_behind_the_limb_is_dotted_when_asked_for(found):
    drawn = overplot_regions(found, axes_of(hmi_header(DATE), (4096, 4096)), hidden=True)
    assert all(len(drawn_points(line)) == 0 for line in drawn.outlines)
    assert [line.get_linestyle() for line in drawn.lines] == [":"] * 5
    assert all(len(drawn_points(line)) > 10 for line in drawn.lines)


def test_on_a_cutout(found):
    header = hmi_header(LATER, (600, 700), center=(-700, 200))
    header["bunit"] = "G"
    cutout = Map(np.zeros((600, 700)), header)
    drawn = overplot_regions(found, cutout)
    assert len(drawn.images) == 1
    limits = drawn.axes.get_xlim(), drawn.axes.get_ylim()
    drawn.axes.figure.canvas.draw()
    assert (
        limits == (drawn.axes.get_xlim(), drawn.axes.get_ylim()) == ((-0.5, 699.5), (-0.5, 599.5))
    )
    assert any(len(drawn_points(line)) for line in drawn.outlines)


@pytest.mark.parametrize("kind", ["window", "map", "cea", "stonyhurst", "disk"])
def test_a_region_on_the_seam_is_one_piece(at_seam, kind):
    headers = {
        "window": (window_header(SEAM_DATE), (144, 120)),
        "map": (
            carrington_header(SEAM_DATE, (181, 361), first_longitude=0, first_latitude=-90),
            (181, 361),
        ),
        "cea": (cea_header(SEAM_DATE), (1440, 3600)),
        # Its edge is the far-side central meridian.
        "stonyhurst": (stonyhurst_header(SEAM_DATE), (180, 360)),
        "disk": (hmi_header("2022-05-28T17:00"), (4096, 4096)),
    }
    header, shape = headers[kind]
    (line,) = overplot_regions(at_seam, axes_of(header, shape)).outlines
    xy = np.stack(line.get_data(), axis=1)
    pieces = [piece for piece in np.split(xy, np.flatnonzero(np.isnan(xy[:, 0])))]
    pieces = [piece[np.isfinite(piece[:, 0])] for piece in pieces]
    # At the edges of a map of the whole Sun there is one at either side, each of them whole.
    assert len(pieces) == (2 if kind in ("map", "cea", "stonyhurst") else 1)
    ((ring,),) = at_seam.outlines
    for piece in pieces:
        assert len(piece) == 4 * len(ring) - 3
        assert np.allclose(piece[0], piece[-1])
        assert np.hypot(*np.diff(piece, axis=0).T).max() < shape[1] / 50
    if kind == "stonyhurst":
        assert abs(pieces[0].mean(axis=0) - pieces[1].mean(axis=0))[0] == pytest.approx(360, 0.01)


def test_outlines_hold_what_the_table_counts(found):
    labels = found.segments
    for row, (ring,) in zip(found.regions, found.outlines, strict=True):
        x, y = ring[:, 0], ring[:, 1]
        area = abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
        column, line = found.image.wcs.world_to_pixel(row["centroid"])
        pixels = (labels == labels[round(float(line)), round(float(column))]).sum()
        assert area == pytest.approx(pixels, rel=0.1)


def test_outlines_of_holes_edges_and_specks():
    probability = np.zeros((144, 120))
    probability[60:80, 0:20] = 1
    probability[66:74, 6:14] = 0
    probability[20, 60] = 1e-1
    header = window_header(DATE)
    detection = detection_of(Map(probability, header), n_pixels=12)
    (region,) = detection.outlines
    assert len(region) == 2
    assert all(np.allclose(ring[0], ring[-1]) for ring in region)
    none = emptied(detection)
    assert none.outlines == []
    assert len(none.plot().outlines) == 0


def test_parted_regions_have_outlines_of_their_own():
    row, column = np.mgrid[:144, :120]
    pair = sum(np.exp(-((column - c) ** 2 + (row - 80) ** 2) / 30) for c in (50, 66))
    probability = Map(pair, window_header(DATE))
    (west,), (east,) = detection_of(probability, deblend=True).outlines
    first = probability.wcs.pixel_to_world(0, 0).lon.deg
    columns = [ring[:, 0] - first for ring in (west, east)]
    (_, inner), (outer, _) = sorted((line.min(), line.max()) for line in columns)
    # They meet at the saddle, each as far as the first pixel of the other.
    assert 57 <= outer < 58 < inner <= 59


def test_only_regions_worth_a_number_have_one(found):
    assert region_names(found) == ["1", "2", "3", "4", "5"]
    settings = found.settings.replace(significance_threshold=3000 * u.deg**2)
    assert region_names(replace(found, settings=settings))[-1] == ""


def test_plot_of_a_detection(found):
    drawn = found.plot()
    assert len(drawn.outlines) == len(drawn.markers) == len(drawn.labels) == 5
    strong = found.regions["significant"]
    solid = [line.get_linestyle() == "-" for line in drawn.outlines]
    assert solid == list(strong)
    assert 0 < strong.sum() < 5
    title = drawn.axes.get_title()
    assert "2022-05-05 00:00 UT" in title
    assert "$P_i$ ≥ 60 deg²" in title
    assert drawn.axes.get_xlabel() == "Carrington longitude [deg]"


def test_labels_are_neither_cut_nor_on_top_of_each_other():
    places = [
        (x, y, 1.5) for x in (-57, -47, -37, 37, 47, 57) for y in (-67, -57, -20, -10, 57, 67)
    ]
    crowd = blobs(DATE, places)
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.add_subplot(projection=crowd.image)
    drawn = crowd.plot(axes)
    figure.draw_without_rendering()
    room = axes.get_window_extent()
    boxes = [label.get_window_extent() for label in drawn.labels if label.get_visible()]
    assert len(boxes) > 10
    for number, box in enumerate(boxes):
        assert box.count_overlaps(boxes[number + 1 :]) == 0
        assert room.x0 <= box.x0
        assert box.x1 <= room.x1
        assert room.y0 <= box.y0
        assert box.y1 <= room.y1


def test_labels_of_two_tables_keep_apart(found):
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.add_subplot(projection=found.image)
    both = [found.plot(axes), overplot_regions(found.regions, axes)]
    figure.draw_without_rendering()
    labels = [label for drawn in both for label in drawn.labels if label.get_visible()]
    boxes = [label.get_window_extent() for label in labels]
    assert len(boxes) > 7
    for number, box in enumerate(boxes):
        assert box.count_overlaps(boxes[number + 1 :]) == 0


def test_the_rim_is_ninety_degrees_away(found):
    header = carrington_header(DATE, (181, 361), first_longitude=0, first_latitude=-90)
    axes = axes_of(header, (181, 361))
    line = draw_limb(axes, DATE)
    # Pixels continue to the left and right of the map, for maps with other edges.
    x, y = line.get_data()
    inside = (x > -0.5) & (x < 360.5)
    line.set_data(x[inside], y[inside])
    longitude, latitude = carrington_points(axes, line, DATE)
    frame = HeliographicCarrington(obstime=DATE, observer="earth")
    known = np.isfinite(longitude)
    assert known.sum() > 1000
    points = SkyCoord(longitude[known] * u.deg, latitude[known] * u.deg, frame=frame)
    assert np.allclose(far_side_distance(points).deg, 90, atol=1e-3)


def test_tables_of_regions(found):
    table = QTable()
    table["designation"] = ["FS-2022-001", "FS-2022-002"]
    table["centroid"] = SkyCoord(
        [100, 130] * u.deg,
        [10, -10] * u.deg,
        frame=HeliographicCarrington(obstime=[DATE, LATER], observer="earth"),
    )
    header = carrington_header(LATER, (181, 361), first_longitude=0, first_latitude=-90)
    drawn = overplot_regions(table, axes_of(header, (181, 361)))
    assert [label.get_text() for label in drawn.labels] == list(table["designation"])
    assert [len(drawn_points(line)) for line in drawn.outlines] == [0, 0]
    x = [float(drawn_points(marker)[0, 0]) for marker in drawn.markers]
    assert x == pytest.approx([howard(100, 10, 7), 130], abs=0.02)
    assert len(overplot_regions(found.regions, drawn.axes).markers) == 5
    # The labels of two tables on the same axes differ.
    both = [overplot_regions(table, drawn.axes, color=color) for color in COLORS.values()]
    assert [item.labels[0].get_color() for item in both] == list(COLORS.values())


def test_what_cannot_be_drawn_on(found):
    with pytest.raises(ValueError, match="projection="):
        overplot_regions(found, plt.figure().add_subplot())
    with pytest.raises(TypeError, match="FarsideDetection"):
        overplot_regions("regions", axes_of(hmi_header(DATE), (4096, 4096)))
    undated = cea_header(DATE)
    for key in ("date-obs", "mjd-obs"):
        del undated[key]
    axes = axes_of(undated, (1440, 3600))
    with pytest.raises(ValueError, match="date="):
        overplot_regions(found, axes)
    dated = overplot_regions(found, axes_of(cea_header(DATE), (1440, 3600)))
    given = overplot_regions(found, axes, date=DATE)
    assert np.allclose(
        drawn_points(given.markers[0]), drawn_points(dated.markers[0]), rtol=0, atol=0.1
    )


def test_place_in_a_map_of_the_pole(found):
    header = polar_header(DATE)
    axes = axes_of(header, (200, 200))
    x, y, visible = place(found.regions["centroid"], axes)
    assert visible.all()
    assert np.allclose(np.hypot(x - 99.5, y - 99.5), 90 - found.regions["centroid"].lat.deg)


def test_outlines_lie_on_the_reprojected_map_of_the_pole(found):
    """
    Compare the outlines with the reprojected probability.
    """
    header = polar_header(DATE)
    view = found.image.reproject_to(header)
    drawn = overplot_regions(found, view)
    for marker, row in zip(drawn.markers, found.regions, strict=True):
        (x, y) = drawn_points(marker)[0]
        if row["centroid"].lat > 0:
            assert view.data[round(y), round(x)] > 0.9


@pytest.fixture(scope="module")
def seam_sequence():
    return simulate_sequence(SEAM_DATE, seed=5).sequence


def test_strip(seam_sequence, at_seam):
    drawn = plot_sequence(seam_sequence, detection=at_seam)
    assert len(drawn.axes) == len(drawn.images) == 11
    titles = [axes.get_title() for axes in drawn.axes]
    assert titles[5] == "05-14 17:00"
    for axes, time in zip(drawn.axes, seam_sequence.times, strict=True):
        left, right = axes.get_xlim()
        meridian = far_side_central_meridian(time).deg
        assert ((left + right) / 2 - meridian + 180) % 360 - 180 == pytest.approx(0, abs=1.6)
    for line in drawn.outlines:
        assert np.abs(np.diff(line.get_xdata())).max() < 2
    assert len(drawn.outlines) == 11
    middle = drawn.axes[5]
    (line,) = middle.lines
    assert abs(line.get_xdata().mean() - sum(middle.get_xlim()) / 2) < 3
    assert np.array_equal(drawn.images[5].get_array(), seam_sequence.data[5])


def test_longitudes_of_the_strip_can_be_read(seam_sequence):
    """
    Check that the labels of the windows are their own longitudes and do not touch.
    """
    figure = Figure(figsize=(10, 4.6), layout="constrained")
    drawn = plot_sequence(seam_sequence, figure=figure)
    figure.draw_without_rendering()
    boxes = []
    for axes in drawn.axes:
        left, right = axes.get_xlim()
        marks = [mark for mark in axes.get_xticks() if left < mark < right]
        labels = [text for text in axes.get_xticklabels() if text.get_text()]
        assert len(labels) == len(marks) >= 1
        assert [f"{mark % 360:.0f}" for mark in marks] == [text.get_text() for text in labels]
        boxes += [text.get_window_extent() for text in labels]
    assert not any(box.count_overlaps(boxes[k + 1 :]) for k, box in enumerate(boxes))


def test_animation(seam_sequence, at_seam):
    animation = animate_sequence(seam_sequence, detection=at_seam)
    image, title = animation._func(10)
    assert np.array_equal(image.get_array(), seam_sequence.comoving_data[10], equal_nan=True)
    assert seam_sequence.times[10].isot[:10] in title.get_text()
    animation._draw_was_started = True


def test_synchronic_view_of_a_disk(found):
    header = hmi_header(DATE, (410, 410))
    header |= {"cdelt1": 5.0, "cdelt2": 5.0, "bunit": "G"}
    disk = Map(np.ones((410, 410)), header)
    drawn = synchronic_view(disk, found)
    near, far = drawn.images
    field = np.asarray(near.get_array().filled(np.nan))
    assert field.shape == (360, 720)
    # The left half is the far side, which the disk does not show.
    assert np.isfinite(field[80:280, 400:680]).all()
    assert np.isnan(field[80:280, 20:340]).all()
    assert far.get_array().shape == (144, 120)
    x, y = drawn.axes.wcs.world_to_pixel(found.image.pixel_to_world(0 * u.pix, 0 * u.pix))
    left, _, bottom, _ = far.get_extent()
    assert (x - 1, y - 1) == pytest.approx((left, bottom), abs=1e-2)
    labels = [text.get_text() for text in drawn.axes.texts]
    assert "east limb" in labels
    assert near.get_clim() == (-200, 200)
    # Maps come in other units too.
    header["bunit"] = "mT"
    near, _ = synchronic_view(Map(np.ones((410, 410)), header), found, field=50 * u.G).images
    assert near.get_clim() == pytest.approx((-5, 5))


def test_synchronic_view_of_synoptic_maps(found):
    """
    Keep the longitudes of heliographic maps, without a gap at the 0/360 boundary.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        header = cea_header("2022-05-01", (180, 360)) | {
            "cdelt1": 1.0,
            "cdelt2": 180 / np.pi * 2 / 180,
            "crpix1": 180.5,
            "crpix2": 90.5,
        }
        longitude = np.broadcast_to(np.arange(0.5, 360), (180, 360))
        drawn = synchronic_view(Map(longitude.copy(), header), found)
    axes = drawn.axes
    field = np.asarray(drawn.images[0].get_array().filled(np.nan))
    assert np.isfinite(field[80:280, 400:680]).all()
    row, column = np.indices(field.shape)
    expected, _ = axes.wcs.wcs_pix2world(column, row, 0)
    away = field - expected % 360
    known = np.isfinite(field) & (expected % 360 > 1) & (expected % 360 < 359)
    assert np.abs(away[known]).max() < 0.01


def test_tracks_across_the_seam(at_seam):
    """
    Plot a region of seven dates while the far-side central meridian passes the 0/360 boundary.
    """
    detections = []
    for hours in range(-36, 37, 12):
        date = (at_seam.date + hours * u.hour).isot
        offset = 13.2 * hours / 24
        detections.append(blobs(date, [(round(offset), 15, 8)]))
    tracks = track_regions(detections, persistence=6)
    assert list(tracks.tracks["persistent"]) == [True]
    drawn = plot_tracks(tracks)
    (line,) = drawn.outlines
    assert np.abs(np.diff(line.get_ydata())).max() < 2
    east, west = drawn.lines
    assert np.all(np.diff(east.get_ydata()) < 0)
    assert np.allclose(east.get_ydata() - west.get_ydata(), 180)
    # It meets the limb when it arrives: B0 tilts the limb by a degree or so at latitude 15.
    (arrival,) = drawn.markers
    (x,), (y,) = arrival.get_data()
    assert y == pytest.approx(np.interp(x, east.get_xdata(), east.get_ydata()), abs=2)
    (label,) = drawn.labels
    assert label.get_text().startswith(tracks.tracks["designation"][0])
    # The name is on the near side of the limb, where no other track is.
    drawn.axes.figure.draw_without_rendering()
    box = label.get_window_extent().transformed(drawn.axes.transData.inverted())
    assert box.y0 > np.interp(box.x0, east.get_xdata(), east.get_ydata())


def test_no_tracks_are_no_picture(at_seam):
    none = emptied(at_seam)
    with pytest.raises(ValueError, match="none"):
        plot_tracks(track_regions([none]))
