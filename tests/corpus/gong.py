"""
Damaged maps and region lists of GONG.
"""

import gzip

import numpy as np
from cases import ANY, DOUBTED, REFUSED, SAFE, SAME, Corpus, flip
from gong_files import gong_bytes, gong_disk

from sunpy_farside.simulation import simulate_maps

LIST = """\
"C. Long" "Lat" "Dist" "Strength" "Prob" "Area" "Flux" "Max" "Return" "NOAA"
296.5  -3.5  20.0  0.21  93  310  620  95  20140309  NOAA 11967 11968
245.7  14.6  -8.1  0.13  71  150  310  60  20140313
"""


def gong_maps(rng, folder):
    """
    Change a map of GONG: 200 x 200 integers after one block of header.
    """
    phase_map = simulate_maps("2022-05-05", 1, seed=16).maps[0]
    start = "2022-05-04T12:00"
    disk, center = gong_disk(phase_map, start)

    def content(**changes):
        return gong_bytes(disk, center, start, **changes)

    whole = content()
    corpus = Corpus(folder, "mrfqo220505t0000.fits", whole)
    put = corpus.add
    begin, end = 2880, 2880 + 4 * disk.size
    corpus.add_no_files(20_000_000_000)
    put("packed", gzip.compress(whole), SAME)
    put("packed-cut", gzip.compress(whole)[:-200], REFUSED)
    put("name", whole, SAME, name="map.fits")
    put("name", whole, DOUBTED, name="mrfqo220515t0000.fits")
    put("name", whole, REFUSED, name="PHASE_MAP_2022.05.05_00:00:00.fits")
    put("unpadded", whole[:end], SAME)
    for key in ("DAXIS1", "DAXIS2", "X0", "Y0", "REF_L0", "REF_B0", "TIME0", "DTIME"):
        for value in (None, "'x'", "-1E+9", "1E+9", "T", "''"):
            put(key, content(**{key: value}), REFUSED)
    for key in ("FRAME0", "OBS_L0", "OBS_B0"):
        put(key, content(**{key: None}), SAME)
    put("vantage", content(REF_L0="3.000000E+01"), DOUBTED)
    put("time", content(TIME0="'2022 06 04 12:00'"), DOUBTED)
    for value in ("1.0", "2.0E-7", "2.0E-14", "0.0"):
        put("scale", content(BSCALE=value), REFUSED)
    for bits in (8, 16, 64, -32, -64, 0, 7):
        put("bitpix", content(BITPIX=str(bits)), REFUSED)
    for key in ("NAXIS1", "NAXIS2"):
        for value in (0, 1, -1, 199, 201, 10**6, 2**40):
            put(key, content(**{key: str(value)}), REFUSED)
    for value in (0, np.nan, 0.1):
        put("one-value", gong_bytes(np.full_like(disk, value), center, start), REFUSED)
    for place in rng.integers(1, end, 40):
        put("cut", whole[:place], REFUSED)
    middle = begin + 4 * disk.size // 2
    for place in rng.integers(middle - 20_000, middle + 20_000, 20):
        put("hole", whole[:place] + bytes(6000) + whole[place + 6000 :], REFUSED)
    for place in rng.integers(0, begin, 60):
        put("header-byte", flip(whole, place, rng), ANY if place < 80 * 18 else SAFE)
    for place in rng.integers(begin, end, 30):
        put("data-bit", flip(whole, place, rng), ANY)
    return corpus.due


def gong_lists(rng, folder):
    """
    Change a region list of GONG.
    """
    corpus = Corpus(folder, "mrf6x140303t1200.txt", LIST.encode())
    put = corpus.add
    corpus.add_no_files(20_000_000_000)
    put("windows", LIST.replace("\n", "\r\n").encode(), SAME)
    put("packed", gzip.compress(LIST.encode()), SAME)
    put("blank-lines", LIST.replace("\n", "\n\n").encode(), SAME)
    put("double", (LIST + LIST).encode(), REFUSED)
    put("utf-16", LIST.encode("utf-16"), REFUSED)
    put("binary", rng.integers(0, 256, 5000, dtype=np.uint8).tobytes(), REFUSED)
    put("name", LIST.encode(), REFUSED, name="list.txt")
    head, *rows = LIST.splitlines()
    put("glued", (head + rows[0] + "\n" + rows[1]).encode(), REFUSED)
    put("glued", (head + "\n" + rows[0] + rows[1]).encode(), REFUSED)
    for row in rows:
        for digit in (0xFF10, 0x660, 0x6F0, 0x966, 0x1D7CE):
            other = row.translate({ord("0") + k: digit + k for k in range(10)})
            put("digits", LIST.replace(row, other).encode(), REFUSED)
        for before in ("\0", "\x01", "\x1a", "x", "\ufeff", "\u200b", "None ", "? "):
            put("before", LIST.replace(row, before + row).encode(), REFUSED)
        fields = row.split()
        for column, value in (
            (0, "400"),
            (0, "-3"),
            (1, "91"),
            (3, "nan"),
            (4, "101"),
            (4, "-1"),
            (5, "1e9"),
            (6, "8e37"),
            (6, "inf"),
            (6, "******"),
            (8, "20140399"),
            (8, "20250101"),
        ):
            other = "  ".join([*fields[:column], value, *fields[column + 1 :]])
            put("absurd", LIST.replace(row, other).encode(), DOUBTED)
        for column in (0, 1, 3, 4, 5, 6, 8):
            for value in ("1_0", "x", "0x10", "1.2.3", "1e"):
                other = "  ".join([*fields[:column], value, *fields[column + 1 :]])
                put("field", LIST.replace(row, other).encode(), REFUSED)
        put("swallowed", LIST.replace(row, row[:20]).encode(), REFUSED)
    for _ in range(40):
        spot = rng.integers(len(LIST))
        put("letter", (LIST[:spot] + chr(rng.integers(32, 127)) + LIST[spot + 1 :]).encode(), ANY)
        put("byte", flip(LIST.encode(), spot, rng), ANY)
    last = LIST.index(rows[1]) + len(rows[1])
    for spot in rng.integers(LIST.index(rows[1]) + 1, last, 20):
        put("cut", LIST[:spot].encode(), REFUSED)
    return corpus.due
