"""
Calibrate the phase shift of a magnetic field with lists of strong regions of 2010 to 2021.

The Sun of the years 2010 to 2021 is simulated from its synoptic magnetograms, the SAR method makes
lists of its far side, and their statistics are compared with those of the published lists of the
same dates. No map of the real far side takes part.

``python benchmarks/calibrate_sun.py FOLDER DATA prepare`` simulates the noise and the regions of 30
periods of 20 daily lists. ``... draw --number 128 --part 0 --parts 2`` evaluates parameters from a
Sobol sequence (every second one; results are kept); with ``--narrow``, from smaller ranges around
the solution. ``... fit`` fits a quadratic model of every
statistic to all draws, and prints the most likely parameters with 68 % intervals. ``... compare
--parameters 15 0.08 0.09 0.8 0.015 -0.005 0.005`` makes lists of other dates with given parameters,
and prints and plots both distributions. DATA holds ``synoptic``, ``jsoc`` and ``arise``.
"""

import argparse
import json
import pickle
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize
from scipy.stats import qmc

import astropy.units as u
from astropy.table import Table, vstack
from astropy.time import Time

from sunpy.coordinates import sun

from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.detection.methods import DEG2_PER_UHEM
from sunpy_farside.evaluation.simulated_lists import name_regions, simulate_period
from sunpy_farside.io.synoptic_maps import read_synoptic_maps
from sunpy_farside.simulation.magnetograms import Film
from sunpy_farside.simulation.signature import Signature

# Parameters, the ends of their ranges and whether the scale is logarithmic.
PARAMETERS = {
    "phase_per_flux": (6.0, 40.0, True),
    "saturation": (0.025, 0.2, True),
    "resolution": (0.035, 0.12, False),
    "scatter": (0.2, 1.4, False),
    "mean": (-0.005, 0.03, False),
    "mean 2014-2015": (-0.015, 0.015, False),
    "spread": (0.0, 0.012, False),
}
# Ranges of the second series of draws, around the solution of the first one.
NARROW = {
    "phase_per_flux": (10.0, 24.0, True),
    "saturation": (0.03, 0.1, True),
    "resolution": (0.07, 0.115, False),
    "scatter": (0.6, 1.3, False),
    "mean": (0.006, 0.026, False),
    "mean 2014-2015": (-0.01, 0.006, False),
    "spread": (0.002, 0.012, False),
}
PERIODS, LISTS = 30, 20
# Seeds of the periods of the fit, and of realizations of the other periods for the comparison.
SETS = {"period": (5,), "check": (11, 12)}
FIRST, LAST = Time("2010-07-10"), Time("2021-10-20")
# The last rotation before the dates that are kept for the evaluation, and dates without
# magnetograms.
LAST_ROTATION = 2251
GAP = Time("2011-12-20"), Time("2012-10-10")
EPOCHS = (2010, 2014), (2014, 2016), (2016, 2022)
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
LIVES = (0.05, 0.25, 0.5, 0.75, 0.95)
STRENGTHS = (100, 400), (400, 800), (800, 1600), (1600, 4000)
FLUXES = (0, 3), (3, 6), (6, 12), (12, 20), (20, 40), (40, 80), (80, 1000)
RATE = 13.4
# Degrees by which masks read from pictures are too wide: the mean phase of regions of a strength of
# 100 to 400 would be above the limit of -0.085 rad otherwise.
DILATION = 0.65


def parameters_of(point, ranges=PARAMETERS):
    """
    Return parameters from a point of the unit cube.
    """
    values = []
    for place, (low, high, logarithmic) in zip(point, ranges.values(), strict=True):
        if logarithmic:
            values.append(low * (high / low) ** place)
        else:
            values.append(low + place * (high - low))
    return np.array(values)


def point_of(parameters):
    """
    Return the point of the unit cube that parameters come from.
    """
    values = []
    for value, (low, high, logarithmic) in zip(parameters, PARAMETERS.values(), strict=True):
        scaled = np.log([value, low, high]) if logarithmic else (value, low, high)
        values.append((scaled[0] - scaled[1]) / (scaled[2] - scaled[1]))
    return np.array(values)


def period_starts():
    """
    Return the first dates of the periods, which avoid the gap.
    """
    starts = FIRST + np.linspace(0, 1, PERIODS + 3) * (LAST - FIRST)
    inside = (starts > GAP[0] - 20 * u.day) & (starts < GAP[1])
    # Whole days: lists are at 0 and 12 UT.
    return Time(np.round(starts[~inside].mjd), format="mjd")


