"""
Pairs of magnetograms and sequences, and their split into training, validation and test.
"""

from dataclasses import dataclass

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy_farside.cadence import CADENCE, MIDDLE, N_MAPS, step_numbers, step_time
from sunpy_farside.utils.inputs import user_time

__all__ = [
    "HALF_ROTATION",
    "SPLITS",
    "Pairs",
    "pair_frames",
    "split_pairs",
]

SPLITS = ("training", "validation", "test")
# From the far side to the near side [Felipe & Asensio Ramos 2019, section 2.3].
HALF_ROTATION = 13.5 * u.day

_ROTATION = 27.3 * u.day
# Fractions of the time outside the gaps. Training comes before and after validation and test, so
# that it covers more than one phase of the solar cycle.
_SHARES = (("training", 0.5), ("validation", 0.1), ("test", 0.2), ("training", 0.2))


@dataclass(frozen=True)
class Pairs:
    """
    Magnetograms and the middle maps of their sequences.

    Attributes
    ----------
    frames : array of `int`
        Indices of the magnetograms, in order of their middle maps.
    middles : array of `int`
        Step of the middle map (converted to a date by `~sunpy_farside.cadence.step_time`).
    left_out : `list` of (`int`, `str`)
        Indices of the other magnetograms, each with the reason why it is left out.
    """

    frames: np.ndarray
    middles: np.ndarray
    left_out: list


@u.quantity_input
def pair_frames(frame_times, map_times, *, lag: u.day = HALF_ROTATION):
    """
    Pair magnetograms with the sequences half a rotation before them.

    Parameters
    ----------
    frame_times : `~astropy.time.Time`
        Dates of the magnetograms, in any order.
    map_times : `~astropy.time.Time`
        Dates of the maps, in any order. Maps more than a minute off 00 and 12 UT are ignored.
    lag : `~astropy.units.Quantity`, optional
        Time from the middle map to the magnetogram.

    Returns
    -------
    `Pairs`
        A magnetogram is paired with the eleven maps around the 00 or 12 UT nearest to ``lag``
        before it. It is left out if one of these maps is missing, or if another magnetogram is
        nearer to the same date.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.cadence import step_time
    >>> from sunpy_farside.datasets.pairing import pair_frames
    >>> maps = step_time(range(119403, 119414))
    >>> pairs = pair_frames(Time(["2022-05-18T12:00", "2022-05-19T12:00"]), maps)
    >>> step_time(pairs.middles).isot.tolist(), pairs.left_out
    (['2022-05-05T00:00:00.000'], [(1, 'no map of 2022-05-08T00:00, 2022-05-08T12:00')])
    """
    days = frame_times.utc.mjd * u.day - lag
    middles, _ = step_numbers(Time(days, format="mjd", scale="utc"))
    steps, on_cadence = step_numbers(map_times)
    there = set(steps[on_cadence].tolist())
    off = np.abs((days / CADENCE).to_value(u.one) - middles)
    best: dict[int, int] = {}
    left_out = []
    for k in np.lexsort((np.arange(len(middles)), off)):
        middle = int(middles[k])
        missing = [
            step for step in range(middle - MIDDLE, middle + MIDDLE + 1) if step not in there
        ]
        if missing:
            names = ", ".join(step_time(step).isot[:16] for step in missing)
            left_out.append((int(k), f"no map of {names}"))
        elif middle in best:
            other = frame_times[best[middle]].isot[:16]
            left_out.append((int(k), f"the magnetogram of {other} has the same maps"))
        else:
            best[middle] = int(k)
    order = sorted(best)
    return Pairs(
        np.array([best[middle] for middle in order], dtype=int),
        np.array(order, dtype=int),
        sorted(left_out),
    )


@u.quantity_input
def split_pairs(dates, *, validation=None, test=None, gap: u.day = _ROTATION):
    """
    Split sequences by date into training, validation and test, with gaps between them.

    Parameters
    ----------
    dates : `~astropy.time.Time`
        Dates of the middle maps.
    validation, test : pair of `~astropy.time.Time`, `str` or `~datetime.datetime`, optional
        First and last date of each split. By default, the time outside the gaps is divided, in
        this order, into one half for training, a tenth for validation, a fifth for the test and
        another fifth for training.
    gap : `~astropy.units.Quantity`, optional
        Shortest time between maps of two splits; a full rotation by default.

    Returns
    -------
    array of `str`
        ``"training"``, ``"validation"``, ``"test"``, or empty for a sequence in a gap.

    Raises
    ------
    ValueError
        Only one of the two ranges is given, the ranges are too close, or the dates cover too short
        a time.

    Notes
    -----
    Adjacent sequences share ten of their eleven maps, and large regions live for months: a random
    split would test the network on regions of the training set.

    Examples
    --------
    >>> import astropy.units as u
    >>> from astropy.time import Time
    >>> from sunpy_farside.datasets.pairing import split_pairs
    >>> dates = Time("2010-06-01") + range(3000) * u.day
    >>> splits = split_pairs(dates)
    >>> [int((splits == name).sum()) for name in ("training", "validation", "test", "")]
    [2033, 290, 581, 96]
    """
    # Sequences extend beyond their middle maps; even without a gap, splits must not share maps.
    apart = (max(gap, CADENCE) + (N_MAPS - 1) * CADENCE).to_value(u.day)
    days = dates.utc.mjd
    if (validation is None) != (test is None):
        msg = "Expected the dates of both validation and test, or of neither; found one of them."
        raise ValueError(msg)
    if not len(days):
        return np.array([], dtype="U10")
    splits = np.full(len(days), "", dtype="U10")
    if validation is None:
        for name, start, end in _blocks(days.min(), days.max(), apart):
            splits[(days >= start) & (days <= end)] = name
    else:
        ranges = [_range(*pair) for pair in (validation, test)]
        _check_apart(ranges, apart)
        splits[:] = "training"
        for start, end in ranges:
            splits[(days > start - apart) & (days < end + apart)] = ""
        for name, (start, end) in zip(SPLITS[1:], ranges, strict=True):
            splits[(days >= start) & (days <= end)] = name
    return splits


def _blocks(first, last, apart):
    left = last - first - (len(_SHARES) - 1) * apart
    if left <= 0:
        msg = (
            f"Expected sequences of more than {(len(_SHARES) - 1) * apart:.0f} days to split with "
            f"gaps of a rotation, found {last - first:.0f} days. Take a longer time, a shorter "
            "gap, or name the dates of validation and test."
        )
        raise ValueError(msg)
    start = first
    for name, share in _SHARES:
        # The margin keeps rounding from excluding the last date.
        end = start + share * left + 1e-6
        yield name, start, end
        start = end + apart


def _range(start, end):
    start, end = user_time(start), user_time(end)
    if end < start:
        msg = f"Expected an end after the start, found {start.isot} to {end.isot}."
        raise ValueError(msg)
    return start.utc.mjd, end.utc.mjd


def _check_apart(ranges, apart):
    (_, early_end), (late_start, _) = sorted(ranges)
    if late_start - early_end < apart:
        msg = (
            f"Expected validation and test {apart:.1f} days apart, found them "
            f"{late_start - early_end:.1f} days apart. Move one of them, or take a shorter gap."
        )
        raise ValueError(msg)
