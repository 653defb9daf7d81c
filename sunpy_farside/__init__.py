"""
Active regions on the Sun's far side, from helioseismic phase maps.

Importing the package teaches `sunpy.map.Map` to open far-side phase maps and
`~sunpy.net.Fido` to fetch them. What needs the network, photutils or reproject is loaded
when it is first used.
"""

from importlib import import_module

# Lets Ctrl-C end the command while the rest of it loads, which takes seconds, and lets it load
# without a home.
import sunpy_farside.utils.interruption

# Lets astropy write every table of ours.
import sunpy_farside.utils.tables
from sunpy_farside.errors import FileFormatError, SequenceError, WeightsError
from sunpy_farside.io.phase_maps import read_phase_map
from sunpy_farside.io.stacks import read_stack
from sunpy_farside.maps import FarsidePhaseMap
from sunpy_farside.net import FarsideClient

try:
    from sunpy_farside._version import version as __version__
except ImportError:  # a checkout that was never installed
    __version__ = "0.1.dev0"

_LAZY = {
    "read_ar_list": "sunpy_farside.io.region_lists",
    "read_noaa_summaries": "sunpy_farside.io.noaa",
    "read_noaa_summary": "sunpy_farside.io.noaa",
    "fetch_files": "sunpy_farside.net.archive",
    "fetch_sequence": "sunpy_farside.net.archive",
    "FarsideSequence": "sunpy_farside.sequence",
    "find_sequences": "sunpy_farside.sequence",
    "simulate_maps": "sunpy_farside.simulation",
    "simulate_sequence": "sunpy_farside.simulation",
    "load_model": "sunpy_farside.network",
    "animate_sequence": "sunpy_farside.visualization.panels",
    "overplot_regions": "sunpy_farside.visualization.overplot",
    "plot_sequence": "sunpy_farside.visualization.panels",
    "plot_tracks": "sunpy_farside.visualization.track_plot",
    "synchronic_view": "sunpy_farside.visualization.synchronic",
    "FarsideDetection": "sunpy_farside.detection",
    "RegionTracks": "sunpy_farside.catalogue.tracking",
    "arrival_uncertainty": "sunpy_farside.coordinates.arrival",
    "central_meridian_crossing": "sunpy_farside.coordinates.arrival",
    "detect_farside": "sunpy_farside.detection",
    "detect_seismic_strength": "sunpy_farside.detection",
    "east_limb_arrival": "sunpy_farside.coordinates.arrival",
    "find_regions": "sunpy_farside.detection",
    "stack_regions": "sunpy_farside.catalogue.stack",
    "track_regions": "sunpy_farside.catalogue.tracking",
    "match_dates": "sunpy_farside.catalogue.matching",
    "match_regions": "sunpy_farside.catalogue.matching",
    "match_summaries": "sunpy_farside.catalogue.noaa_matching",
    "read_catalogue": "sunpy_farside.catalogue.daily",
    "update_tracks": "sunpy_farside.catalogue.daily",
    "watch_folder": "sunpy_farside.catalogue.daily",
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
