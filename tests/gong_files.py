"""
Files as GONG publishes them, made here from simulated maps.
"""

import numpy as np
from scipy.ndimage import map_coordinates

import astropy.units as u
from astropy.time import Time

from sunpy.coordinates import sun

SIZE, STEP = 200, 0.011
FULL = 86400


def disk_positions(longitude, latitude):
    """
    Carrington coordinates of the pixels of an orthographic disk, NaN outside of it.
    """
    y, x = (np.indices((SIZE, SIZE)) - 100) * STEP
    with np.errstate(invalid="ignore"):
        toward = np.sqrt(1 - x**2 - y**2)
    tilt = np.deg2rad(latitude)
    north = y * np.cos(tilt) + toward * np.sin(tilt)
    depth = toward * np.cos(tilt) - y * np.sin(tilt)
    return (longitude + np.rad2deg(np.arctan2(x, depth))) % 360, np.rad2deg(np.arcsin(north))


def gong_disk(phase_map, start, seconds=FULL):
    """
    A map on whole degrees as GONG would see it, and the coordinates of the center.
    """
    middle = Time(start) + seconds / 2 * u.s
    center = (sun.L0(middle).deg + 180) % 360, -sun.B0(middle).deg
    longitude, latitude = disk_positions(*center)
    disk = map_coordinates(phase_map.data, [latitude + 90, longitude], order=1, cval=np.nan)
    return disk, center


def gong_bytes(disk, center, start, seconds=FULL, **changes):
    """
    Bytes of a file with the cards of the published ones, or with others or without some (None).
    """
    cards = {
        "SIMPLE": "T",
        "BITPIX": "32",
        "NAXIS": "2",
        "NAXIS1": str(disk.shape[1]),
        "NAXIS2": str(disk.shape[0]),
        "BZERO": "0.000000E+00",
        "BSCALE": "2.000000E-10",
        "DAXIS1": f"{STEP:.6E}",
        "DAXIS2": f"{STEP:.6E}",
        "REF_L0": f"{center[0]:.6E}",
        "REF_B0": f"{center[1]:.6E}",
        "X0": "1.000000E+02",
        "Y0": "1.000000E+02",
        "FRAME0": "304",
        "TIME0": Time(start).strftime("'%Y %m %d %H:%M'"),
        "DTIME": f"{seconds} /sec",
        "OBS_L0": f"{(center[0] + 180) % 360:.6E}",
        "OBS_B0": f"{-center[1]:.6E}",
    } | changes
    lines = [f"{key:8}= {value:>20}".ljust(80) for key, value in cards.items() if value is not None]
    header = "".join([*lines, "END".ljust(80)]).encode()
    steps = np.where(np.isnan(disk), -2000000128, disk / 2e-10).round().astype(">i4").tobytes()
    return b"".join(
        part.ljust(-(-len(part) // 2880) * 2880, b" \0"[k : k + 1])
        for k, part in enumerate((header, steps))
    )


def write_gong_map(folder, phase_map, seconds=FULL, **changes):
    """
    A file of the nominal date of a map, whose 24 hours begin twelve hours earlier.
    """
    start = phase_map.date - 12 * u.hour
    disk, center = gong_disk(phase_map, start, seconds)
    path = folder / phase_map.date.strftime("mrfqo%y%m%dt%H%M.fits")
    path.write_bytes(gong_bytes(disk, center, start, seconds, **changes))
    return path
