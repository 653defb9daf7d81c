"""
Settings of the SAR method for maps whose phases are not on the scale of HMI's holographic maps.
"""

from dataclasses import replace

import numpy as np

import astropy.units as u

from sunpy_farside.detection.phase_statistics import noise_level
from sunpy_farside.errors import SequenceError
from sunpy_farside.products import PRODUCTS

__all__ = ["HOLOGRAPHIC_MIDDLE", "HOLOGRAPHIC_NOISE", "in_units_of_noise", "on_holographic_scale"]

# Mean and standard deviation of the mean of eleven quiet holographic maps, in rad. Measured on 32
# maps of April and May 2022: one map has a standard deviation of 0.0504, the mean of eleven 0.460
# times as much; the mean phase at 0-30, 30-45, 45-60, 60-75 and 75-90 degrees from the far-side
# disk center is -0.032, -0.016, -0.023, -0.018 and -0.015, here weighted by area.
HOLOGRAPHIC_MIDDLE = -0.0198
HOLOGRAPHIC_NOISE = 0.0232
# FITS headers do not hold all the digits of a number.
_DIGITS = 6


def on_holographic_scale(product):
    """
    Return whether phase shifts of a product are as large as those of HMI's holographic maps.

    Parameters
    ----------
    product : `str`
        Name of the product.

    Returns
    -------
    `bool`
        True also for unknown products, whose phases are not scaled.

    Examples
    --------
    >>> from sunpy_farside.detection.noise_scale import on_holographic_scale
    >>> on_holographic_scale("phase_map"), on_holographic_scale("time_distance")
    (True, False)
    """
    return product not in PRODUCTS or PRODUCTS[product].holographic_scale


def in_units_of_noise(settings, mean):
    r"""
    Return settings of the SAR method that fit the noise of a mean of maps.

    Parameters
    ----------
    settings : `~sunpy_farside.detection.settings.DetectionSettings`
        For the mean of holographic maps.
    mean : array, shape (rows, columns)
        Mean phase shift of the sequence in rad, NaN where there are no data.

    Returns
    -------
    `~sunpy_farside.detection.settings.DetectionSettings`
        For this mean, with thresholds, reliability and flux relation in its own radian.

    Raises
    ------
    SequenceError
        The phases are so far above zero that no negative phase shift is as far from their middle.

    Notes
    -----
    A phase :math:`\phi` of the map corresponds to the holographic phase

    .. math:: \phi_h = m_h + (\phi - m) \, \sigma_h / \sigma,

    which is as many standard deviations of the noise from the middle of its map. The middle
    :math:`m` is the median of the map, and :math:`\sigma` 1.4826 times the median distance from it;
    :math:`m_h` = -0.0198 rad and :math:`\sigma_h` = 0.0232 rad are those of quiet holographic maps.
    So the published cut of -0.085 rad is 2.81 standard deviations below the middle.

    The threshold of the seismic strength is multiplied by the ratio of the cuts, so that a region
    at the cut needs the same area. The features of the reliability and of the flux are converted
    likewise.

    Examples
    --------
    >>> import numpy as np
    >>> import astropy.units as u
    >>> from sunpy_farside.detection.methods import SAR
    >>> from sunpy_farside.detection.noise_scale import in_units_of_noise
    >>> from sunpy_farside.detection.settings import DetectionSettings
    >>> mean = np.random.default_rng(1).normal(0, 0.01, (144, 120))
    >>> settings = DetectionSettings(SAR, -0.085 * u.rad, significance_threshold=400)
    >>> own = in_units_of_noise(settings, mean)
    >>> own.segmentation_threshold.round(3), own.significance_threshold.round(-1)
    (<Quantity -0.028 rad>, <Quantity 130. urad>)
    """
    middle, level = noise_level(mean)
    ratio = level / HOLOGRAPHIC_NOISE
    published = settings.segmentation_threshold.to_value(u.rad)
    phase = round(float(middle + (published - HOLOGRAPHIC_MIDDLE) * ratio), _DIGITS)
    if not phase < 0:
        msg = (
            f"Expected phases around zero, found a median of {middle:.3f} rad and noise of "
            f"{level:.3f} rad. Subtract the median of the maps."
        )
        raise SequenceError(msg)
    reliability = settings.reliability
    if reliability is not None:
        reliability = _converted(reliability, phase, phase / published, middle, ratio)
    flux = settings.flux
    if flux is not None:
        strength = flux.strength * phase / published
        flux = replace(flux, strength=float(strength), settings={"phase": phase})
    threshold = settings.significance_threshold.value * (phase / published)
    return replace(
        settings,
        segmentation_threshold=phase * u.rad,
        significance_threshold=round(threshold, 3),
        reliability=reliability,
        flux=flux,
    )


def _converted(reliability, phase, strength_ratio, middle, ratio):
    """
    Return a reliability of a map's own phases and strengths, in place of the holographic ones.
    """
    coefficients = dict(reliability.coefficients)
    intercept = reliability.intercept
    # The features are -100 times the phase in rad, and the logarithm of the strength plus a small
    # constant, which is not converted.
    if "mean_phase" in coefficients:
        intercept += coefficients["mean_phase"] * 100 * (middle / ratio - HOLOGRAPHIC_MIDDLE)
        coefficients["mean_phase"] /= ratio
    if "seismic_strength" in coefficients:
        intercept -= coefficients["seismic_strength"] * np.log(strength_ratio)
    return replace(
        reliability,
        coefficients={name: float(value) for name, value in coefficients.items()},
        intercept=float(intercept),
        settings={"phase": phase},
    )
