"""
Compare the arrivals of the SAR method's tracks with observed regions on the real Sun.

``python benchmarks/compare_real_arrivals.py LISTS REGIONS``

LISTS is a table of the rows of JSOC's region lists (columns ``designation``,
``carrington_longitude``, ``latitude``, ``strength``, ``time``). REGIONS is the database of ARISE
(``database_allARs.csv`` of github.com/Wang-Ruihui/A-live-homogeneous-database-of-solar-active-
regions), made from synoptic magnetograms. Tracks are made as for detections. The regions of
1e22 Mx or more of the same rotation are searched near the place and time predicted for the track's
crossing of the central meridian. It is not known which of them belongs to the track, so a normal
distribution and a constant number of others are fitted to all distances together. The offset of
seismic positions from the magnetic field, which simulated regions do not have, is what the
distances along the parallel have beyond the uncertainty of the positions. It is fitted to all
years and to two halves of them.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from astropy.table import Table
from astropy.time import Time

from sunpy.coordinates import sun

from sunpy_farside.catalog.linking import link_regions
from sunpy_farside.catalog.track_position import mean_path, position_uncertainty
from sunpy_farside.coordinates.arrival import (
    OFFSET,
    POLEWARD,
    arrival_spread,
    central_meridian_delay,
)
from sunpy_farside.coordinates.rotation import carrington_drift, synodic_rate

FLUX = 1e22
ROTATION = 27.2753  # days


def read_lists(path):
    """
    Read the days, positions and strengths of the rows of lists, and link them to tracks.
    """
    rows = Table.read(path)
    rows = rows[rows["strength"] > 0]
    day = Time(list(rows["time"])).mjd
    order = np.argsort(day, kind="stable")
    rows, day = rows[order], day[order]
    place = np.asarray(rows["carrington_longitude"]), np.asarray(rows["latitude"])
    strength = np.asarray(rows["strength"], dtype=float)
    return day, *place, strength, link_regions(day, *place, strength, radius=12, memory=3).track


def read_regions(path):
    """
    Read the longitudes and latitudes of regions, and their times at the central meridian.
    """
    rows = Table.read(path)
    # The fluxes of HMI times 1.36 are on the scale of MDI.
    scale = np.where(rows["CR"] >= 2097, 1.36, 1)
    flux = (rows["Flux(pos, Mx)"] - rows["Flux(neg, Mx)"]) * scale
    rows = rows[flux >= FLUX]
    longitude, latitude = (np.asarray(rows[name]) for name in ("Lon(whole)", "Lat(whole)"))
    start = {number: sun.carrington_rotation_time(int(number)).mjd for number in set(rows["CR"])}
    day = np.array([start[number] for number in rows["CR"]])
    return longitude, latitude, day + (360 - longitude) / 360 * ROTATION


def distances(lists, regions):
    """
    Return the offsets of regions from the predictions of tracks.

    These are degrees to the west, degrees poleward, days late in units of the uncertainty, the
    uncertainty of the position in degrees, and the day of the passage.
    """
    day, longitude, latitude, strength, track = lists
    there, north, passage = regions
    found = []
    for number in range(track.max() + 1):
        mine = np.flatnonzero(track == number)
        path = mean_path(day[mine], longitude[mine], latitude[mine], strength[mine])
        middle, mean, tilt, scatter, _ = path
        date = day[mine[middle]]
        if date > passage.max() - ROTATION / 2:
            continue
        time = Time(date, format="mjd")
        view, b0 = mean - sun.L0(time).deg, sun.B0(time).deg
        crossing = date + central_meridian_delay(view, tilt)
        sigma = position_uncertainty(len(mine), scatter, "sar")
        spread = arrival_spread(view, tilt, b0, np.hypot(sigma, OFFSET), np.hypot(sigma, POLEWARD))
        near = np.flatnonzero((np.abs(passage - crossing) < 5) & (np.abs(north - tilt) < 12))
        for region in near:
            moved = there[region] - carrington_drift(tilt) * (crossing - date)
            west = (moved - mean + 180) % 360 - 180
            # Regions farther west arrive earlier.
            pull = -west / synodic_rate(tilt) / spread
            poleward = (tilt - north[region]) * np.sign(tilt)
            west *= np.cos(np.deg2rad(tilt))
            found.append((west, poleward, pull, sigma, passage[region]))
    return np.transpose(found)


def fit(values, limit):
    """
    Fit the share, mean and standard deviation of a normal distribution over a constant.
    """
    values = values[np.abs(values) < limit]

    def cost(parameters):
        share, width = 1 / (1 + np.exp(-parameters[0])), np.exp(parameters[2])
        pull = (values - parameters[1]) / width
        normal = np.exp(-(pull**2) / 2) / np.sqrt(2 * np.pi) / width
        return -np.log(share * normal + (1 - share) / (2 * limit)).sum()

    starts = [[0, 0, np.log(limit / part)] for part in (4, 10, 20)]
    results = [minimize(cost, start, method="Nelder-Mead") for start in starts]
    found = min(results, key=lambda result: result.fun).x
    return 1 / (1 + np.exp(-found[0])), found[1], np.exp(found[2])


def fit_offset(west, sigma, limit):
    """
    Fit the share of a normal distribution over a constant, and its width beyond uncertainties.
    """
    near = np.abs(west) < limit
    west, sigma = west[near], sigma[near]

    def cost(parameters):
        share, width = 1 / (1 + np.exp(-parameters[0])), np.hypot(sigma, parameters[1])
        normal = np.exp(-((west / width) ** 2) / 2) / np.sqrt(2 * np.pi) / width
        return -np.log(share * normal + (1 - share) / (2 * limit)).sum()

    results = [minimize(cost, [0, start], method="Nelder-Mead") for start in (1, 3, 6)]
    return abs(min(results, key=lambda result: result.fun).x[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("lists", type=Path)
    parser.add_argument("regions", type=Path)
    options = parser.parse_args()
    lists = read_lists(options.lists)
    west, poleward, pull, sigma, passage = distances(lists, read_regions(options.regions))
    print(f"{lists[-1].max() + 1} tracks, {len(west)} regions near")
    share, middle, width = fit(west, 30)
    print(f"{share:.2f} of these are {middle:+.1f} +- {width:.1f} deg west of the track")
    half = Time("2015-01-01").mjd
    for name, rows in (
        ("all years", passage > 0),
        ("to 2014", passage < half),
        ("from 2015", passage >= half),
    ):
        offset = fit_offset(west[rows], sigma[rows], 30)
        print(f"offset along the parallel, {name}: {offset:.1f} deg ({rows.sum()} regions)")
    near = np.abs(west - middle) < 1.5 * width
    _, middle, width = fit(poleward[near], 12)
    print(f"the tracks are {middle:+.1f} +- {width:.1f} deg poleward of the regions")
    _, middle, width = fit(pull, 8)
    rms = np.hypot(middle, width)
    print(f"arrivals are {middle:+.1f} +- {width:.1f} uncertainties late, rms pull {rms:.1f}")


if __name__ == "__main__":
    main()
