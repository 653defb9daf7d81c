"""
World coordinates of GONG's far-side maps, orthographic disks whose headers have no FITS WCS.
"""

from datetime import datetime

import numpy as np

import astropy.units as u
from astropy.time import Time, TimeDelta

from sunpy_farside.coordinates.window import carrington_header

__all__ = [
    "FILL_VALUE",
    "GONG",
    "GONG_CARDS",
    "GONG_SHAPE",
    "is_gong_disk",
    "read_gong_cards",
    "unfilled",
]

# Name of the product in headers.
GONG = "gong"
GONG_SHAPE = (200, 200)
# Value of the pixels outside of the disk.
FILL_VALUE = -0.4
# The scaled integers of the files have steps of 2e-10.
_ROUNDING = 1e-6
# Cards of a raw header: steps in solar radii and disk center in pixels, counted from 0; Carrington
# coordinates of the disk center; beginning and duration of the Doppler data.
GONG_CARDS = ("DAXIS1", "DAXIS2", "X0", "Y0", "REF_L0", "REF_B0", "TIME0", "DTIME")
_LONGEST = 2 * u.day
# The phases are scaled already when the file has been read.
_SCALING = ("BSCALE", "BZERO")
_HISTORY = "WCS, date and unit from GONG's cards, NaN for -0.4, by sunpy_farside"


def is_gong_disk(header):
    """
    Return whether a header is that of a far-side map as published by GONG.

    Parameters
    ----------
    header : `dict`, `~sunpy.util.MetaDict` or `~astropy.io.fits.Header`

    Returns
    -------
    `bool`

    Examples
    --------
    >>> from sunpy_farside.maps.gong_disk import is_gong_disk
    >>> is_gong_disk({"ctype1": "CRLN-CAR", "ref_l0": 128.0})
    False
    """
    keys = {key.upper() for key in header}
    return keys.issuperset(GONG_CARDS) and "CTYPE1" not in keys


def read_gong_cards(header):
    """
    Return the header of a GONG map with FITS world coordinates in place of its own cards.

    Parameters
    ----------
    header : `dict`, `~sunpy.util.MetaDict` or `~astropy.io.fits.Header`
        Raw header (`is_gong_disk`).

    Returns
    -------
    `dict`
        World coordinates, date and unit, and the cards of the raw header other than those of the
        scaling.

    Raises
    ------
    ValueError
        A card is not a number or a date, or not that of a far-side map. The message names it.

    Notes
    -----
    A map is an orthographic view of the far side: pixel :math:`(x, y)`, counted from 0, is at
    ``DAXIS1`` :math:`(x - X_0)` solar radii to the west of the disk center and ``DAXIS2``
    :math:`(y - Y_0)` solar radii to the north. The disk center has the Carrington coordinates
    ``REF_L0`` and ``REF_B0``, and longitude increases to the right. This is the projection SIN of
    the FITS standard
    (`Calabretta & Greisen 2002 <https://doi.org/10.1051/0004-6361:20021327>`__, section 5.1.5)
    in ``CRLN-SIN`` and ``CRLT-SIN``, with a step of ``DAXIS1`` in radian and a first pixel of 1.

    The date is the middle of the Doppler data, half of ``DTIME`` after ``TIME0``: for the maps of
    March 2014 the disk center is within 0.02 degrees of the far-side center on that date.

    Examples
    --------
    >>> from sunpy_farside.maps.gong_disk import read_gong_cards
    >>> raw = {"DAXIS1": 0.011, "DAXIS2": 0.011, "X0": 100.0, "Y0": 100.0, "REF_L0": 279.6159,
    ...        "REF_B0": 7.22499, "TIME0": "2014 03 03 00:00", "DTIME": 85920}
    >>> header = read_gong_cards(raw)
    >>> header["ctype1"], header["crpix1"], header["crval1"], header["date-obs"]
    ('CRLN-SIN', 101.0, 279.6159, '2014-03-03T11:56:00.000')
    """
    cards = {key.lower(): header[key] for key in header if key.upper() not in _SCALING}
    steps = [_number(cards, key, 1e-4, 1) for key in ("DAXIS1", "DAXIS2")]
    center = [_number(cards, key, -1e4, 1e4) for key in ("X0", "Y0")]
    longitude = _number(cards, "REF_L0", 0, 360)
    # The ecliptic is inclined by 7.25 degrees to the Sun's equator.
    latitude = _number(cards, "REF_B0", -8, 8)
    start = _start(cards)
    duration = TimeDelta(_number(cards, "DTIME", 1, _LONGEST.to_value(u.s)) * u.s)
    history = str(cards.get("history", ""))
    return (
        cards
        | carrington_header(start + duration / 2, (1, 1), first_longitude=0, first_latitude=0)
        | {
            "ctype1": "CRLN-SIN",
            "ctype2": "CRLT-SIN",
            "cdelt1": float(np.rad2deg(steps[0])),
            "cdelt2": float(np.rad2deg(steps[1])),
            "crpix1": center[0] + 1,
            "crpix2": center[1] + 1,
            "crval1": longitude,
            "crval2": latitude,
            "lonpole": 180.0,
            "date-beg": start.isot,
            "date-end": (start + duration).isot,
            "bunit": "rad",
            # sunpy's source for synoptic maps of GONG matches every TELESCOP that ends with GONG.
            "telescop": "NSO",
            "detector": "GONG",
            "fsprod": GONG,
            "history": f"{history}\n{_HISTORY}".strip(),
        }
    )


def unfilled(data):
    """
    Return the phases of a GONG map with NaN in place of the fill value.

    Parameters
    ----------
    data : array
        Phase shifts in rad.

    Returns
    -------
    array of `float`

    Examples
    --------
    >>> from sunpy_farside.maps.gong_disk import unfilled
    >>> unfilled([-0.40000003, -0.1])
    array([ nan, -0.1])
    """
    data = np.asarray(data, dtype=float)
    return np.where(np.abs(data - FILL_VALUE) < _ROUNDING, np.nan, data)


def _number(cards, key, lowest, highest):
    value = cards[key.lower()]
    try:
        # A logical value is a number to Python.
        number = np.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not lowest <= number <= highest:
        msg = f"{key} between {lowest:g} and {highest:g}, found {str(value)[:30]!r}"
        raise ValueError(msg)
    return number


def _start(cards):
    text = str(cards["time0"])[:30]
    try:
        start = datetime.strptime(text.strip(), "%Y %m %d %H:%M")
    except ValueError:
        start = None
    # GONG observes since 1995.
    if start is None or not 1995 <= start.year < 2100:
        msg = f"TIME0 as 'yyyy mm dd hh:mm', found {text!r}"
        raise ValueError(msg)
    return Time(start, scale="utc", format="datetime")
