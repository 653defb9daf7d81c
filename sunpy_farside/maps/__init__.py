"""
Far-side phase maps as a `sunpy.map.Map` source, with their checks and resampling.
"""

from sunpy_farside.maps.checks import *
from sunpy_farside.maps.headers import *
from sunpy_farside.maps.orientation import *
from sunpy_farside.maps.resampling import *
from sunpy_farside.maps.time_distance_header import *
from sunpy_farside.maps.windows import *
from sunpy_farside.utils.lazy import lazy_names

# Modules that load sunpy.map, which takes seconds.
__getattr__, _lazy = lazy_names(
    __name__,
    {
        "phase_map": ["FarsidePhaseMap"],
        "synoptic": [
            "EAST_EDGE",
            "SynopticMap",
            "carrington_time_longitude",
            "check_field_unit",
            "frame_header",
            "is_synoptic_frame",
            "synoptic_date",
            "synoptic_header",
        ],
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *_lazy})
