"""
Atomic creation of files.
"""

import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from sunpy_farside.utils.content import user_path

__all__ = ["PARTIAL", "remove_partial", "whole_files"]

# Prefix of the names of temporary folders, in which files are written.
PARTIAL = ".partial-"
# Lock file in a temporary folder, held by the writing process.
_LOCK = ".lock"
# Age in seconds from which a temporary folder without a lock is abandoned. A process locks its
# folder right after creating it.
_OLD = 60


@contextmanager
def whole_files(folder, *, last=None):
    """
    Write files to a folder in which none of them is ever incomplete.

    Parameters
    ----------
    folder : path-like
        Created if it does not exist. May begin with ``~``.
    last : `str`, optional
        Name of the file that moves last. Readers can rely on the other files if this one exists.

    Yields
    ------
    `pathlib.Path`
        Temporary folder for the files. After the ``with`` block, its files move to ``folder``, in
        the order of their names, and replace files of the same names. If the block raises an
        exception, ``folder`` does not change.

    Notes
    -----
    Temporary folders of killed processes are removed first (`remove_partial`).
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
    Remove the temporary folders of killed processes from a folder and its subfolders.

    Parameters
    ----------
    folder : path-like
        Folder, which need not exist.

    Notes
    -----
    The temporary folder of a running process is locked and is not removed.
    """
    for place in ("", "*/"):
        for partial in Path(folder).glob(f"{place}{PARTIAL}*"):
            _remove_if_left(partial)


@contextmanager
def _locked_folder(parent):
    """
    Create a temporary folder that is locked until the end of the block.
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
            # Of an earlier release, or of a process killed before it locked the folder.
            if time.time() - partial.stat().st_mtime < _OLD:
                return
            shutil.rmtree(partial)
            return
        with FileLock(partial / _LOCK, timeout=0):
            shutil.rmtree(partial, ignore_errors=True)
    except (Timeout, OSError):
        # Locked, removed by another process at the same time, or without permission.
        return
