"""
Windows: the regions around the far-side central meridian that are cut from the maps.

A window has its nodes on whole degrees, 144 rows from latitude -72 to 71, and an even number of
columns around the far-side central meridian
(`Felipe & Asensio Ramos 2019 <https://doi.org/10.1051/0004-6361/201936838>`__).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

import astropy.units as u
from astropy.wcs import WCS

from sunpy.sun import constants

from sunpy_farside.coordinates.earth import earth_position
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.utils.inputs import user_time
from sunpy_farside.utils.typing import TimeLike

__all__ = [
    "FIRST_LATITUDE",
    "WINDOW_ROWS",
    "carrington_header",
    "carrington_wcs",
    "cut_columns",
    "cut_window",
    "window_header",
    "window_longitudes",
    "window_start",
    "window_wcs",
]

# Latitudes -72..71 [Felipe & Asensio Ramos 2019, section 2.2].
FIRST_LATITUDE = -72


WINDOW_ROWS = 144


def window_start(central_meridian: ArrayLike, width: int) -> np.ndarray:
    """
    Return the Carrington longitude of the first column of a window, in whole degrees.

    Column ``width // 2`` of a window is at the whole degree at or below the far-side central
    meridian, so that windows are cut without interpolation.

    Parameters
    ----------
    central_meridian : `float` or array-like
        Carrington longitude in degrees.
    width : `int`
        Number of columns.

    Returns
    -------
    `int` or array of `int`
        Longitude of column 0 in [0, 360) degrees.

    Examples
    --------
    >>> from sunpy_farside.coordinates.window import window_start
    >>> int(window_start(128.018, 120))
    68
    """
    return (np.floor(central_meridian).astype(int) - width // 2) % 360


def cut_window(globe: np.ndarray, start: int, width: int) -> np.ndarray:
    """
    Cut a window from a map of all longitudes.

    Parameters
    ----------
    globe : array, shape (..., 360)
        Column ``k`` is at Carrington longitude ``k``.
    start : `int`
        Longitude of the window's first column (`window_start`).
    width : `int`
        Number of columns.

    Returns
    -------
    array, shape (..., width)

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.coordinates.window import cut_window
    >>> cut_window(np.arange(360), 358, 4)
    array([358, 359,   0,   1])
    """
    return globe[..., np.arange(start, start + width) % 360]


def cut_columns(window: np.ndarray, width: int) -> np.ndarray:
    """
    Cut a window to fewer columns, around the same central meridian.

    Parameters
    ----------
    window : array, shape (..., columns)
    width : `int`
        Number of columns, not more than those of ``window``.

    Returns
    -------
    array, shape (..., width)

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.coordinates.window import cut_columns
    >>> cut_columns(np.arange(140), 120)[[0, 60, -1]]
    array([ 10,  70, 129])
    """
    west = np.shape(window)[-1] // 2 - width // 2
    # A view would keep the full array in memory.
    return window[..., west : west + width].copy()


def window_longitudes(time: TimeLike, width: int = 120) -> u.Quantity:
    """
    Return the Carrington longitudes of the columns of a window.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Date of the map, which sets the far-side central meridian.
    width : `int`
        Number of columns.

    Returns
    -------
    `~astropy.units.Quantity`
        ``width`` whole degrees in [0, 360), increasing westward and wrapped at the 0/360 boundary.

    Examples
    --------
    >>> from sunpy_farside.coordinates.window import window_longitudes
    >>> window_longitudes("2022-05-05")[[0, 60, -1]]
    <Quantity [ 68., 128., 187.] deg>
    """
    start = int(window_start(far_side_central_meridian(time).deg, width))
    return np.arange(start, start + width) % 360 * u.deg


def carrington_header(
    time: TimeLike, shape: tuple[int, ...], *, first_longitude: float, first_latitude: float
) -> dict:
    """
    Return the FITS header of a Carrington map on whole degrees, seen from Earth.

    The reference pixel is in the middle column, so that a map of up to 361 columns is projected
    both ways without a discontinuity at the 0/360 boundary.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Date of the map. Carrington frames of different dates are different frames.
    shape : `tuple` of `int`
        Rows and columns.
    first_longitude, first_latitude : `int`
        Longitude of the first column and latitude of the first row, in whole degrees.

    Returns
    -------
    `dict`

    Examples
    --------
    >>> from sunpy_farside.coordinates.window import carrington_header
    >>> header = carrington_header("2022-05-05", (181, 361), first_longitude=0, first_latitude=-90)
    >>> header["crval1"], header["crpix1"], header["crpix2"]
    (180.0, 181.0, 91.0)
    """
    time = user_time(time)
    middle = shape[1] // 2
    earth_latitude, earth_distance = earth_position(time)
    return {
        "wcsaxes": 2,
        "ctype1": "CRLN-CAR",
        "ctype2": "CRLT-CAR",
        "cunit1": "deg",
        "cunit2": "deg",
        "cdelt1": 1.0,
        "cdelt2": 1.0,
        "crpix1": middle + 1.0,
        "crpix2": 1.0 - first_latitude,
        "crval1": float((first_longitude + middle) % 360),
        # The CAR projection is linear in latitude only if the reference is on the equator.
        "crval2": 0.0,
        "lonpole": 0.0,
        "latpole": 90.0,
        "date-obs": time.utc.isot,
        "mjd-obs": time.utc.mjd,
        "rsun_ref": constants.radius.to_value(u.m),
        # The Earth is at Stonyhurst longitude zero.
        "hgln_obs": 0.0,
        "hglt_obs": earth_latitude,
        "dsun_obs": earth_distance,
    }


def carrington_wcs(
    time: TimeLike, shape: tuple[int, ...], *, first_longitude: float, first_latitude: float
) -> WCS:
    """
    Return the world coordinates of a Carrington map on whole degrees, seen from Earth.

    Parameters
    ----------
    time, shape, first_longitude, first_latitude
        As for `carrington_header`.

    Returns
    -------
    `~astropy.wcs.WCS`

    Examples
    --------
    >>> from sunpy_farside.coordinates.window import carrington_wcs
    >>> wcs = carrington_wcs("2022-05-05", (181, 361), first_longitude=0, first_latitude=-90)
    >>> wcs.pixel_to_world(10, 100).lat
    <Latitude 10. deg>
    """
    header = carrington_header(
        time, shape, first_longitude=first_longitude, first_latitude=first_latitude
    )
    # A copy is made forty times as fast as the coordinates of a header are read.
    wcs = _any_carrington_wcs().deepcopy()
    cards = wcs.wcs
    cards.crpix = header["crpix1"], header["crpix2"]
    cards.crval = header["crval1"], header["crval2"]
    cards.dateobs, cards.mjdobs = header["date-obs"], header["mjd-obs"]
    cards.aux.hglt_obs, cards.aux.dsun_obs = header["hglt_obs"], header["dsun_obs"]
    cards.set()
    wcs.array_shape = shape
    return wcs


@lru_cache
def _any_carrington_wcs() -> WCS:
    header = carrington_header("2010-05-01", (181, 361), first_longitude=0, first_latitude=-90)
    return WCS(header)


def window_header(time: TimeLike, width: int = 120) -> dict:
    """
    Return the FITS header of the window of a map.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Date of the map.
    width : `int`
        Number of columns.

    Returns
    -------
    `dict`

    Examples
    --------
    >>> from sunpy_farside.coordinates.window import window_header
    >>> header = window_header("2022-05-05", 140)
    >>> header["crval1"], header["crpix1"], header["crpix2"]
    (128.0, 71.0, 73.0)
    """
    time = user_time(time)
    start = int(window_start(far_side_central_meridian(time).deg, width))
    return carrington_header(
        time, (WINDOW_ROWS, width), first_longitude=start, first_latitude=FIRST_LATITUDE
    )


def window_wcs(time: TimeLike, width: int = 120) -> WCS:
    """
    Return the world coordinates of the window of a map.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Date of the map.
    width : `int`
        Number of columns.

    Returns
    -------
    `~astropy.wcs.WCS`
        Carrington coordinates at ``time`` with the Earth as the observer.

    Examples
    --------
    >>> from sunpy_farside.coordinates.window import window_wcs
    >>> corner = window_wcs("2022-05-05").pixel_to_world(0, 0)
    >>> corner.lon, corner.lat
    (<Longitude 68. deg>, <Latitude -72. deg>)
    """
    start = int(window_start(far_side_central_meridian(time).deg, width))
    return carrington_wcs(
        time, (WINDOW_ROWS, width), first_longitude=start, first_latitude=FIRST_LATITUDE
    )
