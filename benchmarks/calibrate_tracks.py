"""
Calibrate the positions, arrivals and reliabilities of tracks on simulated months.

``python benchmarks/calibrate_tracks.py FOLDER --months 200`` simulates months of 80 maps with four
activities in all seasons, and stores the detections of both methods in FOLDER (existing files are
kept). It fits the numbers of `sunpy_farside.catalog.track_position` and
`sunpy_farside.catalog.track_evidence` to half of the months, and evaluates the package's own
numbers on the other half. ``--model measured --sun measured --magnetograms DIR`` does so for
another network and another model of the Sun. Rules:

- A track belongs to the active region of 2e21 Mx or more that most of its detections match, one to
  one within ten degrees. Its true arrival follows from the region's true position and rotation.
- A track is evaluated at each of its detections, from the data until then, and again at the last.
- A track is false when no region of 2e21 Mx or more lies within ten degrees of most of its
  detections.
- A region is found when it crosses the window, has 2e21 Mx or more there for three days or more,
  and a persistent track has three detections within ten degrees.
"""

import argparse
import pickle
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy.coordinates import sun

import sunpy_farside
from sunpy_farside.catalog import stack_regions
from sunpy_farside.catalog.linking import link_regions
from sunpy_farside.catalog.matching import match_positions
from sunpy_farside.catalog.track_evidence import combine_reliability
from sunpy_farside.catalog.track_position import mean_path, position_uncertainty
from sunpy_farside.coordinates.arrival import OFFSET, POLEWARD, arrival_spread, east_limb_delay
from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.detection import COLUMNS
from sunpy_farside.detection.methods import METHODS
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.simulation.suns import SUNS, load_sun

ACTIVITIES = 0.1, 0.3, 0.6, 1.0
N_MAPS, FLUX, DISTANCE = 80, 2e21, 10.0
# The values used by the package.
RELIABILITY = 0.8
FLUXES = 2e21, 3e21, 6e21, 12e21, 20e21, np.inf


