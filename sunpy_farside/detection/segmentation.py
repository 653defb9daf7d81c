"""
Segmentation of detection images.
"""

import warnings
from functools import lru_cache

import numpy as np
import photutils
from photutils.segmentation import deblend_sources, detect_sources
from photutils.utils.exceptions import NoDetectionsWarning
from scipy import ndimage

from astropy.convolution import Gaussian2DKernel
from astropy.stats import gaussian_fwhm_to_sigma
from astropy.utils import minversion

from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.maps.orientation import turn_to

__all__ = ["segment", "segment_image", "smooth_probability", "surface_of"]

# photutils 3.1 took the progress bar of deblending away, and warns of the option.
_N_LEVELS = "n_levels" if minversion(photutils, "3.0") else "nlevels"
_QUIET = {} if minversion(photutils, "3.1") else {"progress_bar": False}


def segment_image(image: np.ndarray, settings: DetectionSettings) -> np.ndarray:
    """
    Cut segments out of a detection image.

    Parameters
    ----------
    image : array, shape (rows, columns)
        Probability, or mean phase in rad for the SAR method. NaN belongs to no segment.
    settings : `~sunpy_farside.detection.settings.DetectionSettings`

    Returns
    -------
    array of `int`, shape (rows, columns)
        0 outside the segments, their numbers inside.
    """
    surface, level = surface_of(image, settings)
    return segment(surface, level, settings.n_pixels, deblend=settings.deblend)


def surface_of(image: np.ndarray, settings: DetectionSettings) -> tuple[np.ndarray, float]:
    """
    Return the surface that is segmented, and the level above which segments are.

    Parameters
    ----------
    image, settings
        As for `segment_image`.

    Returns
    -------
    surface : array, shape (rows, columns)
        The smoothed probability, or the mean phase with its sign turned.
    level : `float`
    """
    level = settings.segmentation_threshold.value
    if settings.method.of_phases:
        return -np.nan_to_num(image), -level
    return smooth_probability(image), level


def away_from_seam(data, wcs, settings):
    """
    Turn a map of the whole Sun so that its ends cut no region, if possible.
    """
    longitudes = wcs.wcs_pix2world([[wcs.wcs.crpix[0], wcs.wcs.crpix[1]]], 1)[:, 0]
    turned, around = turn_to(data, wcs, float(longitudes[0]))
    if around is wcs:
        return data, wcs
    surface, _ = surface_of(turned, settings)
    # The ends go where the surface is lowest.
    lowest = np.argmin(surface.max(axis=0))
    column = (lowest + turned.shape[1] // 2) % turned.shape[1]
    longitude = around.wcs_pix2world([[column, around.wcs.crpix[1] - 1]], 0)[0, 0]
    return turn_to(data, wcs, longitude)


def smooth_probability(probability: np.ndarray) -> np.ndarray:
    """
    Smooth a map of probability as published, with a Gaussian of 3 pixels FWHM on 3 x 3 pixels.

    Parameters
    ----------
    probability : array, shape (rows, columns)
        NaN counts as zero.

    Returns
    -------
    array, shape (rows, columns)
    """
    return ndimage.convolve(np.nan_to_num(probability), _kernel(), mode="constant", cval=0)


@lru_cache
def _kernel():
    kernel = Gaussian2DKernel(3 * gaussian_fwhm_to_sigma, x_size=3, y_size=3)
    kernel.normalize()
    return kernel.array


def segment(image: np.ndarray, level: float, n_pixels: int, *, deblend: bool = False) -> np.ndarray:
    """
    Number the connected parts of an image above a level.

    Parameters
    ----------
    image : array, shape (rows, columns)
    level : `float`
    n_pixels : `int`
    deblend : `bool`, optional

    Returns
    -------
    array of `int`, shape (rows, columns)
    """
    with warnings.catch_warnings():
        # No detection is a valid result.
        warnings.simplefilter("ignore", NoDetectionsWarning)
        segments = detect_sources(image, level, n_pixels)
    if segments is None:
        return np.zeros(image.shape, dtype=int)
    labels = _with_several_peaks(image, segments.data) if deblend else []
    if len(labels):
        # Linear levels, because probabilities have no faint wings as stars do; more than eight
        # levels find hardly more regions and take longer than the network.
        segments = deblend_sources(
            image,
            segments,
            n_pixels,
            labels=labels,
            mode="linear",
            **{_N_LEVELS: 8},
            **_QUIET,
        )
    return segments.data


def _with_several_peaks(image, segments):
    """
    Return the numbers of the segments with more than one local maximum, which can be separated.
    """
    image = np.nan_to_num(image, nan=-np.inf)
    peaks = (image == ndimage.maximum_filter(image, 3)) & (segments > 0)
    return np.flatnonzero(np.bincount(segments[peaks]) > 1)
