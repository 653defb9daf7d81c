"""
Positions of the pixels of Carrington maps.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from astropy.wcs import WCS

from sunpy_farside.coordinates.window import FIRST_LATITUDE, WINDOW_ROWS, carrington_wcs
from sunpy_farside.maps.orientation import is_cylindrical

__all__ = ["Grid", "window_grid"]


@dataclass(frozen=True)
class Grid:
    """
    Positions of the pixels of a Carrington map whose columns are meridians.

    Attributes
    ----------
    wcs : `~astropy.wcs.WCS`
    longitudes : array
        Longitude of every column in degrees.
    latitudes : array
        Latitude of every row on the reference meridian in degrees.
    edge_latitudes : array
        Latitude of every row in the first column in degrees.
    longitude_steps, latitude_steps : array
        Sizes of the pixels of every row in degrees.
    """

    wcs: WCS
    longitudes: np.ndarray
    latitudes: np.ndarray
    edge_latitudes: np.ndarray
    longitude_steps: np.ndarray
    latitude_steps: np.ndarray

    @classmethod
    def of(cls, wcs: WCS, shape: tuple[int, ...]) -> "Grid":
        """
        Return the grid of the pixels of a map.

        Raises
        ------
        ValueError
            The coordinates are not Carrington, or the columns are not meridians.
        """
        if [ctype[:4] for ctype in wcs.wcs.ctype] != ["CRLN", "CRLT"]:
            msg = (
                f"Expected a map in Carrington coordinates, found {' and '.join(wcs.wcs.ctype)}. "
                "Reproject it to Carrington coordinates."
            )
            raise ValueError(msg)
        if not is_cylindrical(wcs):
            msg = (
                f"Expected a map whose columns are meridians, found {' and '.join(wcs.wcs.ctype)} "
                "turned or in an oblique view. Reproject it to upright CAR or CEA."
            )
            raise ValueError(msg)
        rows, columns = map(np.arange, shape)
        column = np.full(len(rows), wcs.wcs.crpix[0] - 1)

        def latitude(row):
            return wcs.wcs_pix2world(column, row, 0)[1]

        return cls(
            wcs,
            wcs.wcs_pix2world(columns, np.full(len(columns), 0), 0)[0],
            latitude(rows),
            wcs.wcs_pix2world(np.full(len(rows), 0), rows, 0)[1],
            np.full(len(rows), abs(wcs.pixel_scale_matrix[0, 0])),
            np.abs(latitude(rows + 0.5) - latitude(rows - 0.5)),
        )


# For every longitude of the first column.
@lru_cache(maxsize=360)
def window_grid(start: int, width: int) -> Grid:
    """
    Return the grid of a window, which is the same at all dates.

    Parameters
    ----------
    start : `int`
        Longitude of the first column (`~sunpy_farside.coordinates.window.window_start`).
    width : `int`
        Number of columns.

    Returns
    -------
    `Grid`
    """
    shape = WINDOW_ROWS, width
    any_date = "2010-05-01"
    wcs = carrington_wcs(any_date, shape, first_longitude=start, first_latitude=FIRST_LATITUDE)
    return Grid.of(wcs, shape)
