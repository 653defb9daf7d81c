"""
Equivalent forms of one phase map: other grids, headers and units.
"""

import numpy as np

from sunpy.map import Map

from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.maps import FarsidePhaseMap


def _with(item, data=None, drop=(), **cards):
    meta = {key: value for key, value in item.meta.items() if key not in drop}
    return Map(item.data if data is None else data, meta | cards)


def degree_spelled_out(item):
    return _with(item, cunit1="degree", cunit2="degree")


def half_degree(item):
    rows, columns = item.data.shape
    fine = np.empty((2 * rows - 1, 2 * columns - 1), dtype=np.float32)
    fine[::2, ::2] = item.data
    fine[1::2, ::2] = (fine[:-1:2, ::2] + fine[2::2, ::2]) / 2
    fine[:, 1::2] = (fine[:, :-1:2] + fine[:, 2::2]) / 2
    return _with(
        item,
        fine,
        cdelt1=0.5,
        cdelt2=0.5,
        crpix1=2 * item.meta["crpix1"] - 1,
        crpix2=2 * item.meta["crpix2"] - 1,
    )


def reprojected_half_degree(item):
    """
    Reproject a map with sunpy, which puts the scale into the PC matrix.
    """
    header = carrington_header(item.date, (360, 720), first_longitude=0, first_latitude=-90) | {
        "cdelt1": 0.5,
        "cdelt2": 0.5,
        "crpix1": 360.5,
        "crpix2": 180.5,
        "crval1": float(far_side_central_meridian(item.date).deg),
        "naxis1": 720,
        "naxis2": 360,
    }
    return _named(item, item.reproject_to(header))


def sine_latitude(item):
    header = carrington_header(item.date, (360, 360), first_longitude=0, first_latitude=0) | {
        "ctype1": "CRLN-CEA",
        "ctype2": "CRLT-CEA",
        "cdelt2": 180 / np.pi * 2 / 360,
        "crpix1": 180.5,
        "crpix2": 180.5,
        "crval1": float(far_side_central_meridian(item.date).deg),
        "pv2_1": 1.0,
        "naxis1": 360,
        "naxis2": 360,
    }
    return _named(item, item.reproject_to(header))


def _named(item, other):
    return Map(other.data, other.meta | {"fsprod": item.meta["fsprod"], "bunit": "rad"})


def scale_in_pc(item):
    return _with(item, cdelt1=0.5, cdelt2=0.25, pc1_1=2.0, pc2_2=4.0)


def scale_in_cd(item):
    return _with(item, drop=("cdelt1", "cdelt2"), cd1_1=1.0, cd1_2=0.0, cd2_1=0.0, cd2_2=1.0)


def mirrored(item):
    columns = item.data.shape[1]
    return _with(item, item.data[:, ::-1], cdelt1=-1.0, crpix1=columns + 1 - item.meta["crpix1"])


def upside_down(item):
    return _with(
        item, item.data[::-1], cdelt2=-1.0, crpix2=item.data.shape[0] + 1 - item.meta["crpix2"]
    )


def turned_by_180_degrees(item):
    rows, columns = item.data.shape
    return _with(
        item,
        item.data[::-1, ::-1],
        crpix1=columns + 1 - item.meta["crpix1"],
        crpix2=rows + 1 - item.meta["crpix2"],
        pc1_1=-1.0,
        pc1_2=0.0,
        pc2_1=0.0,
        pc2_2=-1.0,
    )


def turned_by_90_degrees(item):
    return _with(
        item,
        item.data.T[:, ::-1],
        crpix1=item.data.shape[0] + 1 - item.meta["crpix2"],
        crpix2=item.meta["crpix1"],
        pc1_1=0.0,
        pc1_2=1.0,
        pc2_1=-1.0,
        pc2_2=0.0,
    )


def other_first_meridian(item):
    data = np.roll(item.data[:, :360], -100, axis=1)
    return _with(item, data, crval1=100.0, crpix1=1.0)


def milliradian(item):
    return _with(item, item.data * 1000, bunit="mrad")


def in_degrees(item):
    return _with(item, np.rad2deg(item.data), bunit="deg")


def double_precision(item):
    return FarsidePhaseMap(item.data.astype(float), item.meta)


# The grids that are copied by index, exactly, and those that are resampled.
EXACT = (
    degree_spelled_out,
    scale_in_pc,
    scale_in_cd,
    mirrored,
    upside_down,
    turned_by_180_degrees,
    turned_by_90_degrees,
    other_first_meridian,
    double_precision,
)
RESAMPLED = (half_degree, reprojected_half_degree, sine_latitude)
UNITS = (milliradian, in_degrees)
