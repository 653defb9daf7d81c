"""
Lists of names and contents of files in messages.
"""

import os
from numbers import Real

__all__ = ["counted", "described", "quoted", "some"]

# In place of bytes that are no characters.
_REPLACED = "\ufffd"


def some(names, most=4):
    """
    Join the first few names with commas, and count the others.

    Parameters
    ----------
    names : sequence of `str`
    most : `int`, optional
        Names to show.

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_farside.utils.text import some
    >>> some(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def quoted(content, most=60):
    """
    Return the beginning of what a file contains in quotation marks, if it is text.

    Parameters
    ----------
    content : `str` or `bytes`
    most : `int`, optional
        Characters to show.

    Returns
    -------
    `str`
        "characters that are no text" for anything else, as terminals may not show it.

    Examples
    --------
    >>> from sunpy_farside.utils.text import quoted
    >>> quoted("<html>"), quoted(bytes(60))
    ("'<html>'", 'characters that are no text')
    """
    if isinstance(content, bytes):
        content = content.decode("ascii", "replace")
    start = content[:most]
    if not start.replace("\n", " ").replace("\r", " ").replace("\t", " ").isprintable():
        return "characters that are no text"
    return "characters that are no text" if _REPLACED in start else repr(start)


def described(value: object) -> str:
    """
    Return what an argument is, in a few words for the message of an error.

    Parameters
    ----------
    value

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_farside.utils.text import described
    >>> described("maps"), described(5), described([])
    ("the text 'maps'", 'the number 5', 'a list')
    """
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    if isinstance(value, os.PathLike):
        return f"the path {os.fspath(value)!r}"
    if isinstance(value, bool | None):
        return str(value)
    if isinstance(value, Real):
        return f"the number {value}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def counted(number, noun):
    """
    Return a number with a noun, in the plural where it has to be.

    Parameters
    ----------
    number : `int`
    noun : `str`
        In the singular, as in "map", also of several words.

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_farside.utils.text import counted
    >>> counted(1, "new date"), counted(0, "file"), counted(2, "solar region summary")
    ('1 new date', '0 files', '2 solar region summaries')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"
