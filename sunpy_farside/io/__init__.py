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
from sunpy_farside.io.time_distance import *
from sunpy_farside.utils.lazy import lazy_names

# The module loads sunpy.map, which takes seconds.
__getattr__, _lazy = lazy_names(__name__, {"synoptic_frames": ["read_chart", "read_frame"]})


def __dir__() -> list[str]:
    return sorted({*globals(), *_lazy})
