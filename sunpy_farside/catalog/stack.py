"""
Deprecated name of the module `sunpy_farside.catalog.region_stack`.
"""

from sunpy_farside.utils.moved import moved_names

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.catalog.region_stack": [
            "carrington_positions",
            "join_tables",
            "stack_regions",
        ]
    },
)
