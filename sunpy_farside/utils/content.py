"""
Reading of regular files with a bound on their size.
"""

import bz2
import gzip
import lzma
import os
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from sunpy_farside.errors import FileFormatError
from sunpy_farside.utils.text import described
from sunpy_farside.utils.typing import PathLike

__all__ = ["check_file", "read_content", "user_path", "user_paths"]

# First bytes of compressed files, and the functions that open them.
_PACKED: dict[bytes, Callable] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError)


def user_path(path: PathLike) -> Path:
    """
    Return a path in which a leading ``~`` means the home of the user.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `pathlib.Path`
        As it is where the home is not known.

    Raises
    ------
    TypeError
        It is no path.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sunpy_farside.utils.content import user_path
    >>> user_path("~/maps") == Path.home() / "maps"
    True
    """
    if not isinstance(path, str | os.PathLike):
        msg = f"Expected a path, found {described(path)}. Give the path of a file or folder."
        raise TypeError(msg)
    path = Path(path)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def user_paths(paths: PathLike | Iterable[PathLike]) -> list[Path]:
    """
    Return one path or several as a list, with the home of the user for a leading ``~``.

    Parameters
    ----------
    paths : path-like or iterable of path-like

    Returns
    -------
    `list` of `pathlib.Path`

    Raises
    ------
    TypeError
        It is no path, or one of them is none.

    Examples
    --------
    >>> from sunpy_farside.utils.content import user_paths
    >>> [path.name for path in user_paths("list.txt")]
    ['list.txt']
    """
    if isinstance(paths, str | os.PathLike) or not isinstance(paths, Iterable):
        return [user_path(paths)]
    return [user_path(path) for path in paths]


def check_file(
    path: PathLike, most: int | None, expected: str, error: type[Exception] = FileFormatError
) -> Path:
    """
    Return the path of a file, if it is a regular one and not too large.

    Parameters
    ----------
    path : path-like
        May begin with ``~``.
    most : `int` or `None`
        Bytes that the file may have; any number for `None`.
    expected : `str`
        What the file should be, as in "a region list".
    error : type of `Exception`, optional
        Class of the error that is raised.

    Returns
    -------
    `pathlib.Path`

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        It is a folder, a pipe or a device, which may have no end, or it is too large.

    Examples
    --------
    >>> from sunpy_farside.utils.content import check_file
    >>> check_file("/dev/zero", 1000, "a region list")
    Traceback (most recent call last):
    ...
    sunpy_farside.errors.FileFormatError: /dev/zero: expected a region list, found no regular ...
    """
    path = user_path(path)
    if not path.exists():
        msg = f"{path}: no such file."
        raise FileNotFoundError(msg)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no regular file (a pipe, socket or device)"
        msg = f"{path}: expected {expected}, found {found}. Give the path of a file."
        raise error(msg)
    size = path.stat().st_size
    if most is not None and size > most:
        msg = (
            f"{path}: expected {expected}, found more than {most} bytes ({size}). Is it another "
            "file?"
        )
        raise error(msg)
    return path


def read_content(path: PathLike, most: int, expected: str) -> bytes:
    """
    Return the content of a file, decompressed if it is in gzip, bzip2 or xz format.

    Parameters
    ----------
    path : path-like
        May begin with ``~``.
    most : `int`
        Bytes that the file may have, packed and unpacked.
    expected : `str`
        What the file should be, as in "a region list".

    Returns
    -------
    `bytes`

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        It is no regular file, it is too large, or does not unpack.

    Examples
    --------
    >>> import gzip, pathlib, tempfile
    >>> from sunpy_farside.utils.content import read_content
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "list.txt.gz"
    >>> _ = path.write_bytes(gzip.compress(b"2022-04-06.0"))
    >>> read_content(path, 1000, "a region list")
    b'2022-04-06.0'
    """
    path = check_file(path, most, expected)
    with path.open("rb") as file:
        # A file may grow while it is read.
        content = file.read(most + 1)
    opener = next((_PACKED[start] for start in _PACKED if content.startswith(start)), None)
    if opener is not None:
        try:
            with opener(path) as file:
                content = file.read(most + 1)
        except _DAMAGED as error:
            msg = (
                f"{path}: expected {expected}, found a packed file that does not unpack "
                f"({error}). It may be cut short; fetch it again."
            )
            raise FileFormatError(msg) from error
    if len(content) > most:
        msg = f"{path}: expected {expected}, found more than {most} bytes. Is it another file?"
        raise FileFormatError(msg)
    return content
