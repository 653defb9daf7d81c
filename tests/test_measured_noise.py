import numpy as np
import pytest

from astropy.time import Time, TimeDelta

from sunpy_farside.coordinates.far_side import disk_center_latitude
from sunpy_farside.coordinates.window import window_longitudes
from sunpy_farside.simulation.harmonics import degree_power, sphere_fields
from sunpy_farside.simulation.measured_noise import MeasuredNoise
from sunpy_farside.simulation.noise import NoiseModel
from sunpy_farside.simulation.noise_statistics import noise_statistics
from sunpy_farside.simulation.phases import View, half_days

LATITUDES = np.arange(-72.0, 72.0)


class QuietSequence:
    """
    Eleven maps of noise in the windows of their dates, as far as statistics need it.
    """

    def __init__(self, noise, seed):
        self.date = Time("2022-04-10") + TimeDelta(seed * 13, format="jd")
        self.times = self.date + TimeDelta(np.arange(-5, 6) / 2, format="jd")
        starts = [window_longitudes(time, 120)[0].value for time in self.times]
        starts = np.unwrap(starts, period=360).astype(int)
        nodes = np.arange(starts.min(), starts.max() + 120)
        days = half_days(11)
        center = starts[5] + 60.5
        latitude = -disk_center_latitude(self.date).deg
        view = View(days, center - 13.2 * days, latitude, nodes.astype(float), LATITUDES)
        rng = np.random.default_rng([7, seed])
        maps = noise.noise(rng, view) + noise.mean_phase(view)
        cuts = [slice(start - nodes[0], start - nodes[0] + 120) for start in starts]
        self.data = np.stack([item[:, cut] for item, cut in zip(maps, cuts, strict=True)])
        self.comoving_data = maps[..., cuts[5]]


@pytest.fixture(scope="module")
def table():
    return statistics_of(MeasuredNoise())


def statistics_of(noise, number=24):
    rows = noise_statistics([QuietSequence(noise, seed) for seed in range(number)])
    return {row["statistic"]: row for row in rows}


def test_noise_has_the_measured_statistics(table):
    for name, row in table.items():
        if name.startswith(("standard", "half", "mean of")):
            assert row["mean"] == pytest.approx(row["measured"], rel=0.09), name
        elif name.startswith("mean at"):
            assert row["mean"] == pytest.approx(row["measured"], abs=0.002), name
        elif name.startswith("correlation"):
            assert row["mean"] == pytest.approx(row["measured"], abs=0.02), name


def test_power_by_degree_differs_from_the_earlier_noise_as_measured(table):
    earlier = statistics_of(NoiseModel())
    ratio = {name: table[name]["mean"] / earlier[name]["mean"] for name in table if "power" in name}
    low, high = ratio.values()
    assert low == pytest.approx(1.5, rel=0.2)
    assert 0.6 < high < 1.0


def test_noise_has_no_constant_part():
    noise = MeasuredNoise(memory=3.0)
    days = half_days(24)
    view = View(days, 180 - 13.2 * days, 0.0, np.arange(60.0, 180.0), LATITUDES)
    rng = np.random.default_rng(3)
    maps = np.stack([noise.noise(rng, view) for _ in range(6)])
    for lag in (4, 8, 12):
        pairs = maps[:, :-lag], maps[:, lag:]
        assert abs(np.corrcoef(*(part.ravel() for part in pairs))[0, 1]) < 0.02


def test_noise_models_are_sampled_around_the_measured_one():
    rng = np.random.default_rng(1)
    models = [MeasuredNoise.sample(rng) for _ in range(400)]
    level = np.array([model.level for model in models])
    assert np.exp(np.log(level).mean()) == pytest.approx(0.0504, rel=0.03)
    assert np.log(level).std() == pytest.approx(0.2, rel=0.15)
    mean = np.array([model.mean_profile for model in models])
    # The profile keeps its shape; its mean is that of most years.
    expected = np.array(MeasuredNoise().mean_profile) + 0.010
    assert mean.mean(axis=0) == pytest.approx(expected, abs=0.002)
    assert np.all(mean.std(axis=0) > 0.012)
    assert len({model.memory for model in models}) == 400


def test_fields_of_one_degree_have_power_there_alone():
    rng = np.random.default_rng(2)
    latitudes, longitudes = np.arange(-89.5, 90), np.arange(360.0)
    coefficients = np.zeros((40, 31, 31, 2))
    coefficients[:, 20] = rng.normal(size=(40, 31, 2))
    fields = sphere_fields(coefficients, latitudes, longitudes)
    power = degree_power(fields, latitudes, longitudes, 30)
    # Forty-one coefficients of unit variance.
    assert power[20] == pytest.approx(41, rel=0.1)
    assert power.sum() - power[20] < 0.01 * power[20]
    assert np.mean(fields**2) == pytest.approx(41 / (4 * np.pi), rel=0.15)
