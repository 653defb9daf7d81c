"""
Sequences of eleven consecutive phase maps, checked and cut to windows.
"""

from sunpy_farside.sequence.farside_sequence import FarsideSequence
from sunpy_farside.sequence.finding import find_sequences
from sunpy_farside.sequence.given_maps import cadence_date
from sunpy_farside.utils.moved import moved_names

__all__ = ["FarsideSequence", "cadence_date", "find_sequences"]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.maps.windows": ["cut_globe", "cut_map"],
    },
)
