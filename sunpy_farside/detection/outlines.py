"""
Outlines of detected regions.
"""

import numpy as np
from skimage.measure import find_contours

from sunpy_farside.detection.segmentation import surface_of

__all__ = ["region_outlines"]


def region_outlines(detection):
    """
    Return the outlines of the segments of a detection.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`

    Returns
    -------
    `list` of `list` of arrays, shape (vertices, 2)
        Closed lines of every row of the table of regions, including those of holes: Carrington
        longitude and latitude in degrees. Longitudes are continuous across the 0/360 boundary.

    Notes
    -----
    Lines of equal smoothed probability, or of equal phase for the SAR method, at the level
    that the detection was made with, about its segments.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.detection.outlines import region_outlines
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
    >>> detection = sunpy_farside.detect_farside(sequence, device="cpu")
    >>> len(region_outlines(detection)) == len(detection.regions)
    True
    """
    surface, level = surface_of(detection.image.data, detection.settings)
    wcs, outlines = detection.image.wcs, []
    for label in detection.regions["label"]:
        own = detection.segments == label
        # What is above the level elsewhere is blanked, and a margin closes what touches the edge.
        field = np.pad(np.where(own | (surface <= level), surface, 0), 1)
        outlines.append([_world(line - 1, wcs) for line in find_contours(field, level)])
    return outlines


def _world(line, wcs):
    row, column = line.T
    longitude, latitude = wcs.wcs_pix2world(column, row, 0)
    # Longitudes run on across the 0/360 boundary.
    return np.stack([np.unwrap(longitude, period=360), latitude], axis=1)
