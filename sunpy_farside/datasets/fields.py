"""
Magnetic fields of the near side on the grid of the network.
"""

import numpy as np

from sunpy_farside.coordinates.window import (
    FIRST_LATITUDE,
    WINDOW_ROWS,
    carrington_header,
)
from sunpy_farside.maps.sources import Map

__all__ = ["near_side_field"]

# Longitudes newly observed in each synoptic frame, in degrees.
_DISK = 120


def near_side_field(frame):
    """
    Rebin the newly observed part of a synoptic frame to the grid of the network.

    Parameters
    ----------
    frame : `~sunpy.map.GenericMap`
        Synoptic frame from `~sunpy_farside.io.synoptic_frames.read_frame`.

    Returns
    -------
    `~sunpy.map.GenericMap`, 144 x 120 pixels
        Mean flux density in gauss in each square degree from 60 degrees east of the central
        meridian to 60 degrees west, on whole degrees of Carrington longitude and latitude
        (-72 to 71). NaN where less than half of a pixel was observed.

    Raises
    ------
    ValueError
        The map is not a daily synoptic frame.

    Notes
    -----
    Each pixel is the mean of the overlapping pixels of the frame, weighted by the area of the
    overlap, which conserves the magnetic flux. The weights are exact because both grids follow
    meridians and parallels.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import astropy.units as u
    >>> import numpy as np
    >>> from astropy.io import fits
    >>> from sunpy_farside.datasets.fields import near_side_field
    >>> from sunpy_farside.io.synoptic_frames import read_frame
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "frame.fits"
    >>> cards = {"CRLN_OBS": 348.3, "T_REC": "2014.05.05_12:00:00_TAI"}
    >>> fits.PrimaryHDU(np.full((288, 720), 7.5), fits.Header(cards)).writeto(path)
    >>> field = near_side_field(read_frame(path))
    >>> field.data.shape, float(field.data.mean()), field.pixel_to_world(0 * u.pix, 0 * u.pix).lon
    ((144, 120), 7.5, <Longitude 289. deg>)
    """
    if frame.meta.get("ctype1") != "CRLN-CEA" or "crln_obs" not in frame.meta:
        msg = (
            f"Expected a daily synoptic frame, found a map in {frame.meta.get('ctype1')}. "
            "Read synoptic frames with read_frame; use mask_from_map for other maps."
        )
        raise ValueError(msg)
    rows, columns = frame.data.shape
    step = 360 / columns
    # Rounded, so that a whole degree stays one.
    east = round(frame.meta["crval1"] - (frame.meta["crpix1"] - 0.5) * step, 9)
    # The first whole degree with at least half of its pixel observed.
    first = int(np.ceil(east))
    longitude = np.arange(first, first + _DISK + 1) - 0.5
    latitude = np.arange(FIRST_LATITUDE, FIRST_LATITUDE + WINDOW_ROWS + 1) - 0.5
    across = _overlaps(east + step * np.arange(columns // 3 + 1), longitude)
    # Equal steps in sine latitude are equal areas.
    along = _overlaps(np.linspace(-1, 1, rows + 1), np.sin(np.deg2rad(latitude)))
    data = frame.data[:, : columns // 3].astype(float)
    observed = np.isfinite(data)
    flux = along @ np.where(observed, data, 0) @ across.T
    area = along @ observed @ across.T
    whole = np.diff(np.sin(np.deg2rad(latitude)))[:, None]
    # Exclude the effect of rounding on pixels of which exactly half was observed.
    known = area / whole > 0.5 - 1e-6
    field = np.divide(flux, area, out=np.full(flux.shape, np.nan), where=known)
    header = carrington_header(
        frame.date, field.shape, first_longitude=first % 360, first_latitude=FIRST_LATITUDE
    )
    return Map(field.astype(np.float32), header | {"bunit": "G", "detector": "HMI"})


def _overlaps(edges, target_edges):
    """
    Compute the overlap of each target cell with each cell, shape (targets, cells).
    """
    low = np.maximum(edges[:-1], target_edges[:-1, None])
    high = np.minimum(edges[1:], target_edges[1:, None])
    return np.maximum(high - low, 0)
