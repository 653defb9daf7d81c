"""
Far-side phase maps as a source of `sunpy.map.Map`.
"""

from sunpy_farside.maps.phase_map import *
