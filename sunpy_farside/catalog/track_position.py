"""
Mean position of a track and its uncertainty.

The numbers come from simulated Suns: ``benchmarks/calibrate_tracks.py``.
"""

import numpy as np

from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.detection.methods import METHODS

__all__ = ["mean_path", "position_uncertainty"]

# Shortest time in days over which a drift is distinguishable from scatter. A choice.
_DRIFT_SPAN = 1.0


def mean_path(day, longitude, latitude, strength):
    """
    Sum up the positions of a track.

    Parameters
    ----------
    day : array, shape (detections,)
        Dates in days, ascending.
    longitude, latitude : array, shape (detections,)
        Carrington coordinates in degrees.
    strength : array, shape (detections,)
        Weights of the mean position.

    Returns
    -------
    middle : `int`
        Index of the detection in the middle.
    mean_longitude, mean_latitude : `float`
        Mean of all positions when differential rotation has moved them to the date of that one,
        degrees.
    scatter : `float`
        Standard deviation along each axis about that path, degrees; NaN of a single detection.
    drift : `float`
        In Carrington longitude, degrees a day; NaN of tracks shorter than a day.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.catalog.track_position import mean_path
    >>> middle, longitude, *_ = mean_path(np.arange(3.0), np.array([359, 0, 1]), np.zeros(3), 1)
    >>> int(middle), float(longitude) % 360
    (1, 0.0)
    """
    middle = np.argmin(np.abs(day - day.mean()))
    weight = np.broadcast_to(strength, day.shape) / np.sum(np.broadcast_to(strength, day.shape))
    mean_latitude = weight @ latitude
    # Counted from the first detection, a track crosses no 0/360 boundary.
    relative = (longitude - longitude[0] + 180) % 360 - 180
    moved = relative - carrington_drift(mean_latitude) * (day - day[middle])
    mean_longitude = longitude[0] + weight @ moved
    east = (moved - moved.mean()) * np.cos(np.deg2rad(mean_latitude))
    squares = east**2 + (latitude - latitude.mean()) ** 2
    # Two axes share the squares, and the mean takes one degree of freedom of each.
    scatter = np.sqrt(squares.sum() / 2 / (len(day) - 1)) if len(day) > 1 else np.nan
    elapsed = day - day.mean()
    long = day[-1] - day[0] >= _DRIFT_SPAN
    drift = (elapsed @ relative) / (elapsed @ elapsed) if long else np.nan
    return middle, mean_longitude, mean_latitude, scatter, drift


def position_uncertainty(number, scatter, method):
    r"""
    Return the standard deviation of the mean positions of tracks.

    Parameters
    ----------
    number : array of `int`
        Detections of every track.
    scatter : array
        From `mean_path`, degrees. NaN counts as zero.
    method : {"network", "sar"}
        Method of the detections.

    Returns
    -------
    array
        Along each axis, degrees.

    Notes
    -----
    The variance is :math:`\sigma_1^2 / n + (k s)^2` for :math:`n` detections with the scatter
    :math:`s`; :math:`\sigma_1` is 3.2 degrees for networks and 4.9 for the SAR method,
    :math:`k` is 1.2 and 0.95. The first part is the error of a single detection: young tracks are
    those of weak regions, and of regions at the edge of the window, of which a part is not seen.
    The second does not fall with the number of detections. Ten of the eleven maps of successive
    sequences are the same, so that errors last for five days, and the
    scatter is that of the center of a region that is wide or has neighbors.

    Examples
    --------
    >>> from sunpy_farside.catalog.track_position import position_uncertainty
    >>> position_uncertainty([1, 4, 16], [float("nan"), 1, 1], "sar").round(1)
    array([4.9, 2.6, 1.6])
    """
    single, factor = METHODS[method].position_error
    return np.hypot(single / np.sqrt(number), factor * np.nan_to_num(scatter))
