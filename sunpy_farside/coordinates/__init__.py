"""
Coordinates of the far side, windows, differential rotation and arrivals at the east limb.
"""

from sunpy_farside.coordinates.arrival import *
from sunpy_farside.coordinates.earth import *
from sunpy_farside.coordinates.far_side import *
from sunpy_farside.coordinates.rotation import *
from sunpy_farside.coordinates.window import *
