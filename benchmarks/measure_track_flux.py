"""
Compare the magnetic flux of simulated tracks and dates with that of the regions behind them.

``python benchmarks/measure_track_flux.py PERIODS`` simulates periods of 23 days with a detection
every 12 hours. For persistent tracks, and for all tracks of regions, it prints the ratio of the
regions' mean flux to the estimate, and the share of the fluxes within the interval; for the dates,
the mean flux of the regions in the window and of the significant regions. The figures of "Magnetic
flux" in ``docs/tracks.rst`` are those of ten periods, which take ten minutes.
"""

import sys
from types import SimpleNamespace

import numpy as np

import astropy.units as u

import sunpy_farside
from sunpy_farside.catalog import stack_regions
from sunpy_farside.catalog.numbers import daily_numbers
from sunpy_farside.evaluation.cases import Case, compare_detection, reference_flux
from sunpy_farside.evaluation.simulated import reference_regions
from sunpy_farside.simulation import simulate_maps

_N_MAPS = 47
_STARTS = ("2022-01-01", "2022-04-01", "2022-07-01", "2022-10-01")
_ACTIVITIES = (0.4, 0.7, 1.0)
# Seeds that are used nowhere else.
_SEED = 77
# Days over which the flux of a track is averaged.
_DAYS = 5


def compare_dates(simulated, sequences, detections):
    """
    Return the flux of the regions of each detection by date and label, and of all in the window.
    """
    fluxes, totals = {}, []
    for sequence, detection in zip(sequences, detections, strict=True):
        known = reference_regions(
            SimpleNamespace(regions=simulated.regions(sequence.date), sequence=sequence)
        )
        case = Case(known, {"method": compare_detection(detection, known)}, {})
        found = reference_flux(case, "method")
        date = detection.date.isot
        fluxes |= {
            (date, int(label)): flux
            for label, flux in zip(detection.regions["label"], found, strict=True)
        }
        totals.append(np.asarray(known["flux"])[np.asarray(known["complex"]) >= 0].sum())
    return fluxes, totals


def compare_tracks(detections, fluxes):
    """
    Return (persistent, estimate, lower, upper, reference) of the tracks of regions.
    """
    result = sunpy_farside.track_regions(detections)
    members, rows = result.members, []
    places = zip(members["date"].isot, members["label"].tolist(), strict=True)
    reference = np.array([fluxes[place] for place in places])
    day = members["date"].mjd
    for track in result.tracks:
        mine = np.flatnonzero(members["designation"] == track["designation"])
        recent = reference[mine[day[mine] >= day[mine[-1]] - _DAYS]]
        # All of these detections have regions of their own.
        if (recent > 0).all():
            interval = (track[name].to_value(u.Mx) for name in ("flux", "flux_lower", "flux_upper"))
            rows.append((track["persistent"], *interval, recent.mean()))
    return rows


def show(method, rows, dates):
    """
    Print the comparison of a method.
    """
    persistent, estimate, lower, upper, reference = np.array(rows, dtype=float).T
    for name, chosen in (("persistent", persistent == 1), ("all", persistent >= 0)):
        within = (reference >= lower) & (reference <= upper)
        print(
            f"{method}: {chosen.sum()} {name} tracks of regions, flux / estimate "
            f"{reference[chosen].sum() / estimate[chosen].sum():.2f}, within the interval "
            f"{within[chosen].mean():.2f}"
        )
    total, summed = np.array(dates).T
    print(
        f"{method}: {len(total)} dates, in the window {total.mean():.2e} Mx, estimate of the "
        f"significant regions {summed.mean():.2e} Mx, correlation "
        f"{np.corrcoef(total, summed)[0, 1]:.2f}"
    )


def main(n_periods):
    """
    Simulate periods and compare both methods.
    """
    rows, dates = ({"network": [], "sar": []} for _ in range(2))
    for period in range(n_periods):
        simulated = simulate_maps(
            _STARTS[period % len(_STARTS)],
            _N_MAPS,
            seed=[_SEED, period],
            activity=_ACTIVITIES[period % len(_ACTIVITIES)],
        )
        sequences = sunpy_farside.find_sequences(simulated.maps)
        for method, detections in (
            ("network", sunpy_farside.detect_farside(sequences)),
            ("sar", sunpy_farside.detect_seismic_strength(sequences)),
        ):
            fluxes, totals = compare_dates(simulated, sequences, detections)
            rows[method] += compare_tracks(detections, fluxes)
            numbers = daily_numbers(stack_regions(detections))
            dates[method] += zip(totals, numbers["flux"].to_value(u.Mx), strict=True)
    for method in rows:
        show(method, rows[method], dates[method])


if __name__ == "__main__":
    main(int(sys.argv[1]))
