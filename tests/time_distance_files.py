"""
Time-distance maps in files with the cards of JSOC's.
"""

import numpy as np
from scipy import ndimage

import astropy.units as u
from astropy.io import fits
from astropy.time import Time

from sunpy.coordinates import sun

SHAPE = (121, 225)
# Standard deviation of the maps in rad.
NOISE = 0.025
_SINES = 0.014434 * (np.arange(121) - 60)


def raw_name(date):
    return f"hmi.td_fsi_12h.{date.tai.strftime('%Y%m%d_%H%M%S')}_TAI.data.fits"


def raw_cards(date, **cards):
    """
    Return the cards of a published map of a date, with other values for some of them.
    """
    meridian = round(float(sun.L0(date).deg) + 0.04, 1)
    return {
        "T_REC": date.tai.strftime("%Y.%m.%d_%H:%M:%S.000_TAI"),
        "EXPTIME": 111600.0,
        "DATE-OBS": (date - 12 * u.hour).utc.isot,
        "TELESCOP": "SDO/HMI",
        "INSTRUME": "HMI_FRONT2",
        "BUNIT": "m/s",
        "CONTENT": "FarSideMap",
        "QUALITY": 0,
        "CTYPE1": "CRLN_CEA",
        "CTYPE2": "CRLT_CEA",
        "CRPIX1": round(112.5 - (meridian + 180) % 360 / 0.8, 2),
        "CRPIX2": 61.0,
        "CRVAL1": 0.0,
        "CRVAL2": 0.0,
        "CDELT1": 0.80000001200000004,
        "CDELT2": 0.014433999499999999,
        "CUNIT1": "deg",
        "CUNIT2": "sine(deg)",
        "CROTA2": 0.0,
        "WCSNAME": "CR_CEA",
        "PV2_1": 1.0336999899999999,
        "CRLN0": meridian,
        "CRLT0": round(float(sun.B0(date).deg), 1),
        "HISTORY": "new Farside image imported",
        "HEADSUM": "nQkkoNkinNkinNki",
    } | cards


def raw_positions(date):
    """
    Return the Carrington longitudes of the columns and the latitudes of the rows in degrees.
    """
    middle = (raw_cards(date)["CRLN0"] + 180) % 360
    return middle + 0.8 * (np.arange(225) + 1 - 112.5), np.rad2deg(np.arcsin(_SINES))


def raw_phases(date, seed, spots=()):
    """
    Return noise of 5 degrees with round spots of a depth in rad, at (longitude, latitude, depth).
    """
    noise = np.random.default_rng(seed).normal(size=SHAPE)
    noise = ndimage.gaussian_filter(noise, 2.5, mode="wrap")
    data = NOISE / noise.std() * noise
    longitude, latitude = raw_positions(date)
    for place, height, depth in spots:
        across = (longitude - place + 180) % 360 - 180
        distance = across**2 + (latitude[:, np.newaxis] - height) ** 2
        data -= depth * np.exp(-distance / (2 * 6.0**2))
    return data.astype(np.float32)


def write_raw(folder, date, data=None, *, seed=1, name=None, **cards):
    """
    Write a map of a date as JSOC exports it, and return its path.
    """
    date = Time(date, scale="tai")
    data = raw_phases(date, seed) if data is None else data
    path = folder / (name or raw_name(date))
    header = fits.Header(
        [(key, value) for key, value in raw_cards(date, **cards).items() if value is not None]
    )
    fits.PrimaryHDU(data, header).writeto(path)
    return path


def write_sequence(folder, spots=(), *, number=11, start="2023-05-01"):
    """
    Write consecutive maps with regions that stay in place, and return their paths.
    """
    dates = Time(start, scale="tai") + np.arange(number) * 12 * u.hour
    return [
        write_raw(folder, date, raw_phases(date, seed, spots)) for seed, date in enumerate(dates)
    ]