def simulated_rows(periods, parameters):
    """
    Return the listed regions of simulated periods.
    """
    signature, (mean, bright, spread) = Signature(*parameters[:4]), parameters[4:]
    parts, start = [], 0
    for item in periods:
        low, high = EPOCHS[1]
        inside = low <= item.times[0].decimalyear < high
        rows = item.rows(signature, bright if inside else mean, spread)
        rows = name_regions(rows, item.times.mjd[rows["list"]])
        rows["track"] += start
        start = max(start, rows["track"].max(initial=start) + 1) if len(rows) else start
        parts.append(rows)
    return vstack(parts)


class RealLists:
    """
    The published lists, masks and regions.
    """

    def __init__(self, data):
        rows = Table.read(data / "jsoc" / "strong_regions_2010_2021.csv")
        times = Time(list(rows["time"])).mjd
        _, track = np.unique(rows["designation"], return_inverse=True)
        self.rows = Table(
            {
                "day": times,
                "longitude": rows["carrington_longitude"],
                "latitude": rows["latitude"],
                "strength": np.asarray(rows["strength"], float),
                "track": track,
                "to_limb": rows["days_to_east_limb"],
            }
        )
        lists = Table.read(data / "jsoc" / "list_times_2010_2021.csv")
        self.times = Time(list(lists["list_time"])).mjd
        self.sizes = self._sizes(data)
        regions = Table.read(data / "arise" / "database_allARs.csv")
        flux = np.abs(regions["Flux(pos, Mx)"]) + np.abs(regions["Flux(neg, Mx)"])
        late = regions["CR"] >= 2097
        longitude = np.asarray(regions["Lon(whole)"], float)
        passage = regions["CR"] + 1 - longitude / 360
        self.regions = Table(
            {
                "longitude": longitude,
                "latitude": np.asarray(regions["Lat(whole)"], float),
                "flux": np.asarray(flux, float) * 1.36,
                # Time of the central-meridian passage.
                "passage": _passage(np.asarray(passage, float)),
            }
        )[late]

    def within(self, times):
        """
        Return the rows of the lists of some dates (MJD).
        """
        return self.rows[np.isin(np.round(self.rows["day"] * 2), np.round(np.asarray(times) * 2))]

    def _sizes(self, data):
        masks = Table.read(data / "jsoc" / "region_masks_2015.csv")
        day = Time(list(masks["time"])).mjd
        rows = []
        for mask, when in zip(masks, day, strict=True):
            near = self.rows[np.abs(self.rows["day"] - when) < 0.1]
            apart = separations(near["longitude"], near["latitude"], mask["carr_lon"], mask["lat"])
            if len(near) and apart.min() < 4:
                strength = near["strength"][np.argmin(apart)]
                area = max(np.sqrt(mask["area_deg2"]) - DILATION, 0.5) ** 2
                extents = (mask[name] - DILATION for name in ("lon_extent", "lat_extent"))
                rows.append((strength, area, *extents))
        names = ("strength", "area", "longitude_extent", "latitude_extent")
        return Table(rows=rows, names=names, dtype=[float] * 4)


def _passage(phase):
    """
    Return the dates (MJD) of Carrington rotation numbers with fractions.
    """
    grid = Time("2010-01-01") + np.arange(0, 5000, 5.0) * u.day
    return np.interp(phase, sun.carrington_rotation_number(grid), grid.mjd)


def statistics(rows, sizes, times, regions):
    """
    Return the statistics of lists.

    Parameters
    ----------
    rows : `~astropy.table.Table`
        ``day``, ``longitude``, ``latitude``, ``strength``, ``track``.
    sizes : `~astropy.table.Table`
        ``strength``, ``area``, ``longitude_extent``, ``latitude_extent``.
    times : array
        Dates of all lists.
    regions : `~astropy.table.Table`
        Active regions of magnetograms.
    """
    values = {}
    for share, value in zip(QUANTILES, np.quantile(rows["strength"], QUANTILES), strict=True):
        values[f"strength at {share:.0%}"] = value
    year = Time(times, format="mjd").decimalyear
    row_year = Time(np.asarray(rows["day"]), format="mjd").decimalyear
    for low, high in EPOCHS:
        inside = (row_year >= low) & (row_year < high)
        values[f"regions a list {low}-{high - 1}"] = inside.sum() / np.sum(
            (year >= low) & (year < high)
        )
    full = np.isin(np.round(times * 2), np.round(np.asarray(rows["day"]) * 2))
    values["lists without a region"] = 1 - full.mean()
    _, track = np.unique(rows["track"], return_inverse=True)
    day = np.asarray(rows["day"])
    first = np.array([day[track == k].min() for k in range(track.max() + 1)])
    last = np.array([day[track == k].max() for k in range(track.max() + 1)])
    # The ends of periods cut tracks of both kinds of lists alike.
    for share, value in zip(LIVES, np.quantile(last - first, LIVES), strict=True):
        values[f"life at {share:.0%} (d)"] = value
    for low, high in STRENGTHS:
        part = sizes[(sizes["strength"] >= low) & (sizes["strength"] < high)]
        name = f"strength {low}-{high}"
        ratio = part["strength"] * DEG2_PER_UHEM / part["area"]
        values[f"mean depth, {name} (rad)"] = np.median(ratio) if len(part) else np.nan
        for extent in ("longitude_extent", "latitude_extent"):
            size = np.median(part[extent]) if len(part) else np.nan
            values[f"{extent.replace('_', ' ')}, {name} (deg)"] = size
    for (low, high), share in zip(FLUXES, found_shares(rows, times, regions), strict=True):
        values[f"found, {low}-{high}e21 Mx"] = share
    return values


