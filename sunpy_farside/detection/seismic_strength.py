"""
Detection of strong active regions by their seismic strength, the SAR method.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

import astropy.units as u

from sunpy.map import GenericMap

from sunpy_farside.coordinates.window import FIRST_LATITUDE, window_longitudes, window_wcs
from sunpy_farside.detection.caveats import warn_of_product
from sunpy_farside.detection.measurement import measure_regions
from sunpy_farside.detection.methods import SAR
from sunpy_farside.detection.noise_scale import in_units_of_noise, on_holographic_scale
from sunpy_farside.detection.phase_statistics import mean_phase
from sunpy_farside.detection.result import FarsideDetection
from sunpy_farside.detection.sar_calibration import sar_flux, sar_reliability
from sunpy_farside.detection.segmentation import segment_image
from sunpy_farside.detection.settings import DetectionSettings
from sunpy_farside.detection.significance import rank_regions
from sunpy_farside.errors import SequenceError
from sunpy_farside.maps import FarsidePhaseMap, phase_map_header
from sunpy_farside.maps.windows import cut_map
from sunpy_farside.products import product_of
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.inputs import check_type, listed

__all__ = ["METHOD", "PHASE", "detect_seismic_strength"]

# The name that detections carry as their model.
METHOD = "seismic_strength"
# Phase shift below which pixels belong to a region, 4 seconds of travel time [HMI Science Nugget
# 160].
PHASE = -0.085 * u.rad
_FIVE_DAYS = "phase_map_5day"
_N_PIXELS = 5
_EXPECTED = "a FarsideSequence, a 5-day phase map or several"
_REMEDY = (
    "Make a sequence of maps with FarsideSequence(maps), or of files with "
    "FarsideSequence.from_files(paths)."
)


@u.quantity_input
def detect_seismic_strength(
    maps: FarsideSequence | GenericMap | Iterable,
    *,
    phase: u.rad = PHASE,
    threshold: float | u.Quantity = 400,
    width: int = 120,
) -> FarsideDetection | list[FarsideDetection]:
    """
    Detect strong active regions on the far side with the SAR method.

    Parameters
    ----------
    maps : `~sunpy_farside.sequence.FarsideSequence`, `~sunpy.map.GenericMap` or an iterable of them
        Eleven maps, which are averaged in the Carrington frame, or a 5-day cumulative map.
    phase : `~astropy.units.Quantity`, optional
        Phase shift below which pixels belong to a region: -0.085 rad, 4 seconds of travel time.
    threshold : `float` or `~astropy.units.Quantity`, optional
        Seismic strength in micro-hemisphere rad from which a region is significant. Both are on
        the scale of HMI's holographic maps; for time-distance maps, they are converted in units of
        the noise (`~sunpy_farside.detection.noise_scale.in_units_of_noise`).
    width : `int`, optional
        Columns of the window of a 5-day map, even, from 16 to 180. A sequence has its own.

    Returns
    -------
    `~sunpy_farside.detection.result.FarsideDetection` or a `list` of them
        One for one sequence or map, a list for many. Its ``image`` is the mean phase in rad,
        ``integrated_probability`` and ``peak_probability`` in its table are NaN, and the most
        reliable region comes first; of a 5-day map, or with another ``phase``, the strongest by
        ``seismic_strength``, for these have no reliability and no flux.

    Raises
    ------
    SequenceError
        A map holds 24 hours of data instead of five days, is not in rad, or has no data in its
        window.
    ValueError
        ``phase`` is not negative.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        As for `~sunpy_farside.detection.neural.detect_farside`.

    Notes
    -----
    The strong-active-region discriminator of JSOC: pixels below ``phase`` that touch, corners
    included, make a region; its strength :math:`S` is the negative phase integrated over its area
    in millionths of a hemisphere, reliable from 400 on [HMI Science Nugget 160]. Nothing
    is smoothed and no mean is subtracted; regions of fewer than five pixels, whose strength is
    negligible, are left out. The mean of a sequence is taken over the maps that have data, so
    that the noise is larger where maps are missing.

    References
    ----------
    `HMI Science Nugget 160 <http://hmi.stanford.edu/hminuggets/?p=3599>`__

    Examples
    --------
    >>> import sunpy_farside
    >>> simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=4)
    >>> detection = sunpy_farside.detect_seismic_strength(simulated.sequence)
    >>> detection.image.unit, detection.method
    (Unit("rad"), <Method: sar>)
    """
    if not phase < 0 * u.rad:
        msg = f"Expected a negative phase, found {phase}: active regions are negative."
        raise ValueError(msg)
    phase = phase.to(u.rad)
    settings = DetectionSettings(SAR, phase, _N_PIXELS, False, threshold)
    reliability, flux = sar_reliability(), sar_flux()
    if reliability.fits(phase=phase.value):
        settings = replace(settings, reliability=reliability)
    if flux is not None and flux.fits(phase=phase.value):
        settings = replace(settings, flux=flux)
    if isinstance(maps, FarsideSequence | GenericMap):
        _warn([maps])
        return _detect(maps, settings, width)
    maps = listed(maps, _EXPECTED, _REMEDY)
    _warn(maps)
    return [_detect(item, settings, width) for item in maps]


def _warn(maps):
    for product in sorted({item.product for item in maps if isinstance(item, FarsideSequence)}):
        # Between the user's call and this one is the wrapper that checks units.
        warn_of_product(product, stacklevel=4)


def _detect(source, settings, width):
    if isinstance(source, FarsideSequence):
        phases, product, width = source.comoving_data, "mean_phase", source.width
        provenance = source.provenance
    elif isinstance(source, GenericMap):
        _check_product(source)
        phases, product = cut_map(source, width)[np.newaxis], _FIVE_DAYS
        only = source.date.isot
        provenance = {"first_map": only, "last_map": only, "missing_maps": [], "product": product}
    else:
        check_type(source, (), _EXPECTED, _REMEDY)
    date = source.date
    mean = mean_phase(phases)
    if isinstance(source, FarsideSequence) and not on_holographic_scale(source.product):
        settings = in_units_of_noise(settings, mean)
    segments = segment_image(mean, settings)
    if product == _FIVE_DAYS:
        # The reliability and the flux are calibrated for means of eleven maps.
        settings = replace(settings, reliability=None, flux=None)
    regions = measure_regions(segments, window_wcs(date, width), date, phases=phases)
    regions, segments = rank_regions(
        regions,
        segments,
        settings,
        model=METHOD,
        **provenance,
    )
    header = phase_map_header(
        date,
        product,
        shape=mean.shape,
        first_longitude=int(window_longitudes(date, width)[0].value),
        first_latitude=FIRST_LATITUDE,
    )
    header |= settings.to_header() | {"fsmodel": METHOD}
    return FarsideDetection(
        FarsidePhaseMap(mean, header), segments, regions, source, settings, METHOD
    )


def _check_product(item):
    product = product_of(item.meta)
    if product != _FIVE_DAYS:
        msg = (
            f"Expected a 5-day cumulative map, found {product} of {item.date.isot[:16]}. The "
            "noise of a single map is too high for the SAR method: make a FarsideSequence of "
            "eleven such maps."
        )
        raise SequenceError(msg)
