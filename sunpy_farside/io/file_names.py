"""
Dates and products in the names of far-side files.
"""

import re
from datetime import datetime

from astropy.time import Time

from sunpy_farside.products import file_product

__all__ = ["parse_file_name", "parse_gong_name"]

# PHASE_MAP_2022.05.05_00:00:00.fits as named by JSOC. Servers, browsers and other systems replace
# dots and colons by %3A, a blank, a plus, another sign or none.
_SIGN = r"(?:%(?:25)*3A|[^0-9A-Za-z])?"
_FILE_NAME = re.compile(
    r".*?(?<![0-9])([0-9]{4})SIGN([0-9]{2})SIGN([0-9]{2})(?:T|[^0-9A-Za-z])"
    r"([0-9]{2})SIGN([0-9]{2})SIGN([0-9]{2})(?![0-9])".replace("SIGN", _SIGN),
    re.IGNORECASE | re.DOTALL,
)
# mrfqo140303t1200.fits, the maps, and mrf6x140303t1200.txt, the region lists.
_GONG_NAME = re.compile(r"(?<![a-z])mrf(?:qo|6x)([0-9]{6})t([0-9]{4})(?![0-9])", re.IGNORECASE)
# Years for which astropy computes the position of the Earth.
YEARS = range(1900, 2100)


def parse_file_name(name: str) -> tuple[Time | None, str | None]:
    """
    Read the time and the product from the name of a far-side file.

    Parameters
    ----------
    name : `str`
        File name without folders. Colons may be escaped (``%3A``) or replaced by another sign.

    Returns
    -------
    time : `~astropy.time.Time` or `None`
        In UTC; times followed by ``_TAI`` are converted. `None` if the name has no valid time.
    product : `str` or `None`
        Name of the product of maps that the file belongs to, or `None` for any other name.

    Examples
    --------
    >>> from sunpy_farside.io.file_names import parse_file_name
    >>> parse_file_name("PHASE_MAP_2022.05.05_00:00:00.fits")
    (<Time object: scale='utc' format='isot' value=2022-05-05T00:00:00.000>, 'phase_map')
    >>> parse_file_name("hmi.td_fsi_12h.20230501_120000_TAI.data.fits")
    (<Time object: scale='utc' format='isot' value=2023-05-01T11:59:23.000>, 'time_distance')
    """
    item = file_product(name)
    product = item.name if item is not None and item.is_map else None
    if item is not None and item.archive == "gong":
        return parse_gong_name(name), product
    match = _FILE_NAME.match(name)
    if match is None:
        return None, product
    year, month, day, hour, minute, second = match.groups()
    if int(year) not in YEARS:
        return None, product
    scale = "tai" if name[match.end() :].upper().startswith("_TAI") else "utc"
    try:
        # Without its format, astropy tries several ones.
        text = f"{year}-{month}-{day}T{hour}:{minute}:{second}"
        time = Time(text, format="isot", scale=scale).utc
    except ValueError:
        return None, product
    return time, product


def parse_gong_name(name: str) -> Time | None:
    """
    Read the time from the name of a file of GONG's far-side products.

    Parameters
    ----------
    name : `str`
        File name without folders, as ``mrfqoYYMMDDtHHMM.fits``, also after other words.

    Returns
    -------
    `~astropy.time.Time` or `None`
        Nominal middle of the 24 hours of data; `None` if the name has no valid time.

    Examples
    --------
    >>> from sunpy_farside.io.file_names import parse_gong_name
    >>> parse_gong_name("mrfqo140303t1200.fits").isot
    '2014-03-03T12:00:00.000'
    """
    match = _GONG_NAME.search(name)
    if match is None:
        return None
    try:
        # The products exist since 2006, so that all years are after 2000.
        return Time(datetime.strptime("20" + "".join(match.groups()), "%Y%m%d%H%M"), scale="utc")
    except ValueError:
        return None
