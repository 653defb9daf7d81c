"""
Cache of downloaded files.
"""

import os

from astropy.config import get_cache_dir_path

from sunpy_farside.utils.content import user_path

__all__ = ["cache_folder"]


def cache_folder(*parts):
    """
    Return a folder of the user's cache, and create it if it does not exist.

    Parameters
    ----------
    *parts : `str`
        Names of folders in the cache.

    Returns
    -------
    `pathlib.Path`
        Under ``$SUNPY_FARSIDE_CACHE`` where that is set, else in the user's cache.
    """
    named = os.environ.get("SUNPY_FARSIDE_CACHE")
    root = user_path(named) if named else get_cache_dir_path("sunpy_farside")
    folder = root.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