def found_shares(rows, times, regions, shift=0.0):
    """
    Return the shares of the regions of a flux that lists name in the days before their return.
    """
    limb = regions["passage"] - 90 / RATE
    covered = (np.searchsorted(times, limb - 5.5) < np.searchsorted(times, limb - 4.4)) & (
        np.searchsorted(times, limb - 1.1) < np.searchsorted(times, limb)
    )
    shares = []
    for low, high in FLUXES:
        flux = regions["flux"] / 1e21
        chosen = regions[covered & (flux >= low) & (flux < high)]
        found = 0
        for item in chosen:
            end = item["passage"] - 90 / RATE
            near = rows[(rows["day"] <= end) & (rows["day"] > end - 5.5)]
            apart = separations(
                near["longitude"] + shift, near["latitude"], item["longitude"], item["latitude"]
            )
            found += bool(len(near)) and apart.min() < 10
        shares.append(found / len(chosen) if len(chosen) else np.nan)
    return shares


def prepare(folder, film):
    """
    Simulate the periods of the fit and, between them, those of the comparison.
    """
    for name, seeds in SETS.items():
        for seed in seeds:
            for number, start in enumerate(period_starts()):
                path = folder / f"{name}_{seed}_{number:02d}.pickle"
                if path.exists():
                    continue
                later = 50 * u.day if name == "check" else 0 * u.day
                options = {"seed": [seed, number], "every": 2}
                period = simulate_period(film, start + later, LISTS, **options)
                path.write_bytes(pickle.dumps(period))


def load_periods(folder, name="period", seed=5):
    """
    Load the periods that `prepare` stored.
    """
    paths = sorted(folder.glob(f"{name}_{seed}_*.pickle"))
    return [pickle.loads(path.read_bytes()) for path in paths]


def draw(folder, real, number, part, parts, *, narrow):
    """
    Evaluate parameters from a Sobol sequence.
    """
    ranges, name = (NARROW, "narrow") if narrow else (PARAMETERS, "draw")
    periods = load_periods(folder)
    times = np.concatenate([item.times.mjd for item in periods])
    points = qmc.Sobol(len(PARAMETERS), seed=1).random(number)
    for index in range(part, number, parts):
        path = folder / f"{name}_{index:04d}.json"
        if path.exists():
            continue
        parameters = parameters_of(points[index], ranges)
        rows = simulated_rows(periods, parameters)
        values = statistics(rows, rows, times, real.regions) if len(rows) > 20 else {}
        content = {"parameters": parameters.tolist(), "statistics": values}
        path.write_text(json.dumps(content, default=float))


# Statistics of the fit with the standard deviation of their logarithm (True) or of themselves.
USED = {
    "strength at 5%": (True, 0.3),
    "strength at 25%": (True, 0.12),
    "strength at 50%": (True, 0.1),
    "strength at 75%": (True, 0.12),
    "strength at 95%": (True, 0.2),
    "regions a list 2010-2013": (True, 0.3),
    "regions a list 2014-2015": (True, 0.25),
    "regions a list 2016-2021": (True, 0.4),
    "lists without a region": (False, 0.06),
    "life at 50% (d)": (True, 0.12),
    "life at 75% (d)": (True, 0.12),
    "mean depth, strength 400-800 (rad)": (True, 0.05),
    "mean depth, strength 800-1600 (rad)": (True, 0.05),
    "mean depth, strength 1600-4000 (rad)": (True, 0.05),
    "longitude extent, strength 400-800 (deg)": (True, 0.12),
    "longitude extent, strength 800-1600 (deg)": (True, 0.12),
    "longitude extent, strength 1600-4000 (deg)": (True, 0.12),
    "latitude extent, strength 400-800 (deg)": (True, 0.12),
    "latitude extent, strength 800-1600 (deg)": (True, 0.12),
    "latitude extent, strength 1600-4000 (deg)": (True, 0.12),
    "found, 3-6e21 Mx": (False, 0.12),
    "found, 6-12e21 Mx": (False, 0.1),
    "found, 12-20e21 Mx": (False, 0.12),
    "found, 20-40e21 Mx": (False, 0.12),
    "found, 40-80e21 Mx": (False, 0.12),
}


