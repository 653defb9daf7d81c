"""
Deprecated module: its functions have moved to modules that are named after them.
"""

from sunpy_farside.utils.moved import moved_names

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.catalog.map_runs": ["find_runs", "group_runs"],
        "sunpy_farside.catalog.reading": ["read_catalog"],
        "sunpy_farside.catalog.update": ["update_tracks"],
        "sunpy_farside.catalog.watch": ["watch_folder"],
    },
)
