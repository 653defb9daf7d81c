"""
Mean of phase maps, and level of its noise.
"""

import numpy as np

__all__ = ["mean_and_number", "mean_phase", "noise_level"]

# Standard deviation of a Gaussian over the median distance from its middle.
_DEVIATION = 1.4826


def mean_phase(phases: np.ndarray) -> np.ndarray:
    """
    Average phase maps over the maps that have data.

    Parameters
    ----------
    phases : array, shape (maps, rows, columns)
        NaN where there are no data.

    Returns
    -------
    array, shape (rows, columns)
        NaN where no map has data.
    """
    return mean_and_number(phases)[0]


def mean_and_number(phases: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    Return the mean of phase maps, and the number of maps that have data, at every pixel.

    Parameters
    ----------
    phases : array, shape (maps, rows, columns)
        NaN where there are no data.

    Returns
    -------
    mean, number : array, shape (rows, columns)
        The mean is NaN where no map has data.
    """
    known = np.isfinite(phases)
    number = known.sum(axis=0, dtype=np.uint16)
    with np.errstate(invalid="ignore"):
        return np.where(known, phases, 0).sum(axis=0, dtype=float) / number, number


def noise_level(mean: np.ndarray) -> tuple[float, float]:
    """
    Return the middle of a map's values and the level of its noise.

    Parameters
    ----------
    mean : array, shape (rows, columns)
        Mean phase shift, NaN where there are no data.

    Returns
    -------
    middle, level : `float`
        Median, and 1.4826 times the median distance from it, which active regions, being few
        pixels, hardly change. NaN where there are no data at all.
    """
    values = mean[np.isfinite(mean)]
    if not values.size:
        return np.nan, np.nan
    middle = np.median(values)
    return middle, _DEVIATION * np.median(np.abs(values - middle))
