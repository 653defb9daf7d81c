"""
Images of FITS files that are damaged, or made to take time and memory.
"""

import bz2
import gzip
import io
import lzma
import struct

import numpy as np
import pytest
from map_files import fits_bytes

from astropy.io import fits

from sunpy_farside.errors import FileFormatError
from sunpy_farside.io import images, read_images, read_phase_map


def image(shape=(181, 361)):
    return np.random.default_rng(1).normal(-0.02, 0.05, shape).astype(np.float32)


def content(*hdus):
    return fits_bytes(fits.PrimaryHDU(), *hdus)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "image.fits"


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_packed_files(path, pack):
    path.write_bytes(pack(content(fits.ImageHDU(image()), fits.ImageHDU(image((3, 2))))))
    first, second = read_images(path)
    assert np.array_equal(first[0], image())
    assert np.array_equal(second[0], image((3, 2)))
    assert first[0].dtype == np.dtype("=f4")
    assert first[1]["NAXIS1"] == 361


@pytest.mark.parametrize("kind", ["RICE_1", "GZIP_1", "GZIP_2"])
def test_images_packed_in_tiles(path, kind):
    whole = (image() * 1e4).astype(np.int16)
    path.write_bytes(content(fits.CompImageHDU(whole, compression_type=kind)))
    ((data, header),) = read_images(path, shape=(181, 361))
    assert np.array_equal(data, whole)
    assert header["NAXIS1"] == 361
    path.write_bytes(
        content(fits.CompImageHDU(image(), compression_type="GZIP_2", quantize_level=0))
    )
    assert np.array_equal(read_images(path)[0][0], image())


def published(**cards):
    """
    Return a file as JSOC publishes it: one image of floats, with some cards.
    """
    hdu = fits.PrimaryHDU(image())
    hdu.header.update(cards)
    return fits_bytes(hdu)


PLAIN = {
    "bare": {},
    "numbers": {"REF_L0": 308.02, "REF_B0": -3.8e-5, "QUALITY": 0, "EXPTIME": -111600},
    "text": {"DATE-OBS": "2022-05-05T00:00:00", "BUNIT": "rad", "OBSERVER": "O'Neil / HMI"},
    "lines": {"COMMENT": "of any kind", "HISTORY": "x = 'y", "BLANK_OK": True},
}


@pytest.mark.parametrize("cards", PLAIN.values(), ids=PLAIN)
def test_plain_files_read_as_with_astropy(path, monkeypatch, cards):
    path.write_bytes(published(**cards))
    ((data, header),) = read_images(path, shape=(181, 361))
    with fits.open(path) as hdus:
        assert np.array_equal(data, hdus[0].data)
        assert header.tostring() == hdus[0].header.tostring()
    assert data.dtype == np.dtype("=f4")
    assert data.flags.writeable
    monkeypatch.setattr(images, "_plain_image", lambda content: None)
    ((expected, cards),) = read_images(path, shape=(181, 361))
    assert np.array_equal(data, expected)
    assert dict(header) == dict(cards)


def test_plain_files_are_not_opened_by_astropy(path, monkeypatch):
    path.write_bytes(published(BUNIT="rad"))
    monkeypatch.setattr(images.fits, "open", None)
    ((data, _),) = read_images(path, shape=[(200, 200), (181, 361)])
    assert data.shape == (181, 361)


def _with(**cards):
    return lambda whole: published(**cards)


def _replaced(key, card):
    return lambda whole: whole.replace(key.encode().ljust(30), card.encode().ljust(30), 1)


def _damaged(number):
    # The last character of a card, in its comment.
    end = 80 * (number + 1)
    return lambda whole: whole[: end - 1] + b"\xb0" + whole[end:]


NOT_PLAIN = {
    "scaled": _with(BSCALE=2.0),
    "shifted": _with(BZERO=1.0),
    "checksum": _with(DATASUM="1"),
    "long text": _with(TEXT="x" * 200),
    "long keyword": _with(**{"HIERARCH A KEYWORD OF WORDS": 1}),
    "lower-case keyword": _replaced("BUNIT   = 'rad     '", "bunit   = 'rad     '"),
    "no closing quote": _replaced("BUNIT   = 'rad     '", "BUNIT   = 'rad"),
    "lower-case exponent": _replaced("BUNIT   = 'rad     '", "NUMBER  = 1.0e-5"),
    "not a text": lambda whole: whole.replace(b"'rad     '", b"'rad\xb0    '"),
    **{f"damaged {k}": _damaged(k) for k in range(6)},
    "more blanks": lambda whole: whole + bytes(2880),
    "cut padding": lambda whole: whole.rstrip(b"\0"),
    "a second image": lambda whole: whole + content(fits.ImageHDU(image()))[2880:],
}


