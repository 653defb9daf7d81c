from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington
from sunpy.map import Map
from sunpy.map.header_helper import make_heliographic_header

from sunpy_farside import FarsideSequence, detect_farside, detect_seismic_strength, find_regions
from sunpy_farside.coordinates.window import carrington_header, window_header, window_wcs
from sunpy_farside.detection import (
    COLUMNS,
    mean_phase,
    measure_regions,
    segment_image,
    segmentation,
)
from sunpy_farside.detection.methods import METHODS, NETWORK, SAR
from sunpy_farside.detection.phase_statistics import noise_level
from sunpy_farside.detection.segmentation import segment
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.errors import FarsideError

DATE = Time("2022-05-05")


def probability(*boxes, width=120, date=DATE):
    """
    Return a map with boxes (rows, columns, value) of probability.
    """
    data = np.zeros((144, width), np.float32)
    for rows, columns, value in boxes:
        data[rows, columns] = value
    return Map(data, window_header(date, width))


def segments_of(data, n_pixels=5):
    return segment_image(data, DetectionSettings(n_pixels=n_pixels))


def box(row, column, height=10, width=10, value=1.0):
    return slice(row, row + height), slice(column, column + width), value


def test_published_maps(real_data):
    with h5py.File(real_data / "published/probability_maps.h5") as file:
        cases = file["magnetogram"][...]
    tables = [find_regions(Map(case, window_header(DATE))) for case in cases]
    assert len(tables) == 20
    assert len(tables[2]) == 1
    # Section 4.1 of the paper's notebook: P_i = 31.973699834.
    strength = tables[2]["integrated_probability"][0]
    assert strength.to_value(u.deg**2) == pytest.approx(31.974, abs=0.001)
    for table in tables:
        assert not table["significant"].any()
        assert (table["integrated_probability"] < 100 * u.deg**2).all()


@pytest.mark.parametrize(("kind", "sign"), [(NETWORK, 1), (SAR, -1)])
def test_a_record_is_enough_for_another_method(monkeypatch, kind, sign):
    wide = replace(kind, name="wide", strength="area", unit=u.deg**2, threshold=60 * u.deg**2)
    monkeypatch.setitem(METHODS, "wide", wide)
    level = sign * 0.5 * kind.image_unit
    settings = DetectionSettings(wide, level, significance_threshold=wide.threshold)
    image = probability(box(80, 50, value=sign), box(80, 90, 5, 5, value=sign))
    image.meta.update(settings.to_header())
    assert DetectionSettings.from_header(image.meta) == settings
    table = find_regions(image)
    assert table.meta["strength"] == "area"
    assert table["significant"].tolist() == [True, False]
    assert table["area"][0] > 60 * u.deg**2 > table["area"][1]


def test_all_the_columns_are_there():
    table = find_regions(probability(box(80, 50)))
    assert table.colnames == list(COLUMNS)
    units = {name: table[name].unit for name in ("area", "mean_phase", "seismic_strength")}
    assert units == {"area": u.deg**2, "mean_phase": u.rad, "seismic_strength": u.urad}
    assert all(table[name].info.description for name in COLUMNS)
    assert table.meta["threshold"] == "100.0 deg2"
    assert table.meta["date"] == "2022-05-05T00:00:00.000"


def test_a_box_is_measured_exactly():
    table = find_regions(probability(box(80, 50, 12, 10, 0.9)), threshold=100)
    row = table[0]
    # Column 60 is longitude 128, row 72 is latitude 0.
    assert row["centroid"].lon.deg == pytest.approx(128 - 10 + 4.5)
    assert row["centroid"].lat.deg == pytest.approx(8 + 5.5)
    assert row["integrated_probability"].value == pytest.approx(108, rel=1e-6)
    assert row["peak_probability"] == pytest.approx(0.9)
    # Smoothing adds one pixel on each side: the threshold is 1 per cent of the value.
    latitude = np.deg2rad(np.arange(7, 21))
    assert row["area"].value == pytest.approx(12 * np.cos(latitude).sum())
    assert row["area_uhem"] == pytest.approx(row["area"].value / 0.020626481, rel=1e-5)
    assert row["longitude_extent"] == 12 * u.deg
    assert row["latitude_extent"] == 14 * u.deg
    assert row["significant"]
    assert np.isnan(row["mean_phase"])


