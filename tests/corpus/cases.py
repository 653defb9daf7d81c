"""
Reproducible files that are damaged, odd or malicious.

Each reader has a whole file, and a few hundred changes of it, each with an expected outcome:

- ``SAME``: the change keeps the meaning. The file reads as the whole one.
- ``REFUSED``: reading raises one of the package's own errors.
- ``DOUBTED``: the file reads, with a warning of the package.
- ``SAFE``: the change may keep the meaning or not. The file is refused or reads as the whole one.
- ``ANY``: the change cannot be detected. The file may read as something else, but nothing worse
  happens. These are: a phase, a strength or a position that
  became another plausible one; a row of a list that is gone as a whole line, at the end too;
  a value of a recipe or of weights' settings that became another possible one; what HDF5 or a
  checkpoint hold without any checksum.
"""

import os
import zlib

__all__ = ["ANY", "DOUBTED", "REFUSED", "SAFE", "SAME", "Corpus", "bomb", "flip"]

SAME, REFUSED, DOUBTED, SAFE, ANY = "same", "refused", "doubted", "safe", "any"


class Corpus:
    """
    Files of one reader, each in a folder of its own, so that their names may be equal.

    Attributes
    ----------
    whole : `bytes`
        The content from which all the others are derived.
    name : `str`
        The default name of files.
    due : `dict`
        The expected outcome of each file, by path.
    """

    def __init__(self, folder, name, whole):
        self.folder = folder
        self.name = name
        self.whole = whole
        self.due = {}
        # The others are compared with the first file.
        self.add("whole", whole, SAME)

    def add(self, what, content, due, *, name=None):
        """
        Add a file of a content, or one written by a function of its path.
        """
        path = self.folder / f"{len(self.due):03d}-{what}" / (name or self.name)
        path.parent.mkdir(parents=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content)
        self.due[path] = due

    def add_no_files(self, most, sparse_end=REFUSED):
        """
        Add paths and files without an end, or without one in reach.
        """
        self.add("empty", b"", REFUSED)
        self.add("page", b"<!DOCTYPE html><html><body>404 Not Found</body></html>", REFUSED)
        self.add("pipe", os.mkfifo, REFUSED)
        self.add("folder", lambda path: path.mkdir(), REFUSED)
        self.add("device", lambda path: path.symlink_to("/dev/zero"), REFUSED)
        self.add("nowhere", lambda path: path.symlink_to("nowhere"), REFUSED)
        self.add("itself", lambda path: path.symlink_to(path.name), REFUSED)
        self.add("sparse", lambda path: _sparse(path, b"", most), REFUSED)
        self.add("sparse-end", lambda path: _sparse(path, self.whole, most), sparse_end)
        self.add("zeros", bytes(100_000), REFUSED)
        self.add("bomb", bomb(31, self.whole), REFUSED)


def _sparse(path, start, size):
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)


def bomb(wbits, start=b""):
    """
    Compress three gigabytes of zeros after a start to three megabytes, without a proper end.
    """
    packer = zlib.compressobj(wbits=wbits)
    block = bytes(10_000_000)
    packed = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush nothing refers to earlier bytes.
    return packed + 300 * (packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH))


def flip(content, place, rng):
    """
    Change one bit of a byte.
    """
    return content[:place] + bytes([content[place] ^ 1 << rng.integers(8)]) + content[place + 1 :]