@pytest.mark.parametrize("change", NOT_PLAIN.values(), ids=NOT_PLAIN)
def test_other_files_are_left_to_astropy(change):
    whole = published(BUNIT="rad")
    assert images._plain_image(whole) is not None
    changed = change(whole)
    assert changed != whole
    assert images._plain_image(changed) is None


def _card(key, value):
    return f"{key:8}= {value:>20}".encode()


def _axes(whole):
    return whole.replace(_card("NAXIS", 2), _card("NAXIS", 1_000_000_000))


def _axes_of_the_first(whole):
    return whole.replace(_card("NAXIS", 0), _card("NAXIS", 1_000_000_000))


def _long_axis(whole):
    return whole.replace(_card("NAXIS1", 361), _card("NAXIS1", 2**40))


def _negative_axis(whole):
    return whole.replace(_card("NAXIS1", 361), _card("NAXIS1", -361))


def _no_end(whole):
    return whole.replace(b"END".ljust(80), b"FIN".ljust(80))


def _long_header(whole):
    place = whole.index(b"END".ljust(80))
    return whole[:place] + _card("KEY", 1).ljust(80) * 20_000 + whole[place:]


def _more_data(whole):
    return whole + b"rest"


def _cut(whole):
    return whole[: len(whole) // 2]


def _many(_whole):
    return content(*[fits.ImageHDU(image((2, 2))) for _ in range(120)])


def _twice(whole):
    return whole + whole


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (_axes, "NAXIS   =.* beyond 999"),
        (_axes_of_the_first, "NAXIS   =.* beyond 999"),
        (_long_axis, "pixels"),
        (_negative_axis, "none in it"),
        (_no_end, "END"),
        (_long_header, "a header without END"),
        (_more_data, "4 bytes more"),
        (_cut, "does not read"),
        (_many, "more than 100 images"),
        (_twice, "a second file after it"),
    ],
)
def test_what_would_take_long_is_refused_before(path, spoil, found, pack):
    path.write_bytes(pack(spoil(content(fits.ImageHDU(image())))))
    with pytest.raises(FileFormatError, match=rf"image\.fits: .*{found}"):
        read_images(path)


def test_the_shape_is_asked_for_before_data_are_read(path):
    path.write_bytes(content(fits.ImageHDU(image((3000, 2000)))))
    with pytest.raises(FileFormatError, match="181 x 361 pixels, found 3000 x 2000"):
        read_images(path, shape=(181, 361))


def test_bombs(path):
    path.write_bytes(gzip.compress(content() + bytes(101_000_000)))
    with pytest.raises(FileFormatError, match="more than 100000000 bytes"):
        read_images(path)
    with path.open("wb") as file:
        file.truncate(10_000_000_000)
    with pytest.raises(FileFormatError, match=r"more than 100000000 bytes .10000000000"):
        read_images(path)


def _tiles(change):
    """
    Return an image of one tile, packed with gzip and changed.
    """
    hdu = fits.CompImageHDU(
        np.zeros((4, 4), np.int32), compression_type="GZIP_1", tile_shape=(4, 4)
    )
    with fits.open(io.BytesIO(content(hdu)), disable_image_compression=True) as hdus:
        header = hdus[1].header
        packed = change(header)
        column = fits.Column("COMPRESSED_DATA", "1PB()", array=[np.frombuffer(packed, "u1")])
        return content(fits.BinTableHDU.from_columns([column], header=header))


def _tile_bomb(_header):
    return gzip.compress(bytes(10_000_000))


def _two_members(_header):
    return gzip.compress(bytes(64)) + gzip.compress(bytes(10_000_000))


def _many_pixels(header):
    header["ZNAXIS1"] = header["ZTILE1"] = 2**40
    return gzip.compress(bytes(64))