def test_centroids_are_carrington_seen_from_earth_on_the_date():
    centroid = find_regions(probability(box(80, 50)))["centroid"]
    assert isinstance(centroid.frame, HeliographicCarrington)
    assert centroid.obstime == DATE
    assert centroid.observer.lon.deg == pytest.approx(0, abs=1e-9)
    assert centroid.observer.radius.to_value(u.AU) == pytest.approx(1.0084, abs=1e-3)


def test_a_region_across_the_seam_is_one_region():
    date = Time("2022-05-14T12:00")
    table = find_regions(probability(box(80, 58, 10, 8), date=date))
    assert len(table) == 1
    assert 0 <= table["centroid"].lon.deg[0] < 360
    wcs = window_wcs(date, 120)
    expected = wcs.pixel_to_world(61.5, 84.5)
    assert table["centroid"][0].separation(expected).deg == pytest.approx(0, abs=1e-6)


def test_strongest_first_and_significant_at_the_threshold():
    table = find_regions(
        probability(box(20, 20, 5, 5), box(80, 50, 10, 10), box(120, 90, 8, 8)), threshold=64
    )
    assert list(table["label"]) == [1, 2, 3]
    assert np.allclose(table["integrated_probability"].value, [100, 64, 25])
    assert list(table["significant"]) == [True, True, False]


def test_touching_corners_are_connected_and_small_regions_left_out():
    data = np.zeros((144, 120))
    data[50:53, 50:53] = 1
    data[53:56, 53:56] = 1
    assert segments_of(data).max() == 1
    data = np.zeros((144, 120))
    data[50, 50] = 0.05
    # Smoothing spreads one pixel over 9.
    assert segments_of(data, n_pixels=5).max() <= 1
    assert segments_of(data, n_pixels=10).max() == 0


def test_deblending_parts_neighbors():
    y, x = np.mgrid[:144, :120]
    data = sum(np.exp(-((x - c) ** 2 + (y - 80) ** 2) / 30) for c in (50, 66))
    blend = Map(data, window_header(DATE))
    assert len(find_regions(blend)) == 1
    assert len(find_regions(blend, deblend=True)) == 2


@pytest.mark.parametrize("seed", range(5))
def test_segments_with_one_peak_need_no_deblending(monkeypatch, seed):
    """
    Compare with the deblending of all the segments, of smooth noise with plateaus and gaps.
    """
    rng = np.random.default_rng(seed)
    data = ndimage.gaussian_filter(rng.normal(0, 1, (144, 120)), 2 + seed).round(2)
    data[rng.random(data.shape) < 0.01] = np.nan
    level = float(np.nanstd(data))
    found = segment(data, level, 5, deblend=True)
    monkeypatch.setattr(segmentation, "_with_several_peaks", lambda _, parts: np.unique(parts)[1:])
    expected = segment(data, level, 5, deblend=True)
    assert found.max() > 5
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("row", [0, 3, 70, 120, 139])
@pytest.mark.parametrize("column", [0, 60, 113])
def test_depth_is_the_mean_within_six_degrees(row, column):
    rng = np.random.default_rng(row)
    phases = rng.normal(0, 0.05, (3, 144, 120))
    labels = np.zeros((144, 120), dtype=int)
    labels[row : row + 5, column : column + 7] = 1
    wcs = window_wcs(DATE)
    table = measure_regions(labels, wcs, DATE, phases=phases)
    mean = mean_phase(phases)
    points = wcs.pixel_to_world(*np.meshgrid(np.arange(120), np.arange(144)))
    near = points.separation(table["centroid"][0]) <= 6 * u.deg
    middle, level = noise_level(mean)
    assert table["depth"][0] == pytest.approx((middle - mean[near].mean()) / level, rel=1e-9)


