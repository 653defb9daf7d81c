"""
Images of FITS files, including those with invalid headers.
"""

import io
import re
import warnings
import zlib
from itertools import chain
from math import prod

import numpy as np

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from sunpy.util.exceptions import warn_user

from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.units import other_content
from sunpy_farside.utils.content import read_content, user_path
from sunpy_farside.utils.text import quoted
from sunpy_farside.utils.typing import PathLike
from sunpy_farside.utils.wording import wording

__all__ = ["read_images"]

# Four times the size of HMI's daily synoptic frames, the largest external files.
_MOST_BYTES = 100_000_000
_MOST_PIXELS = 12_000_000
_MOST_IMAGES = 100
# Headers by JSOC have about a hundred cards of 80 bytes.
_MOST_HEADER = 1_000_000
_END = b"END".ljust(80)
# Table that marks each byte as text or not, and the marks of a header of text only.
_TEXT_OR_NOT = bytes(32 <= byte < 127 for byte in range(256))
_TEXT = b"\1" * _MOST_HEADER
# FITS allows 999 axes and columns; astropy loops over any number in these cards. One pattern for
# each card, as patterns that begin with one text are found ten times as fast.
_COUNTS = [
    re.compile(name + rb" *= *\+?0*[1-9]\d{3}") for name in (b"NAXIS", b"ZNAXIS", b"TFIELDS")
]
# Compression of image tiles that archives use, and the variants of gzip among them.
_GZIP = ("GZIP_1", "GZIP_2")
_PACKING = ("RICE_1", "RICE_ONE", *_GZIP)

_CARD, _BLOCK = 80, 2880
# Cards that need no correction: text, a truth value or a number, or a line of text.
_PLAIN_CARD = re.compile(
    rb"(?=.{8}= )[A-Z0-9_-]+ *= *"
    rb"(?:'(?:[ -&(-~]|'')*'|[TF]|[+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?) *(?:/[ -~]*)?"
    rb"|(?:COMMENT |HISTORY | {8})[ -~]*"
)
# The first cards of an image of floating-point numbers, and cards that change its meaning.
_PLAIN_START = re.compile(
    rb"SIMPLE  = +T .{49}"
    rb"BITPIX  = +-(?P<bits>32|64) .{49}"
    rb"NAXIS   = +2 .{49}"
    rb"NAXIS1  = +(?P<columns>[1-9]\d{0,4}) .{49}"
    rb"NAXIS2  = +(?P<rows>[1-9]\d{0,4}) .{49}"
)
_NOT_PLAIN = re.compile(
    rb"SIMPLE|BITPIX|NAXIS|XTENSION|GROUPS|[PG]COUNT|TFIELDS|Z(NAXIS|IMAGE|BITPIX)|BSCALE|BZERO"
    rb"|BLANK|DATASUM|CHECKSUM|CONTINUE|HIERARCH|END "
)


