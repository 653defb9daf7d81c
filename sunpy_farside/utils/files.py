"""
Files that appear whole or not at all.
"""

import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from sunpy_farside.utils.content import user_path

__all__ = ["PARTIAL", "remove_partial", "whole_files"]

# First letters of the names of folders in which files are being written.
PARTIAL = ".partial-"
# In such a folder, held by the process that writes as long as it lives.
_LOCK = ".lock"
# Seconds after which a folder without a lock belongs to no process that is about to make one.
_OLD = 60


@contextmanager
def whole_files(folder, *, last=None):
    """
    Write files into a folder so that none is ever incomplete.

    Parameters
    ----------
    folder : path-like
        Made when it is not there. May begin with ``~``.
    last : `str`, optional
        Name of the file that moves last: the one by which a reader knows that all are there.

    Yields
    ------
    `pathlib.Path`
        A folder to write into. When the block ends well, its files move to ``folder``, in the
        order of their names, replacing what is there; else nothing changes.

    Notes
    -----
    Files that killed processes left unfinished are removed first (`remove_partial`).
    """
    folder = user_path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for partial in folder.glob(PARTIAL + "*"):
        _remove_if_left(partial)
    with _locked_folder(folder) as partial:
        files = partial / "files"
        files.mkdir()
        yield files
        for path in sorted(files.iterdir(), key=lambda path: (path.name == last, path.name)):
            path.replace(folder / path.name)


def remove_partial(folder):
    """
    Remove the unfinished files of killed processes from a folder and its subfolders.

    Parameters
    ----------
    folder : path-like
        Nothing happens where there is none.

    Notes
    -----
    The files of a running process stay: it holds a lock.
    """
    for place in ("", "*/"):
        for partial in Path(folder).glob(f"{place}{PARTIAL}*"):
            _remove_if_left(partial)


@contextmanager
def _locked_folder(parent):
    """
    Make a folder that `_remove_if_left` leaves alone until the block ends.
    """
    while True:
        partial = Path(tempfile.mkdtemp(dir=parent, prefix=PARTIAL))
        lock = FileLock(partial / _LOCK)
        # Another process may take the lock, and the folder with it, before this one has it.
        with suppress(FileNotFoundError):
            lock.acquire()
        if lock.is_locked and partial.exists():
            break
        lock.release()
    try:
        yield partial
    finally:
        # Released first: an open file cannot be removed everywhere.
        lock.release()
        shutil.rmtree(partial, ignore_errors=True)


def _remove_if_left(partial):
    if partial.is_symlink() or not partial.is_dir():
        return
    try:
        if not (partial / _LOCK).exists():
            # By an earlier release, or killed between two steps.
            if time.time() - partial.stat().st_mtime < _OLD:
                return
            shutil.rmtree(partial)
            return
        with FileLock(partial / _LOCK, timeout=0):
            shutil.rmtree(partial, ignore_errors=True)
    except (Timeout, OSError):
        # It is being written, another process removes it too, or it is not ours.
        return
