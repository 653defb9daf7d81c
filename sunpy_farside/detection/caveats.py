"""
Warnings about products whose detections are less certain.
"""

from contextlib import contextmanager
from contextvars import ContextVar

from sunpy.util.exceptions import warn_user

from sunpy_farside.products import PRODUCTS

__all__ = ["caveats_once", "warn_of_product"]

_warned = ContextVar("warned", default=None)


@contextmanager
def caveats_once():
    """
    Warn of each product once within a ``with`` block or a function, however often it is detected.

    Examples
    --------
    >>> import warnings
    >>> from sunpy_farside.detection.caveats import caveats_once, warn_of_product
    >>> with warnings.catch_warnings(record=True, action="always") as given, caveats_once():
    ...     for _ in range(20):
    ...         warn_of_product("time_distance")
    >>> len(given)
    1
    """
    if _warned.get() is not None:
        yield
        return
    token = _warned.set(set())
    try:
        yield
    finally:
        _warned.reset(token)


def warn_of_product(name, stacklevel=2):
    """
    Warn of a product whose record has a caveat.

    Parameters
    ----------
    name : `str`
        Name of the product, of any maps.
    stacklevel : `int`, optional
        As for `warnings.warn`, from the caller of this function.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
    """
    caveat = PRODUCTS[name].caveat if name in PRODUCTS else ""
    warned = _warned.get()
    if not caveat or (warned is not None and name in warned):
        return
    if warned is not None:
        warned.add(name)
    warn_user(caveat, stacklevel=stacklevel + 1)
