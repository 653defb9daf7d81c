"""
Lists of names and contents of files in messages.
"""

__all__ = ["quoted", "some"]

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
