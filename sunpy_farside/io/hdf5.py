"""
Data sets of HDF5 files, checked to be complete and in the file itself.
"""

import zlib
from contextlib import contextmanager
from math import ceil, prod

from sunpy_farside.errors import FileFormatError
from sunpy_farside.utils.content import check_file

__all__ = ["own_data_set", "open_hdf5"]

# Filters in every build of h5py, by their number in HDF5.
_DEFLATE, _SHUFFLE, _FLETCHER32, _LZF = 1, 2, 3, 32000
_FILTERS = {_DEFLATE, _SHUFFLE, _FLETCHER32, _LZF}
_MOST_CHUNKS = 200_000
_MOST_CHUNK_BYTES = 128_000_000
# LZF expands one byte to up to ninety, and h5py cannot limit the result.
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
        Description of the expected file, such as "a stack of phase maps".

    Yields
    ------
    `h5py.File`
        Errors of h5py in the block become a `FileFormatError`.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file cannot be read as HDF5.

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
    # Slow to import, and rarely needed.
    import h5py

    path = check_file(path, None, expected)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except FileFormatError:
        raise
    # h5py raises many types of errors for damaged files, including RuntimeError and KeyError.
    except Exception as error:
        msg = (
            f"{path}: expected {expected}, found a file that does not read as HDF5 ({error}). "
            "It may be cut short; fetch or write it again."
        )
        raise FileFormatError(msg) from error


def own_data_set(file, name, *, kinds, most):
    """
    Return a data set after a check that all its values are in the file.

    HDF5 silently fills in missing values, and reads other files if a data set refers to them.

    Parameters
    ----------
    file : `h5py.File`
    name : `str`
    kinds : `str`
        Allowed kinds of values, as in `numpy.dtype.kind` ("f" for floats).
    most : `int` or `None`
        Largest number of values; unlimited for `None`.

    Returns
    -------
    `h5py.Dataset`
        All its values are stored in the file, and take no more memory than declared.

    Raises
    ------
    FileFormatError
        There is no such data set.
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
    # Decompression has to come first, or the size of its input is unknown.
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
        # Compressed chunks are at most a few bytes larger than others.
        if chunk.size > size + size // 8 + 1000:
            raise _unusable(file, name, f"a chunk of {chunk.size} bytes for {size}")
        if packing == _DEFLATE:
            _check_deflated(file, name, data, chunk.chunk_offset, filters.index(_DEFLATE), size)


def _check_deflated(file, name, data, offset, position, size):
    """
    Reject a chunk that expands beyond its size, which HDF5 would decompress completely.
    """
    skipped, packed = data.id.read_direct_chunk(offset)
    if skipped >> position & 1:
        return
    try:
        # A Fletcher checksum may add four bytes.
        unpacked = zlib.decompressobj().decompress(packed, size + 5)
    except zlib.error as error:
        raise _unusable(file, name, f"a chunk that does not unpack ({error})") from error
    if len(unpacked) > size + 4:
        raise _unusable(file, name, f"a chunk that unpacks to more than its {size} bytes")