def test_nothing_found_gives_the_same_columns():
    for value in (0.0, np.nan):
        table = find_regions(Map(np.full((144, 120), value), window_header(DATE)))
        assert len(table) == 0
        assert table.colnames == list(COLUMNS)
        assert table["centroid"].obstime == DATE
        assert table["area"].unit == u.deg**2


def test_missing_probability_counts_as_none():
    data = probability(box(80, 50)).data.copy()
    data[0] = np.nan
    table = find_regions(Map(data, window_header(DATE)))
    assert table["integrated_probability"].value == pytest.approx([100])


def test_any_carrington_map_will_do():
    header = make_heliographic_header(
        DATE,
        Map(np.zeros((4, 4)), window_header(DATE)).observer_coordinate,
        (180, 360),
        frame="carrington",
        projection_code="CEA",
    )
    data = np.zeros((180, 360))
    data[90:100, 100:112] = 1
    table = find_regions(Map(data, header))
    # Equal-area rows near the equator are 2 / 180 of a radius high.
    height = np.rad2deg(np.arcsin(10 / 90))
    assert table["integrated_probability"].value == pytest.approx([12 * height], rel=1e-3)


def test_other_coordinates_are_refused():
    header = window_header(DATE) | {"ctype1": "HGLN-CAR", "ctype2": "HGLT-CAR"}
    with pytest.raises(ValueError, match="Carrington"):
        find_regions(Map(np.zeros((144, 120)), header))


def test_phase_columns():
    labels = np.zeros((144, 120), int)
    labels[70:75, 40:50] = 1
    phases = np.full((11, 144, 120), -0.02)
    phases[:, 70:75, 40:50] = -0.1
    phases[3, 70:75, 40:45] = np.nan
    row = measure_regions(labels, window_wcs(DATE), DATE, phases=phases)[0]
    assert row["mean_phase"].value == pytest.approx(-0.1)
    assert row["coverage"] == pytest.approx(1 - 0.5 / 11)
    area = 10 * np.cos(np.deg2rad(np.arange(-2, 3))).sum()
    hemisphere = 2 * np.pi * (180 / np.pi) ** 2
    assert row["seismic_strength"].value == pytest.approx(0.1 * area / hemisphere * 1e6)
    assert np.isnan(row["integrated_probability"])


def test_mean_phase_uses_the_maps_with_data():
    phases = np.array([[[1.0, np.nan, np.nan]], [[3.0, 5.0, np.nan]]])
    assert np.array_equal(mean_phase(phases), [[2, 5, np.nan]], equal_nan=True)


def test_table_survives_ecsv(tmp_path):
    for boxes in ([box(80, 50), box(20, 20)], []):
        table = find_regions(probability(*boxes))
        table.write(tmp_path / "regions.ecsv", overwrite=True)
        back = QTable.read(tmp_path / "regions.ecsv")
        assert back.colnames == table.colnames
        assert back.meta == table.meta
        for name in table.colnames:
            if name == "centroid":
                continue
            assert back[name].dtype == table[name].dtype if hasattr(back[name], "dtype") else True
            assert (
                np.array_equal(np.isnan(back[name]), np.isnan(table[name]))
                if name in ("mean_phase",)
                else np.all(back[name] == table[name]) or np.isnan(table[name]).all()
            )
        assert np.all(back["centroid"].lon == table["centroid"].lon)
        assert back["centroid"].obstime == table["centroid"].obstime
        assert back["centroid"].observer.radius == table["centroid"].observer.radius


