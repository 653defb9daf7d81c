import numpy as np
import pytest

import astropy.units as u
from astropy.time import Time

from sunpy_farside import simulate_sequence
from sunpy_farside.coordinates.far_side import far_side_distance
from sunpy_farside.simulation import phases, simulate_maps
from sunpy_farside.simulation.active_regions import (
    Regions,
    sample_regions,
    target_mask,
    unsigned_field,
)
from sunpy_farside.simulation.phases import View, half_days
from sunpy_farside.simulation.signature import saturate
from sunpy_farside.simulation.statistics import map_statistics
from sunpy_farside.simulation.suns import load_sun


@pytest.fixture(scope="module")
def quiet():
    """
    Simulate two independent months of noise alone.
    """
    return [simulate_maps("2022-04-01", 31, seed=seed, activity=0).maps for seed in (1, 2)]


def stack(maps):
    return np.array([item.data for item in maps])


def correlation(one, other):
    both = np.isfinite(one) & np.isfinite(other)
    return np.corrcoef(one[both], other[both])[0, 1]


def test_the_same_seed_gives_the_same_maps():
    one, two, other = (
        simulate_sequence("2022-05-05", seed=seed).sequence.data for seed in (1, 1, 2)
    )
    assert np.array_equal(one, two, equal_nan=True)
    assert not np.array_equal(one, other, equal_nan=True)


def test_maps_look_like_the_published_ones(quiet):
    item = quiet[0][3]
    assert item.data.shape == (181, 361)
    assert item.data.dtype == np.float32
    assert item.unit == u.rad
    assert np.array_equal(item.data[:, 0], item.data[:, 360], equal_nan=True)
    # Data on the far hemisphere, and there alone.
    points = item.pixel_to_world([40, 128, 300] * u.pix, [90, 90, 100] * u.pix)
    for point in points:
        x, y = item.world_to_pixel(point)
        value = item.data[round(float(y.value)), round(float(x.value))]
        assert np.isfinite(value) == (far_side_distance(point) < 90 * u.deg)


def test_noise_has_the_measured_level_and_mean(quiet):
    for maps in quiet:
        data = stack(maps)
        assert np.nanstd(data) == pytest.approx(0.05, rel=0.35)
        assert -0.045 < np.nanmean(data) < 0


def test_consecutive_maps_share_half_of_their_data(quiet):
    # The shared 12 hours give 0.5; longer correlations of real maps are mostly active regions.
    data = np.concatenate([stack(maps) for maps in quiet])
    next_map = correlation(data[:-1], data[1:])
    second = correlation(data[:-2], data[2:])
    assert next_map == pytest.approx(0.52, abs=0.05)
    assert 0 < second < 0.12


def test_maps_have_the_measured_correlations():
    sequences = [
        simulate_sequence("2022-04-15", seed=seed, activity=0.6).sequence for seed in range(12)
    ]
    table = map_statistics(sequences)
    found = dict(zip(table["statistic"], table["mean"], strict=True))
    # Measured on 31 real maps.
    assert found["standard deviation (rad)"] == pytest.approx(0.05, abs=0.005)
    assert -0.038 < found["mean (rad)"] < -0.015
    assert found["correlation 1 apart"] == pytest.approx(0.56, abs=0.06)
    # The lasting part differs between realizations, with their active regions.
    scatter = dict(zip(table["statistic"], table["scatter"], strict=True))["correlation 2 apart"]
    assert found["correlation 2 apart"] == pytest.approx(0.25, abs=1.5 * scatter)
    half = "half correlation in"
    assert found[f"{half} latitude, center (deg)"] == pytest.approx(4.7, abs=0.5)
    longitude = [
        found[f"{half} longitude, {part} (deg)"] for part in ("center", "sides", "high latitudes")
    ]
    assert longitude[0] == pytest.approx(5, abs=0.7)
    assert longitude[1] == pytest.approx(6, abs=0.8)
    assert longitude[2] == pytest.approx(8, abs=0.6)
    assert longitude[0] < longitude[1] < longitude[2]


def test_regions_are_negative_where_the_truth_is():
    inside, outside = [], []
    for seed in range(4):
        simulated = simulate_sequence("2022-05-05", seed=seed, activity=1)
        mean = np.nanmean(simulated.sequence.comoving_data, axis=0)
        active = simulated.truth.data > 0
        inside.append(mean[active].mean())
        outside.append(mean[~active].mean())
    assert np.mean(inside) < np.mean(outside) - 0.05


def test_regions_drift_with_the_differential_rotation():
    simulated = simulate_maps("2022-05-01", 21, seed=4, activity=1)
    first, last = (simulated.regions(time) for time in ("2022-05-01", "2022-05-11"))
    first = {row["name"]: row["centroid"] for row in first}
    for row in last:
        start = first.get(row["name"])
        if start is None:
            continue
        s2 = np.sin(row["centroid"].lat) ** 2
        rate = 14.38 - 1.95 * s2 - 2.18 * s2**2 - 14.1844
        drift = (row["centroid"].lon - start.lon).wrap_at("180d").deg
        assert drift == pytest.approx(10 * rate.value, abs=1e-6)


