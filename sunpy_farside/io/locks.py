"""
Locks of output folders against simultaneous runs.
"""

import os
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from astropy.time import Time

from sunpy_farside.errors import FolderInUseError

__all__ = ["only_run"]

# Never removed: otherwise, two runs could lock two different files of this name.
_LOCK = ".lock"


@contextmanager
def only_run(folder):
    """
    Lock a folder against other runs.

    Parameters
    ----------
    folder : path-like
        Created if missing. A hidden file in it, ``.lock``, is locked until the end of the block
        or of the process.

    Raises
    ------
    FolderInUseError
        Another run uses the folder.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.io.locks import only_run
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with only_run(folder):
    ...     (folder / "result.txt").write_text("mine")
    4
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _LOCK
    since = path.stat().st_mtime if path.exists() else None
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        began = "" if since is None else f" since {Time(since, format='unix').isot[:19]} UTC"
        msg = (
            f"{folder}: expected no other process in this folder, found another one using it"
            f"{began}. Start again when it has ended."
        )
        raise FolderInUseError(msg) from error
    try:
        # Record the start of this run, for the error message of later ones.
        os.utime(path)
        yield
    finally:
        lock.release()
