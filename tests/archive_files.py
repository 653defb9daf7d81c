"""
Files of a small archive, and queries for them.
"""

from datetime import datetime, timedelta

import numpy as np
from list_files import region_list

import astropy.units as u
from astropy.io import fits

from sunpy.net import Fido
from sunpy.net import attrs as a

import sunpy_farside  # noqa: F401 (it registers its attributes)
from sunpy_farside.coordinates.far_side import far_side_central_meridian

TWELVE = [datetime(2022, 5, 2, 12) + k * timedelta(hours=12) for k in range(12)]
RANGE = a.Time("2022-05-02 12:00", "2022-05-08 00:00")
PHASE_MAP = a.farside.Product("phase_map")
MAY_5 = "Phase_Maps/2022/PHASE_MAP_2022.05.05_00:00:00.fits"

REGION_LIST = region_list(
    "2022-05-05.0",
    128.0,
    3.8,
    ["FS-2022-025   143.2      -28.2       624      2022-05-10.7    5.7"],
)


def region_list(date, longitude, latitude, name="FS-2022-025"):
    """
    Return the name and content of a region list with one region.
    """
    meridian, arrival = far_side_central_meridian(date).deg, date + 5.5 * u.day
    day, arrival = (f"{time.isot[:10]}.{time.mjd % 1 * 10:.0f}" for time in (date, arrival))
    text = (
        f"                         {day}\n"
        f"        Far-Side Vantage:  CLon = {meridian:.1f}, Lat =   3.8\n\n"
        "Designation        Centroid       Strength    ETA at        Days from\n"
        "              Longitude  Latitude             East Limb     East Limb\n"
        "              (degree)   (degree)            (yyyy-mm-dd.d)\n\n"
        f"{name}   {longitude:5.1f}       {latitude:5.1f}       624      {arrival}    5.5\n"
    )
    return date.strftime("AR_LIST_%Y.%m.%d_%H:%M:%S.txt"), text


def raw_map(seed=0, **cards):
    """
    Return the HDU of a random phase map with its structural cards and the given ones.
    """
    data = np.random.default_rng(seed).normal(0, 0.05, (181, 361)).astype(np.float32)
    data[:, 300:] = np.nan
    hdu = fits.PrimaryHDU(data)
    hdu.header.update({key.replace("_", "-"): value for key, value in cards.items()})
    return hdu


def write_maps(folder, times, prefix="PHASE_MAP"):
    folder.mkdir(parents=True, exist_ok=True)
    for k, time in enumerate(times):
        raw_map(k).writeto(folder / f"{prefix}_{time:%Y.%m.%d_%H:%M:%S}.fits")


def write_archive(folder):
    """
    Write twelve maps of May 2022 in the archive's layout.
    """
    write_maps(folder / "Phase_Maps" / "2022", TWELVE)
    return folder


def fetch_replaced(archive, serve, output, hdus):
    """
    Fetch the map of 2022-05-05 after replacing its file; return what was found and fetched.
    """
    hdus.writeto(archive / MAY_5, overwrite=True)
    serve(archive)
    found = Fido.search(a.Time("2022-05-05", "2022-05-05 01:00"), PHASE_MAP)
    return found, Fido.fetch(found, path=output, progress=False)
