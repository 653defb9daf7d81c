"""
Keeping two runs apart that write into one folder.
"""

import os
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from astropy.time import Time

from sunpy_farside.errors import FolderInUseError

__all__ = ["only_run"]

# It stays in the folder: who removed it could have two runs hold two files of one name.
_LOCK = ".lock"


@contextmanager
def only_run(folder):
    """
    Keep other runs out of a folder.

    Parameters
    ----------
    folder : path-like
        Made when it is not there. It gets a hidden file, ``.lock``, that is locked until the block
        ends or the process does.

    Raises
    ------
    FolderInUseError
        Another run is at work there.

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
            f"{folder}: expected to be the only run in this folder, found another at work there"
            f"{began}. Start again when it has ended."
        )
        raise FolderInUseError(msg) from error
    try:
        # The time at which this run began, for those that come too late.
        os.utime(path)
        yield
    finally:
        lock.release()
