"""
Reproducible files that are damaged, odd or malicious.

Each reader has a whole file, and a few hundred changes of it, each with an expected outcome:

- ``SAME``: the change keeps the meaning. The file reads as the whole one.
- ``REFUSED``: reading raises one of the package's own errors.
- ``DOUBTED``: the file reads, with a warning of the package.
- ``SAFE``: the change may keep the meaning or not. The file is refused or reads as the whole one.
- ``ANY``: the change cannot be detected. The file may read as something else, but nothing worse
  happens.

Files that read as something else, of those with ``ANY``:

- Phase maps (22), of GONG (17) and by the time-distance method (17), stacks in IDL save files (12):
  one bit of one phase, or one byte value replaced everywhere, so that single phases become other
  plausible ones. The formats have no checksum; ``DATASUM`` is checked where there is one.
- A time-distance map (1): its longitude differs by 0.1 degrees, as far as the header rounds it.
- Stacks in HDF5 (56): the same, or ten phases that became zero at the ends of two rows, in files
  without the checksum of HDF5 (``fletcher32``), which is checked where there is one. Another 2
  have a map without data, which is a missing map.
- Checkpoints (38) in the format of PyTorch before 1.6: one bit of one weight. Archives, the later
  format, have checksums, and so do weights in safetensors of this package.
- Region lists of JSOC (7) and GONG (10), summaries (8): a row that is gone as a whole line, as
  none of them has a number of rows; a name, an area or a flux that became another one, or a
  position on which nothing else in the row depends.
- Recipes (9): a setting that became another possible one.
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