def simulate(path, seed, model, sun_model):
    """
    Simulate a month, and write the detections of both methods and the true regions to a file.
    """
    start = Time("2022-01-01") + seed * 37 % 365 * u.day
    activity = ACTIVITIES[seed % len(ACTIVITIES)]
    options = {"activity": activity, "sun": sun_model}
    simulated = simulate_maps(start, N_MAPS, seed=[424242, seed], **options)
    sequences = sunpy_farside.find_sequences(simulated.maps)
    content = {"sun": simulated.sun, "activity": activity}
    content["day0"] = simulated.maps[N_MAPS // 2].date.mjd
    for method, detections in (
        ("network", sunpy_farside.detect_farside(sequences, model)),
        ("sar", sunpy_farside.detect_seismic_strength(sequences)),
    ):
        stack = stack_regions(detections)
        content[f"{method}_dates"] = Time(stack.meta["dates"]).mjd
        content[f"{method}_date"] = stack["date"].mjd
        content[f"{method}_longitude"] = stack["centroid"].lon.deg
        content[f"{method}_latitude"] = stack["centroid"].lat.deg
        for name in COLUMNS:
            if name not in ("centroid", "east_limb_arrival"):
                content[f"{method}_{name}"] = np.asarray(getattr(stack[name], "value", stack[name]))
    path.write_bytes(pickle.dumps(content))


class Month:
    """
    Detections of one method in a simulated month, linked to tracks, with the true regions.
    """

    def __init__(self, path, method):
        content = pickle.loads(path.read_bytes())
        self.sun, self.day0, self.activity = content["sun"], content["day0"], content["activity"]
        prefix = f"{method}_"
        found = {
            name.removeprefix(prefix): values
            for name, values in content.items()
            if name.startswith(prefix)
        }
        self.dates, self.day = found["dates"], found["date"]
        self.longitude, self.latitude = found["longitude"], found["latitude"]
        self.strength = found[METHODS[method].strength]
        self.significant = found["significant"]
        self.reliability = found.get("reliability", np.full(len(self.day), np.nan))
        self.features = found
        self.track = link_regions(
            self.day, self.longitude, self.latitude, self.strength, radius=12, memory=3
        ).track
        self.seed = int(Path(path).stem)
        grid = np.arange(self.dates[0] - 5, self.dates[-1] + 40, 0.25)
        times = Time(grid, format="mjd")
        self._earth = grid, np.unwrap(sun.L0(times).deg, period=360), sun.B0(times).deg
        self._match()

    def earth(self, day):
        """
        Return the longitude of the disk's central meridian and the latitude of its center.
        """
        grid, longitude, latitude = self._earth
        return np.interp(day, grid, longitude), np.interp(day, grid, latitude)

    def present(self, day):
        """
        Return the indices, longitudes, latitudes and fluxes of the regions that count on a day.
        """
        flux = self.sun.flux_on(day - self.day0)
        index = np.flatnonzero(flux >= FLUX)
        longitude = self.sun.longitude_on(day - self.day0)[index] % 360
        return index, longitude, self.sun.latitude[index], flux[index]

    def _match(self):
        self.match = np.full(len(self.day), -1)
        self.real = np.zeros(len(self.day), dtype=bool)
        self.covered = defaultdict(lambda: defaultdict(int))
        self.visible = defaultdict(list)
        for day in self.dates:
            index, longitude, latitude, flux = self.present(day)
            east = (longitude - self.earth(day)[0] + 360) % 360 - 180
            for region in np.flatnonzero(np.abs(east) < 59):
                self.visible[index[region]].append((day, flux[region]))
            here = np.flatnonzero(self.day == day)
            place = self.longitude[here], self.latitude[here]
            rows, others, _ = match_positions(*place, longitude, latitude, DISTANCE)
            self.match[here[rows]] = index[others]
            apart = separations(place[0][:, None], place[1][:, None], longitude, latitude)
            near = apart <= DISTANCE
            self.real[here] = near.any(axis=1)
            for row, region in zip(*np.nonzero(near), strict=True):
                self.covered[index[region]][self.track[here[row]]] += 1

    def true_arrival(self, region, day):
        """
        Return the day nearest to a given one on which a region arrives at the east limb.
        """
        latitude, day0 = self.sun.latitude[region], day
        b0 = self.earth(day)[1]
        longitude = self.sun.longitude_on(day - self.day0)[region] - self.earth(day)[0]
        arrival = day + east_limb_delay(longitude, latitude, b0)
        for _ in range(5):
            # The Earth moves, and not uniformly.
            meridian, b0 = self.earth(arrival)
            place = self.sun.longitude_on(arrival - self.day0)[region] - meridian
            # The region is within a day of the limb, so the longitude is valid for the delay.
            arrival = arrival + east_limb_delay((place + 270) % 360 - 270, latitude, b0)
        return arrival if abs(arrival - day0) < 25 else np.nan

    def tracks(self):
        """
        Return the detections of every track.
        """
        order = np.argsort(self.track, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.track[order])) + 1) if len(order) else []


def arrivals(months):
    """
    Return the error of the arrival of every track at each of its detections, and related values.
    """
    rows = []
    for month in months:
        for number, members in enumerate(month.tracks()):
            regions = month.match[members]
            region = np.bincount(regions[regions >= 0], minlength=1).argmax()
            if np.sum(regions == region) <= len(members) / 2:
                continue
            for stop in range(1, len(members) + 1):
                known = members[:stop]
                day, weight = month.day[known], month.strength[known]
                path = mean_path(day, month.longitude[known], month.latitude[known], weight)
                middle, longitude, latitude, scatter, _ = path
                meridian, b0 = month.earth(day[middle])
                view = longitude - meridian, latitude, b0
                arrival = day[middle] + float(east_limb_delay(*view))
                rows.append(
                    {
                        "month": month.seed,
                        "track": number,
                        "number": stop,
                        "last": stop == len(members),
                        "scatter": scatter,
                        "error": arrival - month.true_arrival(region, day[middle]),
                        "along": float(arrival_spread(*view, 1, 0)),
                        "across": float(arrival_spread(*view, 0, 1)),
                        "reliability": _reliability(month, known),
                        "share": month.significant[known].mean(),
                    }
                )
    return Table(rows).as_array()


def _reliability(month, members):
    span = np.ptp(month.day[members])
    return combine_reliability(month.reliability[members], [0], [span])[0]


