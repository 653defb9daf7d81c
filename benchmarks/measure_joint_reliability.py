"""
Measure how reliable regions in two products of the same dates are.

``python benchmarks/measure_joint_reliability.py FIRST LAST`` simulates pairs of sequences of one
Sun with two realizations of the noise, in the place of two products, and prints for both methods
the joint reliability of regions in both and in one of them, and the share that is real. The figures
in `sunpy_farside.catalog.product_comparison` are those of ``0 200``.
"""

import argparse

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy_farside import detect_farside, detect_seismic_strength, simulate_sequence
from sunpy_farside.catalog import compare_products
from sunpy_farside.evaluation.scores import cover
from sunpy_farside.evaluation.simulated import SETS, reference_regions

FIRST, SPACING = Time("2010-06-01"), 6 * u.day
METHODS = {"network": detect_farside, "SAR": detect_seismic_strength}


def pair_of_products(number, kind):
    """
    Simulate one Sun twice, as the sequence of a fixed set is simulated and with other noise.
    """
    seed = [SETS[kind], number]
    activity = np.random.default_rng(seed).uniform(0, 1.2)
    date = FIRST + number * SPACING
    return [
        simulate_sequence(date, seed=[*seed, 1], activity=activity, noise_seed=noise)
        for noise in (None, [*seed, 2])
    ]


def measure(numbers, kind="validation"):
    """
    Return the rows (method, outcome, joint reliability, whether it is real) of all regions.
    """
    rows = []
    for number in numbers:
        pair = pair_of_products(number, kind)
        known = reference_regions(pair[0])
        known = known[known["large"]]
        for method, detect in METHODS.items():
            table = compare_products(*(detect(item.sequence) for item in pair))
            where = table["centroid"]
            real = cover(where.lon.deg, where.lat.deg, known).any(axis=1)
            for row, is_real in zip(table, real, strict=True):
                rows.append((method, row["outcome"], float(row["joint_reliability"]), is_real))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int)
    parser.add_argument("--kind", choices=("validation", "test"), default="validation")
    options = parser.parse_args()
    rows = measure(range(options.first, options.last), options.kind)
    for method in METHODS:
        for outcome in ("matched", "alone"):
            part = [row[2:] for row in rows if row[:2] == (method, outcome)]
            reliability, real = np.mean(part, axis=0)
            print(
                f"{method:8} {outcome:8} {len(part):5} regions, mean joint reliability "
                f"{reliability:.2f}, real {real:.2f}"
            )


if __name__ == "__main__":
    main()
