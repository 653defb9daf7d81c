"""
Lists of names in messages.
"""

__all__ = ["some"]


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