def fit_position(table):
    """
    Fit the position error of a single detection, and the factor of the scatter.

    Every track has the same weight. The core of the errors is fitted with Student's t distribution,
    and then widened until 68 % of the errors are within one standard deviation.
    """
    weight = _per_track(table)

    def spread(parameters, scale=1.0):
        single, factor = scale * np.exp(parameters)
        scatter = np.nan_to_num(table["scatter"])
        return _spread(table, np.hypot(single / np.sqrt(table["number"]), factor * scatter))

    def cost(parameters, freedom=6):
        sigma = spread(parameters)
        pull = table["error"] / sigma
        return weight @ (np.log(sigma) + (freedom + 1) / 2 * np.log1p(pull**2 / freedom))

    found = minimize(cost, np.log([3, 1.5]), method="Nelder-Mead").x
    scales = np.linspace(0.5, 2, 301)
    shares = [weight @ (np.abs(table["error"]) < spread(found, scale)) for scale in scales]
    return np.exp(found) * np.interp(0.69, shares, scales)


def _per_track(table):
    """
    Return weights that sum to the same value for every track.
    """
    names = np.stack([table["month"], table["track"]])
    _, owner, counts = np.unique(names, axis=1, return_inverse=True, return_counts=True)
    weight = 1 / counts[owner.ravel()]
    return weight / weight.sum()


def _spread(table, uncertainty, offset=0.0):
    across = table["across"] * np.hypot(uncertainty, POLEWARD)
    return np.hypot(table["along"] * np.hypot(uncertainty, offset), across)


def show_arrivals(table, method, offset):
    """
    Print the errors of arrivals in comparison with the quoted uncertainties.
    """
    print(f" offset along the parallel of {offset} deg:")
    quoted = position_uncertainty(table["number"], table["scatter"], method)
    spread = _spread(table, quoted, offset)
    pull = table["error"] / spread
    last, number = table["last"], table["number"]
    known = table["reliability"]
    sure = np.where(np.isnan(known), table["share"] > 0.5, known >= RELIABILITY)
    for name, chosen in {
        "at each detection": number > 0,
        "at the last detection": last,
        "persistent, at the last": last & (number >= 5) & sure,
        "reliability of 0.5 or more": known >= 0.5,
        "1 detection": number == 1,
        "2 and 3 detections": (number > 1) & (number < 4),
        "4 to 7 detections": (number > 3) & (number < 8),
        "8 to 12 detections": (number > 7) & (number < 13),
        "13 detections or more": number > 12,
    }.items():
        part, error = pull[chosen], table["error"][chosen]
        print(
            f"  {name:26s} {len(part):6d}: {np.mean(np.abs(part) < 1):.2f} within one sigma, "
            f"rms pull {np.sqrt(np.mean(part**2)):.2f}, mean error {error.mean():+.2f} d, "
            f"rms {np.sqrt(np.mean(error**2)):.2f} d, quoted {spread[chosen].mean():.2f} d"
        )


def evidence(months):
    """
    Return the evidence for every track at each of its detections, and the ground truth.
    """
    rows = []
    for month in months:
        odds = np.clip(month.reliability, 0.01, 0.995)
        odds = np.log(odds / (1 - odds))
        for number, members in enumerate(month.tracks()):
            for stop in range(1, len(members) + 1):
                known = members[:stop]
                rows.append(
                    {
                        "month": month.seed,
                        "track": number,
                        "number": stop,
                        "last": stop == len(members),
                        "odds": odds[known].mean(),
                        "independent": min(1 + np.ptp(month.day[known]) / 5, stop),
                        "reliability": _reliability(month, known),
                        "share": month.significant[known].mean(),
                        "real": month.real[members].mean() > 0.5,
                    }
                )
    return Table(rows).as_array()


def fit_recurrence(table):
    """
    Fit the gain in log odds per independent detection, and the number at which it is zero.

    Every track has the same weight for all of its detections, and again for its last one.
    """
    weight, sign = _per_track(table) + table["last"] / table["last"].sum(), 1 - 2.0 * table["real"]

    def cost(parameters):
        odds = table["odds"] + parameters[0] * (table["independent"] - parameters[1])
        return weight @ np.logaddexp(0, sign * odds)

    return minimize(cost, [0.5, 2], method="Nelder-Mead").x