def fit(folder, real, chains=40, steps=4000):
    """
    Fit quadratic models of the statistics, and sample the parameters that agree with the lists.
    """
    periods = load_periods(folder)
    times = np.concatenate([item.times.mjd for item in periods])
    observed = statistics(real.within(times), real.sizes, times, real.regions)
    draws = [json.loads(path.read_text()) for path in sorted(folder.glob("*_*.json"))]
    draws = [item for item in draws if item["statistics"]]
    points = np.array([point_of(item["parameters"]) for item in draws])
    names = [name for name in USED if np.isfinite(observed[name])]

    def scaled(values):
        out = []
        for name in names:
            logarithmic, sigma = USED[name]
            value = values[name]
            value = np.nan if value is None else value
            out.append((np.log(value + 0.02) if logarithmic else value) / sigma)
        return np.array(out)

    values = np.array([scaled(item["statistics"]) for item in draws])
    target = scaled(observed)
    # The model is quadratic near the solution: draws far away have little weight.
    distance = np.nanmean(np.minimum((values - target) ** 2, 25), axis=1)
    weight = np.exp(-distance / np.quantile(distance, 0.3) / 2)
    design = _design(points)
    models, errors = [], []
    for column in values.T:
        good = np.isfinite(column)
        w = np.sqrt(weight[good])
        scale = 1e-2 * np.eye(design.shape[1])
        scale[0, 0] = 0
        matrix = np.vstack([design[good] * w[:, None], scale])
        right = np.append(np.clip(column[good], -1e3, 1e3) * w, np.zeros(len(scale)))
        model = np.linalg.lstsq(matrix, right, rcond=None)[0]
        models.append(model)
        residual = column[good] - design[good] @ model
        freedom = max(1 - design.shape[1] / len(residual), 0.3)
        errors.append(np.sqrt(weight[good] @ residual**2 / weight[good].sum() / freedom))
    models, errors = np.array(models), np.array(errors)

    def cost(point):
        if np.any((point < 0) | (point > 1)):
            return np.inf
        excess = (models @ _design(point[None])[0] - target) ** 2 / (1 + errors**2)
        # Statistics are correlated: half of them count as independent.
        return 0.5 * excess.sum() / 2

    rng = np.random.default_rng(0)
    best = min(
        (minimize(cost, start, method="Nelder-Mead") for start in points[np.argsort(distance)[:8]]),
        key=lambda item: item.fun,
    ).x
    walkers = np.clip(best + rng.normal(0, 0.02, (chains, len(best))), 0.01, 0.99)
    costs = np.array([cost(item) for item in walkers])
    kept = []
    for step in range(steps):
        # Differential evolution.
        a, b = (walkers[rng.permutation(chains)] for _ in range(2))
        tried = walkers + 0.6 * (a - b) + rng.normal(0, 0.005, walkers.shape)
        new = np.array([cost(item) for item in tried])
        accept = np.log(rng.random(chains)) < costs - new
        walkers[accept], costs[accept] = tried[accept], new[accept]
        if step > steps // 4 and step % 20 == 0:
            kept.append(walkers.copy())
    kept = np.concatenate(kept)
    print(f"{len(draws)} draws, cost of the best {cost(best):.1f}, statistics {len(names)}")
    low, middle, high = np.quantile(
        [parameters_of(item) for item in kept], (0.16, 0.5, 0.84), axis=0
    )
    for name, *numbers in zip(PARAMETERS, parameters_of(best), low, middle, high, strict=True):
        print(f"{name:16s} best, 16, 50, 84 %:", *(f"{value:8.4f}" for value in numbers))
    nearest = draws[int(np.argmin(distance))]
    print("nearest draw", np.round(nearest["parameters"], 4), distance.min())
    predicted = models @ _design(best[None])[0]
    for index, name in enumerate(names):
        logarithmic, sigma = USED[name]
        value = predicted[index] * sigma
        value = np.exp(value) - 0.02 if logarithmic else value
        near = nearest["statistics"][name]
        print(f"{name:44s} observed {observed[name]:8.3f} model {value:8.3f} nearest {near:8.3f}")


