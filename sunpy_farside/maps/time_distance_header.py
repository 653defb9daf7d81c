"""
World coordinates, dates and units of JSOC's time-distance maps, whose headers have wrong cards.
"""

import re

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy.util.exceptions import warn_user

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.errors import FileFormatError

__all__ = [
    "TIME_DISTANCE",
    "TIME_DISTANCE_SHAPE",
    "corrected_header",
    "is_time_distance",
]

# Name of the product in headers.
TIME_DISTANCE = "time_distance"
# 121 rows of sine latitude to 60 degrees on both sides, 225 columns of 0.8 degrees of longitude.
TIME_DISTANCE_SHAPE = (121, 225)
_LONGITUDE_STEP = 0.8
_SINE_STEP = 0.014434
# FITS pixels of the far-side central meridian and of the equator.
_MIDDLE_COLUMN = 112.5
_EQUATOR_ROW = 61.0

_CONTENT = "farsidemap"
_T_REC = re.compile(r"([0-9]{4})\.([0-9]{2})\.([0-9]{2})_([0-9:.]{8,12})_TAI")
_YEARS = range(2010, 2100)
# Unit in the files, although the phases are in radian, as the comment of the card says.
_WRONG_UNIT = "m/s"
_NO_DATA = 0x80000000
# Largest error of a longitude in degrees: those in the headers are rounded to a tenth of a degree,
# pixels to a hundredth.
_TOLERANCE = 0.5
# Cards with positions and steps: the expected value and the largest difference from it.
_GRID = {
    "CRPIX2": (_EQUATOR_ROW, 0.01),
    "CRVAL1": (0.0, 1e-3),
    "CRVAL2": (0.0, 1e-3),
    "CDELT1": (_LONGITUDE_STEP, 1e-5),
    "CDELT2": (_SINE_STEP, 1e-6),
    "CROTA2": (0.0, 1e-3),
}
# Sums over the raw header or its cards.
_SUMS = ("HEADSUM", "CHECKSUM", "DATASUM")


def is_time_distance(header):
    """
    Return whether a header is that of a far-side map as exported from ``hmi.td_fsi_12h``.

    Parameters
    ----------
    header : `dict`, `~sunpy.util.MetaDict` or `~astropy.io.fits.Header`

    Returns
    -------
    `bool`

    Examples
    --------
    >>> from sunpy_farside.maps.time_distance_header import is_time_distance
    >>> is_time_distance({"CONTENT": "FarSideMap", "CTYPE1": "CRLN_CEA"})
    True
    >>> is_time_distance({"CONTENT": "far-side phase shift", "CTYPE1": "CRLN-CEA"})
    False
    """
    cards = _upper(header)
    return str(cards.get("CONTENT", "")).strip().lower() == _CONTENT and "CEA" in str(
        cards.get("CTYPE1", "")
    )


def corrected_header(header, shape):
    """
    Return the header of a time-distance map with its wrong cards corrected.

    Parameters
    ----------
    header : `dict`, `~sunpy.util.MetaDict` or `~astropy.io.fits.Header`
        Raw header (`is_time_distance`).
    shape : `tuple` of `int`
        Rows and columns of the data.

    Returns
    -------
    `dict`
        World coordinates, date and unit, and all other cards of the raw header except its
        checksums. ``HISTORY`` lists the corrected cards with their former values.

    Raises
    ------
    FileFormatError
        The map has another shape, no data according to ``QUALITY``, or a card that is neither
        right nor wrong in the known way. The message names the card.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        ``QUALITY`` reports a problem with the map.

    Notes
    -----
    Wrong in all the files: ``BUNIT`` is m/s, although the values are phase shifts in radian;
    ``CTYPEi`` have an underscore; ``CUNIT2`` is not a unit and ``CDELT2`` a step of sine latitude;
    ``PV2_1`` is larger than 1, which the projection does not allow, and not that of the rows;
    ``DATE-OBS`` is the beginning of the data.

    The rows are equally spaced in sine latitude, which is the cylindrical equal-area projection
    with ``PV2_1`` = 1 and a step of :math:`180°/π` times the step of sine latitude
    (`Calabretta & Greisen 2002 <https://doi.org/10.1051/0004-6361:20021327>`__, section 5.2.2).
    ``CRLN0`` is the longitude of the *near* side's central meridian; the far-side central meridian
    at ``CRLN0`` + 180 degrees is at pixel 112.5, which becomes the reference pixel: with that at
    longitude 0, as in the files, a map that crosses the 0/360 boundary is projected with a gap.

    The date is ``T_REC`` in UTC, 37 seconds before the TAI time in the names of the files. It is
    the middle of the 24 hours of Doppler data that ``SOURCE`` names, and the time at which the
    central meridian is at ``CRLN0``.

    Examples
    --------
    >>> from sunpy_farside.maps.time_distance_header import corrected_header
    >>> raw = {
    ...     "CONTENT": "FarSideMap", "T_REC": "2023.05.01_00:00:00.000_TAI", "BUNIT": "m/s",
    ...     "CRLN0": 223.4, "CTYPE1": "CRLN_CEA", "CTYPE2": "CRLT_CEA", "CUNIT1": "deg",
    ...     "CUNIT2": "sine(deg)", "CRPIX1": 58.25, "CRPIX2": 61.0, "CRVAL1": 0.0, "CRVAL2": 0.0,
    ...     "CDELT1": 0.8, "CDELT2": 0.014434, "CROTA2": 0.0, "PV2_1": 1.0337, "QUALITY": 0,
    ... }
    >>> header = corrected_header(raw, (121, 225))
    >>> header["ctype1"], header["crpix1"], round(header["crval1"], 1), header["date-obs"]
    ('CRLN-CEA', 112.5, 43.4, '2023-04-30T23:59:23.000')
    """
    cards = _upper(header)
    if tuple(shape) != TIME_DISTANCE_SHAPE:
        found = " x ".join(map(str, shape))
        _refuse("an image of 121 x 225 pixels", found)
    _check_quality(cards)
    date = _date(cards)
    _check_axes(cards)
    meridian = _meridian(cards, date)
    unit = cards.get("BUNIT", "none")
    if str(unit).strip() not in (_WRONG_UNIT, "rad", "radian"):
        _refuse("phases in radian, whose BUNIT is 'm/s' by mistake", f"BUNIT = {unit!r}")
    correct = carrington_header(date, shape, first_longitude=0, first_latitude=0) | {
        "ctype1": "CRLN-CEA",
        "ctype2": "CRLT-CEA",
        "cdelt1": _LONGITUDE_STEP,
        "cdelt2": float(np.rad2deg(_SINE_STEP)),
        "crpix1": _MIDDLE_COLUMN,
        "crpix2": _EQUATOR_ROW,
        "crval1": round((meridian + 180) % 360, 4),
        "pv2_1": 1.0,
        "bunit": "rad",
        "date-beg": (date - 12 * u.hour).isot,
        # With an INSTRUME that begins with HMI, sunpy's own HMI source would match a saved map.
        "telescop": "SDO",
        "detector": "HMI",
        "fsprod": TIME_DISTANCE,
    }
    # The comments of the cards are of the wrong ones too, and too long to be saved.
    removed = ("instrume", "crota2", "wcsname")
    dropped = (*_SUMS, "KEYCOMMENTS")
    kept = {
        key.lower(): value
        for key, value in cards.items()
        if key and key not in dropped and key.lower() not in removed
    }
    changes = [
        f"{key.upper()} = {str(cards[key.upper()]).strip()} "
        + (f"replaced by {correct[key]}" if key in correct else "removed")
        for key in (*correct, *removed)
        if key.upper() in cards and cards[key.upper()] != correct.get(key)
    ]
    history = [str(cards.get("HISTORY", "")).strip(), "Cards corrected by sunpy_farside:", *changes]
    return kept | correct | {"history": "\n".join(filter(None, history))}


