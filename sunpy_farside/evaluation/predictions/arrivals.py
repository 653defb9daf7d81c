"""
Regions of NOAA that came round the east limb.
"""

import numpy as np

from astropy.table import QTable

from sunpy_farside.coordinates.arrival import east_limb_arrival
from sunpy_farside.io.noaa_regions import first_appearances

__all__ = ["SETTLE", "noaa_arrivals"]

# Days after an arrival within which NOAA numbers a region that has come round. A choice: of those
# of 2010 to 2019 that were first listed within three days, three in ten were listed after two.
SETTLE = 3.0


def noaa_arrivals(regions):
    """
    Return the regions of NOAA that came round the east limb.

    Parameters
    ----------
    regions : `~astropy.table.QTable`
        From `~sunpy_farside.io.noaa.read_noaa_summaries`.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region first listed within three days of its passage of the limb: its
        ``number``, the ``position`` of its first appearance, and its ``arrival``, the date to which
        differential rotation takes that position back to the limb. ``meta["dates"]`` holds the
        dates of all summaries.

    Examples
    --------
    >>> from sunpy_farside.evaluation.predictions import noaa_arrivals
    >>> from sunpy_farside.io import read_noaa_summaries
    >>> arrivals = noaa_arrivals(read_noaa_summaries("summaries"))  # doctest: +SKIP
    """
    seen, dates = first_appearances(regions), regions.meta["dates"]
    arrival = east_limb_arrival(seen["centroid"])
    # On the first day of a record, all regions appear for the first time.
    later = seen["date"].mjd > np.min(dates.mjd, initial=np.inf)
    rows = np.flatnonzero(later & (seen["date"].mjd - arrival.mjd <= SETTLE))
    table = QTable()
    table["number"] = np.asarray(seen["number"])[rows]
    table["position"] = seen["centroid"][rows]
    table["arrival"] = arrival[rows]
    table.meta = {"dates": dates}
    return table