@given(st.integers(0, 130), st.integers(0, 108), st.integers(4, 12), st.integers(4, 12))
def test_strength_does_not_depend_on_the_place(row, column, height, width):
    data = np.zeros((144, 120))
    data[row : row + height, column : column + width] = 0.5
    labels = segments_of(data)
    table = measure_regions(labels, window_wcs(DATE), DATE, probability=data)
    inside = (min(row + height, 144) - row) * (min(column + width, 120) - column)
    assert table["integrated_probability"].value == pytest.approx([0.5 * inside])
    expected_latitude = (row + min(row + height, 144) - 1) / 2 - 72
    assert table["centroid"].lat.deg == pytest.approx([expected_latitude], abs=1e-6)


def test_a_full_map_works_too():
    header = carrington_header(DATE, (181, 361), first_longitude=0, first_latitude=-90)
    data = np.zeros((181, 361))
    data[100:110, 40:50] = 1
    table = find_regions(Map(data, header))
    assert table["centroid"].lon.deg == pytest.approx([44.5])
    assert table["centroid"].lat.deg == pytest.approx([14.5])


def whole_sun(*boxes, columns=360, **cards):
    header = carrington_header(DATE, (181, columns), first_longitude=0, first_latitude=-90)
    data = np.zeros((181, 360))
    for rows, longitudes, value in boxes:
        data[rows, longitudes] = value
    return Map(data[:, np.arange(columns) % 360], header | cards)


@pytest.mark.parametrize("columns", [360, 361])
@pytest.mark.parametrize("first", [0, 100, 355])
def test_a_region_on_the_seam_of_a_whole_sun_map_is_one_row(columns, first):
    across = slice(100, 110), np.arange(355, 367) % 360, 1.0
    other = slice(50, 60), np.arange(200, 210), 1.0
    item = whole_sun(across, other, columns=columns)
    data = np.roll(item.data[:, :360], -first, axis=1)[:, np.arange(columns) % 360]
    item = Map(data, dict(item.meta) | {"crpix1": 1.0, "crval1": float(first)})
    table = find_regions(item)
    assert len(table) == 2
    assert table["centroid"].lon.deg == pytest.approx([0.5, 204.5])
    assert table["integrated_probability"].value == pytest.approx([120, 100])
    assert table["longitude_extent"][0].value == pytest.approx(14)


@pytest.mark.parametrize(
    "cards",
    [
        {"cdelt1": 0.5, "cdelt2": 0.25, "pc1_1": 2.0, "pc2_2": 4.0},
        {"cunit1": "degree", "cunit2": "degree"},
        {"cdelt1": 3600.0, "cdelt2": 3600.0, "cunit1": "arcsec", "cunit2": "arcsec"},
    ],
)
def test_the_scale_may_be_written_anywhere(cards):
    plain = whole_sun(box(100, 40))
    values = {key: value for key, value in plain.meta.items() if key not in cards}
    if cards.get("cunit1") == "arcsec":
        cards = cards | {"crval1": plain.meta["crval1"] * 3600, "crval2": 0.0}
    table = find_regions(Map(plain.data, values | cards))
    expected = find_regions(plain)
    assert table["integrated_probability"].value == pytest.approx(
        expected["integrated_probability"].value
    )
    assert table["centroid"].lon.deg == pytest.approx(expected["centroid"].lon.deg)


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("mirrored", [False, True])
def test_maps_may_be_upside_down_or_mirrored(down, mirrored):
    item = whole_sun(box(100, 40, 10, 6), columns=361)
    data, cards = item.data, {}
    if down:
        data, cards = data[::-1], cards | {"cdelt2": -1.0, "crpix2": 182 - item.meta["crpix2"]}
    if mirrored:
        data = data[:, ::-1]
        cards = cards | {"cdelt1": -1.0, "crpix1": 362 - item.meta["crpix1"]}
    table = find_regions(Map(data, dict(item.meta) | cards))
    assert table["centroid"].lon.deg == pytest.approx([42.5])
    assert table["centroid"].lat.deg == pytest.approx([14.5])
    assert table["longitude_extent"].value == pytest.approx([8])


