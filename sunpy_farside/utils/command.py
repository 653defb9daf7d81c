"""
Detection of the command ``sunpy-farside``, its home directory and its interpreter.
"""

import atexit
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

__all__ = ["is_command"]


def is_command():
    """
    Return True if this process, or its parent, runs the command ``sunpy-farside``.

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
    Set ``HOME`` to a temporary folder if the home directory cannot be written.

    Services and containers often have no home directory, without which astropy and SunPy cannot be
    imported.
    """
    try:
        home = Path.home()
    except RuntimeError:
        home = None
    if home is None or not (home.is_dir() and os.access(home, os.W_OK)):
        os.environ["HOME"] = tempfile.mkdtemp(prefix="sunpy-farside-home-")
        atexit.register(shutil.rmtree, os.environ["HOME"], ignore_errors=True)


def _set_interpreter():
    """
    Collect garbage less often and none at the end, and let threads take turns more often.

    Imports make a million objects that stay. To look through them again and again takes a third of
    the time of a short command. The thread of the network waits for its turn after each of its
    operations, by default for up to 5 ms.
    """
    gc.set_threshold(10_000)
    atexit.register(gc.freeze)
    sys.setswitchinterval(5e-4)


if is_command():
    _provide_home()
    _set_interpreter()
