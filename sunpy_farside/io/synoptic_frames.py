"""
Reader of HMI's daily synoptic frames.
"""

import numpy as np

from sunpy.map import Map
from sunpy.time import parse_time
from sunpy.util.exceptions import warn_user

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.images import read_images
from sunpy_farside.utils.content import user_path

__all__ = ["EAST_EDGE", "read_frame"]

# First column of new data, in degrees east of the central meridian [HMI daily synoptic frames].
EAST_EDGE = 60
_UNITS = ("g", "gauss", "mx/cm^2", "mx/cm2", "mx cm^-2", "mx cm-2")
_DATE_KEYS = ("T_REC", "T_OBS", "DATE-OBS")


def read_frame(path):
    """
    Read a daily synoptic frame of HMI (``hmi.Mldailysynframe_720s``).

    Parameters
    ----------
    path : path-like
        FITS file of 1440 x 3600 pixels (or JSOC's smaller ones): rows equally spaced in sine
        latitude, south first, columns in Carrington longitude, the newest data first.

    Returns
    -------
    `~sunpy.map.GenericMap`
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
    ``CRVAL1`` of these files is Carrington *time* and would give a wrong longitude. Column 0 is
    placed 60 degrees east of the central meridian instead, whose longitude is in ``CRLN_OBS``.

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
    rows, columns = data.shape
    meridian = header["CRLN_OBS"]
    unit = str(header.get("BUNIT", "G")).strip()
    if unit.lower() not in _UNITS:
        msg = f"{path}: expected a field in Gauss or Mx/cm^2, found BUNIT = {unit!r}. Convert it."
        raise FileFormatError(msg)
    date = _frame_date(path, header)
    expected = far_side_central_meridian(date).deg - 180
    if abs((meridian - expected + 180) % 360 - 180) > 1:
        warn_user(
            f"{path}: CRLN_OBS is {meridian:.1f} deg, but the central meridian on {date.isot[:16]} "
            f"is at {expected % 360:.1f} deg. Check the date of the file."
        )
    step = 360 / columns
    middle = columns // 2
    sun = carrington_header(date, data.shape, first_longitude=0, first_latitude=0) | {
        "ctype1": "CRLN-CEA",
        "ctype2": "CRLT-CEA",
        "cdelt1": step,
        "cdelt2": float(np.rad2deg(2 / rows)),
        "crpix1": middle + 1.0,
        "crpix2": (rows + 1) / 2,
        "crval1": (meridian - EAST_EDGE + middle * step) % 360,
        "crln_obs": meridian,
        "bunit": "G",
        "telescop": "SDO",
        "detector": "HMI",
    }
    return Map(data, sun)


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
    for key in _DATE_KEYS:
        if header.get(key):
            try:
                return parse_time(header[key]).utc
            except ValueError as error:
                msg = f"{path}: expected a date in {key}, found {header[key]!r}."
                raise FileFormatError(msg) from error
    date, _ = parse_file_name(path.name)
    if date is None:
        msg = f"{path}: expected a date in {' or '.join(_DATE_KEYS)}, found none. Fetch it again."
        raise FileFormatError(msg)
    return date
