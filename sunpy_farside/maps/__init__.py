"""
Far-side phase maps: the map source and the readers.
"""

from sunpy_farside.maps.phase_map import *
from sunpy_farside.maps.read import *
