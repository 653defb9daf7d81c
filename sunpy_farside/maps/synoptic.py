"""
HMI's synoptic frames and charts as a `sunpy.map.Map` source.
"""

import numpy as np

from astropy.visualization.mpl_normalize import ImageNormalize

from sunpy.map import GenericMap
from sunpy.time import parse_time

from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.errors import FileFormatError

__all__ = [
    "EAST_EDGE",
    "SynopticMap",
    "carrington_time_longitude",
    "check_field_unit",
    "frame_header",
    "is_synoptic_frame",
    "synoptic_date",
    "synoptic_header",
]

# First column of new data, in degrees east of the central meridian [HMI daily synoptic frames].
EAST_EDGE = 60
_CONTENT = "HMI synoptic map"
_UNITS = ("g", "gauss", "mx/cm^2", "mx/cm2", "mx cm^-2", "mx cm-2")
_DATE_KEYS = ("T_REC", "T_OBS", "DATE-OBS")
# Largest difference of two longitudes of one column in degrees.
_NEAR = 0.5


class SynopticMap(GenericMap):
    """
    Synoptic magnetogram of HMI: a daily frame, or a chart of one Carrington rotation.

    Files of daily frames (``hmi.Mldailysynframe_720s`` and others) are opened by `sunpy.map.Map`
    and by `~sunpy_farside.io.synoptic_frames.read_frame`. Charts
    (``hmi.Synoptic_Mr_small`` and others) are read by
    `~sunpy_farside.io.synoptic_frames.read_chart`; `sunpy.map.Map` opens them with sunpy's own
    source.

    Parameters
    ----------
    data : array, shape (rows, columns)
        Field in gauss; rows equally spaced in sine latitude, southernmost first.
    header : `dict` or `~sunpy.util.MetaDict`
        From `synoptic_header`, or the raw header of a daily frame.
    **kwargs
        Passed to `~sunpy.map.GenericMap`.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.maps.synoptic import SynopticMap, synoptic_header
    >>> header = synoptic_header("2014-05-05", (360, 720), first_longitude=288.3)
    >>> SynopticMap(np.zeros((360, 720)), header).bottom_left_coord.lon
    <Longitude 288.3 deg>
    """

    def __init__(self, data, header, **kwargs):
        if is_synoptic_frame(header):
            header = frame_header(header, data.shape, synoptic_date(header))
        super().__init__(data, header, **kwargs)
        self._nickname = "HMI synoptic"
        self.plot_settings["cmap"] = "hmimag"
        self.plot_settings["norm"] = ImageNormalize(vmin=-1.5e3, vmax=1.5e3)

    @classmethod
    def is_datasource_for(cls, data, header, **kwargs):
        """
        Return whether a header is that of a synoptic map of this package, or of a raw frame.

        Parameters
        ----------
        data : array
            Not used.
        header : `dict` or `~sunpy.util.MetaDict`
        **kwargs
            Not used.

        Returns
        -------
        `bool`
        """
        return header.get("content") == _CONTENT or is_synoptic_frame(header)


def is_synoptic_frame(header):
    """
    Return whether a header is that of a daily synoptic frame as published.

    Parameters
    ----------
    header : `dict`, `~sunpy.util.MetaDict` or `~astropy.io.fits.Header`

    Returns
    -------
    `bool`

    Examples
    --------
    >>> from sunpy_farside.maps.synoptic import is_synoptic_frame
    >>> cards = {"INSTRUME": "HMI_COMBINED", "CTYPE1": "CRLN-CEA", "CARRTIME": 795260.3}
    >>> is_synoptic_frame(cards), is_synoptic_frame(cards | {"CRLN_OBS": 219.9})
    (False, True)
    """
    cards = {key.upper(): header[key] for key in header}
    # Charts have no CRLN_OBS, and other maps in these coordinates no CARRTIME.
    return (
        str(cards.get("INSTRUME", "")).startswith("HMI")
        and str(cards.get("CTYPE1", "")) == "CRLN-CEA"
        and "CARRTIME" in cards
        and _is_number(cards.get("CRLN_OBS"))
    )