def _upper(header):
    """
    Return the cards of a header by their names in upper case.
    """
    cards = {key.upper(): header[key] for key in header}
    for key in {"COMMENT", "HISTORY"} & set(cards):
        # astropy's cards of one name are not a string.
        cards[key] = str(cards[key])
    return cards


def _refuse(expected, found):
    msg = f"expected {expected}, found {found}. Fetch hmi.td_fsi_12h from JSOC again."
    raise FileFormatError(msg)


def _number(cards, key):
    value = cards.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        _refuse(f"a number in {key}", "none" if value is None else repr(value)[:40])
    return value


def _check_quality(cards):
    if "QUALITY" not in cards:
        return
    quality = _number(cards, "QUALITY")
    if quality != int(quality):
        _refuse("a whole number in QUALITY", quality)
    # Signed and unsigned numbers of 32 bits have the same bits.
    quality = int(quality) % 2**32
    if quality & _NO_DATA:
        msg = f"expected a map with data, found QUALITY = {quality:#x}, which means none."
        raise FileFormatError(msg)
    if quality:
        date = str(cards.get("T_REC", "unknown date"))[:40]
        warn_user(f"QUALITY is {quality:#x}: JSOC reports a problem with the map of {date}.")


def _date(cards):
    """
    Return the time of record, in UTC.
    """
    text = str(cards.get("T_REC") or "none").strip()
    match = _T_REC.fullmatch(text)
    if match is not None and int(match[1]) in _YEARS:
        try:
            return Time(f"{match[1]}-{match[2]}-{match[3]}T{match[4]}", scale="tai").utc
        except ValueError:
            pass
    _refuse("a date in T_REC as 2023.05.01_00:00:00.000_TAI", text[:40])


def _check_axes(cards):
    for axis, name in (("1", "CRLN"), ("2", "CRLT")):
        ctype = str(cards.get(f"CTYPE{axis}", "none"))
        if not (ctype.startswith(name) and ctype.endswith("CEA")):
            _refuse(f"CTYPE{axis} = '{name}_CEA'", repr(ctype))
    for key, (expected, tolerance) in _GRID.items():
        if abs(_number(cards, key) - expected) > tolerance:
            _refuse(f"{key} = {expected:g}", cards[key])


def _meridian(cards, date):
    """
    Return the longitude of the near side's central meridian, which two other cards confirm.
    """
    meridian = _number(cards, "CRLN0")
    expected = far_side_central_meridian(date).deg - 180
    if _apart(meridian, expected) > _TOLERANCE:
        _refuse(f"CRLN0 = {expected % 360:.1f} at T_REC = {cards['T_REC']}", f"{meridian:.1f}")
    column = _number(cards, "CRPIX1")
    if _apart((_MIDDLE_COLUMN - column) * _LONGITUDE_STEP, meridian + 180) > _TOLERANCE:
        _refuse(
            f"CRPIX1 that puts pixel 112.5 at CRLN0 + 180 = {(meridian + 180) % 360:.1f}", column
        )
    return meridian


def _apart(first, second):
    return abs((first - second + 180) % 360 - 180)
