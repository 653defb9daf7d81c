"""
Values of arguments: conversion from text, and patterns in paths.
"""

import argparse
import glob
import math
from pathlib import Path

from sunpy_farside.utils.content import user_path

__all__ = [
    "between",
    "matching_paths",
    "named_or_path",
    "natural",
    "not_negative",
    "positive",
    "time",
    "width",
]


def matching_paths(paths):
    """
    Expand patterns in paths, where the shell does not.

    Parameters
    ----------
    paths : iterable of `~pathlib.Path`
        Existing paths are kept; others may contain ``*``, ``?`` and ``[...]``.

    Returns
    -------
    `list` of `~pathlib.Path`
        Matches of a pattern in order of their names.

    Raises
    ------
    FileNotFoundError
        There is no such file or folder.
    """
    found = []
    for path in paths:
        if path.exists():
            found.append(path)
            continue
        # Path.glob accepts no pattern that begins at the root.
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207
        if not matches:
            msg = f"{path}: no such file or folder."
            raise FileNotFoundError(msg)
        found += map(Path, matches)
    return found


def named_or_path(text):
    """
    Expand a leading ``~`` in the name or path of a model or recipe.

    Parameters
    ----------
    text : `str`

    Returns
    -------
    `str`
        With the user's home for a leading ``~``.
    """
    return str(user_path(text)) if text.startswith("~") else text


def width(text):
    """
    Convert the width of a window.

    Parameters
    ----------
    text : `str`

    Returns
    -------
    `int`

    Raises
    ------
    argparse.ArgumentTypeError
        The number is odd or not the width of a window.
    """
    columns = natural(text)
    if not 16 <= columns <= 180 or columns % 2:
        msg = f"expected an even width from 16 to 180, found {text}"
        raise argparse.ArgumentTypeError(msg)
    return columns


def natural(text):
    """
    Convert a whole number of 0 or more, such as a seed.

    Parameters
    ----------
    text : `str`

    Returns
    -------
    `int`

    Raises
    ------
    argparse.ArgumentTypeError
        The text is not a whole number, or a negative one.
    """
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        msg = f"expected a whole number of 0 or more, found {text}"
        raise argparse.ArgumentTypeError(msg)
    return number


def positive(text):
    """
    Convert a whole number of 1 or more.

    Parameters
    ----------
    text : `str`

    Returns
    -------
    `int`

    Raises
    ------
    argparse.ArgumentTypeError
        The text is not a whole number, or one below 1.
    """
    number = natural(text)
    if number < 1:
        msg = f"expected 1 or more, found {text}"
        raise argparse.ArgumentTypeError(msg)
    return number


def not_negative(text):
    """
    Convert a finite number of 0 or more.

    Parameters
    ----------
    text : `str`

    Returns
    -------
    `float`

    Raises
    ------
    argparse.ArgumentTypeError
        The text is not a number, or a negative, infinite or NaN one.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        msg = f"expected a number of 0 or more, found {text}"
        raise argparse.ArgumentTypeError(msg)
    return number


def between(low, high):
    """
    Return the conversion of numbers in a range.

    Parameters
    ----------
    low, high : `float`
        Limits, both included.

    Returns
    -------
    callable
        Converts a `str` to a `float`, and raises an `argparse.ArgumentTypeError` for anything else.
    """

    def number_between(text):
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            msg = f"expected a number from {low:g} to {high:g}, found {text}"
            raise argparse.ArgumentTypeError(msg)
        return number

    return number_between


def time(text):
    """
    Convert a time in any format of sunpy.

    Parameters
    ----------
    text : `str`

    Returns
    -------
    `astropy.time.Time`

    Raises
    ------
    argparse.ArgumentTypeError
        The text is not a time in a format of sunpy.
    """
    # Slow to import, and needed only for commands that are given a time.
    from sunpy.time import parse_time

    try:
        return parse_time(text)
    except ValueError as error:
        msg = f"expected a time such as 2022-05-05T12:00, found {text}"
        raise argparse.ArgumentTypeError(msg) from error
