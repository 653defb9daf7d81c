"""
Names of a package that are imported when they are first used.
"""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(
    package: str, modules: Mapping[str, Iterable[str]]
) -> tuple[Callable[[str], Any], list[str]]:
    """
    Return a function ``__getattr__`` for a package that imports some of its modules on access.

    Parameters
    ----------
    package : `str`
        Name of the package.
    modules : `dict`
        By the name of a module in the package, its names.

    Returns
    -------
    find : callable
        Returns the object of a name, and raises `AttributeError` for any other name.
    names : `list` of `str`

    Examples
    --------
    >>> from sunpy_farside.utils.lazy import lazy_names
    >>> find, names = lazy_names("sunpy_farside.utils", {"text": ["some"]})
    >>> find("some")(["2022-05-05"])
    '2022-05-05'
    """
    places = {name: module for module, names in modules.items() for name in names}

    def find(name: str) -> Any:
        if name not in places:
            msg = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(msg)
        return getattr(import_module(f"{package}.{places[name]}"), name)

    return find, list(places)