def read_images(
    path: PathLike, *, shape: tuple[int, ...] | None = None
) -> list[tuple[np.ndarray, fits.Header]]:
    """
    Read all the images of a FITS file.

    Parameters
    ----------
    path : path-like
        FITS file, optionally compressed with gzip or in tiles.
    shape : `tuple` of `int`, optional
        Required shape of the first image, or a list of allowed ones; any shape by default.

    Returns
    -------
    `list` of (array, `~astropy.io.fits.Header`)
        Arrays in native byte order. Integers that mark missing data (``BLANK``) become NaN.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file cannot be read or is too large, has no image, or one of another shape.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        The data do not match the checksum in the header.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from astropy.io import fits
    >>> from sunpy_farside.io import read_images
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "image.fits"
    >>> fits.PrimaryHDU(np.arange(6.0).reshape(2, 3)).writeto(path)
    >>> [(data.shape, data.dtype.name) for data, header in read_images(path)]
    [((2, 3), 'float64')]
    """
    path = user_path(path)
    content = read_content(path, _MOST_BYTES, "a FITS file")
    plain = _plain_image(content)
    if plain is not None and _is_allowed(plain[0].shape, shape):
        return [plain]
    _check_counts(path, content)
    try:
        # Damaged numbers overflow when they are scaled.
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # Invalid cards are common in these files; truncated files fail below.
            warnings.simplefilter("ignore", AstropyWarning)
            # Check sizes before data: a small file can declare, or expand to, images of any size.
            with fits.open(
                io.BytesIO(content), memmap=False, disable_image_compression=True
            ) as hdus:
                changed = _check_images(path, content, hdus, shape)
                packed = any("ZNAXIS" in hdu.header for hdu in hdus)
                images = [] if packed else _images(hdus)
            if packed:
                with fits.open(io.BytesIO(content), memmap=False) as hdus:
                    images = _images(hdus)
    except FileFormatError:
        raise
    # astropy raises many types of errors for damaged files, including TypeError and ValueError.
    except Exception as error:
        raise _unreadable(path, str(error)) from error
    if changed:
        warn_user(
            f"{path}: the data are not those that DATASUM in the header was made for. Fetch the "
            "file again; if the data were changed on purpose, remove the card."
        )
    return images


