"""
Paths as users give them.
"""

from pathlib import Path

__all__ = ["user_path"]


def user_path(path):
    """
    Return a path in which a leading ``~`` means the home of the user.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `pathlib.Path`
        As it is where the home is not known.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sunpy_farside.utils.content import user_path
    >>> user_path("~/maps") == Path.home() / "maps"
    True
    """
    path = Path(path)
    try:
        return path.expanduser()
    except RuntimeError:
        return path
