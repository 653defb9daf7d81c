"""
Readers of HMI's daily synoptic frames and synoptic charts.
"""

import numpy as np

from sunpy.util.exceptions import warn_user

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.images import read_images
from sunpy_farside.maps.synoptic import (
    SynopticMap,
    carrington_time_longitude,
    check_field_unit,
    frame_header,
    synoptic_date,
    synoptic_header,
)
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.moved import moved_names
from sunpy_farside.utils.typing import PathLike

__all__ = ["read_chart", "read_frame"]

__getattr__ = moved_names(__name__, {"sunpy_farside.maps.synoptic": ["EAST_EDGE"]})

# Longitudes of the columns of charts are multiples of a tenth of a degree; smaller charts have the
# means of several columns.
_CHART_COLUMNS = 3600
_CHART_STEP = 0.1


def read_frame(path: PathLike) -> SynopticMap:
    """
    Read a daily synoptic frame of HMI (``hmi.Mldailysynframe_720s``).

    Parameters
    ----------
    path : path-like
        FITS file of 1440 x 3600 pixels (or JSOC's smaller ones): rows equally spaced in sine
        latitude, south first, columns in Carrington longitude, the newest data first.

    Returns
    -------
    `~sunpy_farside.maps.synoptic.SynopticMap`
        Field in gauss (Mx cm^-2), cylindrical equal-area Carrington coordinates seen from
        Earth at the frame's date. The first third of the columns, from 60 degrees east of the
        central meridian to 60 degrees west, was observed on the frame's day.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file cannot be read, or lacks the longitude of the disk center or a date.

    Notes
    -----
    ``CRVAL1`` of these files is Carrington *time* and would give a wrong longitude
    (`~sunpy_farside.maps.synoptic.frame_header`). `sunpy.map.Map` opens the files, too, if their
    headers are as published; this reader also takes dates from names, and compares ``CRLN_OBS``
    with the central meridian.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> import astropy.units as u
    >>> from astropy.io import fits
    >>> from sunpy_farside.io.synoptic_frames import read_frame
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "frame.fits"
    >>> cards = {"CRLN_OBS": 348.3, "T_REC": "2014.05.05_12:00:00_TAI"}
    >>> fits.PrimaryHDU(np.zeros((288, 720)), fits.Header(cards)).writeto(path)
    >>> frame = read_frame(path)
    >>> frame.date.isot, frame.pixel_to_world(0 * u.pix, 0 * u.pix).lon
    ('2014-05-05T11:59:25.000', <Longitude 288.3 deg>)
    """
    path = user_path(path)
    data, header = _frame_image(path)
    try:
        cards = frame_header(header, data.shape, _frame_date(path, header))
    except FileFormatError as error:
        msg = f"{path}: {error}"
        raise FileFormatError(msg) from error
    frame = SynopticMap(data, cards)
    meridian = cards["crln_obs"]
    expected = far_side_central_meridian(frame.date).deg - 180
    if abs((meridian - expected + 180) % 360 - 180) > 1:
        warn_user(
            f"{path}: CRLN_OBS is {meridian:.1f} deg, but the central meridian on "
            f"{frame.date.isot[:16]} is at {expected % 360:.1f} deg. Check the date of the file."
        )
    return frame


def _frame_image(path):
    for data, header in read_images(path):
        if (
            data.ndim == 2
            and data.shape[1] % 3 == 0
            and isinstance(header.get("CRLN_OBS"), int | float)
        ):
            return data.astype(np.float32), header
    msg = (
        f"{path}: expected a daily synoptic frame, an image with CRLN_OBS in its header, found "
        "none. Is it a file of hmi.Mldailysynframe_720s?"
    )
    raise FileFormatError(msg)


def _frame_date(path, header):
    try:
        return synoptic_date(header)
    except FileFormatError:
        date, _ = parse_file_name(path.name)
        if date is None or any(header.get(key) for key in ("T_REC", "T_OBS", "DATE-OBS")):
            raise
    return date


def read_chart(path: PathLike) -> SynopticMap:
    """
    Read a synoptic chart of HMI, the magnetic field of one Carrington rotation.

    Parameters
    ----------
    path : path-like
        FITS file of ``hmi.Synoptic_Mr_small``, ``hmi.Synoptic_Mr_720s`` and the like: 3600 columns
        or fewer in 360 degrees, rows equally spaced in sine latitude, south first.

    Returns
    -------
    `~sunpy_farside.maps.synoptic.SynopticMap`
        Field in gauss (Mx cm^-2), in cylindrical equal-area Carrington coordinates seen from Earth
        at the middle of the rotation.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file cannot be read, is not a chart, or its unit is not that of a magnetic field.

    Notes
    -----
    `sunpy.map.Map` opens the files with `~sunpy.map.sources.HMISynopticMap`, whose coordinates are
    those of the header. In the small charts of the first years (to 2014 at least), ``CDELT2`` is a
    quarter too large, so that latitudes are wrong by 15 degrees at latitude 42, and ``CRPIX1`` or
    ``CRVAL1`` of some are off by up to 0.2 degrees of longitude. This reader takes the grid
    instead: the first of 3600 columns is at longitude 0.1 degrees; the first of 720, a mean of
    five, is at 0.3 degrees.

    Examples
    --------
    >>> from sunpy_farside.io.synoptic_frames import read_chart
    >>> chart = read_chart("hmi.Synoptic_Mr_small.2210.fits")  # doctest: +SKIP
    """
    path = user_path(path)
    data, header = _chart_image(path)
    columns = data.shape[1]
    together = _CHART_COLUMNS / columns
    first = _CHART_STEP * (together + 1) / 2
    labeled = carrington_time_longitude(dict(header), columns)
    if not abs((labeled - first + 180) % 360 - 180) < 1:
        msg = (
            f"{path}: expected the first column at longitude {first:.1f}, found it at "
            f"{labeled:.1f} by CRPIX1 and CRVAL1. Is it a chart of one Carrington rotation?"
        )
        raise FileFormatError(msg)
    try:
        check_field_unit(header)
        date = synoptic_date(header, ("T_ROT", "T_OBS", "T_REC"))
    except FileFormatError as error:
        msg = f"{path}: {error}"
        raise FileFormatError(msg) from error
    return SynopticMap(data, synoptic_header(date, data.shape, first_longitude=first))


def _chart_image(path):
    for data, header in read_images(path):
        content = str(header.get("CONTENT", "")).lower()
        if data.ndim == 2 and "synoptic chart" in content and not data.shape[1] % 3:
            return data.astype(np.float32), header
    msg = (
        f"{path}: expected a synoptic chart, an image with a CONTENT of 'Carrington Synoptic "
        "Chart', found none. Is it a file of hmi.Synoptic_Mr_small?"
    )
    raise FileFormatError(msg)
