"""
Compare the noise of simulated maps with that of observed ones.

``python benchmarks/compare_noise.py --sequences 40`` prints, for both noise models of the package,
the statistics of `sunpy_farside.simulation.noise_statistics` beside the measured values: first for
the parameters of the middle, then the scatter among sampled parameters.
"""

import argparse

import numpy as np
from tqdm import tqdm

import astropy.units as u
from astropy.time import Time

from sunpy_farside.cadence import CADENCE, MIDDLE, N_MAPS
from sunpy_farside.maps import FarsidePhaseMap, phase_map_header
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.simulation.measured_noise import MeasuredNoise
from sunpy_farside.simulation.noise import NoiseModel
from sunpy_farside.simulation.noise_statistics import noise_statistics
from sunpy_farside.simulation.realization import view_of


def sequences(model, number, *, sampled):
    """
    Simulate sequences of noise alone.
    """
    for seed in tqdm(range(number), desc=model.__name__, disable=None):
        rng = np.random.default_rng([9, seed])
        date = Time("2012-01-01") + 6 * seed * u.day
        times = date + np.arange(-MIDDLE, N_MAPS - MIDDLE) * CADENCE
        view = view_of(date, N_MAPS, np.arange(361.0), np.arange(-90.0, 91.0))
        noise = model.sample(rng) if sampled else model()
        maps = noise.noise(rng, view) + noise.mean_phase(view)
        maps[view.hidden()] = np.nan
        maps[:, :, 360] = maps[:, :, 0]
        pairs = zip(maps, times, strict=True)
        yield FarsideSequence(
            [FarsidePhaseMap(item, phase_map_header(time)) for item, time in pairs]
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--sequences", type=int, default=40)
    options = parser.parse_args()
    models = {"drawn": NoiseModel, "measured": MeasuredNoise}
    fixed, sampled = (
        {
            name: noise_statistics(sequences(model, options.sequences, sampled=sampled))
            for name, model in models.items()
        }
        for sampled in (False, True)
    )
    print(f"{'statistic':54s} observed  {'earlier':18s} {'measured':18s}")
    for row in range(len(fixed["drawn"])):
        name, observed = fixed["drawn"]["statistic", "measured"][row]
        text = " ".join(
            f"{fixed[model]['mean'][row]:8.4f} +- {sampled[model]['scatter'][row]:6.4f}"
            for model in models
        )
        print(f"{name:54s} {observed:8.4f} {text}")


if __name__ == "__main__":
    main()
