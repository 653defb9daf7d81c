"""
Damaged time-distance maps.
"""

import bz2
import gzip
import lzma
import sys
from pathlib import Path

import numpy as np
from cases import ANY, DOUBTED, REFUSED, SAFE, SAME, Corpus, flip

from astropy.io import fits
from astropy.time import Time

sys.path.append(str(Path(__file__).parents[1]))
from map_files import fits_bytes
from time_distance_files import raw_cards, raw_name, raw_phases

DATE = Time("2023-05-04T12:00", scale="tai")


def _content(data, **cards):
    header = fits.Header([pair for pair in raw_cards(DATE, **cards).items() if pair[1] is not None])
    return fits_bytes(fits.PrimaryHDU(data, header))


def time_distance_maps(rng, folder):
    """
    Maps of hmi.td_fsi_12h: 121 x 225 floats after a header with wrong cards.
    """
    data = raw_phases(DATE, 16)
    whole = _content(data)
    name = raw_name(DATE)
    corpus = Corpus(folder, name, whole)
    start = whole.index(data.astype(">f4").tobytes())
    end = start + data.nbytes
    corpus.add_no_files(20_000_000_000)

    def put(what, content, due, name=None):
        corpus.add(what, content, due, name=name)

    # What leaves the meaning alone.
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        put(pack.__module__, pack(whole), SAME)
        put(pack.__module__, pack(whole)[:-200], REFUSED)
    for other in (
        name.upper(),
        name.replace(".data", ""),
        f"{name}.gz",
        "map.fits",
        "map (1).fits",
    ):
        put("name", whole, SAME, other)
    put("double", _content(data.astype(float)), SAME)
    put("unit", _content(data, BUNIT="rad"), SAME)
    put("no-quality", _content(data, QUALITY=None), SAME)
    put("other-card", _content(data, EXPTIME="long"), SAME)
    put("unpadded", whole[:end], SAME)
    put("more-padding", whole + bytes(2880), SAME)
    for quality in (1, 4, 0x7FFFFFFF):
        put("quality", _content(data, QUALITY=quality), DOUBTED)

    # What does not.
    for other in ("0504_", "0505_"), ("_120000", "_121000"), ("2023", "2022"):
        put("other-date", whole, REFUSED, name.replace(*other))
    put("other-product", whole, REFUSED, "PHASE_MAP_2023.05.04_12:00:00.fits")
    for quality in (-(2**31), 2**31, 2**31 + 1, "bad", 0.5):
        put("quality", _content(data, QUALITY=quality), REFUSED)
    for key in ("T_REC", "CRLN0", "CRPIX1", "CRPIX2", "CRVAL1", "CRVAL2", "CDELT1", "CDELT2"):
        put(f"no-{key}", _content(data, **{key: None}), REFUSED)
        for value in (-77.0, 1e30, "there", True, 123456789):
            put(key, _content(data, **{key: value}), REFUSED)
    for key in ("CTYPE1", "CTYPE2", "BUNIT", "CONTENT"):
        for value in ("", "HPLN-TAN", "CRLX_CEA", 4, None):
            put(key, _content(data, **{key: value}), REFUSED)
    for text in ("2023.05.04_12:00:00.000_UTC", "2023-05-04", "0000.00.00_00:00:00_TAI", "x" * 60):
        put("T_REC", _content(data, T_REC=text), REFUSED)
    for factor in (1e30, 1e3, 180 / np.pi, 1e-3, 0, np.nan, np.inf):
        with np.errstate(all="ignore"):
            put("factor", _content((data.astype(float) * factor).astype(np.float32)), REFUSED)
    for value in (np.inf, -9, 1e30, -32768):
        other = data.copy()
        other[rng.random(data.shape) < 0.01] = value
        put("some", _content(other), REFUSED)
    put("turned", _content(data.T), REFUSED)
    put("smaller", _content(data[:, :-1]), REFUSED)
    put("cube", _content(data[np.newaxis]), REFUSED)
    put("trailing", whole + b"junk" * 100, REFUSED)
    put("twice", whole + whole, REFUSED)
    put("structural", fits_bytes(fits.PrimaryHDU(data)), REFUSED)

    # What chance does.
    for place in rng.integers(1, end, 40):
        put("cut", whole[:place], REFUSED)
    for place in rng.integers(start, end - 9000, 20):
        put("hole", whole[:place] + bytes(6000) + whole[place + 6000 :], REFUSED)
        put("lost", whole[:place] + whole[place + 1 + place % 3 :], REFUSED)
    for place in rng.integers(start // 512 + 4, end // 512 - 4, 10) * 512:
        put("block", whole[:place] + bytes(512) + whole[place + 512 :], DOUBTED)
    for place in rng.integers(0, start, 60):
        card = whole[place // 80 * 80 :][:8].decode().strip()
        # A longitude or a time that became another plausible one, within half a degree.
        due = ANY if card in ("CRLN0", "T_REC") else SAFE
        put("header-byte", flip(whole, place, rng), due)
    for place in rng.integers(start, end, 20):
        put("data-bit", flip(whole, place, rng), ANY)
    return corpus.due