def frame_header(header, shape, date):
    """
    Return the header of a daily synoptic frame with right world coordinates.

    Parameters
    ----------
    header : `dict`, `~sunpy.util.MetaDict` or `~astropy.io.fits.Header`
        Raw header, with the longitude of the central meridian in ``CRLN_OBS``.
    shape : `tuple` of `int`
        Rows and columns.
    date : `~astropy.time.Time`
        Date of the frame.

    Returns
    -------
    `dict`

    Raises
    ------
    FileFormatError
        The unit is not that of a magnetic field.

    Notes
    -----
    ``CRVAL1`` is Carrington *time*, 360 degrees times the rotation less the longitude, and
    ``CDELT1`` is negative for it, although longitudes increase along rows. The first column is 60
    degrees east of the central meridian to a tenth of a degree: its longitude is taken from
    Carrington time if that is within half a degree of ``CRLN_OBS`` - 60, else it is that.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.maps.synoptic import frame_header
    >>> cards = {"CRLN_OBS": 219.890274, "CRPIX1": 360.4, "CRVAL1": 795260.3, "CDELT1": -0.5}
    >>> header = frame_header(cards, (360, 720), Time("2018-11-06T11:59:23"))
    >>> round(header["crval1"] + (1 - header["crpix1"]) * header["cdelt1"], 2)
    160.0
    """
    cards = {key.upper(): header[key] for key in header}
    check_field_unit(cards)
    meridian = float(cards["CRLN_OBS"])
    first = meridian - EAST_EDGE
    labeled = carrington_time_longitude(cards, shape[1])
    if abs((labeled - first + 180) % 360 - 180) < _NEAR:
        first = labeled
    return synoptic_header(date, shape, first_longitude=first) | {"crln_obs": meridian}


def check_field_unit(header):
    """
    Raise an error if the unit of an image is not that of a magnetic field.

    Parameters
    ----------
    header : `dict`, `~sunpy.util.MetaDict` or `~astropy.io.fits.Header`
        With names in upper case. Without ``BUNIT``, the unit is the gauss.

    Raises
    ------
    FileFormatError
        ``BUNIT`` is another unit.
    """
    unit = str(header.get("BUNIT", "G")).strip()
    if unit.lower() not in _UNITS:
        msg = f"expected a field in Gauss or Mx/cm^2, found BUNIT = {unit!r}. Convert it."
        raise FileFormatError(msg)


def carrington_time_longitude(cards, columns):
    """
    Return the longitude of the first column from Carrington time in ``CRVAL1``.

    Parameters
    ----------
    cards : `dict`
        With names in upper case.
    columns : `int`
        Number of columns in 360 degrees.

    Returns
    -------
    `float`
        In degrees; NaN without numbers in ``CRPIX1`` and ``CRVAL1``.
    """
    pixel, time = cards.get("CRPIX1"), cards.get("CRVAL1")
    if not (_is_number(pixel) and _is_number(time)):
        return np.nan
    return ((1 - pixel) * 360 / columns - time) % 360


def synoptic_header(date, shape, *, first_longitude):
    """
    Return the header of a synoptic map, all longitudes in equal steps, south first.

    Parameters
    ----------
    date : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Date of the map.
    shape : `tuple` of `int`
        Rows, equally spaced in sine latitude, and columns.
    first_longitude : `float`
        Carrington longitude of the first column in degrees.

    Returns
    -------
    `dict`
        In cylindrical equal-area Carrington coordinates seen from Earth.

    Examples
    --------
    >>> from sunpy_farside.maps.synoptic import synoptic_header
    >>> synoptic_header("2014-05-05", (360, 720), first_longitude=0.3)["crval1"]
    180.3
    """
    rows, columns = shape
    step = 360 / columns
    middle = columns // 2
    return carrington_header(date, shape, first_longitude=0, first_latitude=0) | {
        "ctype1": "CRLN-CEA",
        "ctype2": "CRLT-CEA",
        "cdelt1": step,
        "cdelt2": float(np.rad2deg(2 / rows)),
        "crpix1": middle + 1.0,
        "crpix2": (rows + 1) / 2,
        "crval1": (first_longitude + middle * step) % 360,
        "bunit": "G",
        "content": _CONTENT,
        "telescop": "SDO",
        "detector": "HMI",
    }


def synoptic_date(header, keys=_DATE_KEYS):
    """
    Return the date of a synoptic map from its header.

    Parameters
    ----------
    header : `dict`, `~sunpy.util.MetaDict` or `~astropy.io.fits.Header`
    keys : `tuple` of `str`, optional
        Cards with dates, in order of preference.

    Returns
    -------
    `~astropy.time.Time`
        In UTC.

    Raises
    ------
    FileFormatError
        There is no date, or one that does not read.

    Examples
    --------
    >>> from sunpy_farside.maps.synoptic import synoptic_date
    >>> synoptic_date({"T_REC": "2018.11.06_12:00:00_TAI"}).isot
    '2018-11-06T11:59:23.000'
    """
    key = next((key for key in keys if _is_given(header.get(key))), None)
    if key is None:
        msg = f"expected a date in {' or '.join(keys)}, found none. Fetch it again."
        raise FileFormatError(msg)
    try:
        return parse_time(header[key]).utc
    except ValueError as error:
        msg = f"expected a date in {key}, found {header[key]!r}."
        raise FileFormatError(msg) from error


def _is_given(date):
    # JSOC writes the beginning of the Julian period where there is no date.
    return bool(date) and not str(date).startswith("-4712")


def _is_number(value):
    return isinstance(value, int | float) and abs(value) < np.inf
