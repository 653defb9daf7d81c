"""
Exclusion of far-side files from sunpy's map source for HMI.
"""

from sunpy.map import Map
from sunpy.map.sources import HMIMap

from sunpy_farside.maps.time_distance import is_time_distance

__all__ = []


def _is_hmi_map(data, header, **kwargs):
    """
    Return whether a header is that of an HMI map with coordinates that sunpy reads.
    """
    return HMIMap.is_datasource_for(data, header, **kwargs) and not is_time_distance(header)


# sunpy's source matches every INSTRUME that begins with HMI, that of time-distance maps too, which
# it cannot open; two matching sources are an error.
Map.register(HMIMap, _is_hmi_map)