def _negative_pixels(header):
    header["ZNAXIS1"] = -4
    return gzip.compress(bytes(64))


def _plio(header):
    header["ZCMPTYPE"] = "PLIO_1"
    return gzip.compress(bytes(64))


def _fine(_header):
    return gzip.compress(bytes(64))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_tile_bomb, "unpack to more than the image"),
        (_two_members, "unpack to more than the image"),
        (_many_pixels, "more than 12000000 pixels"),
        (_plio, "packed with PLIO_1"),
        (_negative_pixels, "axes of 4 x -4 pixels"),
    ],
)
def test_tiles_that_unpack_to_more(path, change, found):
    path.write_bytes(_tiles(_fine))
    assert read_images(path)[0][0].shape == (4, 4)
    path.write_bytes(_tiles(change))
    with pytest.raises(FileFormatError, match=found):
        read_images(path)


def test_tiles_that_share_their_bytes(path):
    hdu = fits.CompImageHDU(
        np.zeros((32, 4), np.int32), compression_type="RICE_1", tile_shape=(1, 4)
    )
    with fits.open(io.BytesIO(content(hdu)), disable_image_compression=True) as hdus:
        header, rows = hdus[1].header, len(hdus[1].data)
        tile = np.arange(1000).astype("u1")
        column = fits.Column("COMPRESSED_DATA", "1PB()", array=[tile] * rows)
        file = bytearray(content(fits.BinTableHDU.from_columns([column], header=header)))
    with fits.open(io.BytesIO(file), disable_image_compression=True) as hdus:
        start = hdus[1].fileinfo()["datLoc"]
    # All rows point to the first tile, of whose copies the file has no more than this one.
    shared = b"".join(struct.pack(">2i", 1000, 0) for _ in range(rows))
    file[start : start + len(shared)] = shared
    end = start + len(shared) + 1000
    assert bytes(file[start + len(shared) : end]) == tile.tobytes()
    path.write_bytes(_with_heap(bytes(file[:end]), 1000))
    with pytest.raises(FileFormatError, match="tiles that share their bytes"):
        read_images(path)


def _with_heap(file, size):
    """
    Declare the size of a heap that was shortened, and fill the file up.
    """
    at = file.index(b"PCOUNT  =", 2880)
    card = f"PCOUNT  = {size:>20}".ljust(80).encode()
    file = file[:at] + card + file[at + 80 :]
    return file.ljust(-(-len(file) // 2880) * 2880, b"\0")


def test_files_without_an_image(path):
    path.write_bytes(content())
    with pytest.raises(FileFormatError, match="none in it"):
        read_images(path)
    with pytest.raises(FileFormatError, match="found a folder"):
        read_images(path.parent)
    with pytest.raises(FileNotFoundError):
        read_images(path.with_name("other.fits"))


@pytest.mark.parametrize("shape", [(1440, 3600), (181, 361), (90, 90)])
@pytest.mark.parametrize("unit", ["Gauss", "G", "Mx/cm^2", "T"])
def test_magnetograms_are_named(tmp_path, shape, unit):
    path = tmp_path / "PHASE_MAP_2022.05.05_00:00:00.fits"
    hdu = fits.PrimaryHDU(np.zeros(shape, dtype=np.float32))
    hdu.header["BUNIT"], hdu.header["CONTENT"] = unit, "MAGNETOGRAM"
    hdu.writeto(path)
    with pytest.raises(FileFormatError, match=r"found a magnetogram \(BUNIT '") as error:
        read_phase_map(path)
    text = str(error.value)
    assert f"BUNIT {unit!r}, CONTENT 'MAGNETOGRAM'" in text
    assert "Give far-side phase maps" in text
    assert "FarsideSequence" not in text


def test_other_images_and_other_grids(tmp_path):
    path = tmp_path / "image.fits"
    hdu = fits.PrimaryHDU(np.zeros((90, 90), dtype=np.float32))
    hdu.header["BUNIT"] = "DN/s"
    hdu.writeto(path)
    with pytest.raises(FileFormatError, match=r"found another image \(BUNIT 'DN/s'\) of 90 x 90"):
        read_phase_map(path)
    hdu.header["BUNIT"] = "rad"
    hdu.writeto(path, overwrite=True)
    with pytest.raises(FileFormatError, match="on other grids with sunpy"):
        read_phase_map(path)
