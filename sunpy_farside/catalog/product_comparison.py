"""
Comparison of the detections in two products of the same dates.
"""

from collections.abc import Iterable

import numpy as np

import astropy.units as u
from astropy.table import QTable, Table

import sunpy_farside
from sunpy_farside.catalog.matching import match_dates, same_maps
from sunpy_farside.catalog.region_stack import carrington_positions, stack_regions
from sunpy_farside.detection.result import FarsideDetection

__all__ = ["ALONE", "compare_products", "joint_reliability"]

# Factor of the odds of a region that only one of two products shows, measured in pairs of simulated
# sequences of one Sun with different noise: 0.47 for the network and 0.58 for the SAR method.
ALONE = 0.55


def compare_products(
    first: Iterable[FarsideDetection] | FarsideDetection | Table,
    second: Iterable[FarsideDetection] | FarsideDetection | Table,
    *,
    distance: u.Quantity = 10 * u.deg,
) -> QTable:
    """
    Match the detections in two products, such as maps of HMI and of GONG, of the same dates.

    Parameters
    ----------
    first, second : iterable of `~sunpy_farside.detection.result.FarsideDetection`
        One detection or many in each product, by one method, or tables of many dates
        (`~sunpy_farside.catalog.region_stack.stack_regions`,
        `~sunpy_farside.catalog.reading.read_catalog`).
    distance : `~astropy.units.Quantity`, optional
        Largest angular distance of two detections of one region.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region and date, in order of date. The columns are

        - ``date``: date of the detections in ``first``;
        - ``outcome``: ``"matched"`` or ``"alone"``, for a region in one product only;
        - ``first``, ``second``: rows of the two inputs, -1 where there is none;
        - ``centroid``: position, in the middle of the two of a matched region;
        - ``separation``: angular distance of the two, NaN for one alone;
        - ``joint_reliability``: see the notes, NaN without a calibrated reliability;
        - ``first_reliability``, ``second_reliability``: those of each detection, else NaN;
        - ``first_significant``, ``second_significant``: False where there is no detection.

        ``meta`` contains the ``dates`` that both products have, the number of ``matched`` regions,
        and those in ``first_alone`` and in ``second_alone``.

    Raises
    ------
    ValueError
        The products have no date in common, or ``distance`` is not positive.

    Notes
    -----
    Positions are compared in the frame that rotates with the Sun: both are Carrington coordinates
    of the same date. Pairs are one to one, as many as possible and then those of the smallest total
    distance (`~sunpy_farside.catalog.matching.match_regions`).

    Two products are not independent: both map the same Sun, in which a strong region is strong in
    either, and only their noise differs. Multiplying the odds of the two would count the same
    evidence twice. `joint_reliability` has the rule and how it was measured.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.catalog import compare_products
    >>> detections = [
    ...     sunpy_farside.detect_seismic_strength(
    ...         sunpy_farside.simulate_sequence("2022-05-05", seed=9, noise_seed=noise).sequence
    ...     )
    ...     for noise in (1, 2)
    ... ]
    >>> compared = compare_products(*detections)
    >>> bool((compared["separation"][compared["outcome"] == "matched"].value < 10).all())
    True
    """
    first, second = _stack(first), _stack(second)
    if not same_maps(first, second):
        msg = (
            f"Expected two products of the same dates, found none in common: {_span(first)} and "
            f"{_span(second)}. Detect regions in both on the same dates."
        )
        raise ValueError(msg)
    matches = match_dates(first, second, distance=distance)
    rows, others = np.asarray(matches["detected"]), np.asarray(matches["reference"])
    matched = (rows >= 0) & (others >= 0)
    reliability = _take(first, "reliability", rows), _take(second, "reliability", others)

    table = QTable()
    table["date"] = matches["date"]
    table["outcome"] = np.where(matched, "matched", "alone")
    table["first"], table["second"] = rows, others
    table["centroid"] = _middle(matches, second, others)
    table["separation"] = matches["separation"]
    # A match counts as one also where only one of the two is calibrated.
    known = np.fmax(*reliability)
    filled = [np.where(matched & np.isnan(item), known, item) for item in reliability]
    table["joint_reliability"] = joint_reliability(*filled)
    table["first_reliability"], table["second_reliability"] = reliability
    for name, source, chosen in (("first", first, rows), ("second", second, others)):
        table[f"{name}_significant"] = _take(source, "significant", chosen) == 1
    table.meta = {
        "dates": matches.meta["dates"],
        "distance": str(distance),
        "version": sunpy_farside.__version__,
        "matched": int(matched.sum()),
        "first_alone": int((others < 0).sum()),
        "second_alone": int((rows < 0).sum()),
    }
    return table


