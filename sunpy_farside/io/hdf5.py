"""
Data sets of HDF5 files, read only where their data are whole and in the file itself.
"""

import zlib
from contextlib import contextmanager
from math import ceil, prod

from sunpy_farside.errors import FileFormatError
from sunpy_farside.utils.content import check_file

__all__ = ["own_data_set", "open_hdf5"]

# Filters that h5py has everywhere, by their number in HDF5.
_DEFLATE, _SHUFFLE, _FLETCHER32, _LZF = 1, 2, 3, 32000
_FILTERS = {_DEFLATE, _SHUFFLE, _FLETCHER32, _LZF}
_MOST_CHUNKS = 200_000
_MOST_CHUNK_BYTES = 128_000_000
# LZF packs up to ninety bytes into one, and h5py gives no way to stop it.
_MOST_LZF_BYTES = 4_000_000


@contextmanager
def open_hdf5(path, expected):
    """
    Open an HDF5 file for reading.

    Parameters
    ----------
    path : path-like
        May begin with ``~``.
    expected : `str`
        What the file should be, as in "a stack of phase maps".

    Yields
    ------
    `h5py.File`
        Whatever h5py raises on it in the block becomes a `FileFormatError`.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        It does not read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import h5py
    >>> from sunpy_farside.io.hdf5 import open_hdf5, own_data_set
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "numbers.h5"
    >>> with h5py.File(path, "w") as file:
    ...     file["numbers"] = [1.0, 2.0, 3.0]
    >>> with open_hdf5(path, "a file of numbers") as file:
    ...     own_data_set(file, "numbers", kinds="f", most=10)[...]
    array([1., 2., 3.])
    """
    # Few need it, and every import of the package would wait for it.
    import h5py

    path = check_file(path, None, expected)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except FileFormatError:
        raise
    # h5py raises many kinds on damaged files, RuntimeError and KeyError among them.
    except Exception as error:
        msg = (
            f"{path}: expected {expected}, found a file that does not read as HDF5 ({error}). "
            "It may be cut short; fetch or write it again."
        )
        raise FileFormatError(msg) from error


def own_data_set(file, name, *, kinds, most):
    """
    Return a data set of a file after a look at its layout.

    HDF5 fills in what is not there, and reads other files where one says so, without a word.

    Parameters
    ----------
    file : `h5py.File`
    name : `str`
    kinds : `str`
        Kinds of types that the values may have, as `numpy.dtype.kind` ("f" for floats).
    most : `int` or `None`
        Values that there may be; any number for `None`.

    Returns
    -------
    `h5py.Dataset`
        Whose values are all stored in the file, and take no more memory than they promise.

    Raises
    ------
    FileFormatError
        It is no such data set.
    """
    import h5py

    link = file.get(name, getlink=True)
    if link is not None and not isinstance(link, h5py.HardLink):
        raise _unusable(file, name, "a link to another place")
    data = file.get(name)
    if not isinstance(data, h5py.Dataset):
        found = ", ".join(file) or "nothing"
        raise _unusable(file, name, found if data is None else "a group")
    if data.shape is None or data.dtype.kind not in kinds:
        raise _unusable(file, name, f"values of the type {data.dtype}")
    if most is not None and data.size > most:
        raise _unusable(
            file, name, f"{data.size} values, of the shape {data.shape}", f"{most} at most"
        )
    settings = data.id.get_create_plist()
    if data.is_virtual or settings.get_external_count():
        raise _unusable(file, name, "data in other files")
    if data.chunks:
        _check_chunks(file, name, data, settings)
    elif data.id.get_storage_size() < data.size * data.dtype.itemsize:
        raise _unusable(file, name, "data that were never written")
    return data


def _unusable(file, name, found, expected="whose values are all in the file"):
    return FileFormatError(
        f"{file.filename}: expected a data set {name!r}, {expected}, found {found}. Write the "
        "file again."
    )


def _check_chunks(file, name, data, settings):
    filters = [settings.get_filter(k)[0] for k in range(settings.get_nfilters())]
    if not set(filters) <= _FILTERS or len(set(filters)) < len(filters):
        raise _unusable(file, name, f"filters {filters}", "packed with gzip, lzf or not at all")
    # What unpacks has to come first, or nobody knows how much it is given.
    packing = next((code for code in filters if code in (_DEFLATE, _LZF)), None)
    if packing and [code for code in filters if code != _FLETCHER32][-1] != packing:
        raise _unusable(file, name, f"filters in the order {filters}")
    number = prod(ceil(size / chunk) for size, chunk in zip(data.shape, data.chunks, strict=True))
    size = prod(data.chunks) * data.dtype.itemsize
    if number > _MOST_CHUNKS or size > (_MOST_LZF_BYTES if packing == _LZF else _MOST_CHUNK_BYTES):
        raise _unusable(
            file, name, f"{number} chunks of {size} bytes", "in chunks of some megabytes"
        )
    written = []
    data.id.chunk_iter(written.append)
    if len(written) < number:
        raise _unusable(file, name, "data that were never written")
    for chunk in written:
        # Packed chunks are smaller than others, but for a few bytes.
        if chunk.size > size + size // 8 + 1000:
            raise _unusable(file, name, f"a chunk of {chunk.size} bytes for {size}")
        if packing == _DEFLATE:
            _check_deflated(file, name, data, chunk.chunk_offset, filters.index(_DEFLATE), size)


def _check_deflated(file, name, data, offset, position, size):
    """
    Refuse a chunk that unpacks to more than its place: HDF5 would unpack it all.
    """
    skipped, packed = data.id.read_direct_chunk(offset)
    if skipped >> position & 1:
        return
    try:
        # Fletcher's sum may add four bytes.
        unpacked = zlib.decompressobj().decompress(packed, size + 5)
    except zlib.error as error:
        raise _unusable(file, name, f"a chunk that does not unpack ({error})") from error
    if len(unpacked) > size + 4:
        raise _unusable(file, name, f"a chunk that unpacks to more than its {size} bytes")
