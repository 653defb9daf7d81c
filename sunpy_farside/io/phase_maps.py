"""
Readers for the files in which far-side phase maps travel.
"""

import re
import warnings
from pathlib import Path

import numpy as np

from astropy.io import fits
from astropy.time import Time
from astropy.utils.exceptions import AstropyUserWarning

from sunpy.time import parse_time
from sunpy.util.exceptions import warn_user

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.errors import FileFormatError
from sunpy_farside.maps.phase_map import PHASE_MAP_SHAPE, FarsidePhaseMap, phase_map_header

__all__ = ["parse_file_name", "read_images", "read_phase_map"]

# PHASE_MAP_2022.05.05_00:00:00.fits as JSOC names it, and what browsers and other systems
# make of the dots and colons.
_FILE_NAME = re.compile(
    r"(?P<prefix>.*?)(\d{4})[._-]?(\d{2})[._-]?(\d{2})[T_-](\d{2})[:._-]?(\d{2})[:._-]?(\d{2})"
)
_PRODUCTS = {"PHASE_MAP": "phase_map", "CUM_PHASE": "phase_map_5day"}


def parse_file_name(name):
    """
    Read the time and the product off the name of a far-side file.

    Parameters
    ----------
    name : `str`
        Without folders.

    Returns
    -------
    time : `~astropy.time.Time` or `None`
        `None` where the name holds no valid time.
    product : `str` or `None`
        ``"phase_map"``, ``"phase_map_5day"``, or `None` for any other name.

    Examples
    --------
    >>> from sunpy_farside.io.phase_maps import parse_file_name
    >>> parse_file_name("PHASE_MAP_2022.05.05_00:00:00.fits")
    (<Time object: scale='utc' format='isot' value=2022-05-05T00:00:00.000>, 'phase_map')
    """
    product = next((_PRODUCTS[p] for p in _PRODUCTS if name.upper().startswith(p)), None)
    match = _FILE_NAME.match(name)
    if match is None:
        return None, product
    year, month, day, hour, minute, second = match.groups()[1:]
    try:
        return Time(f"{year}-{month}-{day}T{hour}:{minute}:{second}"), product
    except ValueError:
        return None, product


def read_phase_map(path, *, time=None):
    """
    Read one far-side phase map as JSOC publishes it.

    Parameters
    ----------
    path : path-like
        FITS file of 181 x 361 pixels on whole degrees.
    time : {parse_time_types}, optional
        Date of the map. Only used where neither the file's name nor its header gives one.

    Returns
    -------
    `~sunpy_farside.maps.phase_map.FarsidePhaseMap`
        Phases in rad as they stand in the file, with a header of whole-degree Carrington
        coordinates seen from Earth.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is no FITS file, is truncated, has another shape or unit, holds no data,
        or has no date.

    Notes
    -----
    The published headers hold nothing certain beyond the shape of the data. Where ``REF_L0``
    stands in the header it is compared with the far side's central meridian, and a warning
    is given when they disagree.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import sunpy_farside
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "PHASE_MAP_2022.05.05_00:00:00.fits"
    >>> sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence.maps[5].save(path)
    >>> sunpy_farside.read_phase_map(path).date
    <Time object: scale='utc' format='isot' value=2022-05-05T00:00:00.000>
    """
    path = Path(path)
    data, header = read_images(path)[0]
    if data.shape != PHASE_MAP_SHAPE:
        msg = (
            f"{path}: expected a phase map of {PHASE_MAP_SHAPE[0]} x {PHASE_MAP_SHAPE[1]} "
            f"pixels, found {' x '.join(map(str, data.shape))}. Open maps on other grids "
            "with sunpy.map.Map; FarsideSequence resamples them."
        )
        raise FileFormatError(msg)
    unit = str(header.get("BUNIT", "rad")).strip().lower()
    if unit not in ("rad", "radian", "radians"):
        msg = f"{path}: expected phases in rad, found BUNIT = {unit!r}. Convert them to rad."
        raise FileFormatError(msg)
    if not np.isfinite(data).any():
        msg = f"{path}: expected phases on the far side, found no data (every pixel is NaN)."
        raise FileFormatError(msg)
    if np.isinf(data).any():
        msg = f"{path}: expected phases in rad or NaN, found infinite values. Fetch it again."
        raise FileFormatError(msg)
    data = data.astype(np.float32)
    name_time, product = parse_file_name(path.name)
    time = _date(path, name_time, header, time)
    _check_reference_longitude(path, header, time)
    product = product or header.get("FSPROD", "phase_map")
    return FarsidePhaseMap(data, phase_map_header(time, product))


def read_images(path):
    """
    Read every image of a FITS file, whatever state its headers are in.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    `list` of (array, `~astropy.io.fits.Header`)
        Arrays in the byte order of this machine.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        It does not read, or holds no image.
    """
    path = Path(path)
    if not path.exists():
        msg = f"{path}: no such file."
        raise FileNotFoundError(msg)
    try:
        with warnings.catch_warnings():
            # Odd cards are common in these files; a file that is cut short fails below.
            warnings.simplefilter("ignore", AstropyUserWarning)
            with fits.open(path, memmap=False) as hdus:
                hdus.verify("silentfix+ignore")
                images = [
                    (hdu.data.astype(hdu.data.dtype.newbyteorder("=")), hdu.header.copy())
                    for hdu in hdus
                    if hdu.is_image and hdu.data is not None
                ]
    # astropy raises many kinds on damaged files, TypeError and ValueError among them.
    except Exception as error:
        msg = (
            f"{path}: expected a FITS file with an image, found one that does not read "
            f"({error}). It may be cut short or a web page; fetch it again."
        )
        raise FileFormatError(msg) from error
    if not images:
        msg = f"{path}: expected a FITS file with an image, found none in it."
        raise FileFormatError(msg)
    return images


def _date(path, name_time, header, time):
    if name_time is not None:
        return name_time
    if header.get("DATE-OBS"):
        try:
            return parse_time(header["DATE-OBS"])
        except ValueError as error:
            msg = f"{path}: expected a date in DATE-OBS, found {header['DATE-OBS']!r}."
            raise FileFormatError(msg) from error
    if time is not None:
        return parse_time(time)
    msg = (
        f"{path}: expected a date in the file's name (PHASE_MAP_YYYY.MM.DD_HH:MM:SS.fits) or "
        "in DATE-OBS, found neither. Give it with time=."
    )
    raise FileFormatError(msg)


def _check_reference_longitude(path, header, time):
    reference = header.get("REF_L0")
    if not isinstance(reference, int | float):
        return
    expected = far_side_central_meridian(time).deg
    if abs((reference - expected + 180) % 360 - 180) > 1:
        warn_user(
            f"{path}: REF_L0 is {reference:.1f} deg, but the far side's central meridian on "
            f"{time.isot} stands at {expected:.1f} deg. Check the date of the file."
        )
