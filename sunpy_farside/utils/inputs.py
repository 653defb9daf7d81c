"""
Checks of the types and ranges of arguments.
"""

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy.time import parse_time

from sunpy_farside.errors import FarsideError
from sunpy_farside.utils.text import described
from sunpy_farside.utils.typing import TimeLike

__all__ = [
    "check_range",
    "check_type",
    "check_whole",
    "listed",
    "quantity_of",
    "user_time",
]


def check_type(value: object, kinds: type | tuple[type, ...], expected: str, remedy: str) -> None:
    """
    Raise an error for an argument of another type.

    Parameters
    ----------
    value
    kinds : `type` or `tuple` of them
    expected : `str`
        What it should be, as in "a table".
    remedy : `str`
        Sentence for the end of the message.

    Raises
    ------
    TypeError

    Examples
    --------
    >>> from sunpy_farside.utils.inputs import check_type
    >>> check_type("x", int, "a number of maps", "Give 11.")
    Traceback (most recent call last):
    ...
    TypeError: Expected a number of maps, found the text 'x'. Give 11.
    """
    if not isinstance(value, kinds):
        msg = f"Expected {expected}, found {described(value)}. {remedy}"
        raise TypeError(msg)


def listed(
    values: Iterable, expected: str, remedy: str, single: type | tuple[type, ...] = ()
) -> list:
    """
    Return the items of an argument that takes several, as a list.

    Parameters
    ----------
    values : iterable
    expected, remedy : `str`
        As for `check_type`.
    single : `type` or `tuple` of them, optional
        Types of one item, which may be iterable itself.

    Returns
    -------
    `list`

    Raises
    ------
    TypeError
        It is one item, a path or nothing that has items.

    Examples
    --------
    >>> from sunpy_farside.utils.inputs import listed
    >>> listed("maps/*.fits", "a list of maps", "Read them first.")
    Traceback (most recent call last):
    ...
    TypeError: Expected a list of maps, found the text 'maps/*.fits'. Read them first.
    """
    alone = isinstance(values, single) or isinstance(values, str | os.PathLike)
    check_type(values, () if alone else Iterable, expected, remedy)
    return list(values)


def check_range(value: float, name: str, low: float, high: float = np.inf) -> None:
    """
    Raise an error for a number that is out of its range.

    Parameters
    ----------
    value : `float`
    name : `str`
        Name in the message, as in "an activity".
    low, high : `float`
        Limits, both included.

    Raises
    ------
    TypeError
        It is no number.
    FarsideError
        It is out of the range, or NaN.

    Examples
    --------
    >>> from sunpy_farside.utils.inputs import check_range
    >>> check_range(-3, "an activity", 0, 1.2)
    Traceback (most recent call last):
    ...
    sunpy_farside.errors.FarsideError: Expected an activity from 0 to 1.2, found -3.
    """
    span = f"from {low:g} to {high:g}" if np.isfinite(high) else f"of {low:g} or more"
    check_type(value, (int, float, np.number), f"{name} {span}", "Give a number.")
    if not low <= value <= high:
        msg = f"Expected {name} {span}, found {value}."
        raise FarsideError(msg)


def check_whole(value: int, name: str, low: int = 1) -> None:
    """
    Raise an error for anything but a whole number from a limit on.

    Parameters
    ----------
    value : `int`
    name : `str`
        Name in the message, as in "a number of maps".
    low : `int`, optional

    Raises
    ------
    TypeError
        It is no whole number.
    FarsideError
        It is too small.

    Examples
    --------
    >>> from sunpy_farside.utils.inputs import check_whole
    >>> check_whole(1.5, "a number of maps")
    Traceback (most recent call last):
    ...
    TypeError: Expected a number of maps of 1 or more, found the number 1.5. Give a whole number.
    """
    check_type(value, (int, np.integer), f"{name} of {low} or more", "Give a whole number.")
    check_range(value, name, low)


def quantity_of(value: Any, unit: u.UnitBase, name: str) -> u.Quantity:
    """
    Return an argument in a unit; numbers are taken to have it.

    Parameters
    ----------
    value : `float` or `~astropy.units.Quantity`
    unit : `~astropy.units.UnitBase`
    name : `str`
        Name in the message, as in "a significance threshold".

    Returns
    -------
    `~astropy.units.Quantity`

    Raises
    ------
    TypeError
        It is no number, or several.
    FarsideError
        It has a unit of another kind.

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_farside.utils.inputs import quantity_of
    >>> quantity_of("a lot", u.deg**2, "a significance threshold")
    Traceback (most recent call last):
    ...
    TypeError: Expected a significance threshold in deg2, found the text 'a lot'. ...
    """
    expected = f"{name} in {unit}" if unit.to_string() else name
    remedy = "Give a number or a Quantity."
    check_type(value, (int, float, np.number, u.Quantity), expected, remedy)
    try:
        found = u.Quantity(value, unit)
    except u.UnitsError as error:
        msg = f"Expected {expected}, found the unit {value.unit}. Give a number or convert it."
        raise FarsideError(msg) from error
    if not found.isscalar:
        msg = f"Expected one {name.split(' ', 1)[1]}, found {found.size}. {remedy}"
        raise TypeError(msg)
    return found


def user_time(time: TimeLike) -> Time:
    """
    Return a time in any format of sunpy.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`

    Returns
    -------
    `~astropy.time.Time`

    Raises
    ------
    TypeError
        It is nothing that has a date.
    FarsideError
        It is a text in another format.

    Examples
    --------
    >>> from sunpy_farside.utils.inputs import user_time
    >>> user_time("2022-05-055")
    Traceback (most recent call last):
    ...
    sunpy_farside.errors.FarsideError: Expected a time such as 2022-05-05T12:00, found ...
    """
    try:
        return parse_time(time)
    except (ValueError, TypeError, IndexError) as error:
        msg = f"Expected a time such as 2022-05-05T12:00, found {described(time)}."
        kind = FarsideError if isinstance(time, str) else TypeError
        raise kind(msg) from error
