import numpy as np
import pytest
from numpy.testing import assert_allclose

import astropy.units as u

from sunpy.map import Map

import sunpy_farside
from sunpy_farside.coordinates.far_side import disk_coordinates, far_side_central_meridian
from sunpy_farside.detection import COLUMNS
from sunpy_farside.errors import SequenceError
from sunpy_farside.io import read_region_list
from sunpy_farside.maps import FarsidePhaseMap, phase_map_header

DATE = "2022-05-05"
# Square degrees in a hemisphere.
HEMISPHERE = 2 * np.pi * (180 / np.pi) ** 2


def five_day_map(data, date=DATE, product="phase_map_5day"):
    return FarsidePhaseMap(data.astype(np.float32), phase_map_header(date, product))


def background(shape=(181, 361)):
    """
    Return the weakest plausible noise, above the threshold.
    """
    return np.where(np.indices(shape).sum(axis=0) % 2, 0.01, -0.01)


def quiet():
    longitude, latitude = np.meshgrid(np.arange(361), np.arange(-90, 91))
    *_, z = disk_coordinates(longitude, latitude, far_side_central_meridian(DATE).deg, 3.8)
    return np.where(z > 0, background(), np.nan)


@pytest.fixture
def block():
    """
    Return a map with -0.1 rad at longitudes 120 to 129 and latitudes 20 to 29.
    """
    data = quiet()
    data[110:120, 120:130] = -0.1
    return data


@pytest.fixture(scope="module")
def sequence():
    return sunpy_farside.simulate_sequence(DATE, seed=4).sequence


def test_strength_of_a_block_is_its_integral(block):
    region = sunpy_farside.detect_seismic_strength(five_day_map(block)).regions[0]
    area = 10 * np.cos(np.deg2rad(np.arange(20, 30))).sum()
    assert_allclose(region["area"].to_value(u.deg**2), area)
    assert_allclose(region["seismic_strength"].to_value(u.urad), 1e6 * area / HEMISPHERE * 0.1)
    assert_allclose(region["mean_phase"].to_value(u.rad), -0.1, rtol=1e-6)
    assert_allclose(region["centroid"].lon.deg, 124.5)
    assert region["coverage"] == 1
    assert np.isnan(region["integrated_probability"])
    assert np.isnan(region["peak_probability"])
    assert region["significant"]


@pytest.mark.parametrize(("phase", "found"), [(-0.0999, 1), (-0.1001, 0)])
def test_phase_decides_which_pixels_count(block, phase, found):
    detection = sunpy_farside.detect_seismic_strength(five_day_map(block), phase=phase * u.rad)
    assert len(detection.regions) == found


def test_threshold_decides_which_regions_are_significant(block):
    strength = sunpy_farside.detect_seismic_strength(five_day_map(block)).regions[0][
        "seismic_strength"
    ]
    for factor, significant in ((0.99, True), (1.01, False)):
        detection = sunpy_farside.detect_seismic_strength(
            five_day_map(block), threshold=factor * strength
        )
        assert detection.regions["significant"].tolist() == [significant]


def test_strongest_comes_first(block):
    block[60:65, 100:104] = -0.1
    regions = sunpy_farside.detect_seismic_strength(five_day_map(block)).regions
    assert regions["label"].tolist() == [1, 2]
    assert regions["centroid"].lat.deg[0] == pytest.approx(24.5, abs=0.1)
    assert (np.diff(regions["seismic_strength"].value) < 0).all()


def test_a_region_at_the_seam_is_one():
    # The far side's central meridian of this date is near longitude 0.
    date = "2022-05-14T16:00"
    assert abs((far_side_central_meridian(date).deg + 180) % 360 - 180) < 10
    data = background()
    data[100:110, [*range(6), *range(355, 361)]] = -0.1
    regions = sunpy_farside.detect_seismic_strength(five_day_map(data, date)).regions
    assert len(regions) == 1
    assert min(regions["centroid"].lon.deg[0], 360 - regions["centroid"].lon.deg[0]) < 0.6


def test_mean_of_a_sequence_is_taken_at_rest(sequence):
    detection = sunpy_farside.detect_seismic_strength(sequence)
    assert_allclose(
        detection.image.data,
        np.nanmean(sequence.comoving_data.astype(float), axis=0),
        rtol=1e-6,
    )
    assert detection.date == sequence.date
    assert detection.image.unit == u.rad
    assert isinstance(detection.image, FarsidePhaseMap)
    corner = detection.image.wcs.pixel_to_world(0, 0)
    assert corner.lon.deg == sequence.wcs.pixel_to_world(0, 0).lon.deg


def test_maps_without_data_leave_the_mean_alone():
    maps = [five_day_map(quiet() - 0.02, date, "phase_map") for date in dates()]
    maps[0].data[110:120, 120:130] = np.nan
    for item in maps[1:]:
        item.data[110:120, 120:130] = -0.1
    sequence = sunpy_farside.FarsideSequence(maps)
    region = sunpy_farside.detect_seismic_strength(sequence).regions[0]
    assert_allclose(region["mean_phase"].to_value(u.rad), -0.1, rtol=1e-6)
    assert region["coverage"] == pytest.approx(10 / 11)