def joint_reliability(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """
    Return the reliability of regions by two products of the same dates.

    Parameters
    ----------
    first, second : array
        Reliability in each product, NaN where the region is not detected.

    Returns
    -------
    array
        The larger of the two for a region in both; for a region in one, its own with the odds
        multiplied by 0.55. NaN without any.

    Notes
    -----
    Two products are not independent evidence: a strong region is strong in both. The rule was
    measured in 200 pairs of simulated sequences, each of one Sun with two realizations of the
    noise. A region counts as real if an active region of 2e21 Mx or more is within ten degrees:

    ============== ======== ====== ================ ====
    method         regions  number mean reliability real
    ============== ======== ====== ================ ====
    network        in both     942             0.86 0.87
    network        in one      737             0.30 0.28
    SAR            in both     625             0.84 0.87
    SAR            in one     1323             0.17 0.17
    ============== ======== ====== ================ ====

    81 other pairs gave, in the same order, means of 0.89, 0.30, 0.87 and 0.19, with 0.89, 0.23,
    0.90 and 0.20 real (``benchmarks/measure_joint_reliability.py``).

    The product of the odds, right for independent evidence, is too sure: of the regions that it
    puts above 0.9, with a mean of 0.99, 0.95 are real. Without the factor, regions in one product
    have a mean of 0.39 (network) and 0.23 (SAR). Products of different noise were not measured: a
    region alone in the better one is more reliable than this.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.catalog import joint_reliability
    >>> joint_reliability(np.array([0.9, 0.5]), np.array([0.6, np.nan])).round(2)
    array([0.9 , 0.35])
    """
    first, second = np.broadcast_arrays(np.asarray(first, float), np.asarray(second, float))
    larger = np.fmax(first, second)
    alone = np.isnan(first) | np.isnan(second)
    return np.where(alone, larger * ALONE / (1 - larger * (1 - ALONE)), larger)


def _stack(item):
    """
    Return the table of many dates of detections.
    """
    if isinstance(item, Table) and "last_maps" in item.meta:
        return item
    single = isinstance(item, FarsideDetection | Table)
    return stack_regions([item] if single else item)


def _span(table):
    dates = sorted(table.meta["dates"])
    return f"{dates[0][:16]} to {dates[-1][:16]}" if dates else "no date"


def _take(table, name, rows):
    """
    Return rows of a column as numbers, with NaN where the row is -1.
    """
    return np.append(np.asarray(table[name], dtype=float), np.nan)[rows]


def _middle(matches, second, others):
    """
    Return the positions of regions, in the middle of the two where there are two.
    """
    here = matches["centroid"]
    longitude, latitude = here.lon.deg, here.lat.deg
    there = np.append(second["centroid"].lon.deg, np.nan)[others]
    east = (there - longitude + 180) % 360 - 180
    north = np.append(second["centroid"].lat.deg, np.nan)[others] - latitude
    both = np.isfinite(matches["separation"])
    return carrington_positions(
        longitude + np.where(both, east / 2, 0),
        latitude + np.where(both, north / 2, 0),
        matches["date"],
    )
