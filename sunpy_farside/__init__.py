"""
Active regions on the Sun's far side, from helioseismic phase maps.

Importing the package teaches `sunpy.map.Map` to open far-side phase maps and
`~sunpy.net.Fido` to fetch them. What needs the network, photutils or reproject is loaded
when it is first used.
"""

from importlib import import_module

# Lets astropy write every table of ours.
import sunpy_farside.tables
from sunpy_farside.errors import FileFormatError, SequenceError, WeightsError
from sunpy_farside.maps import FarsidePhaseMap, read_phase_map, read_stack
from sunpy_farside.net import FarsideClient

try:
    from sunpy_farside._version import version as __version__
except ImportError:  # a checkout that was never installed
    __version__ = "0.1.dev0"

_LAZY = {
    "read_ar_list": "sunpy_farside.catalogue",
    "read_noaa_summaries": "sunpy_farside.noaa",
    "read_noaa_summary": "sunpy_farside.noaa",
    "fetch_files": "sunpy_farside.net.archive",
    "fetch_sequence": "sunpy_farside.net.archive",
    "FarsideSequence": "sunpy_farside.sequence",
    "find_sequences": "sunpy_farside.sequence",
    "simulate_maps": "sunpy_farside.simulation",
    "simulate_sequence": "sunpy_farside.simulation",
    "load_model": "sunpy_farside.network",
    "animate_sequence": "sunpy_farside.plotting",
    "overplot_regions": "sunpy_farside.plotting",
    "plot_sequence": "sunpy_farside.plotting",
    "plot_tracks": "sunpy_farside.plotting",
    "synchronic_view": "sunpy_farside.plotting",
    "FarsideDetection": "sunpy_farside.detection",
    "RegionTracks": "sunpy_farside.detection",
    "arrival_uncertainty": "sunpy_farside.detection",
    "central_meridian_crossing": "sunpy_farside.detection",
    "detect_farside": "sunpy_farside.detection",
    "detect_seismic_strength": "sunpy_farside.detection",
    "east_limb_arrival": "sunpy_farside.detection",
    "find_regions": "sunpy_farside.detection",
    "stack_regions": "sunpy_farside.detection",
    "track_regions": "sunpy_farside.detection",
    "match_dates": "sunpy_farside.evaluation",
    "match_regions": "sunpy_farside.evaluation",
    "match_summaries": "sunpy_farside.summaries",
    "read_catalogue": "sunpy_farside.watch",
    "update_tracks": "sunpy_farside.watch",
    "watch_folder": "sunpy_farside.watch",
}

__all__ = [
    "FarsideClient",
    "FarsidePhaseMap",
    "FileFormatError",
    "SequenceError",
    "WeightsError",
    "read_phase_map",
    "read_stack",
    *_LAZY,
]


def __getattr__(name):
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__():
    return sorted(set(globals()) | set(__all__))
