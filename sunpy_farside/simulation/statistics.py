"""
Statistics for the comparison of simulated with observed maps.
"""

import numpy as np

from astropy.table import Table

__all__ = ["correlation", "half_correlation", "map_statistics"]

_LAGS = (1, 2, 3, 5, 8)
# Parts of a window: rows, and columns as fractions of its width. High latitudes are above 40
# degrees.
PARTS = {
    "center": (slice(42, 102), (0.25, 0.75)),
    "sides": (slice(42, 102), (0.0, 0.25)),
    "high latitudes": (slice(112, 144), (0.0, 1.0)),
}
_LONGEST = 14


def map_statistics(sequences):
    """
    Compute the noise level, distribution and correlations of phase maps.

    Parameters
    ----------
    sequences : `~sunpy_farside.sequence.FarsideSequence` or an iterable of them
        One or more sequences.

    Returns
    -------
    `~astropy.table.Table`
        Columns ``statistic``, its ``mean`` over the sequences and its ``scatter`` among them.
        Statistics are the standard deviation and mean in rad; percentiles in standard deviations
        from the mean; the correlation of maps one to eight steps apart at the same Carrington
        position; and the distance in degrees at which the autocorrelation of a map drops to one
        half, in latitude and longitude, in parts of the window.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.simulation.statistics import map_statistics
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence
    >>> table = map_statistics(sequence)
    >>> print(table["statistic"][0])
    standard deviation (rad)
    >>> bool(0.03 < table["mean"][0] < 0.07)
    True
    """
    if hasattr(sequences, "comoving_data"):
        sequences = [sequences]
    values = [_statistics(sequence) for sequence in sequences]
    names = list(values[0])
    numbers = np.array([[item[name] for name in names] for item in values])
    return Table({"statistic": names, "mean": numbers.mean(axis=0), "scatter": numbers.std(axis=0)})


def half_correlation(maps, axis):
    """
    Compute the lag at which the autocorrelation of maps drops to one half.

    Parameters
    ----------
    maps : array, shape (n, rows, columns)
        Values of the maps; NaN is replaced by the mean.
    axis : {1, 2}
        Axis of the lag: latitude or longitude.

    Returns
    -------
    `float`
        Lag in pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.simulation.statistics import half_correlation
    >>> rng = np.random.default_rng(0)
    >>> maps = np.repeat(rng.normal(size=(9, 40, 20)), 4, axis=2)
    >>> round(half_correlation(maps, 2))
    2
    """
    maps = np.nan_to_num(maps - np.nanmean(maps))
    size = maps.shape[axis]
    lags = np.arange(min(_LONGEST, size))
    values = np.array(
        [
            (maps.take(range(size - lag), axis) * maps.take(range(lag, size), axis)).mean()
            for lag in lags
        ]
    )
    return float(np.interp(-0.5, -values / values[0], lags))


def _statistics(sequence):
    own, comoving = sequence.data, sequence.comoving_data
    level, mean = np.nanstd(own), np.nanmean(own)
    values = {"standard deviation (rad)": level, "mean (rad)": mean}
    for share in (0.1, 1, 50, 99, 99.9):
        values[f"percentile {share:g}"] = (np.nanpercentile(own, share) - mean) / level
    for lag in _LAGS:
        pairs = zip(comoving[:-lag], comoving[lag:], strict=True)
        values[f"correlation {lag} apart"] = np.mean([correlation(*pair) for pair in pairs])
    columns = own.shape[2]
    for name, (rows, (first, last)) in PARTS.items():
        part = own[:, rows, int(first * columns) : int(last * columns)]
        for axis, direction in ((1, "latitude"), (2, "longitude")):
            values[f"half correlation in {direction}, {name} (deg)"] = half_correlation(part, axis)
    return values


def correlation(one, other):
    """
    Return the correlation of two maps over the pixels that both have.

    Parameters
    ----------
    one, other : array
        Arrays of equal shape; NaN where data are missing.

    Returns
    -------
    `float`

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.simulation.statistics import correlation
    >>> round(correlation(np.array([1, 2, 3, np.nan]), np.array([3, 2, 1, 7])))
    -1
    """
    both = np.isfinite(one) & np.isfinite(other)
    return np.corrcoef(one[both], other[both])[0, 1]
