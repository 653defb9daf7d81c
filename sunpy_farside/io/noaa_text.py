"""
Text of NOAA's solar region summaries.
"""

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from astropy.time import Time

from sunpy_farside.errors import FileFormatError
from sunpy_farside.utils.text import quoted

__all__ = ["parse_summary"]

EXPECTED = "a solar region summary of NOAA"
# The longest summaries have about 3000 characters, and a tarball of a year has two million.
MAX_SIZE = 1_000_000

_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_ISSUED = re.compile(r":Issued:\s*(\d{4}) ([A-Za-z]{3}) (\d{1,2}) (\d{2})(\d{2}) UTC", re.ASCII)
# Month and day in the name of the product, which are those of the issue.
_PRODUCT = re.compile(r":Product:\s*(\d\d)(\d\d)SRS", re.ASCII)
_SECTIONS = ["I", "IA", "II"]
_SECTION = re.compile(r"(IA|II|I)\.\s*[A-Z].*")
# Titles of columns, the entry of a section without regions, and remarks.
_REMARK = re.compile(r"Nmbr .*|None\.?|[*#].*", re.IGNORECASE)
# Number and latitude of a region, at the beginning of every row.
_PLACE = re.compile(r"\d{4,5}\s+[NS]\s*\d", re.ASCII)
_SEEN = re.compile(r"(\d{4,5})\s+([NS])(\d\d)([EW])(\d\d\d?)(?:\s.*)?", re.ASCII)
_DUE = re.compile(r"(\d{4,5})\s+([NS])(\d\d)\s+(\d{1,3})", re.ASCII)
_SIGNS = {"N": 1, "S": -1, "W": 1, "E": -1}
# Since this date, the leading 1 of the numbers is omitted.
_FIVE_DIGITS = datetime(2002, 6, 15)
# Limit in degrees from the central meridian: ten years of summaries have none beyond 99.
_MAX_DISTANCE = 110


@dataclass(frozen=True)
class Summary:
    """
    Summary with its date, its rows of number, section and degrees, and flags.

    A ``whole`` summary is not cut short, and an ``agreed`` date is also that in the product's name.
    """

    date: Time
    rows: list
    whole: bool
    agreed: bool


def parse_summary(name, content):
    """
    Read the content of one summary.

    The reader in sunpy takes 30 ms per file, and fails if the longitude or class of a region is
    missing, as in about twenty files in ten years.
    """
    if len(content) > MAX_SIZE:
        raise wrong_summary(name, f"more than {MAX_SIZE} bytes")
    text = content.decode("ascii", "replace")
    issued = _issued(name, text)
    sections, filled, rows = [], [], []
    for line in map(str.strip, text.splitlines()):
        heading = _SECTION.fullmatch(line)
        places = len(_PLACE.findall(line))
        if heading and not places:
            sections.append(heading[1])
            filled.append(False)
        elif places == 1 and sections and "\ufffd" not in line:
            rows.append(_row(name, line, sections[-1], issued))
            filled[-1] = True
        elif sections and not places and _REMARK.fullmatch(line):
            filled[-1] |= line.upper().startswith("NONE")
        elif places or (sections and line):
            # The line may contain a region.
            raise wrong_summary(name, f"the line {quoted(line)}")
    if not sections:
        raise wrong_summary(name, "no section of regions with sunspots")
    if sections != _SECTIONS[: len(sections)]:
        raise wrong_summary(name, f"the sections {', '.join(sections)} and not I, IA, II")
    date = Time(issued.strftime("%Y-%m-%d"), format="isot", scale="utc")
    product = _PRODUCT.search(text)
    agreed = product is None or product.groups() == (f"{issued:%m}", f"{issued:%d}")
    return Summary(date, rows, filled == [True] * 3 and _ends(text), agreed)


def _issued(name, text):
    match = _ISSUED.search(text)
    if match is None:
        raise wrong_summary(name, "no date of issue")
    year, month, *others = match.groups()
    try:
        # The names of the months are English in every locale.
        return datetime(int(year), _MONTHS.index(month.upper()) + 1, *map(int, others))
    except ValueError as error:
        raise wrong_summary(name, f"a wrong date of issue ({error})") from error


def _ends(text):
    """
    Return whether the last line of a summary is complete: a longitude has three digits.
    """
    return text.endswith("\n") or re.search(r"None|\s\d{3}$", text.splitlines()[-1]) is not None


def _row(name, line, section, issued):
    fields = (_DUE if section == "II" else _SEEN).fullmatch(line)
    if fields is None:
        raise wrong_summary(name, f"the line {quoted(line)}")
    number = int(fields[1])
    if number < 10000 and issued > _FIVE_DIGITS:
        number += 10000
    latitude = _SIGNS[fields[2]] * int(fields[3])
    if section == "II":
        stonyhurst, carrington = np.nan, float(fields[4])
    else:
        stonyhurst, carrington = float(_SIGNS[fields[4]] * int(fields[5])), np.nan
    if abs(latitude) > 90 or abs(stonyhurst) > _MAX_DISTANCE or carrington > 360:
        raise wrong_summary(name, f"no place on the Sun in the line {quoted(line)}")
    return number, section, latitude, stonyhurst, carrington


def wrong_summary(name, found):
    """
    Return the error for a file that is not a summary.
    """
    return FileFormatError(
        f"{name}: expected {EXPECTED}, found {found}. It may be cut short or "
        "a web page; fetch it again."
    )
