"""
Ranked regions as arrays, before a table is made.
"""

from dataclasses import dataclass

import numpy as np

from astropy.table import QTable
from astropy.time import Time

from sunpy_farside.detection.region_tables import region_table

__all__ = ["RankedRegions"]

# Columns of a table that are objects of astropy, which take longer to make than to measure.
_OBJECTS = ("centroid", "east_limb_arrival")


@dataclass(frozen=True)
class RankedRegions:
    """
    Regions of a detection as plain numbers and text, in the order of their table.

    Attributes
    ----------
    columns : `dict` of array
        Carrington ``longitude`` and ``latitude`` in degrees, and the columns of
        ``sunpy_farside.detection.columns.COLUMNS`` except positions and times.
    arrivals : array of `str`
        Times of arrival at the east limb, ISO 8601 in UTC.
    meta : `dict`
        Metadata of the table.
    """

    columns: dict[str, np.ndarray]
    arrivals: np.ndarray
    meta: dict

    @classmethod
    def of(cls, table: QTable) -> "RankedRegions":
        """
        Return the numbers in a table of regions.
        """
        centroid = table["centroid"].spherical
        columns = {"longitude": centroid.lon.deg, "latitude": centroid.lat.deg}
        for name in table.colnames:
            if name not in _OBJECTS:
                columns[name] = np.asarray(getattr(table[name], "value", table[name]))
        # An empty array of times has no strings.
        arrivals = np.asarray(table["east_limb_arrival"].utc.isot, dtype=str)
        return cls(columns, arrivals, table.meta)

    def table(self, date: Time) -> QTable:
        """
        Return the table of regions of a date.
        """
        table = region_table(self.columns, date, self.arrivals)
        table.meta = self.meta
        return table
