"""
Reader of the far-side maps published by GONG.
"""

from typing import TYPE_CHECKING

import numpy as np

import astropy.units as u

from sunpy.util.exceptions import warn_user

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.file_names import parse_gong_name
from sunpy_farside.io.images import read_images
from sunpy_farside.maps.checks import (
    check_phases,
    check_rows,
    check_some_data,
    warn_of_holes,
)
from sunpy_farside.maps.gong_disk import GONG_CARDS, GONG_SHAPE
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.typing import PathLike

if TYPE_CHECKING:
    from sunpy_farside.maps.phase_map import FarsidePhaseMap

__all__ = ["read_gong_map"]

# Maps of less than 80 % of the 24 hours are not published: the middle of the data is within 2.4
# hours of the time in the name.
_FAR_APART = 3 * u.hour
# Three pixels in solar radii.
_RIM = 0.033
# Rows near the poles have a few pixels in the disk.
_ENOUGH = 10


def read_gong_map(path: PathLike) -> "FarsidePhaseMap":
    """
    Read one far-side map published by GONG.

    Parameters
    ----------
    path : path-like
        FITS file ``mrfqoYYMMDDtHHMM.fits`` of 200 x 200 pixels, optionally compressed with gzip.

    Returns
    -------
    `~sunpy_farside.maps.phase_map.FarsidePhaseMap`
        Phase shifts in rad on the published grid, an orthographic disk in Carrington coordinates
        (``CRLN-SIN``, ``CRLT-SIN``); NaN outside of the disk. The date is the middle of the
        Doppler data, half of ``DTIME`` after ``TIME0``.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is not a FITS file, is truncated, has another shape, no data or no phase shifts
        (`~sunpy_farside.maps.checks.check_phases`), or its header lacks cards or has impossible
        ones.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        The disk center in the header is more than a degree from the far-side center on the date of
        the map, or the date is more than three hours from that in the name of the file.

    Notes
    -----
    The published header has no FITS world coordinates. They are derived from its own cards by
    `~sunpy_farside.maps.gong_disk.read_gong_cards`, with a note in ``HISTORY``. The phases are
    unchanged; the fill value -0.4 becomes NaN.

    Examples
    --------
    >>> from sunpy_farside.io.gong import read_gong_map
    >>> phase_map = read_gong_map("mrfqo140303t1200.fits")  # doctest: +SKIP
    >>> phase_map.date.isot  # doctest: +SKIP
    '2014-03-03T11:56:00.000'
    """
    path = user_path(path)
    data, header = read_images(path, shape=GONG_SHAPE)[0]
    return gong_map(path, data, header)


def gong_map(path, data, header):
    """
    Return the map of an image of a file of GONG.

    Parameters
    ----------
    path : `~pathlib.Path`
        Named in errors. If its name is one of GONG, its date is compared with that of the header.
    data : array, shape (200, 200)
    header : `~astropy.io.fits.Header`

    Returns
    -------
    `~sunpy_farside.maps.phase_map.FarsidePhaseMap`

    Raises
    ------
    FileFormatError
        As for `read_gong_map`.
    """
    cards = {key.lower(): header[key] for key in header if key not in ("", "COMMENT", "HISTORY")}
    if "HISTORY" in header:
        cards["history"] = str(header["HISTORY"])
    phase_map = _map(path, data, cards)
    phases = phase_map.data
    check_some_data(phases, str(path))
    check_phases(phases, str(path))
    _check_disk_rows(phases, path)
    _check_disk(path, phase_map)
    _check_center(path, phase_map)
    _check_name(path, phase_map.date)
    return phase_map


def _map(path, data, cards):
    from sunpy_farside.maps.phase_map import FarsidePhaseMap

    if not FarsidePhaseMap.is_datasource_for(data, cards):
        msg = (
            f"{path}: expected the header of a GONG far-side map, found none of its cards, or a "
            f"part of them. It needs {', '.join(GONG_CARDS)}."
        )
        raise FileFormatError(msg)
    try:
        return FarsidePhaseMap(data, cards)
    # sunpy raises many kinds of errors for damaged headers.
    except Exception as error:
        msg = f"{path}: expected the header of a GONG far-side map, with {error}."
        raise FileFormatError(msg) from error


def _check_disk(path, phase_map):
    """
    Raise FileFormatError if the pixels with data are not those of the disk in the header.
    """
    row, column = np.nonzero(np.isfinite(phase_map.data))
    meta = phase_map.meta
    x, y = (
        np.deg2rad(meta[f"cdelt{axis}"]) * (pixel + 1 - meta[f"crpix{axis}"])
        for axis, pixel in ((1, column), (2, row))
    )
    radius = np.hypot(x, y).max()
    if abs(radius - 1) > _RIM:
        msg = (
            f"{path}: expected data out to 1 solar radius from X0 and Y0 in steps of DAXIS1 and "
            f"DAXIS2, found data out to {radius:.3g}. Fetch it again."
        )
        raise FileFormatError(msg)


def _check_disk_rows(phases, path):
    """
    Raise FileFormatError if all the pixels of the disk in a row have the same value.
    """
    known = np.isfinite(phases)
    rows = phases[known.sum(axis=1) >= _ENOUGH]
    first = np.take_along_axis(rows, np.isfinite(rows).argmax(axis=1)[:, None], axis=1)
    check_rows(np.where(np.isfinite(rows), rows, first), str(path))
    warn_of_holes(phases, str(path))


def _check_center(path, phase_map):
    found, date = phase_map.meta["crval1"], phase_map.date
    expected = far_side_central_meridian(date).deg
    if abs((found - expected + 180) % 360 - 180) > 1:
        warn_user(
            f"{path}: the disk center is at longitude {found:.1f} deg, but the far-side central "
            f"meridian on {date.isot[:16]} is at {expected:.1f} deg. Check the date of the file."
        )


def _check_name(path, date):
    name_time = parse_gong_name(path.name)
    if name_time is not None and abs(date - name_time) > _FAR_APART:
        warn_user(
            f"{path}: the name gives {name_time.isot[:16]}, but the middle of the data is "
            f"{date.isot[:16]} by TIME0 and DTIME, which are taken. Check the file."
        )
