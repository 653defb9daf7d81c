"""
The process of the command ``sunpy-farside``, and a home for it where the user has none.
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

__all__ = ["is_command"]


def is_command():
    """
    Return whether this process, or the one that started it, runs the command ``sunpy-farside``.

    Returns
    -------
    `bool`
    """
    # Python puts -m there until it has found the module, and its path from then on.
    name = sys.argv[0] if sys.argv else ""
    if name == "-m":
        return "sunpy_farside" in sys.orig_argv
    path = Path(name)
    return path.stem == "sunpy-farside" or path.parts[-2:] == ("sunpy_farside", "__main__.py")


def _provide_home():
    """
    Set ``HOME`` to a temporary folder where the user has no home that can be written.

    Services and containers often have none, and astropy and SunPy do not load without.
    """
    try:
        home = Path.home()
    except RuntimeError:
        home = None
    if home is None or not (home.is_dir() and os.access(home, os.W_OK)):
        os.environ["HOME"] = tempfile.mkdtemp(prefix="sunpy-farside-home-")
        atexit.register(shutil.rmtree, os.environ["HOME"], ignore_errors=True)


if is_command():
    _provide_home()
