"""
Reader of JSOC's far-side maps made by the time-distance method.
"""

from typing import TYPE_CHECKING

import numpy as np

from sunpy_farside.cadence import TOLERANCE
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.images import read_images
from sunpy_farside.maps.checks import (
    check_phases,
    check_rows,
    check_some_data,
    warn_of_holes,
)
from sunpy_farside.maps.time_distance_header import (
    TIME_DISTANCE,
    TIME_DISTANCE_SHAPE,
    is_time_distance,
)
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.typing import PathLike

if TYPE_CHECKING:
    from sunpy_farside.maps.phase_map import FarsidePhaseMap

__all__ = ["read_time_distance_map"]


def read_time_distance_map(path: PathLike) -> "FarsidePhaseMap":
    """
    Read one far-side map made by the time-distance method (``hmi.td_fsi_12h``).

    Parameters
    ----------
    path : path-like
        FITS file as exported by JSOC, or a saved map, optionally compressed with gzip.

    Returns
    -------
    `~sunpy_farside.maps.phase_map.FarsidePhaseMap`
        121 x 225 phase shifts in rad, as in the file, in cylindrical equal-area Carrington
        coordinates seen from Earth. Wrong cards are corrected and listed in ``HISTORY``. The
        ``product`` is ``"time_distance"``.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is not a FITS file, is truncated, has another shape, no data, no phase shifts
        (`~sunpy_farside.maps.checks.check_phases`), another date than its name, or a card that is
        neither right nor wrong in the known way.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        ``QUALITY`` reports a problem with the map.

    See Also
    --------
    sunpy_farside.maps.time_distance_header.corrected_header : The corrected cards.

    Notes
    -----
    `sunpy.map.Map` opens the files, too, with the same result, but without the checks of the data.

    The date is the middle of the 24 hours of data, the time ``T_REC`` in UTC: 37 seconds before the
    TAI time in the name of the file. Thirty maps of May 2023 confirm it: ``CRLN0``, which is
    rounded up to a tenth of a degree, is 0.00 to 0.09 degrees larger than the longitude of the
    central meridian at ``T_REC``, which changes by 6.6 degrees from map to map; ``SOURCE`` is the
    day that begins at ``T_REC`` - 12 h = ``DATE-OBS``. The exposure time of 31 hours in ``EXPTIME``
    is that of none of them.

    Examples
    --------
    >>> from sunpy_farside.io.time_distance import read_time_distance_map
    >>> path = "hmi.td_fsi_12h.20230501_000000_TAI.data.fits"
    >>> phase_map = read_time_distance_map(path)  # doctest: +SKIP
    """
    path = user_path(path)
    data, header = read_images(path, shape=TIME_DISTANCE_SHAPE)[0]
    return time_distance_map(path, data, header)


def time_distance_map(path, data, header):
    """
    Return the map of an image of a time-distance file.

    Parameters
    ----------
    path : `~pathlib.Path`
        Named in errors. If its name is one of JSOC, its date is compared with that of the header.
    data : array, shape (121, 225)
    header : `~astropy.io.fits.Header`

    Returns
    -------
    `~sunpy_farside.maps.phase_map.FarsidePhaseMap`

    Raises
    ------
    FileFormatError
        As for `read_time_distance_map`.
    """
    from sunpy_farside.maps.phase_map import FarsidePhaseMap

    check_some_data(data, str(path))
    check_phases(data, str(path))
    check_rows(data, str(path))
    warn_of_holes(data, str(path))
    saved = header.get("FSPROD") == TIME_DISTANCE
    if not (saved or is_time_distance(header)):
        msg = (
            f"{path}: expected the header of a map of hmi.td_fsi_12h, found none of CONTENT = "
            "'FarSideMap' and CTYPE1 = 'CRLN_CEA'. Fetch it from JSOC again."
        )
        raise FileFormatError(msg)
    # Cards of one name are lines of one text to sunpy.
    texts = {key: "\n".join(header[key]).strip() for key in ("COMMENT", "HISTORY") if key in header}
    try:
        phase_map = FarsidePhaseMap(data.astype(np.float32), dict(header) | texts)
    except FileFormatError as error:
        msg = f"{path}: {error}"
        raise FileFormatError(msg) from error
    if saved:
        _check_grid(path, phase_map)
    _check_name(path, phase_map.date)
    return phase_map


def _check_grid(path, phase_map):
    """
    Compare the coordinates of a saved map with those of the series.
    """
    try:
        longitude, latitude = phase_map.wcs.wcs_pix2world([111.5, 111.5, 0], [60, 120, 60], 0)
        expected = phase_map.central_meridian.deg + np.array([0, 0, -89.2])
    # Coordinates may be unreadable in many ways.
    except Exception as error:
        longitude, latitude, expected, found = 0, 0, np.inf, str(error)
    else:
        found = f"longitudes {longitude.round(1)} and latitudes {latitude.round(1)}"
    off = np.abs((longitude - expected + 180) % 360 - 180)
    if not (np.all(off < 1) and np.all(np.abs(latitude - np.array([0, 60, 0])) < 0.1)):
        msg = (
            f"{path}: expected the coordinates of hmi.td_fsi_12h, found {found}. Open other maps "
            "with sunpy.map.Map."
        )
        raise FileFormatError(msg)


def _check_name(path, date):
    time, product = parse_file_name(path.name)
    if time is None or product != TIME_DISTANCE or abs(time - date) <= TOLERANCE:
        return
    msg = (
        f"{path}: expected the date of the name, {time.isot[:16]}, in T_REC, found "
        f"{date.isot[:16]}. Fetch it again, or rename it."
    )
    raise FileFormatError(msg)
