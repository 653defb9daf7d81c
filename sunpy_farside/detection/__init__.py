"""
Detection of active regions.
"""

from sunpy_farside.detection.arrival import *
from sunpy_farside.detection.neural import *
from sunpy_farside.detection.outlines import *
from sunpy_farside.detection.regions import *
from sunpy_farside.detection.result import *
from sunpy_farside.detection.seismic_strength import *
from sunpy_farside.detection.stack import *
from sunpy_farside.detection.tracking import *
