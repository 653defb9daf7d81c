"""
Detection of active regions.
"""

from sunpy_farside.detection.measurement import *
from sunpy_farside.detection.neural import *
from sunpy_farside.detection.regions import *
from sunpy_farside.detection.result import *
from sunpy_farside.detection.segmentation import *
from sunpy_farside.detection.seismic_strength import *
