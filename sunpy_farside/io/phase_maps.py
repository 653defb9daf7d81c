"""
Reader of the far-side phase maps published by JSOC.
"""

import warnings
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
from erfa import ErfaWarning

import astropy.units as u
from astropy.io import fits
from astropy.io.fits import Header
from astropy.time import Time
from astropy.wcs import WCS

from sunpy.time import parse_time
from sunpy.util.exceptions import warn_user

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.file_names import YEARS, parse_file_name
from sunpy_farside.io.gong import gong_map
from sunpy_farside.io.images import read_images
from sunpy_farside.io.time_distance import time_distance_map
from sunpy_farside.io.units import find_unit, other_content
from sunpy_farside.maps.checks import (
    check_phases,
    check_rows,
    check_some_data,
    warn_of_holes,
)
from sunpy_farside.maps.gong_disk import GONG, GONG_SHAPE
from sunpy_farside.maps.headers import PHASE_MAP_SHAPE, phase_map_header
from sunpy_farside.maps.resampling import copy_nodes
from sunpy_farside.maps.time_distance_header import TIME_DISTANCE, TIME_DISTANCE_SHAPE
from sunpy_farside.maps.windows import GlobalMap
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.typing import PathLike, TimeLike
from sunpy_farside.utils.wording import wording

if TYPE_CHECKING:
    from sunpy_farside.maps.phase_map import FarsidePhaseMap

__all__ = ["phase_unit", "read_global_map", "read_phase_map"]

# DATE-OBS may be the beginning of the data, five days before the date of the map. In days.
_FAR_APART = 7.0
# Shapes of products on other grids.
_SHAPES = {TIME_DISTANCE: TIME_DISTANCE_SHAPE, GONG: GONG_SHAPE}
# Of the first pixel of a published map, in degrees.
_FIRST_LONGITUDE, _FIRST_LATITUDE = 0, -90
# Beginnings of the cards of a map's grid.
_GRID_CARDS = (
    *("WCSAXES", "CTYPE", "CUNIT", "CRPIX", "CRVAL", "CDELT", "CROTA", "PC", "CD", "PV", "PS"),
    *("LONPOLE", "LATPOLE", "A_", "B_"),
)


def read_phase_map(path: PathLike, *, time: TimeLike | None = None) -> "FarsidePhaseMap":
    """
    Read one far-side phase map published by JSOC.

    Parameters
    ----------
    path : path-like
        FITS file of 181 x 361 pixels on whole degrees, a time-distance map
        (`~sunpy_farside.io.time_distance.read_time_distance_map`) or a map of GONG
        (`~sunpy_farside.io.gong.read_gong_map`), optionally compressed with gzip.
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`, optional
        Date of the map. Used only if neither the name of the file nor its header has one.

    Returns
    -------
    `~sunpy_farside.maps.phase_map.FarsidePhaseMap`
        Phase shifts in rad on whole degrees of Carrington coordinates seen from Earth. Other
        units of angle in ``BUNIT`` are converted.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is not a FITS file, is truncated, has another shape or grid, a unit that is not
        an angle, no data, no phase shifts (`~sunpy_farside.maps.checks.check_phases`), or no date.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        The date in the name of the file differs from that in its header, or coordinates in the
        header differ from those of the published grid.

    Notes
    -----
    The published headers contain nothing reliable beyond the shape of the data. If present,
    ``REF_L0`` is compared with the far-side central meridian, and ``DATE-OBS`` with the date in
    the name.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import sunpy_farside
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "PHASE_MAP_2022.05.05_00:00:00.fits"
    >>> sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence.maps[5].save(path)
    >>> sunpy_farside.read_phase_map(path).date
    <Time object: scale='utc' format='isot' value=2022-05-05T00:00:00.000>
    """
    found = _read(path, time)
    return _phase_map(*found) if isinstance(found, tuple) else found


def read_global_map(path: PathLike) -> GlobalMap:
    """
    Read one far-side phase map, cut to the latitudes of the windows.

    Parameters
    ----------
    path : path-like
        As for `read_phase_map`, which raises and warns in the same cases.

    Returns
    -------
    ``sunpy_farside.maps.windows.GlobalMap``
        Map without a header, much faster to read. Its ``map`` is that of `read_phase_map`.

    Raises
    ------
    FileFormatError
        See `read_phase_map`.
    SequenceError
        The values between the latitudes of the windows cannot be phase shifts.
    """
    found = _read(path, None)
    if not isinstance(found, tuple):
        return GlobalMap.of(found, found.date)
    data, time, product = found
    globe = copy_nodes(data, _FIRST_LONGITUDE, _FIRST_LATITUDE)
    # A map has its date from the text in its header.
    date = Time(time.utc.isot, format="isot", scale="utc")
    return GlobalMap(globe, date, product, partial(_phase_map, data, time, product))


def _phase_map(data, time, product):
    from sunpy_farside.maps.phase_map import FarsidePhaseMap

    return FarsidePhaseMap(data, phase_map_header(time, product))


