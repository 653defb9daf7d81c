"""
Active regions on the Sun's far side, from helioseismic phase maps.

Importing the package registers the source of far-side phase maps with `sunpy.map.Map` and the
client with `~sunpy.net.Fido`. PyTorch, photutils and reproject are imported when a function first
needs them. The main classes and functions are here, all others in the subpackages.
"""

from importlib import import_module

# Lets Ctrl-C end the command while the rest of it loads, which takes seconds, and lets it load
# without a home.
import sunpy_farside.utils.interruption
from sunpy_farside.utils.command import is_command

try:
    from sunpy_farside._version import version as __version__
except ImportError:  # a checkout that was never installed
    __version__ = "0.1.dev0"

_LAZY = {
    "FarsideClient": "net",
    "FarsideDetection": "detection",
    "FarsidePhaseMap": "maps",
    "FarsideSequence": "sequence",
    "RegionTracks": "catalog",
    "detect_farside": "detection",
    "detect_seismic_strength": "detection",
    "east_limb_arrival": "coordinates",
    "fetch_sequence": "net.archive",
    "find_regions": "detection",
    "find_sequences": "sequence",
    "load_model": "network",
    "match_regions": "catalog",
    "overplot_regions": "visualization",
    "read_phase_map": "io",
    "read_region_list": "io",
    "simulate_sequence": "simulation",
    "track_regions": "catalog",
}
# Former names of the package: present module and present name.
_MOVED = {
    "FileFormatError": ("errors", "FileFormatError"),
    "SequenceError": ("errors", "SequenceError"),
    "WeightsError": ("errors", "WeightsError"),
    "animate_sequence": ("visualization", "animate_sequence"),
    "arrival_uncertainty": ("coordinates", "arrival_uncertainty"),
    "central_meridian_crossing": ("coordinates", "central_meridian_crossing"),
    "fetch_files": ("net.archive", "fetch_files"),
    "match_dates": ("catalog", "match_dates"),
    "match_summaries": ("catalog", "match_summaries"),
    "plot_sequence": ("visualization", "plot_sequence"),
    "plot_tracks": ("visualization", "plot_tracks"),
    "read_ar_list": ("io", "read_region_list"),
    "read_catalogue": ("catalog", "read_catalog"),
    "read_noaa_summaries": ("io", "read_noaa_summaries"),
    "read_noaa_summary": ("io", "read_noaa_summary"),
    "read_stack": ("io", "read_stack"),
    "simulate_maps": ("simulation", "simulate_maps"),
    "stack_regions": ("catalog", "stack_regions"),
    "synchronic_view": ("visualization", "synchronic_view"),
    "update_tracks": ("catalog", "update_tracks"),
    "watch_folder": ("catalog", "watch_folder"),
}

__all__ = [*_LAZY]

if not is_command():
    # The map source and the Fido client register themselves with sunpy, and the tables with
    # astropy. This takes seconds, and the tasks of the command import what they need of it.
    import sunpy_farside.maps.sources
    import sunpy_farside.net
    import sunpy_farside.utils.tables


def __getattr__(name):
    if name in _LAZY:
        return getattr(import_module(f"sunpy_farside.{_LAZY[name]}"), name)
    if name in _MOVED:
        from sunpy.util.exceptions import warn_deprecated

        room, present = _MOVED[name]
        warn_deprecated(
            f"sunpy_farside.{name} is deprecated. Use sunpy_farside.{room}.{present}.",
            stacklevel=3,
        )
        return getattr(import_module(f"sunpy_farside.{room}"), present)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__():
    return sorted(set(globals()) | set(__all__))
