"""
Units in the headers of images, and what they are images of.
"""

from functools import lru_cache

import astropy.units as u

from sunpy_farside.utils.text import quoted

__all__ = ["find_unit", "other_content"]


@lru_cache
def find_unit(text, *kinds):
    """
    Return the unit of a header if it is of one of some kinds.

    Parameters
    ----------
    text : `str`
        As in the header: archives write RAD and Degrees, but mrad and Mrad are different units.
    *kinds : `~astropy.units.Unit`
        Units that it may be converted to.

    Returns
    -------
    `~astropy.units.Unit` or None

    Examples
    --------
    >>> import astropy.units as u
    >>> from sunpy_farside.io.units import find_unit
    >>> find_unit("Degrees", u.rad), find_unit("Gauss", u.rad)
    (Unit("deg"), None)
    """
    for spelling in (text, text.lower(), text.lower().removesuffix("s")):
        try:
            unit = u.Unit(spelling)
        except (ValueError, TypeError):
            continue
        if any(unit.is_equivalent(kind) for kind in kinds):
            return unit
    return None


def other_content(header):
    """
    Return what an image shows whose header has a unit other than that of phase shifts.

    Parameters
    ----------
    header : `~astropy.io.fits.Header`

    Returns
    -------
    `str`
        Empty for phase shifts, travel times, and images without a unit.

    Examples
    --------
    >>> from sunpy_farside.io.units import other_content
    >>> other_content({"BUNIT": "Gauss", "CONTENT": "MAGNETOGRAM"})
    "a magnetogram (BUNIT 'Gauss', CONTENT 'MAGNETOGRAM')"
    """
    unit, content = (str(header.get(card) or "").strip() for card in ("BUNIT", "CONTENT"))
    # Time-distance maps of travel times have the unit m/s.
    ours = "farside" in content.lower() or find_unit(unit, u.rad, u.s) is not None
    if not unit or ours:
        return ""
    kind = "another image" if find_unit(unit, u.T) is None else "a magnetogram"
    about = f", CONTENT {quoted(content)}" if content else ""
    return f"{kind} (BUNIT {quoted(unit)}{about})"
