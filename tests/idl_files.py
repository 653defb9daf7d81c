"""
IDL save files, written from their format.
"""

import zlib


def long(value):
    return int(value).to_bytes(4, "big", signed=True)


def idl_variable(name, array, *, kind=None, flags=4):
    """
    Return an array variable, with the code of its type and the flag of an array by default.
    """
    padded = name.encode().ljust(-(-len(name) // 4) * 4, b"\0")
    dims = array.shape[::-1]
    kind = {4: 4, 8: 5}[array.itemsize] if kind is None else kind
    extent = [8, 0, array.nbytes, array.size, array.ndim, 0, 0, 8, *dims, *[1] * (8 - len(dims))]
    body = long(len(name)) + padded + long(kind) + long(flags)
    # The array's descriptor is followed by 7, and by big-endian values.
    values = array.astype(array.dtype.newbyteorder(">")).tobytes()
    return body + b"".join(map(long, extent)) + long(7) + values


def idl_record(place, body, kind=2):
    return long(kind) + long(place + 16 + len(body)) + bytes(8) + body


def idl_file(*variables, packed=False):
    """
    Return the content of a save file of variables.
    """
    content = b"SR\x00\x06" if packed else b"SR\x00\x04"
    for body in variables:
        content += idl_record(len(content), zlib.compress(body) if packed else body)
    return content + idl_record(len(content), b"", kind=6)
