"""
Damaged region lists, summaries and recipes.
"""

import gzip

import numpy as np
from cases import ANY, DOUBTED, REFUSED, SAME, Corpus, flip
from list_files import THREE_REGIONS as LIST
from list_files import WHOLE_SUMMARY as SUMMARY


def _texts(corpus, text, rng, rows):
    """
    Add changes of a text of lines.
    """
    add = corpus.add
    lines = text.splitlines()
    corpus.add_no_files(20_000_000_000)
    add("windows", text.replace("\n", "\r\n").encode(), SAME)
    add("packed", gzip.compress(text.encode()), SAME)
    add("blank-lines", text.replace("\n", "\n\n").encode(), SAME)
    for row in rows:
        place = lines.index(row)
        for digit in (0xFF10, 0x660, 0x6F0, 0x966, 0x1D7CE):
            other = row.translate({ord("0") + k: digit + k for k in range(10)})
            add("digits", text.replace(row, other).encode(), REFUSED)
        for before in ("\0", "\x01", "\x1a", "x", "-", "\ufeff", "\u200b", "None ", "? "):
            add("before", text.replace(row, before + row).encode(), REFUSED)
        if lines[place - 1]:
            glued = [*lines[: place - 1], lines[place - 1] + row, *lines[place + 1 :], ""]
            add("glued", "\n".join(glued).encode(), REFUSED)
        for _ in range(12):
            # A letter or sign where none belongs.
            spot = rng.integers(len(row.rstrip()))
            other = row[:spot] + rng.choice(list("?;<\0Q")) + row[spot + 1 :]
            # The columns after the longitude of a row are not read.
            add("sign", text.replace(row, other).encode(), ANY)
        add("gone", text.replace(row + "\n", "").encode(), ANY)
        add("swallowed", text.replace(row, row[: len(row) // 5]).encode(), REFUSED)
    for _ in range(60):
        spot = rng.integers(len(text))
        add("letter", (text[:spot] + chr(rng.integers(32, 127)) + text[spot + 1 :]).encode(), ANY)
        add("byte", flip(text.encode(), spot, rng), ANY)
    for spot in rng.integers(1, len(text), 60):
        # At the end of a row of the last section nothing is missing.
        ends = text[:spot].endswith("\n") or text[spot] == "\n"
        add("cut", text[:spot].encode(), ANY if ends else REFUSED)
    add("double", (text + text).encode(), REFUSED)
    add("utf-16", text.encode("utf-16"), REFUSED)
    add("binary", rng.integers(0, 256, 5000, dtype=np.uint8).tobytes(), REFUSED)
    add("long", text.encode() + b" " * 1_000_001, REFUSED)
    add("lines", text.encode() + b"\n" * 900_000, SAME)


def region_lists(rng, folder):
    """
    Change a region list of JSOC.
    """
    corpus = Corpus(folder, "list.txt", LIST.encode())
    rows = [line for line in LIST.splitlines() if line.startswith("FS-")]
    _texts(corpus, LIST, rng, rows)
    for row in rows:
        number = row.split()[0]
        for place, value in (
            (1, "400.0"),
            (1, "-3.0"),
            (2, "91.0"),
            (2, "1e1"),
            (3, "1.2.3"),
            (5, "40.5"),
        ):
            fields = row.split()
            fields[place] = value
            corpus.add("field", LIST.replace(row, "  ".join(fields)).encode(), REFUSED)
        corpus.add("twice", LIST.replace(row, f"{row}\n{row}").encode(), REFUSED)
        days = row.split()[-1]
        other = row[: -len(days)] + f"{float(days) + 9:.1f}"
        corpus.add("days", LIST.replace(row, other).encode(), REFUSED)
        corpus.add("number", LIST.replace(number, number.replace("FS-", "AR-")).encode(), REFUSED)
    for old, new in (("2015-03-01.0", "2015-13-01.0"), ("2015-03-01.0", "0000-00-00.0")):
        corpus.add("date", LIST.replace(old, new).encode(), REFUSED)
    corpus.add("vantage", LIST.replace("175.0", "15.0").encode(), DOUBTED)
    return corpus.due


def summaries(rng, folder):
    """
    Change a solar region summary of NOAA.
    """
    corpus = Corpus(folder, "20140505SRS.txt", SUMMARY.encode())
    rows = [line for line in SUMMARY.splitlines() if line.startswith("20")]
    _texts(corpus, SUMMARY, rng, rows)
    for row in rows:
        place = row.split()[1]
        for other in ("S99" + place[3:], "X" + place[1:], f"{place[0]}1{place[1:]}"):
            corpus.add("place", SUMMARY.replace(place, other).encode(), REFUSED)
        if "W" in place:
            for other in (f"{place[:3]}W200", f"{place[:3]}E111", place[:3], f"{place[:3]}W"):
                corpus.add("place", SUMMARY.replace(place, other).encode(), REFUSED)
    for heading in ("I.  Regions", "IA. H-alpha", "II. Regions"):
        kept = [line for line in SUMMARY.splitlines() if not line.startswith(heading)]
        corpus.add("heading", "\n".join([*kept, ""]).encode(), REFUSED)
        corpus.add("heading", SUMMARY.replace(heading, "V. Regions").encode(), REFUSED)
    for old, new in (
        ("May 05", "May 35"),
        ("May 05", "Mai 05"),
        ("2014 May", "14 May"),
        ("0030 UTC", "3000 UTC"),
    ):
        corpus.add("date", SUMMARY.replace(old, new).encode(), REFUSED)
    # The name of the product has the month and the day, too.
    for old, new in (("May 05", "Mar 05"), ("May 05", "May 06"), ("0505SRS", "0515SRS")):
        corpus.add("other-date", SUMMARY.replace(old, new).encode(), DOUBTED)
    corpus.add("capitals", SUMMARY.replace(" May", " MAY").encode(), SAME)
    corpus.add("remark", SUMMARY.replace("2049", "****CORRECTION****\n2049").encode(), SAME)
    return corpus.due


RECIPE = """\
alignment = "common"
width = 140
examples = 100_000
batch = 16
learning_rate = 2e-3
schedule = "one_cycle"
validation = 640
patience = 6
seed = 1

[network]
architecture = "coarse_unet"
hidden = 16

[normalization]
kind = "valid"
clip = false

[target]
kind = "centers"
radius = 4.0
flux = 2e21

[regions]
level = 0.25
deblend = true
"""


def recipes(rng, folder):
    """
    Change the recipe of a training.
    """
    corpus = Corpus(folder, "recipe.toml", RECIPE.encode())
    add = corpus.add
    corpus.add_no_files(20_000_000_000)
    add("windows", RECIPE.replace("\n", "\r\n").encode(), SAME)
    add("remark", RECIPE.replace("\n\n", "\n# A remark.\n\n").encode(), SAME)
    # The recipe is not the default one.
    add("base", b'base = "default"\n', ANY)
    strange = "-1 0 1e400 nan inf true [] {} 2022-05-05 0x7fffffffffffffff".split()
    for line in RECIPE.splitlines():
        if "=" not in line:
            continue
        key, value = line.split(" = ")
        for other in (*strange, '""', '"x"'):
            due = SAME if other == value else ANY if (key, other) in _POSSIBLE else REFUSED
            add(key, RECIPE.replace(line, f"{key} = {other}").encode(), due)
        due = ANY if key in _OPTIONAL else REFUSED
        add("without", RECIPE.replace(line + "\n", "").encode(), due)
        add("twice", RECIPE.replace(line, f"{line}\n{line}").encode(), REFUSED)
        add("unknown", RECIPE.replace(line, f"{line}\n{key}_too = 1").encode(), REFUSED)
        add("no-value", RECIPE.replace(line, f"{key} =").encode(), REFUSED)
    for base in ("5", '"nothing"', '"base.toml"', "[]", '"recipe.toml"'):
        add("base", f"base = {base}\n".encode() + RECIPE.encode(), REFUSED)
    add("deep", b"seed = " + b"[" * 15_000, REFUSED)
    add("dots", b".".join([b"a"] * 9_000) + b" = 1", REFUSED)
    add("more-dots", b".".join([b"a"] * 40_000) + b" = 1", REFUSED)
    add("long", RECIPE.encode() + b"#" * 100_000, REFUSED)
    add("latin", RECIPE.encode() + b"# \xe9\n", REFUSED)
    for spot in rng.integers(0, len(RECIPE), 60):
        add(
            "letter",
            (RECIPE[:spot] + chr(rng.integers(32, 127)) + RECIPE[spot + 1 :]).encode(),
            ANY,
        )
        add("byte", flip(RECIPE.encode(), spot, rng), ANY)
        # Without the end of its last line a recipe is whole.
        due = SAME if spot == len(RECIPE) - 1 else REFUSED
        add("cut", RECIPE[:spot].encode(), due)
    return corpus.due


_OPTIONAL = {"hidden", "clip"}
_POSSIBLE = {("seed", "0"), ("flux", "0"), ("flux", "0x7fffffffffffffff"), ("clip", "true")}
