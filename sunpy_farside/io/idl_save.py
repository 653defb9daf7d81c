"""
Arrays of IDL save files.

scipy also reads such files, but does not check their offsets and sizes. The format is described by
C. Markwardt, http://cow.physics.wisc.edu/~craigm/idl/savefmt.
"""

import struct
import zlib
from math import prod

import numpy as np

from sunpy_farside.utils.text import quoted

__all__ = ["find_array"]

_PLAIN, _PACKED = b"SR\x00\x04", b"SR\x00\x06"
# Types of records, and codes in the record of a variable.
_VARIABLE, _END = 2, 6
_IS_ARRAY, _IS_STRUCTURE = 0x04, 0x20
_ARRAY_FOLLOWS, _VALUES_FOLLOW = 8, 7
_FLOATS = {4: ">f4", 5: ">f8"}


def find_array(content, names, most):
    """
    Return an array of floats by its name.

    Parameters
    ----------
    content : `bytes`
        Content of an IDL save file, compressed or not.
    names : `tuple` of `str`
        Names of the variable in lower case, in order of preference.
    most : `int`
        Largest size of the values in bytes.

    Returns
    -------
    array of `float`
        With the axes in NumPy's order, the reverse of IDL's.

    Raises
    ------
    ValueError
        The content is not a save file, is truncated, or has no such array.
    """
    start = content[:4]
    if start not in (_PLAIN, _PACKED):
        msg = f"{quoted(start)} at its beginning"
        raise ValueError(msg)
    found = {}
    try:
        for body in _variables(content, packed=start == _PACKED, most=most):
            name, rest = _text(body)
            found[name.lower()] = rest if name.lower() in names else None
        for name in names:
            if name in found:
                return _array(name, found[name], most)
    except (struct.error, zlib.error) as error:
        raise ValueError(str(error)) from error
    msg = f"the variables {', '.join(found) or 'none'}"
    raise ValueError(msg)


def _variables(content, *, packed, most):
    """
    Yield the contents of the records of variables.
    """
    place, kind = 4, None
    while kind != _END:
        kind, low, high, _ = struct.unpack_from(">4I", content, place)
        following, place = low + (high << 32), place + 16
        if kind == _END:
            return
        if not place <= following <= len(content):
            msg = f"a record at byte {place - 16} that ends at byte {following}"
            raise ValueError(msg)
        if kind == _VARIABLE:
            body = content[place:following]
            yield _unpack(body, most) if packed else body
        place = following


def _unpack(body, most):
    # Names, sizes and dimensions take a few hundred bytes.
    unpacked = zlib.decompressobj().decompress(body, most + 1000)
    if len(unpacked) == most + 1000:
        msg = f"a variable of more than {most} bytes"
        raise ValueError(msg)
    return unpacked


def _text(body):
    """
    Return a text and the bytes after it.
    """
    (length,) = struct.unpack_from(">I", body)
    padded = -(-length // 4) * 4
    if 4 + padded > len(body):
        msg = f"a name of {length} letters"
        raise ValueError(msg)
    return body[4 : 4 + length].decode("latin-1"), body[4 + padded :]


def _array(name, body, most):
    kind, flags = struct.unpack_from(">2I", body)
    if kind not in _FLOATS or not flags & _IS_ARRAY or flags & _IS_STRUCTURE:
        msg = f"a variable {name} that is no array of floats"
        raise ValueError(msg)
    begins, _, size, number, n_axes, _, _, n_dimensions = struct.unpack_from(">8I", body, 8)
    if begins != _ARRAY_FOLLOWS or not 0 < n_axes <= n_dimensions == 8:
        msg = f"an array {name} of {n_axes} axes"
        raise ValueError(msg)
    shape = struct.unpack_from(">8I", body, 40)[:n_axes][::-1]
    (values,) = struct.unpack_from(">I", body, 72)
    dtype = np.dtype(_FLOATS[kind])
    if values != _VALUES_FOLLOW or not prod(shape) == number == size / dtype.itemsize <= most:
        msg = f"an array {name} of {number} values in {size} bytes, of the shape {shape}"
        raise ValueError(msg)
    # Raises ValueError if the values are truncated.
    return np.frombuffer(body, dtype, number, 76).reshape(shape)
