"""
Damaged phase maps.
"""

import bz2
import gzip
import io
import lzma

import numpy as np
from cases import ANY, DOUBTED, REFUSED, SAFE, SAME, Corpus, bomb, flip
from map_files import fits_bytes

from astropy.io import fits

from sunpy_farside.simulation import simulate_maps


def _cards(**cards):
    return [f"{key:8}= {value:>20}".ljust(80).encode() for key, value in cards.items()]


def _set_card(content, key, value):
    """
    Replace the value of the first card of a keyword.
    """
    place = content.index(f"{key:8}=".encode())
    return content[:place] + f"{key:8}= {value:>20}".ljust(80).encode() + content[place + 80 :]


def phase_maps(rng, folder):
    """
    Change a FITS file of 181 x 361 floats after one block of header.
    """
    data = simulate_maps("2022-05-05", 1, seed=16).maps[0].data.astype(np.float32)
    whole = fits_bytes(fits.PrimaryHDU(data))
    name = "PHASE_MAP_2022.05.05_00:00:00.fits"
    corpus = Corpus(folder, name, whole)
    start, end = 2880, 2880 + data.nbytes
    corpus.add_no_files(20_000_000_000)

    def put(what, content, due, name=None):
        corpus.add(what, content, due, name=name)

    # Changes that keep the meaning.
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        put(pack.__module__, pack(whole), SAME)
        put(pack.__module__, pack(whole)[:-200], REFUSED)
    for other in (
        name.replace(":", "%3A"),
        name.replace(":", "%253A"),
        name.replace(":", "+"),
        name.replace(":", " "),
        name.replace(":", "_"),
        name.replace(".fits", ".FITS"),
        name.replace(".fits", " (1).fits"),
        name.lower(),
    ):
        put("name", whole, SAME, other)
        put("name-gz", gzip.compress(whole), SAME, other + ".gz")
    put("double", fits_bytes(fits.PrimaryHDU(data.astype(float))), SAME)
    put("extension", fits_bytes(fits.PrimaryHDU(), fits.ImageHDU(data)), SAME)
    tiles = fits.CompImageHDU(data, compression_type="GZIP_2", quantize_level=0)
    put("tiles", fits_bytes(fits.PrimaryHDU(), tiles), SAME)
    put("table-after", fits_bytes(fits.PrimaryHDU(data), fits.BinTableHDU()), SAME)
    for unit, scale in (("mrad", 1e3), ("deg", 180 / np.pi), ("Degrees", 180 / np.pi), ("RAD", 1)):
        put("unit", fits_bytes(fits.PrimaryHDU(data * scale, fits.Header({"BUNIT": unit}))), SAME)
    for unit in ("s", "m/s", "G", "parsnip", "rad2", "4"):
        put("unit", fits_bytes(fits.PrimaryHDU(data, fits.Header({"BUNIT": unit}))), REFUSED)
    whole_numbers = np.where(np.isnan(data), -(2**31), data / 1e-9).round().astype(">i4")
    blank = {"BSCALE": 1e-9, "BLANK": -(2**31)}
    put("blank", _raw(whole_numbers, 32, **blank), SAME)
    put("no-blank", _raw(whole_numbers, 32, BSCALE=1e-4), REFUSED)
    put("unpadded", whole[:end], SAME)
    put("more-padding", whole + bytes(2880), SAME)
    put("remark", fits_bytes(fits.PrimaryHDU(data, fits.Header({"COMMENT": "NAXIS = 9999"}))), SAME)
    put("date", fits_bytes(fits.PrimaryHDU(data, fits.Header({"DATE-OBS": "2022-05-04"}))), SAME)
    for date in ("2012-05-05", "2202-05-05", "1900-01-01"):
        put("date", fits_bytes(fits.PrimaryHDU(data, fits.Header({"DATE-OBS": date}))), DOUBTED)
    put("vantage", fits_bytes(fits.PrimaryHDU(data, fits.Header({"REF_L0": 300.0}))), DOUBTED)
    for other in ("map.fits", "PHASE_MAP_2022.13.45_00:00:00.fits", "PHASE_MAP_9999.01.01_00.fits"):
        put("no-date", whole, REFUSED, other)

    # Changes that do not.
    values = np.frombuffer(whole[start:end], ">f4")
    for factor in (1e30, 1e10, 1e4, 1e3, 180 / np.pi, 47.0, 1e-3, 1e-30, 0):
        scaled = (values.astype(float) * factor).astype(">f4").tobytes()
        put("factor", whole[:start] + scaled + whole[end:], REFUSED)
        put("factor-double", fits_bytes(fits.PrimaryHDU(data.astype(float) * factor)), REFUSED)
    for value in (0, -0.02, 1, np.nan, np.inf, -9, 1e30):
        put("one-value", fits_bytes(fits.PrimaryHDU(np.full_like(data, value))), REFUSED)
    for value in (np.inf, -np.inf, -9, 1e30, -32768):
        other = data.copy()
        other[rng.random(data.shape) < 0.01] = value
        put("some", fits_bytes(fits.PrimaryHDU(other)), REFUSED)
    for bits in (8, 16, 32, 64, -64, 0, 7, "'-32'", "T"):
        put("bitpix", _set_card(whole, "BITPIX", bits), REFUSED)
    for key in ("NAXIS", "NAXIS1", "NAXIS2"):
        for value in (0, 1, 3, -1, 360, 362, 10**6, 10**9, 2**31, 2**40, 10**30, "1E9", "'2'", "T"):
            put(key, _set_card(whole, key, value), REFUSED)
    put("swapped", whole[:start] + values.byteswap().tobytes() + whole[end:], REFUSED)
    put("turned", fits_bytes(fits.PrimaryHDU(data.T)), REFUSED)
    put("cube", fits_bytes(fits.PrimaryHDU(data[np.newaxis])), REFUSED)
    for old, new in ((b"\n", b"\r\n"), (b"\r\n", b"\n"), (b"\r", b""), (b"\0", b""), (b"\0", b" ")):
        # Without bytes more or less only small parts of the values change.
        due = ANY if len(old) == len(new) else REFUSED
        put("transfer", whole.replace(old, new), due)
    put("tile-bomb", _tile_bomb(), REFUSED)
    put("header", whole[:400] + _cards(KEY=1)[0] * 300_000 + whole[400:], REFUSED)
    put("no-end", whole.replace(b"END".ljust(80), b"".ljust(80)), REFUSED)
    put(
        "columns",
        _set_card(fits_bytes(fits.PrimaryHDU(), fits.BinTableHDU()), "TFIELDS", 10**9),
        REFUSED,
    )
    put("trailing", whole + b"junk" * 100, REFUSED)
    put("twice", whole + whole, REFUSED)
    put("no-image", fits_bytes(fits.PrimaryHDU()), REFUSED)
    for axes in ({"crval1": 10.0}, {"cdelt1": -1.0, "crpix1": 181.0}):
        header = dict(simulate_maps("2022-05-05", 1, seed=16).maps[0].fits_header) | axes
        header.pop("keycomments", None)
        put("grid", fits_bytes(fits.PrimaryHDU(data, fits.Header(header))), REFUSED)

    # Random changes.
    for place in rng.integers(1, end, 60):
        put("cut", whole[:place], REFUSED)
    for place in rng.integers(start, end - 9000, 30):
        put("hole", whole[:place] + bytes(6000) + whole[place + 6000 :], REFUSED)
        put("lost", whole[:place] + whole[place + 1 + place % 3 :], REFUSED)
        put("inserted", whole[:place] + b"abc"[: 1 + place % 3] + whole[place:], REFUSED)
    # One block of a disk is a third of a row.
    for place in rng.integers(start // 512 + 4, end // 512 - 4, 10) * 512:
        put("block", whole[:place] + bytes(512) + whole[place + 512 :], DOUBTED)
    for place in rng.integers(0, start, 60):
        put("header-byte", flip(whole, place, rng), SAFE)
    for place in rng.integers(start, end, 40):
        put("data-bit", flip(whole, place, rng), ANY)
    summed = fits.PrimaryHDU(data)
    summed.add_datasum()
    content = fits_bytes(summed)
    size = content.index(values.tobytes())
    for place in rng.integers(size, size + data.nbytes, 20):
        # A bit of the fraction keeps the phase plausible; only the checksum reveals it.
        place = place // 4 * 4 + 3
        put(
            "summed-bit",
            content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :],
            DOUBTED,
        )
    return corpus.due


def _raw(data, bits, **cards):
    """
    Write an array as FITS without scaling it, with cards that define its numbers.
    """
    rows, columns = data.shape
    header = _cards(SIMPLE="T", BITPIX=bits, NAXIS=2, NAXIS1=columns, NAXIS2=rows, **cards)
    header = b"".join([*header, b"END".ljust(80)]).ljust(2880)
    return header + data.tobytes().ljust(-(-data.nbytes // 2880) * 2880, b"\0")


def _tile_bomb():
    data = np.zeros((181, 361), np.int32)
    tiles = fits.CompImageHDU(data, compression_type="GZIP_1", tile_shape=(181, 361))
    content = fits_bytes(fits.PrimaryHDU(), tiles)
    with fits.open(io.BytesIO(content), disable_image_compression=True) as hdus:
        packed = np.frombuffer(bomb(31), "u1")
        column = fits.Column("COMPRESSED_DATA", "1PB()", array=[packed])
        return fits_bytes(
            fits.PrimaryHDU(), fits.BinTableHDU.from_columns([column], hdus[1].header)
        )
