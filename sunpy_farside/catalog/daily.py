"""
Deprecated module, whose functions are in four others.

``find_runs`` and ``group_runs`` are in `sunpy_farside.catalog.map_runs`, ``read_catalog`` in
`sunpy_farside.catalog.reading`, ``update_tracks`` in `sunpy_farside.catalog.update`, and
``watch_folder`` in `sunpy_farside.catalog.watch`.
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
