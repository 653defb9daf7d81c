"""
Files that appear whole or not at all.
"""

import tempfile
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PARTIAL", "whole_files"]

# How the names of folders begin in which files are being written.
PARTIAL = ".partial-"


@contextmanager
def whole_files(folder):
    """
    Write files into a folder so that none is ever there by half.

    Parameters
    ----------
    folder : path-like
        Made when it is not there.

    Yields
    ------
    `pathlib.Path`
        A folder to write into. When the block ends well, its files move to ``folder``, in the
        order of their names, replacing what is there; else nothing changes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=PARTIAL) as partial:
        yield Path(partial)
        for path in sorted(Path(partial).iterdir()):
            path.replace(folder / path.name)
