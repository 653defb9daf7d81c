"""
Where things are: the far side, its window, rotation and arrival.
"""

from sunpy_farside.coordinates.arrival import *
from sunpy_farside.coordinates.far_side import *
from sunpy_farside.coordinates.rotation import *
from sunpy_farside.coordinates.window import *