def test_half_degree_maps_measure_the_same():
    header = window_header(DATE) | {"cdelt1": 0.5, "cdelt2": 0.5, "crpix1": 120.5, "crpix2": 144.5}
    fine = np.kron(probability(box(80, 50)).data, np.ones((2, 2)))
    row = find_regions(Map(fine, header))[0]
    assert row["integrated_probability"].value == pytest.approx(100)
    assert row["centroid"].lon.deg == pytest.approx(128 - 60 + 54.5 - 0.0, abs=1)


def test_masked_probability_counts_as_none():
    item = probability(box(80, 50), box(20, 20, 5, 5, 9.0))
    mask = np.zeros(item.data.shape, dtype=bool)
    mask[:40] = True
    table = find_regions(Map(item.data, item.meta, mask=mask))
    assert table["integrated_probability"].value == pytest.approx([100])


def test_a_map_on_the_seam_of_which_a_band_lies_is_still_measured():
    table = find_regions(whole_sun((slice(90, 100), slice(0, 360), 1.0)))
    assert table["integrated_probability"].value.sum() == pytest.approx(3600)


def test_turned_maps_are_refused():
    angle = np.deg2rad(20)
    turn = {
        "pc1_1": np.cos(angle),
        "pc1_2": -np.sin(angle),
        "pc2_1": np.sin(angle),
        "pc2_2": np.cos(angle),
    }
    with pytest.raises(ValueError, match="meridians"):
        find_regions(Map(np.zeros((144, 120)), window_header(DATE) | turn))


def test_rows_beyond_the_poles_are_refused():
    with pytest.raises(ValueError, match="poles"):
        find_regions(whole_sun(box(100, 40), cdelt2=60.0))


@pytest.mark.parametrize("detect", [detect_farside, detect_seismic_strength])
@pytest.mark.parametrize("width", [120, 140])
def test_the_image_of_a_detection_gives_its_regions_again(simulated, detect, width):
    sequence = FarsideSequence(simulated.sequence.maps, width=width)
    detection = detect(sequence)
    again = find_regions(detection.image, sequence=sequence)
    for name in again.colnames:
        if name == "centroid":
            separation = again[name].separation(detection.regions[name])
            assert separation.max() < 1e-9 * u.deg
        elif name != "east_limb_arrival":
            np.testing.assert_array_equal(again[name], detection.regions[name])


def test_the_image_alone_gives_the_same_regions_by_strength(detection):
    again = find_regions(detection.image)
    strength = "integrated_probability"
    expected = detection.regions[np.argsort(-detection.regions[strength], kind="stable")]
    for name in (strength, "area", "complex"):
        np.testing.assert_array_equal(again[name], expected[name])
    assert np.isnan(again["reliability"]).all()
    limit = detection.settings.significance_threshold
    assert np.array_equal(again["significant"], expected[strength] >= limit)


def test_an_image_of_another_window_than_the_sequence_is_refused(detection, simulated):
    wide = FarsideSequence(simulated.sequence.maps, width=140)
    with pytest.raises(ValueError, match="middle window"):
        find_regions(detection.image, sequence=wide)


def test_other_settings_have_no_reliability(detection):
    for change in ({"level": 0.3}, {"deblend": False}, {"n_pixels": 9}, {"threshold": 50}):
        again = find_regions(detection.image, sequence=detection.sequence, **change)
        assert np.isnan(again["reliability"]).all()


def test_thresholds_take_quantities_and_refuse_nonsense():
    item = probability(box(80, 50))
    assert find_regions(item, threshold=99 * u.deg**2)["significant"].all()
    assert not find_regions(item, threshold=101 * u.deg**2)["significant"].any()
    for threshold in (-5, np.nan):
        with pytest.raises(ValueError, match="threshold"):
            find_regions(item, threshold=threshold)
    with pytest.raises(FarsideError, match="in deg2, found the unit s"):
        find_regions(item, threshold=3 * u.s)