def test_truth_stands_on_the_window_of_its_date():
    simulated = simulate_sequence("2022-05-05", seed=2, activity=1, width=140)
    truth = simulated.truth
    assert truth.data.shape == (144, 140)
    assert set(np.unique(truth.data)) == {0, 1}
    assert truth.date == Time("2022-05-05")
    column, row = simulated.sequence.wcs.world_to_pixel(simulated.regions["centroid"])
    strong = simulated.regions["flux"] > 1.2e22 * u.Mx
    for x, y in zip(column[strong], row[strong], strict=True):
        if 3 < x < 136 and 3 < y < 140:
            near = truth.data[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4]
            assert near.any()


def test_a_sequence_is_its_signatures_and_noise():
    simulated = simulate_sequence("2022-05-05", seed=2, activity=1)
    signatures = simulated.signatures()
    noise = simulated.sequence.comoving_data - signatures
    known = np.isfinite(noise)
    assert abs(np.corrcoef(noise[known], signatures[known])[0, 1]) < 0.05
    assert np.corrcoef((noise + signatures)[known], signatures[known])[0, 1] > 0.3
    assert signatures.max() <= 0
    assert np.array_equal(simulated.signatures(width=122)[..., 1:-1], signatures)


def test_a_quiet_sun_has_no_regions():
    simulated = simulate_sequence("2022-05-05", seed=1, activity=0)
    assert len(simulated.regions) == 0
    assert not simulated.truth.data.any()


def test_field_of_one_region_holds_its_flux():
    rng = np.random.default_rng(0)
    regions = sample_regions(rng, 1, (-3, 3))[:1]
    longitudes, latitudes = np.arange(360.0), np.arange(-90.0, 91.0)
    field = unsigned_field(regions, 0, longitudes, latitudes)
    area = (np.pi / 180 * 6.957e10) ** 2 * np.cos(np.deg2rad(latitudes))[:, None]
    assert (field * area).sum() == pytest.approx(regions.flux_on(0)[0], rel=0.02)


def test_fluxes_grow_and_decay():
    regions = sample_regions(np.random.default_rng(1), 1, (-3, 3))
    assert np.all(regions.flux_on(regions.emergence) == 0)
    assert np.allclose(regions.flux_on(regions.emergence + regions.rise), regions.flux)
    later = regions.emergence + regions.rise + regions.decay
    assert np.allclose(regions.flux_on(later), regions.flux / np.e)


def one_region(flux, separation=10.0):
    """
    Return a region on the equator that reached its flux ten days ago and does not decay.
    """
    values = (180.0, 0.0, flux, -12.0, 2.0, 1e9, separation, 0.0, 1.0)
    return Regions(*(np.array([value]) for value in values))


def phase_of(regions):
    days = half_days(1)
    latitudes = np.arange(-72.0, 72.0)
    view = View(days, np.full(2, 180.0), 0.0, np.arange(120.0, 240.0), latitudes)
    return view.signatures(regions)[0]


def test_small_phases_are_proportional_to_the_flux_and_large_ones_are_not():
    small, larger, largest = (phase_of(one_region(flux)).min() for flux in (2e20, 4e20, 4e22))
    assert larger / small == pytest.approx(2, rel=0.05)
    assert -0.4 < largest < -0.15
    values = np.float32([-1e-4, 0, -0.2])
    saturate(values, 0.2)
    # Natural logarithm of two at the phase of saturation.
    assert values == pytest.approx([-1e-4, 0, -0.2 * np.log(2)], rel=1e-3, abs=1e-7)


def test_a_wide_region_has_two_lobes_and_one_center_between_them():
    regions = one_region(3e22, separation=24.0)
    row = phase_of(regions)[72]
    assert row[60] > max(row[48:54].min(), row[66:72].min()) * 0.9
    # The western, leading lobe is the more compact and deeper one.
    assert row[60:].min() < row[:60].min() < -0.05
    mask = target_mask(
        {"kind": "centers", "radius": 4.0, "flux": 2e21},
        regions,
        0,
        np.arange(120.0, 240.0),
        np.arange(-72.0, 72.0),
    )
    rows, columns = np.nonzero(mask)
    assert (rows.mean(), columns.mean()) == (72, 60)


@pytest.mark.parametrize(("kind", "tolerance"), [("drawn", 0), ("measured", 1e-6)])
def test_parts_of_a_series_are_those_of_the_whole(kind, tolerance, monkeypatch):
    # Products of matrices round differently for other numbers of maps.
    sun = load_sun(kind)
    whole = simulate_maps("2022-05-01", 13, seed=3, sun=sun).maps
    monkeypatch.setattr(phases, "_SPAN", 5)
    for part, expected in zip(
        simulate_maps("2022-05-01", 13, seed=3, sun=sun).maps, whole, strict=True
    ):
        np.testing.assert_allclose(part.data, expected.data, rtol=0, atol=tolerance)
