"""
Deprecation of the former names of functions, classes and constants.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["moved_names"]


def moved_names(module: str, places: Mapping[str, Iterable[str]]) -> Callable[[str], Any]:
    """
    Return a function ``__getattr__`` for a module from which names have moved.

    Parameters
    ----------
    module : `str`
        Name of the module.
    places : `dict`
        By the full name of a present module, the names that have moved to it: an iterable, or a
        `dict` from the former to the present name where they differ.

    Returns
    -------
    callable
        Returns the object of a former name with a deprecation warning, and raises
        `AttributeError` for any other name.

    Examples
    --------
    >>> from sunpy_farside.utils.moved import moved_names
    >>> find = moved_names("sunpy_farside.sequence", {"sunpy_farside.maps.windows": ["cut_map"]})
    >>> find("cut_maps")
    Traceback (most recent call last):
    AttributeError: module 'sunpy_farside.sequence' has no attribute 'cut_maps'
    """
    found = {
        former: (place, names[former] if isinstance(names, dict) else former)
        for place, names in places.items()
        for former in names
    }

    def find(name: str) -> Any:
        if name not in found:
            msg = f"module {module!r} has no attribute {name!r}"
            raise AttributeError(msg)
        from sunpy.util.exceptions import warn_deprecated

        place, present = found[name]
        warn_deprecated(f"{module}.{name} is deprecated. Use {place}.{present}.", stacklevel=3)
        return getattr(import_module(place), present)

    return find