def _read(path, time):
    """
    Return the phase shifts in rad of a file, its date and its product; a map of other grids.
    """
    path = user_path(path)
    name_time, product = parse_file_name(path.name)
    shapes = [PHASE_MAP_SHAPE, *_SHAPES.values()]
    if product is not None:
        shapes = [_SHAPES.get(product, PHASE_MAP_SHAPE)]
    data, header = read_images(path, shape=shapes)[0]
    if data.shape == TIME_DISTANCE_SHAPE:
        return time_distance_map(path, data, header)
    if data.shape == GONG_SHAPE:
        return gong_map(path, data, header)
    check_some_data(data, str(path))
    with np.errstate(all="ignore"):
        # Values that overflow are rejected below.
        data = data * phase_unit(path, header).to(u.rad)
    check_phases(data, str(path))
    # At a pole, all the columns are the same point.
    check_rows(data[1:-1], str(path))
    warn_of_holes(data[1:-1], str(path))
    time = _date(path, name_time, header, time)
    _check_reference_longitude(path, header, time)
    _check_grid(path, data, header)
    product = product or str(header.get("FSPROD") or "phase_map")
    return data.astype(np.float32), time, product


def phase_unit(path: PathLike, header: Header) -> u.UnitBase:
    """
    Return the unit of the phases in a file.

    Parameters
    ----------
    path : path-like
        Named in the message of an error.
    header : `~astropy.io.fits.Header`
        Header of the image. Without ``BUNIT``, the unit is the radian.

    Returns
    -------
    `~astropy.units.UnitBase`
        Unit of angle.

    Raises
    ------
    FileFormatError
        ``BUNIT`` is not a unit of angle.

    Examples
    --------
    >>> from sunpy_farside.io.phase_maps import phase_unit
    >>> phase_unit("map.fits", {"BUNIT": "Degrees"})
    Unit("deg")
    """
    text = str(header.get("BUNIT") or "rad").strip()
    unit = find_unit(text, u.rad)
    if unit is not None:
        return unit
    other = other_content(header)
    found, remedy = f"BUNIT = {text!r}", "Convert them to rad."
    if "magnetogram" in other:
        found, remedy = other, "Give far-side phase maps."
    msg = f"{path}: expected phases in rad or another angle, found {found}. {remedy}"
    raise FileFormatError(msg)


def _date(path, name_time, header, time):
    text = header.get("DATE-OBS")
    with warnings.catch_warnings():
        # Years far off are rejected below.
        warnings.simplefilter("ignore", ErfaWarning)
        try:
            header_time = None
            # Files of our own have the same date in both.
            if text and (name_time is None or str(text) != name_time.isot):
                header_time = parse_time(str(text)).utc
        except ValueError as error:
            if name_time is None:
                msg = f"{path}: expected a date in DATE-OBS, found {text!r}."
                raise FileFormatError(msg) from error
            header_time = None
        if name_time is None and header_time is None and time is None:
            msg = (
                f"{path}: expected a date in the file's name "
                "(PHASE_MAP_YYYY.MM.DD_HH:MM:SS.fits) or in DATE-OBS, found neither. "
                f"{wording('Give it with time=.', 'Rename the file.')}"
            )
            raise FileFormatError(msg)
        found = name_time or header_time or parse_time(time)
        if int(found.isot.split("-")[0] or 0) not in YEARS:
            msg = f"{path}: expected a date of far-side maps, found {found.isot}."
            raise FileFormatError(msg)
        if header_time is not None and abs(header_time.mjd - found.mjd) > _FAR_APART:
            warn_user(
                f"{path}: the name gives {found.isot[:16]}, but DATE-OBS is "
                f"{header_time.isot[:16]}. The date in the name is used; check it."
            )
    return found


def _check_reference_longitude(path, header, time):
    reference = header.get("REF_L0")
    if not isinstance(reference, int | float):
        return
    expected = far_side_central_meridian(time).deg
    if abs((reference - expected + 180) % 360 - 180) > 1:
        warn_user(
            f"{path}: REF_L0 is {reference:.1f} deg, but the far-side central meridian on "
            f"{time.isot} is at {expected:.1f} deg. Check the date of the file."
        )


def _check_grid(path, data, header):
    """
    Compare the coordinates in a header, if any, with those of the published maps.
    """
    if not str(header.get("CTYPE1")).upper().startswith("CRLN"):
        return
    try:
        cards = [
            (card.keyword, card.value)
            for card in header.cards
            if card.keyword.startswith(_GRID_CARDS)
        ]
        first = _misplaced_pixel(tuple(cards))
    # Unreadable coordinates are no evidence against the grid.
    except Exception:
        return
    if first is None:
        return
    msg = (
        f"{path}: the header puts the first pixel at longitude {first[0]:.1f} and latitude "
        f"{first[1]:.1f} deg, published maps have 0 and -90 there"
    )
    from sunpy_farside.maps.phase_map import FarsidePhaseMap

    # Headers of this package are correct; those of JSOC are uncertain.
    if FarsidePhaseMap.is_datasource_for(data, header):
        msg += ". Open it with sunpy.map.Map."
        raise FileFormatError(msg)
    warn_user(f"{msg}. The coordinates of published maps are used. Check its coordinates.")


@lru_cache
def _misplaced_pixel(cards):
    """
    Return the longitude and latitude of the first pixel, or None on the grid of published maps.

    The maps of an archive have the same cards, whose coordinates take longer to compute than
    the data to read.
    """
    columns, rows = np.array([0, 90, 360]), np.array([0, 45, 180])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wcs = WCS(fits.Header(cards), naxis=2)
        longitude, latitude = wcs.all_pix2world(columns, rows, 0)
    off = np.abs((longitude - columns + 180) % 360 - 180).max()
    if max(off, np.abs(latitude + 90 - rows).max()) < 1:
        return None
    return longitude[0], latitude[0]
