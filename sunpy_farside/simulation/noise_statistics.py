"""
Statistics of the noise of phase maps, measured in observed maps and in simulated ones.
"""

import numpy as np

from astropy.table import Table

from sunpy_farside.coordinates.far_side import (
    disk_center_latitude,
    far_side_central_meridian,
    separations,
)
from sunpy_farside.coordinates.window import FIRST_LATITUDE, window_longitudes
from sunpy_farside.simulation.harmonics import degree_power
from sunpy_farside.simulation.statistics import PARTS, correlation, half_correlation

__all__ = ["MEASURED", "noise_statistics"]

_RINGS = ((0, 30), (30, 45), (45, 60), (60, 75), (75, 90))
_LAGS = (1, 2, 3, 4, 5)
# Bands of spherical degrees, the second one exclusive.
_BANDS = {"degrees below 14": (0, 14), "degrees 20 to 60": (20, 61)}

# Values outside active regions of 32 observed maps of April and May 2022.
MEASURED = {
    "standard deviation (rad)": 0.0504,
    **{
        f"standard deviation at {low}-{high} deg (rad)": value
        for (low, high), value in zip(_RINGS, (0.0504, 0.0533, 0.0489, 0.0485, 0.0437), strict=True)
    },
    **{
        f"mean at {low}-{high} deg (rad)": value
        for (low, high), value in zip(_RINGS, (-0.032, -0.016, -0.023, -0.018, -0.015), strict=True)
    },
    **{
        f"correlation {12 * lag} h apart": value
        for lag, value in zip(_LAGS, (0.49, 0.13, 0.085, 0.05, 0.01), strict=True)
    },
    "mean of eleven maps / one map": 0.460,
    "half correlation in latitude, center (deg)": 4.6,
    "half correlation in longitude, center (deg)": 4.6,
    "half correlation in latitude, sides (deg)": 4.6,
    "half correlation in longitude, sides (deg)": 6.5,
    "half correlation in latitude, high latitudes (deg)": 5.6,
    "half correlation in longitude, high latitudes (deg)": 9.3,
}


def noise_statistics(sequences):
    """
    Measure the statistics of the noise in sequences without active regions.

    Parameters
    ----------
    sequences : iterable of `~sunpy_farside.sequence.FarsideSequence`

    Returns
    -------
    `~astropy.table.Table`
        Columns ``statistic``, its ``mean`` over the sequences, its ``scatter`` among them, and the
        ``measured`` value of observed maps, NaN where there is none. Rings are at distances from
        the disk center; correlations are those of the same Carrington position; the power of a
        band of spherical degrees is that of maps 24 hours apart, which share no data.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.simulation.noise_statistics import noise_statistics
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=1, activity=0).sequence
    >>> table = noise_statistics([sequence])
    >>> print(table["statistic"][0], table["measured"][0])
    standard deviation (rad) 0.0504
    """
    values = [_statistics(sequence) for sequence in sequences]
    names = list(values[0])
    numbers = np.array([[item[name] for name in names] for item in values])
    measured = [MEASURED.get(name, np.nan) for name in names]
    columns = {"statistic": names, "mean": numbers.mean(axis=0), "scatter": numbers.std(axis=0)}
    return Table(columns | {"measured": measured})


def _statistics(sequence):
    own, comoving = sequence.data, sequence.comoving_data
    latitudes = FIRST_LATITUDE + np.arange(own.shape[1], dtype=float)
    values = {"standard deviation (rad)": np.mean([np.nanstd(item) for item in own])}
    distances = np.stack([_distances(time, latitudes, own.shape[2]) for time in sequence.times])
    inside = [(distances >= low) & (distances < high) for low, high in _RINGS]
    rings = list(zip(_RINGS, inside, strict=True))
    for (low, high), ring in rings:
        values[f"standard deviation at {low}-{high} deg (rad)"] = np.nanstd(own[ring])
    for (low, high), ring in rings:
        values[f"mean at {low}-{high} deg (rad)"] = np.nanmean(own[ring])
    for lag in _LAGS:
        pairs = zip(comoving[:-lag], comoving[lag:], strict=True)
        values[f"correlation {12 * lag} h apart"] = np.mean([correlation(*pair) for pair in pairs])
    known = np.isfinite(comoving).all(axis=0)
    one = np.mean([item[known].std() for item in comoving])
    values["mean of eleven maps / one map"] = comoving[:, known].mean(axis=0).std() / one
    columns = own.shape[2]
    for name, (rows, (first, last)) in PARTS.items():
        part = own[:, rows, int(first * columns) : int(last * columns)]
        for axis, direction in ((1, "latitude"), (2, "longitude")):
            values[f"half correlation in {direction}, {name} (deg)"] = half_correlation(part, axis)
    longitudes = window_longitudes(sequence.date, columns).value
    # The difference is free of the mean profile.
    apart = (comoving[2:] - comoving[:-2]) / np.sqrt(2)
    power = degree_power(apart, latitudes, longitudes)
    for name, (low, high) in _BANDS.items():
        values[f"power, {name} (rad2 sr)"] = power[low:high].sum()
    return values


def _distances(time, latitudes, width):
    longitudes = window_longitudes(time, width).value
    center = far_side_central_meridian(time).deg, -disk_center_latitude(time).deg
    return separations(longitudes, latitudes[:, None], *center)
