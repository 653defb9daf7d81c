"""
Headers of far-side phase maps.
"""

from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.utils.typing import TimeLike

__all__ = ["PHASE_MAP_SHAPE", "phase_map_header"]

# Latitudes -90..90 and Carrington longitudes 0..360, both ends included [JSOC].
PHASE_MAP_SHAPE = (181, 361)
CONTENT = "far-side phase shift"


def phase_map_header(
    time: TimeLike,
    product: str = "phase_map",
    *,
    shape: tuple[int, int] = PHASE_MAP_SHAPE,
    first_longitude: int = 0,
    first_latitude: int = -90,
) -> dict:
    """
    Return the FITS header of a `~sunpy_farside.maps.phase_map.FarsidePhaseMap`.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Date of the map.
    product : {"phase_map", "phase_map_5day"}
    shape : `tuple` of `int`
        Rows and columns.
    first_longitude, first_latitude : `int`
        Longitude of the first column and latitude of the first row, in whole degrees.

    Returns
    -------
    `dict`

    Examples
    --------
    >>> from sunpy_farside.maps import phase_map_header
    >>> phase_map_header("2022-05-05")["bunit"]
    'rad'
    """
    header = carrington_header(
        time, shape, first_longitude=first_longitude, first_latitude=first_latitude
    )
    return header | {
        "bunit": "rad",
        # With an INSTRUME that begins with HMI, sunpy's own HMI source would match the map, too.
        "telescop": "SDO",
        "detector": "HMI",
        "content": CONTENT,
        "fsprod": product,
    }