def show_evidence(table):
    """
    Print the share of real tracks in bins of reliability.
    """
    edges = (0, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1)
    for stage, chosen in (("each", table["number"] > 0), ("the last", table["last"])):
        part = table[chosen]
        place = np.digitize(part["reliability"], edges[1:-1])
        bins = [part[place == index] for index in range(len(edges) - 1)]
        print(
            f"  reliability: share that is real, at {stage} detection: "
            + ", ".join(
                f"{np.mean(item['reliability']):.2f}: {np.mean(item['real']):.2f} ({len(item)})"
                for item in bins
                if len(item)
            )
        )


def show_rule(months, table, name, chosen):
    """
    Print the false-discovery rate and the completeness of selected tracks.
    """
    persistent = {(row["month"], row["track"]) for row in table[chosen]}
    false = np.sum(~table["real"][chosen])
    flux, found = [], []
    for month in months:
        for region, seen in month.visible.items():
            days, fluxes = np.transpose(seen)
            if len(days) >= 7 and np.ptp(days) < 12:
                flux.append(fluxes.max())
                found.append(
                    any(
                        (month.seed, track) in persistent
                        for track, number in month.covered[region].items()
                        if number >= 3
                    )
                )
    place = np.digitize(flux, FLUXES) - 1
    shares = [np.mean(np.array(found)[place == index]) for index in range(len(FLUXES) - 1)]
    print(
        f"  {name:34s} {len(persistent):5d} tracks, {false:4d} false "
        f"({false / max(len(persistent), 1):.3f}, {false / len(months) * 30 / 35:.2f} a month); "
        f"found by flux {' '.join(f'{share:.2f}' for share in shares)}"
    )


def longest_run(month, members):
    """
    Return the longest run of dates with a significant detection, the earlier persistence rule.
    """
    index = np.searchsorted(month.dates, month.day[members][month.significant[members]])
    return max(len(run) for run in np.split(index, np.flatnonzero(np.diff(index) != 1) + 1))


def show_rules(months, table):
    """
    Print the results of several rules for persistent tracks.
    """
    last = table[table["last"]]
    runs = {
        (month.seed, number): longest_run(month, members)
        for month in months
        for number, members in enumerate(month.tracks())
    }
    run = np.array([runs[row["month"], row["track"]] for row in last])
    show_rule(months, last, "all tracks", run >= 0)
    show_rule(months, last, "significant on 10 successive dates", run >= 10)
    for number in (1, 5, 10):
        often = last["number"] >= number
        for reliability in (0.7, 0.8, 0.85, 0.88, 0.9, 0.95):
            name = f"{number} detections, reliability {reliability}"
            show_rule(months, last, name, often & (last["reliability"] >= reliability))
        show_rule(
            months, last, f"{number} detections, half significant", often & (last["share"] > 0.5)
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--months", type=int, default=200)
    parser.add_argument("--model", default="default")
    parser.add_argument("--sun", choices=SUNS, default="drawn")
    parser.add_argument("--magnetograms")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    paths = [options.folder / f"{seed:05d}.pkl" for seed in range(options.months)]
    model = sunpy_farside.load_model(options.model)
    sun_model = load_sun(options.sun, options.magnetograms)
    for seed, path in enumerate(paths):
        if not path.exists():
            simulate(path, seed, model, sun_model)
    both = []
    for method in METHODS:
        months = [Month(path, method) for path in paths]
        # Both halves contain all activities and seasons.
        halves = [[item for item in months if item.seed // 4 % 2 == half] for half in (0, 1)]
        fitted, kept = (arrivals(half) for half in halves)
        print(f"{method}: single, factor = {fit_position(fitted).round(2)}")
        for offset in (0.0, OFFSET):
            show_arrivals(kept, method, offset)
        fitted, kept = (evidence(half) for half in halves)
        both.append(fitted)
        print(f"{method}: recurrence, expected = {fit_recurrence(fitted).round(2)}")
        show_evidence(kept)
        show_rules(halves[1], kept)
    # Different numbers of months distinguish the methods.
    both[1]["month"] += len(paths)
    print(f"both: recurrence, expected = {fit_recurrence(np.concatenate(both)).round(2)}")


if __name__ == "__main__":
    main()