def compare(folder, real, parameters, figure):
    """
    Print and plot the statistics of published and of simulated lists of dates without a fit.
    """
    runs, all_rows = [], []
    for seed in SETS["check"]:
        periods = load_periods(folder, "check", seed)
        times = np.concatenate([item.times.mjd for item in periods])
        rows = simulated_rows(periods, parameters)
        runs.append(statistics(rows, rows, times, real.regions))
        rows["track"] += 1_000_000 * seed
        all_rows.append(rows)
    same = real.within(times)
    columns = {
        "all": statistics(real.rows, real.sizes, real.times, real.regions),
        "same": statistics(same, real.sizes, times, real.regions),
    }
    print(f"{len(times)} dates; {len(same)} published rows, {[len(item) for item in all_rows]}")
    print(f"{'statistic':44s} {'all dates':>9s} {'same':>9s}  simulated")
    for name in runs[0]:
        values = np.array([item[name] for item in runs], dtype=float)
        print(
            f"{name:44s} {columns['all'][name]:9.3f} {columns['same'][name]:9.3f} "
            f"{values.mean():9.3f} +- {values.std(ddof=1):.3f}"
        )
    for name, listed, dates in (("published", real.rows, real.times), ("simulated", rows, times)):
        shifts = 60, 120, 180, 240
        chance = [found_shares(listed, dates, real.regions, shift) for shift in shifts]
        print(f"found by chance, {name}:", _mean(chance).round(2))
    _plot(figure, columns, runs, real, same, vstack(all_rows))


def _plot(figure, columns, runs, real, same, rows):
    fig, axes = plt.subplots(2, 3, figsize=(11, 6.5), layout="constrained")
    panels = [
        ("seismic strength (µhem rad)", same["strength"], rows["strength"]),
        ("area (deg²)", real.sizes["area"], rows["area"]),
        ("longitude extent (deg)", real.sizes["longitude_extent"], rows["longitude_extent"]),
        ("latitude extent (deg)", real.sizes["latitude_extent"], rows["latitude_extent"]),
        ("days listed", _lives(same), _lives(rows)),
    ]
    for ax, (label, published, simulated) in zip(axes.flat, panels, strict=False):
        for values, name in ((published, "published"), (simulated, "simulated")):
            values = np.sort(np.asarray(values, float))
            ax.step(values, np.linspace(0, 1, len(values)), where="post", label=name)
        ax.set(xlabel=label, ylabel="share below")
        if label != "days listed":
            ax.set_xscale("log")
    axes.flat[0].legend()
    ax = axes.flat[5]
    middles = [np.sqrt(max(low, 1.5) * min(high, 160)) for low, high in FLUXES]
    names = [name for name in runs[0] if name.startswith("found")]
    ax.plot(middles, [columns["all"][name] for name in names], "o-", label="published")
    ax.plot(middles, _mean([[run[name] for name in names] for run in runs]), "s-")
    ax.set(xscale="log", xlabel="unsigned flux (1e21 Mx)", ylabel="share listed")
    fig.savefig(figure, dpi=100)


def _mean(values):
    """
    Return the mean of the finite values of every column, NaN where there is none.
    """
    return np.ma.masked_invalid(values).mean(axis=0).filled(np.nan)


def _lives(rows):
    _, start = np.unique(rows["track"], return_inverse=True)
    day = np.asarray(rows["day"])
    return [np.ptp(day[start == number]) for number in range(start.max() + 1)]


def _design(points):
    """
    Return the terms of a quadratic model at points of the unit cube.
    """
    points = np.asarray(points) * 2 - 1
    # Products of two parameters need more draws than there are.
    return np.column_stack([np.ones(len(points)), points, points**2])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("stage", choices=["prepare", "draw", "fit", "compare"])
    parser.add_argument("--number", type=int, default=128)
    parser.add_argument("--narrow", action="store_true")
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1)
    parser.add_argument("--parameters", type=float, nargs=len(PARAMETERS))
    parser.add_argument("--figure", type=Path, default=Path("simulated_lists.png"))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.stage == "prepare":
        prepare(options.folder, Film(read_synoptic_maps(options.data / "synoptic"), LAST_ROTATION))
        return
    real = RealLists(options.data)
    if options.stage == "draw":
        series = options.number, options.part, options.parts
        draw(options.folder, real, *series, narrow=options.narrow)
    elif options.stage == "fit":
        fit(options.folder, real)
    else:
        compare(options.folder, real, options.parameters, options.figure)


if __name__ == "__main__":
    main()
