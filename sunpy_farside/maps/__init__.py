"""
Far-side phase maps as a source of `sunpy.map.Map`, and their way to whole-degree nodes.
"""

from sunpy_farside.maps.checks import *
from sunpy_farside.maps.phase_map import *
from sunpy_farside.maps.resampling import *
