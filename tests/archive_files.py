"""
Files as the archive has them, made here, and questions for them.
"""

from datetime import datetime, timedelta

import numpy as np

from astropy.io import fits

from sunpy.net import attrs as a

import sunpy_farside  # noqa: F401 (it registers its attributes)

TWELVE = [datetime(2022, 5, 2, 12) + k * timedelta(hours=12) for k in range(12)]
RANGE = a.Time("2022-05-02 12:00", "2022-05-08 00:00")
PHASE_MAP = a.farside.Product("phase_map")

REGION_LIST = """\
                         2022-05-05.0
        Far-Side Vantage:  CLon = 128.0, Lat =   3.8

Designation        Centroid       Strength    ETA at        Days from
              Longitude  Latitude             East Limb     East Limb
              (degree)   (degree)            (yyyy-mm-dd.d)

FS-2022-025   143.2      -28.2       624      2022-05-10.7    5.7
"""


def raw_map(seed=0, **cards):
    """
    Bytes of a phase map with its structural cards and the given ones.
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
    The twelve maps of May 2022 in the archive's layout.
    """
    write_maps(folder / "Phase_Maps" / "2022", TWELVE)
    return folder
