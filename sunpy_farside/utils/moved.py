"""
Names that are found in their former modules, with a warning.
"""

from importlib import import_module

__all__ = ["moved_names"]


def moved_names(module, places):
    """
    Make the function ``__getattr__`` of a module, which finds the names that have moved from it.

    Parameters
    ----------
    module : `str`
        Name of the module.
    places : `dict`
        By the name of a present module, the `list` of the names that are there now.

    Returns
    -------
    callable
        It warns of the former place of a name, and raises `AttributeError` for any other name.

    Examples
    --------
    >>> from sunpy_farside.utils.moved import moved_names
    >>> find = moved_names("sunpy_farside.sequence", {"sunpy_farside.maps.windows": ["cut_map"]})
    >>> find("cut_maps")
    Traceback (most recent call last):
    AttributeError: module 'sunpy_farside.sequence' has no attribute 'cut_maps'
    """
    found = {name: place for place, names in places.items() for name in names}

    def find(name):
        if name not in found:
            msg = f"module {module!r} has no attribute {name!r}"
            raise AttributeError(msg)
        from sunpy.util.exceptions import warn_deprecated

        warn_deprecated(f"{module}.{name} is deprecated. Use {found[name]}.{name}.", stacklevel=3)
        return getattr(import_module(found[name]), name)

    return find
