"""
Readers of files.
"""

from sunpy_farside.io.file_names import *
from sunpy_farside.io.gong import *
from sunpy_farside.io.gong_lists import *
from sunpy_farside.io.images import *
from sunpy_farside.io.noaa import *
from sunpy_farside.io.noaa_regions import *
from sunpy_farside.io.phase_maps import *
from sunpy_farside.io.region_lists import *
from sunpy_farside.io.stacks import *
from sunpy_farside.io.synoptic_frames import *
from sunpy_farside.io.time_distance import *
