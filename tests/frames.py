"""
Artificial daily synoptic frames in the format of JSOC.
"""

import numpy as np

from astropy.io import fits
from astropy.time import Time

from sunpy.coordinates import sun

# Rows and columns of the real frames.
REAL_SHAPE = (1440, 3600)


def frame_nodes(meridian, shape=REAL_SHAPE):
    """
    Return the Carrington longitudes of the columns and latitudes of the rows, in degrees.
    """
    rows, columns = shape
    longitude = (meridian - 60 + 360 / columns * np.arange(columns)) % 360
    return longitude, np.rad2deg(np.arcsin((2 * np.arange(rows) + 1) / rows - 1))


def spot(longitude, latitude, center, *, field=1000.0, size=2.0):
    """
    Return a round spot on a grid of longitudes and latitudes.
    """
    lon = (longitude - center[0] + 180) % 360 - 180
    return field * np.exp(-0.5 * (lon**2 + (latitude[:, None] - center[1]) ** 2) / size**2)


def write_frame(path, date, data, *, meridian=None, **cards):
    """
    Write a frame with the keywords of the real ones.
    """
    date = Time(date)
    meridian = sun.L0(date).deg if meridian is None else meridian
    rotation = sun.carrington_rotation_number(date)
    header = {
        # Carrington time, which sunpy interprets as a longitude.
        "CTYPE1": "CRLN-CEA",
        "CTYPE2": "CRLT-CEA",
        "CRPIX1": 1800.5,
        "CRPIX2": (data.shape[0] + 1) / 2,
        "CRVAL1": 360 * rotation - meridian,
        "CRVAL2": 0.0,
        "CDELT1": -360 / data.shape[1],
        "CDELT2": 2 / data.shape[0],
        "CUNIT1": "Degree",
        "CUNIT2": "Sine Latitude",
        "BUNIT": "Mx/cm^2",
        "CRLN_OBS": meridian,
        "T_REC": date.tai.strftime("%Y.%m.%d_%H:%M:%S_TAI"),
        "INSTRUME": "HMI_SIDE1",
        "CONTENT": "HMI daily synoptic frame",
    }
    fits.PrimaryHDU(data.astype(np.float32), fits.Header(header | cards)).writeto(path)
    return path
