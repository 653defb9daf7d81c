"""
Comparison of the detections in two products of the same dates.
"""

import numpy as np
import pytest
from handmade import blobs, emptied

import astropy.units as u

from sunpy_farside import detect_seismic_strength, find_sequences, simulate_sequence
from sunpy_farside.catalog import compare_products, joint_reliability, stack_regions
from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.simulation import simulate_maps

DATE = "2022-05-05"


@pytest.fixture(scope="module")
def detections():
    """
    Regions of one Sun in two realizations of the noise, on two dates.
    """
    series = [simulate_maps("2022-05-01", 12, seed=7, noise_seed=noise).maps for noise in (1, 2)]
    return [detect_seismic_strength(find_sequences(maps)) for maps in series]


def test_another_noise_seed_is_another_view_of_the_same_sun():
    first, second = (simulate_sequence(DATE, seed=7, noise_seed=noise) for noise in (1, 2))
    np.testing.assert_array_equal(first.field.data, second.field.data)
    difference = first.sequence.data - second.sequence.data
    assert np.nanstd(difference) > 0.05
    again = simulate_sequence(DATE, seed=7, noise_seed=1)
    np.testing.assert_array_equal(again.sequence.data, first.sequence.data)


def test_the_same_detections_match(detections):
    table = compare_products(detections[0], detections[0])
    assert (table["outcome"] == "matched").all()
    np.testing.assert_array_equal(table["first"], table["second"])
    assert table["separation"].max() < 1e-6 * u.deg
    np.testing.assert_array_equal(table["joint_reliability"], table["first_reliability"])


def test_pairs_and_regions_alone(detections):
    first, second = map(stack_regions, detections)
    table = compare_products(*detections)
    matched = table["outcome"] == "matched"
    assert 0 < matched.sum() < len(table)
    assert table.meta["matched"] == matched.sum()
    assert table.meta["matched"] + table.meta["first_alone"] == len(first)
    assert table.meta["matched"] + table.meta["second_alone"] == len(second)
    np.testing.assert_array_equal(matched, (table["first"] >= 0) & (table["second"] >= 0))
    assert (table["separation"][matched] <= 10 * u.deg).all()
    pairs = table[matched]
    assert (first["date"][pairs["first"]] == second["date"][pairs["second"]]).all()
    for name, source in (("first", first), ("second", second)):
        there = table[table[name] >= 0]
        for column in ("reliability", "significant"):
            np.testing.assert_array_equal(there[f"{name}_{column}"], source[column][there[name]])
        missing = table[table[name] < 0]
        assert np.isnan(missing[f"{name}_reliability"]).all()
        assert not missing[f"{name}_significant"].any()
    # Both positions are equally far from the common one.
    for name, source in (("first", first), ("second", second)):
        here, there = pairs["centroid"], source["centroid"][pairs[name]]
        apart = separations(here.lon.deg, here.lat.deg, there.lon.deg, there.lat.deg)
        np.testing.assert_allclose(apart, pairs["separation"].value / 2, atol=0.1)


def test_tables_and_single_detections_give_the_same(detections):
    expected = compare_products(*detections)
    found = compare_products(*map(stack_regions, detections))
    assert list(found["outcome"]) == list(expected["outcome"])
    single = compare_products(detections[0][1], detections[1][1].regions)
    assert list(single["outcome"]) == list(
        expected["outcome"][expected["date"] == single["date"][0]]
    )


def test_positions_near_the_prime_meridian():
    # On this date the far-side central meridian is at longitude 357.
    first, second = (blobs("2022-05-14T17:00", [(offset, 10, 6)]) for offset in (0, 4))
    longitude = [item.regions["centroid"].lon.deg[0] for item in (first, second)]
    assert longitude[0] > 350
    assert longitude[1] < 10
    table = compare_products(first, second)
    assert list(table["outcome"]) == ["matched"]
    middle = (longitude[0] - 360 + longitude[1]) / 2 % 360
    assert abs((table["centroid"].lon.deg[0] - middle + 180) % 360 - 180) < 1e-6


def test_a_product_without_regions_leaves_the_others_alone():
    first = blobs(DATE, [(0, 10, 6)])
    table = compare_products(first, emptied(first))
    assert list(table["outcome"]) == ["alone"]
    assert list(table["second"]) == [-1]
    assert np.isnan(table["joint_reliability"]).all()
    assert len(compare_products(emptied(first), emptied(first))) == 0


def test_products_without_a_common_date_are_refused(detections):
    first, second = (items[0] for items in detections)
    with pytest.raises(ValueError, match=r"none in common: 2022-05-03T12:00.* and 2022-05-05"):
        compare_products(first, blobs(DATE, [(0, 10, 6)]))
    with pytest.raises(ValueError, match="positive distance"):
        compare_products(first, second, distance=0 * u.deg)


def test_joint_reliability():
    missing = np.nan
    found = joint_reliability([0.9, 0.2, 0.5, missing], [0.3, 0.7, missing, missing])
    np.testing.assert_allclose(found, [0.9, 0.7, 0.55 / 1.55, missing])


def test_joint_reliability_of_uncalibrated_pairs():
    # These detections have no reliability.
    first, second = (blobs(DATE, [(offset, 10, 6)]) for offset in (0, 4))
    assert np.isnan(compare_products(first, second)["joint_reliability"]).all()
    first.regions["reliability"] = 0.8
    np.testing.assert_allclose(compare_products(first, second)["joint_reliability"], 0.8)
