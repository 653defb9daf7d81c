"""
Numbers of every date, for programs that forecast solar activity.
"""

import numpy as np

import astropy.units as u
from astropy.table import QTable

from sunpy_farside.cadence import step_numbers, step_time
from sunpy_farside.catalog.rows import times_of
from sunpy_farside.detection.flux import stored_flux
from sunpy_farside.detection.methods import method_of

__all__ = ["NUMBER_COLUMNS", "daily_numbers"]

NUMBER_COLUMNS = {
    "date": "date of the detection, every 12 hours",
    "n_regions": "number of significant regions",
    "strength": "their summed strength",
    "strength_7_days": "summed strength of those that come round the east limb within 7 days",
    "strength_14_days": "summed strength of those that come round the east limb within 14 days",
    "flux": "summed unsigned magnetic flux of the significant regions",
    "flux_7_days": "summed flux of those that come round the east limb within 7 days",
    "flux_14_days": "summed flux of those that come round the east limb within 14 days",
    "probability": (
        "probability that at least one region above the reliability comes round the east limb "
        "within the number of days"
    ),
}


@u.quantity_input
def daily_numbers(regions, *, days: u.day = 7 * u.day, reliability=0.5):
    r"""
    Return the numbers of every date of a catalog.

    Parameters
    ----------
    regions : `~astropy.table.QTable`
        Regions by one method (`~sunpy_farside.catalog.reading.read_catalog`).
    days : `~astropy.units.Quantity`, optional
        Time ahead of the date of the detection that the probability covers.
    reliability : `float`, optional
        Reliability of a region from which it contributes to the probability.

    Returns
    -------
    `~astropy.table.QTable`
        One row for every step of 12 hours from the first date to the last, with the columns
        ``NUMBER_COLUMNS``. On a date without a result all numbers are NaN; on a date without a
        region they are 0. Sums are NaN where a region has no flux.

    Notes
    -----
    The probability is :math:`1 - \prod (1 - r_i)` over the reliabilities :math:`r_i` of the
    regions above ``reliability`` that arrive within ``days``, as if they were independent. Regions
    without a known reliability do not contribute. Times count from the date of the detection, 2.5
    days before its last map.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.catalog import stack_regions
    >>> from sunpy_farside.catalog.numbers import daily_numbers
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=4).sequence
    >>> table = stack_regions([sunpy_farside.detect_seismic_strength(sequence)])
    >>> numbers = daily_numbers(table)
    >>> int(numbers["n_regions"][0]) == int(table["significant"].sum())
    True
    """
    method = method_of(regions)
    there = step_numbers(times_of(regions.meta["dates"]))[0]
    steps = np.arange(there.min(), there.max() + 1) if len(there) else np.empty(0, dtype=int)
    place = step_numbers(regions["date"])[0] - (steps[0] if len(steps) else 0)
    ahead = (regions["east_limb_arrival"] - regions["date"]).to_value(u.day)
    strength = regions[method.strength].value
    significant = np.asarray(regions["significant"], dtype=bool)

    def total(weights):
        sums = np.bincount(place, weights=weights, minlength=len(steps)).astype(float)
        return np.where(np.isin(steps, there), sums, np.nan)

    table = QTable()
    table["date"] = times_of(step_time(steps).isot if len(steps) else [])
    table["n_regions"] = total(significant)
    table["strength"] = total(significant * strength) * method.unit
    returning = {limit: significant & (ahead > 0) & (ahead <= limit) for limit in (7, 14)}
    for limit, chosen in returning.items():
        table[f"strength_{limit}_days"] = total(chosen * strength) * method.unit
    # Without the NaN of regions that are not in the sum.
    flux = stored_flux(regions)
    table["flux"] = total(np.where(significant, flux, 0)) * u.Mx
    for limit, chosen in returning.items():
        table[f"flux_{limit}_days"] = total(np.where(chosen, flux, 0)) * u.Mx
    certain = np.nan_to_num(np.asarray(regions["reliability"], dtype=float))
    counted = (certain >= reliability) & (ahead > 0) & (ahead <= days.to_value(u.day))
    # A reliability of 1 would have no logarithm.
    doubt = np.log1p(-np.minimum(certain, 1 - 1e-12))
    table["probability"] = -np.expm1(total(np.where(counted, doubt, 0)))
    for name, description in NUMBER_COLUMNS.items():
        table[name].info.description = description
    table.meta = {
        "strength": method.strength,
        "days": float(days.to_value(u.day)),
        "reliability": reliability,
    }
    return table