def _plain_image(content):
    """
    Return the image of a file that has one of floats and only standard cards, otherwise None.

    Astropy takes ten times as long to open, verify and read the same.
    """
    start = _PLAIN_START.match(content)
    end = content.find(_END, 0, _MOST_HEADER)
    if start is None or end % _CARD:
        return None
    cards = [content[k : k + _CARD] for k in range(0, end, _CARD)]
    others = cards[start.end() // _CARD :]
    first = -(-(end + _CARD) // _BLOCK) * _BLOCK
    shape = int(start["rows"]), int(start["columns"])
    size = prod(shape) * int(start["bits"]) // 8
    if (
        not all(_PLAIN_CARD.fullmatch(card) for card in cards)
        or any(_NOT_PLAIN.match(card) for card in others)
        or content[end + _CARD : first].strip(b" ")
        or len(content) != first + -(-size // _BLOCK) * _BLOCK
        or prod(shape) > _MOST_PIXELS
    ):
        return None
    data = np.frombuffer(content, f">f{int(start['bits']) // 8}", prod(shape), first)
    header = fits.Header.fromstring(content[:first])
    return data.astype(data.dtype.newbyteorder("=")).reshape(shape), header


def _images(hdus):
    hdus.verify("silentfix+ignore")
    return [
        (hdu.data.astype(hdu.data.dtype.newbyteorder("=")), hdu.header)
        for hdu in hdus
        if hdu.is_image and hdu.data is not None
    ]


def _unreadable(path, found):
    return FileFormatError(
        f"{path}: expected a FITS file with an image, found one that does not read ({found}). "
        "It may be cut short or a web page; fetch it again."
    )


def _check_counts(path, content):
    """
    Reject headers that astropy would process for minutes before it reads any data.
    """
    if not content.startswith(b"SIMPLE"):
        raise _unreadable(path, f"it begins with {quoted(content, 20)}")
    long = len(content) >= _MOST_HEADER
    if content.find(_END, 0, _MOST_HEADER) < 0 or (
        long and _TEXT in content.translate(_TEXT_OR_NOT)
    ):
        raise _unreadable(path, f"a header without END in its first {_MOST_HEADER} bytes")
    for match in chain.from_iterable(count.finditer(content) for count in _COUNTS):
        # Only at the beginning of a card; elsewhere it is text or chance.
        if match.start() % 80 == 0:
            raise _unreadable(path, f"{match[0].decode().rstrip()}..., beyond 999")


def _check_images(path, content, hdus, shape):
    """
    Check the sizes declared in headers; return whether data differ from their checksums.
    """
    found, changed, end = 0, False, 0
    for number, hdu in enumerate(hdus):
        if number == _MOST_IMAGES:
            raise _unreadable(path, f"more than {_MOST_IMAGES} images and tables")
        if number and "SIMPLE" in hdu.header:
            raise _unreadable(path, "a second file after it")
        place = hdu.fileinfo()
        if place["datLoc"] - place["hdrLoc"] > _MOST_HEADER:
            raise _unreadable(path, f"a header of more than {_MOST_HEADER} bytes")
        end = place["datLoc"] + place["datSpan"]
        packed = "ZNAXIS" in hdu.header
        axes = _axes(hdu.header, "Z" if packed else "")
        if not axes or not (hdu.is_image or packed):
            continue
        if not found and not _is_allowed(axes, shape):
            allowed = [shape] if isinstance(shape, tuple) else shape
            raise _wrong_shape(path, axes, allowed, hdu.header)
        found += prod(axes)
        if found > _MOST_PIXELS:
            raise _unreadable(path, f"more than {_MOST_PIXELS} pixels")
        if packed:
            _check_tiles(path, content, hdu, prod(axes))
        # 0 means a different checksum, 2 a missing one.
        changed |= hdu.verify_datasum() == 0
    if not found:
        msg = f"{path}: expected a FITS file with an image, found none in it."
        raise FileFormatError(msg)
    if content[end:].strip(b"\0 \r\n"):
        raise _unreadable(path, f"{len(content) - end} bytes more than its headers declare")
    return changed


def _wrong_shape(path, axes, allowed, header):
    """
    Return the error for an image that is no phase map, or one on another grid.
    """
    if other := other_content(header):
        return FileFormatError(
            f"{path}: expected phase shifts, found {other} of {_times(axes)} pixels. Give far-side "
            "phase maps, such as PHASE_MAP_YYYY.MM.DD_HH:MM:SS.fits."
        )
    remedy = wording(
        "Open maps on other grids with sunpy.map.Map; FarsideSequence resamples them.",
        "Give maps as JSOC and GONG publish them.",
    )
    expected = " or ".join(map(_times, allowed))
    return FileFormatError(
        f"{path}: expected an image of {expected} pixels, found {_times(axes)}. {remedy}"
    )


def _is_allowed(axes, shape):
    """
    Return whether axes are those of a required shape, of one out of a list, or of any.
    """
    return shape is None or axes == shape or (isinstance(shape, list) and axes in shape)


def _axes(header, prefix):
    """
    Return the shape of an image in the order of NumPy's axes.
    """
    number = header.get(f"{prefix}NAXIS", 0)
    axes = tuple(int(header[f"{prefix}NAXIS{axis}"]) for axis in range(number, 0, -1))
    if min(axes, default=0) < 0:
        msg = f"axes of {_times(axes)} pixels"
        raise ValueError(msg)
    return axes


def _times(shape):
    return " x ".join(map(str, shape))


def _check_tiles(path, content, hdu, pixels):
    """
    Reject tiles of an image that expand beyond the image.
    """
    packing = str(hdu.header.get("ZCMPTYPE"))
    if packing not in _PACKING:
        raise _unreadable(path, f"an image packed with {packing}, not with {' or '.join(_PACKING)}")
    size = unpacked = 0
    for name in hdu.columns.names:
        if not name.endswith("COMPRESSED_DATA"):
            continue
        for tile in hdu.data[name]:
            tile = np.asarray(tile)
            size += tile.nbytes
            if size > len(content):
                raise _unreadable(path, "tiles that share their bytes")
            if tile.size and (name.startswith("GZIP") or packing in _GZIP):
                unpacker = zlib.decompressobj(31)
                unpacked += len(unpacker.decompress(tile.tobytes(), 8 * pixels + 1))
                if unpacked > 8 * pixels or unpacker.unused_data:
                    raise _unreadable(path, "tiles that unpack to more than the image")
