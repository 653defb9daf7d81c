"""
Outlines of detected regions.
"""

import numpy as np
from scipy import ndimage
from skimage.measure import find_contours

import astropy.units as u

from sunpy_farside.detection.regions import segment, smooth_probability

__all__ = ["region_names", "region_outlines"]

# Regions weaker than this share of the threshold are outlined without a number.
_NAMELESS = 0.01


def region_outlines(detection):
    """
    Outlines of the regions of a detection: where they were cut out of the map.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`

    Returns
    -------
    `list` of `list` of arrays, shape (vertices, 2)
        Of every row of the regions' table its closed lines, the holes among them: Carrington
        longitude and latitude in degrees. Longitudes run on across the 0/360 seam.

    Notes
    -----
    Lines of equal smoothed probability, or of equal phase for the standard method, at the level
    that the detection was made with.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.detection.outlines import region_outlines
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=2).sequence
    >>> detection = sunpy_farside.detect_farside(sequence, device="cpu")
    >>> len(region_outlines(detection)) == len(detection.regions)
    True
    """
    regions = detection.regions
    if len(regions) == 0:
        return []
    image, level = _image(detection)
    meta = regions.meta
    labels = segment(image, level, meta["n_pixels"], deblend=meta.get("deblend", False))
    index = np.arange(1, labels.max() + 1)
    middles = np.reshape(ndimage.center_of_mass(image, labels, index), (-1, 2))
    wcs = detection.probability.wcs
    column, row = wcs.world_to_pixel(regions["centroid"])
    outlines = []
    for position in np.stack([row, column], axis=1):
        own = index[np.argmin(np.hypot(*(middles - position).T))]
        # What is above the level elsewhere is blanked, and a margin closes what touches the edge.
        field = np.pad(np.where((labels == own) | (image <= level), image, 0), 1)
        outlines.append([_world(line - 1, wcs) for line in find_contours(field, level)])
    return outlines


def region_segments(detection):
    """
    Return the label image of a detection's regions.
    """
    regions = detection.regions
    image, level = _image(detection)
    meta = regions.meta
    labels = segment(image, level, meta["n_pixels"], deblend=meta.get("deblend", False))
    index = np.arange(1, labels.max() + 1)
    weight = image if meta["strength"] == "seismic_strength" else detection.probability.data
    middles = np.reshape(ndimage.center_of_mass(weight, labels, index), (-1, 2))
    column, row = detection.probability.wcs.world_to_pixel(regions["centroid"])
    segments = np.zeros_like(labels)
    for label, position in enumerate(np.stack([row, column], axis=1), start=1):
        segments[labels == index[np.argmin(np.hypot(*(middles - position).T))]] = label
    return segments


def region_names(regions):
    """
    What to write next to regions in a picture.

    Parameters
    ----------
    regions : `~astropy.table.QTable`
        The regions of a detection.

    Returns
    -------
    `list` of `str`
        Their labels; nothing for those too weak to be worth a number.
    """
    threshold = u.Quantity(regions.meta["threshold"])
    worth = regions[regions.meta["strength"]] >= _NAMELESS * threshold
    return [str(label) if say else "" for label, say in zip(regions["label"], worth, strict=True)]


def _image(detection):
    meta = detection.regions.meta
    if meta["strength"] == "integrated_probability":
        return smooth_probability(detection.probability.data), meta["level"]
    phase = u.Quantity(meta["phase"]).to_value(u.rad)
    return -np.nan_to_num(detection.probability.data), -phase


def _world(line, wcs):
    row, column = line.T
    step = wcs.wcs.cdelt
    first = wcs.wcs.crval + (1 - wcs.wcs.crpix) * step
    return np.stack([first[0] + column * step[0], first[1] + row * step[1]], axis=1)
