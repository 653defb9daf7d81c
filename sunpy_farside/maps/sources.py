"""
The factory `sunpy.map.Map`, with the sources of this package.
"""

from sunpy.map import Map
from sunpy.map.sources import HMIMap

from sunpy_farside.maps.phase_map import FarsidePhaseMap
from sunpy_farside.maps.synoptic import SynopticMap, is_synoptic_frame
from sunpy_farside.maps.time_distance_header import is_time_distance

__all__ = ["FarsidePhaseMap", "Map", "SynopticMap"]


def _is_hmi_map(data, header, **kwargs):
    """
    Return whether a header is that of an HMI map with coordinates that sunpy reads.
    """
    ours = is_time_distance(header) or is_synoptic_frame(header)
    return HMIMap.is_datasource_for(data, header, **kwargs) and not ours


# sunpy's source matches every INSTRUME that begins with HMI, those of time-distance maps and of
# synoptic frames too, which it cannot open; two matching sources are an error.
Map.register(HMIMap, _is_hmi_map)