def dates():
    return [f"2022-05-{2 + k // 2:02d}T{k % 2 * 12:02d}:00" for k in range(1, 12)]


def test_no_region_gives_no_row():
    detection = sunpy_farside.detect_seismic_strength(five_day_map(quiet()))
    assert len(detection.regions) == 0
    assert detection.regions.colnames == list(COLUMNS)
    assert detection.regions["seismic_strength"].unit == u.urad


def test_many_give_a_list(sequence, block):
    found = sunpy_farside.detect_seismic_strength([sequence, five_day_map(block)])
    assert [detection.model for detection in found] == ["seismic_strength"] * 2
    assert [d.regions.meta["product"] for d in found] == ["phase_map", "phase_map_5day"]


def test_five_day_maps_are_cut_to_the_width(block):
    detection = sunpy_farside.detect_seismic_strength(five_day_map(block), width=140)
    assert detection.image.data.shape == (144, 140)


@pytest.mark.parametrize("kind", ["sequence", "map"])
def test_write_and_read_lose_nothing(kind, sequence, block, tmp_path):
    source = sequence if kind == "sequence" else five_day_map(block)
    detection = sunpy_farside.detect_seismic_strength(source)
    detection.write(tmp_path)
    again = sunpy_farside.FarsideDetection.read(tmp_path)
    assert again.model == "seismic_strength"
    assert type(again.image) is FarsidePhaseMap
    np.testing.assert_array_equal(again.image.data, detection.image.data)
    assert again.regions.colnames == detection.regions.colnames
    for name in again.regions.colnames:
        if name == "centroid":
            assert (again.regions[name].lon == detection.regions[name].lon).all()
        else:
            old, new = detection.regions[name], again.regions[name]
            if name == "east_limb_arrival":
                assert (old == new).all()
            else:
                np.testing.assert_array_equal(old, new)
                assert getattr(old, "unit", None) == getattr(new, "unit", None)
    if kind == "map":
        assert again.sequence.product == "phase_map_5day"
        np.testing.assert_array_equal(again.sequence.data, source.data)
    else:
        np.testing.assert_array_equal(again.sequence.data, source.data)


def test_picture_shows_phase(sequence):
    axes = sunpy_farside.detect_seismic_strength(sequence).plot().axes
    assert axes.images[0].norm.vmin == -axes.images[0].norm.vmax
    assert "phase" in axes.figure.axes[-1].get_ylabel()
    axes.figure.clear()


def test_same_input_same_table(sequence):
    first, second = (sunpy_farside.detect_seismic_strength(sequence).regions for _ in range(2))
    assert (first["seismic_strength"] == second["seismic_strength"]).all()


def test_a_map_of_24_hours_is_refused(block):
    with pytest.raises(SequenceError, match=r"5-day .* found phase_map .* eleven"):
        sunpy_farside.detect_seismic_strength(five_day_map(block, product="phase_map"))


def test_bad_input(block):
    with pytest.raises(ValueError, match="negative phase"):
        sunpy_farside.detect_seismic_strength(five_day_map(block), phase=0.085 * u.rad)
    with pytest.raises(ValueError, match="found the unit m"):
        sunpy_farside.detect_seismic_strength(five_day_map(block), threshold=400 * u.m)
    with pytest.raises(TypeError, match="found the text"):
        sunpy_farside.detect_seismic_strength(["PHASE_MAP"])
    empty = np.where(np.arange(361) < 10, background(), np.nan)
    with pytest.raises(SequenceError, match="far-side data"):
        sunpy_farside.detect_seismic_strength(five_day_map(empty))
    seconds = Map(block, phase_map_header(DATE, "phase_map_5day") | {"bunit": "s"})
    with pytest.raises(SequenceError, match="in rad"):
        sunpy_farside.detect_seismic_strength(seconds)


@pytest.fixture(scope="module")
def real(real_data):
    paths = sorted((real_data / "jsoc/farside/Phase_Maps/2022").glob("*.fits"))
    sequences = sunpy_farside.find_sequences([sunpy_farside.read_phase_map(p) for p in paths])
    lists = real_data / "jsoc/farside/AR_Lists/2022"
    return [
        (
            detection,
            read_region_list(
                lists / detection.sequence.times[-1].strftime("AR_LIST_%Y.%m.%d_%H:%M:%S.txt")
            ),
        )
        for detection in sunpy_farside.detect_seismic_strength(sequences)
    ]


def test_strongest_real_region_is_the_lists(real):
    for detection, listed in real:
        strongest = listed[np.argmax(listed["seismic_strength"])]
        assert strongest["designation"] == "FS-2022-026"
        match = sunpy_farside.match_regions(
            detection.regions["centroid"][:1], strongest["centroid"], distance=6 * u.deg
        )
        assert match["outcome"].tolist() == ["matched"]


def test_real_regions_rank_as_in_the_list(real):
    for detection, listed in real:
        match = sunpy_farside.match_regions(detection.regions, listed, distance=6 * u.deg)
        match = match[match["outcome"] == "matched"]
        # Both regions of the lists are in the window.
        assert len(match) == len(listed) == 2
        order = np.argsort(match["detected_strength"])
        assert (order == np.argsort(match["reference_strength"])).all()
