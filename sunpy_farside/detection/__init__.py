"""
Detection of active regions.
"""

from sunpy_farside.detection.columns import COLUMNS
from sunpy_farside.detection.measurement import *
from sunpy_farside.detection.neural import *
from sunpy_farside.detection.phase_statistics import *
from sunpy_farside.detection.pixel_grid import *
from sunpy_farside.detection.region_tables import *
from sunpy_farside.detection.regions import *
from sunpy_farside.detection.result import *
from sunpy_farside.detection.segmentation import *
from sunpy_farside.detection.significance import *
from sunpy_farside.utils.lazy import lazy_names

# The module loads sunpy.map, which takes seconds.
__getattr__, _lazy = lazy_names(
    __name__, {"seismic_strength": ["METHOD", "PHASE", "detect_seismic_strength"]}
)


def __dir__() -> list[str]:
    return sorted({*globals(), *_lazy})
