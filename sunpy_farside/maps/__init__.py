"""
Far-side phase maps as a `sunpy.map.Map` source, with their checks and resampling.
"""

import sunpy_farside.maps.hmi_sources
from sunpy_farside.maps.checks import *
from sunpy_farside.maps.orientation import *
from sunpy_farside.maps.phase_map import *
from sunpy_farside.maps.resampling import *
from sunpy_farside.maps.synoptic import *
from sunpy_farside.maps.time_distance_header import *
from sunpy_farside.maps.windows import *
