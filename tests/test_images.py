"""
Images of FITS files that are damaged, or made to take time and memory.
"""

import bz2
import gzip
import io
import lzma

import numpy as np
import pytest
from map_files import fits_bytes

from astropy.io import fits

from sunpy_farside.errors import FileFormatError
from sunpy_farside.io import read_images, read_phase_map


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
    ],
)
def test_tiles_that_unpack_to_more(path, change, found):
    path.write_bytes(_tiles(_fine))
    assert read_images(path)[0][0].shape == (4, 4)
    path.write_bytes(_tiles(change))
    with pytest.raises(FileFormatError, match=found):
        read_images(path)


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
