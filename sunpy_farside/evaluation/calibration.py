"""
Calibration of the reliability and the flux of a method's regions, and of the cut for significance.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

import astropy.units as u

from sunpy.util.exceptions import warn_user

from sunpy_farside.detection.reliability import FEATURES, NEVER, Reliability
from sunpy_farside.detection.seismic_strength import METHOD, PHASE
from sunpy_farside.evaluation.cases import real_detections
from sunpy_farside.evaluation.flux_calibration import calibrate_flux
from sunpy_farside.evaluation.reference_regions import FLUX
from sunpy_farside.evaluation.scores import DISTANCE, score_detections
from sunpy_farside.evaluation.simulated import simulated_cases
from sunpy_farside.evaluation.stored import stored_cases
from sunpy_farside.network import load_model

__all__ = ["RATE", "calibrate_network", "calibrate_sar", "fit_reliability"]

# Share of the significant regions that may be false, and of the sequences of noise alone that may
# have a significant region.
RATE = 0.05
# Five sequences with active regions to one of noise alone in the fit. The cut needs more of the
# latter: the strongest regions of 200 determine their share only within 1.5 %.
_NOISE = 5
# All independent of the scale of the phases and of their mean, as the network is.
_FEATURES = ("integrated_probability", "peak_probability", "depth")
# The SAR method has no probability. It cuts its regions by their phase, so that their mean phase
# is that of a few pixels at least as deep.
_SAR_FEATURES = ("mean_phase", "seismic_strength", "depth")
# Features of the flux, chosen likewise. Depth and area of a network's region contain most of the
# information, and its integrated probability how far its outline exceeds its field.
_FLUX_FEATURES = ("integrated_probability", "signal", "distance")
_SAR_FLUX_FEATURES = ("seismic_strength", "distance")
# Detections of either kind without which nothing can be fitted.
_FEWEST = 10
# Keeps the coefficients finite where the features part real from false without an error.
_RIDGE = 1e-4
_NETWORK = "network"


def calibrate_network(name, number=1000, *, data=None, sun=None, workers=1, progress=True):
    """
    Calibrate the reliability and the flux of a network's regions on validation sequences.

    Parameters
    ----------
    name : `str` or path-like
        Argument of `~sunpy_farside.network.weights.load_model`.
    number : `int`, optional
        Number of simulated sequences with active regions, and of sequences of noise without
        active regions. One fifth of the latter take part in the fit, all of them in the cut.
    data : path-like, optional
        ``dataset.h5`` of `~sunpy_farside.datasets.build.build_dataset`. Its validation split
        replaces the simulated sequences with active regions.
    sun : `dict`, optional
        Model of the Sun: arguments of `~sunpy_farside.simulation.suns.load_sun`.
    workers : `int`, optional
        Number of processes.
    progress : `bool`, optional
        If True, show a progress bar.

    Returns
    -------
    `~sunpy_farside.network.model.FarsideModel`
        Model with a ``reliability`` and a ``flux``. Its ``threshold`` is the integrated
        probability with the same false-discovery rate as the threshold of the reliability. The
        published weights, and checkpoints of the same layout, keep their threshold of the
        integrated probability.

    Notes
    -----
    The masks of a dataset have no flux. Regions that are calibrated with one have none.

    The threshold of the reliability is the smallest value at which at most 5 % of the detections
    are false, by the rules of `sunpy_farside.evaluation.scores`, and at most 5 % of the sequences
    of noise have a detection. If no value meets both conditions, no region is significant, and a
    warning is emitted.
    """
    model = load_model(name, device="cpu")
    options = {"sun": sun, "workers": workers, "progress": progress}
    models = {_NETWORK: name}
    if data is None:
        cases = simulated_cases(models, number, kind="validation", **options)
    else:
        cases = stored_cases(models, data, "validation", progress=progress)
    noise = simulated_cases(models, number, kind="validation_noise", **options)
    cases += noise[: _share(number)]
    settings = {"level": model.level, "deblend": model.deblend}
    reliability = _fit(cases, _NETWORK, _FEATURES, settings)
    if not _published(name):
        threshold = _cut(cases, noise, lambda item: item["integrated_probability"], 1)
        if np.isinf(threshold):
            warn_user(
                f"Expected at most {RATE:.0%} false detections from some threshold on, found more "
                "at any. No region of this network will be significant: train it longer, or "
                "name a threshold when you detect."
            )
        model = replace(model, threshold=threshold)
        if reliability is not None:
            cut = min(_cut(cases, noise, reliability, 3), NEVER)
            notes = reliability.notes | {"false_discovery_rate": RATE}
            reliability = replace(reliability, cut=cut, notes=notes)
    flux = calibrate_flux(cases, _NETWORK, _FLUX_FEATURES, settings) if data is None else None
    return replace(
        model,
        reliability=None if reliability is None else reliability.to_dict(),
        flux=None if flux is None else flux.to_dict(),
    )


def calibrate_sar(number=1000, *, sun=None, workers=1, progress=True):
    """
    Calibrate the reliability and the flux of the SAR method's regions on validation sequences.

    Parameters
    ----------
    number : `int`, optional
        Number of simulated sequences with active regions. In addition, one fifth as many
        sequences of noise without active regions are simulated.
    sun, workers, progress
        As for `calibrate_network`.

    Returns
    -------
    reliability : `~sunpy_farside.detection.reliability.Reliability` or None
        Without a cut: regions are significant by their seismic strength, as published.
    flux : `~sunpy_farside.detection.flux.FluxRelation` or None
    """
    options = {"sun": sun, "workers": workers, "progress": progress}
    cases = simulated_cases({}, number, kind="validation", **options)
    cases += simulated_cases({}, _share(number), kind="validation_noise", **options)
    settings = {"phase": float(PHASE.to_value(u.rad))}
    return (
        _fit(cases, METHOD, _SAR_FEATURES, settings),
        calibrate_flux(cases, METHOD, _SAR_FLUX_FEATURES, settings),
    )


def fit_reliability(measured, real, features):
    """
    Fit a logistic function whose coefficients are not negative.

    Parameters
    ----------
    measured : mapping of `str` to array, shape (n,)
        Features of the detections by name.
    real : array of `bool`, shape (n,)
        True for detections that cover a reference region.
    features : iterable of `str`
        Names of the fitted features, a subset of
        ``sunpy_farside.detection.reliability.FEATURES``.

    Returns
    -------
    coefficients : `dict`
        Coefficients by name of the feature.
    intercept : `float`

    Notes
    -----
    The fit maximizes the likelihood, which is the same as minimizing the cross-entropy.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.evaluation.calibration import fit_reliability
    >>> rng = np.random.default_rng(0)
    >>> depth = rng.normal(1, 1, 20000)
    >>> real = rng.uniform(size=20000) < 1 / (1 + np.exp(3 - 2 * depth))
    >>> coefficients, intercept = fit_reliability({"depth": depth}, real, ["depth"])
    >>> round(coefficients["depth"], 1), round(intercept, 1)
    (2.0, -3.0)
    """
    features = list(features)
    values = np.stack([FEATURES[name](np.asarray(measured[name])) for name in features], axis=1)
    middle, scale = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-9)
    values = (values - middle) / scale
    real = np.asarray(real, dtype=float)

    def loss(parameters):
        odds = parameters[0] + values @ parameters[1:]
        excess = 1 / (1 + np.exp(-odds)) - real
        slopes = _RIDGE * parameters[1:]
        value = np.mean(np.logaddexp(0, odds) - real * odds) + slopes @ parameters[1:] / 2
        gradient = values.T @ excess / len(real) + slopes
        return value, np.append(excess.mean(), gradient)

    start = np.zeros(len(features) + 1)
    bounds = [(None, None)] + [(0, None)] * len(features)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    slopes = found[1:] / scale
    coefficients = {name: float(slope) for name, slope in zip(features, slopes, strict=True)}
    return coefficients, float(found[0] - slopes @ middle)


def _share(number):
    return max(number // _NOISE, 1)


def _published(name):
    return name == "felipe2019" or Path(name).suffix in (".pth", ".pt")


def _fit(cases, method, features, settings):
    """
    Fit the reliability of a method to all the cases; None, with a warning, for too few detections.
    """
    found = [case.found[method] for case in cases]
    real = np.concatenate([real_detections(case, method) for case in cases])
    if min(real.sum(), (~real).sum()) < _FEWEST:
        warn_user(
            f"Expected {_FEWEST} detections or more of either kind to calibrate with, found "
            f"{real.sum()} of real regions and {(~real).sum()} others. The regions will have no "
            "reliability: take more sequences, or train the network longer."
        )
        return None
    measured = {name: np.concatenate([item.measured[name] for item in found]) for name in features}
    coefficients, intercept = fit_reliability(measured, real, features)
    notes = {
        "sequences": len(cases),
        "without_regions": sum(not (case.known["complex"] >= 0).any() for case in cases),
        "detections": len(real),
        "flux": FLUX,
        "distance": DISTANCE,
    }
    return Reliability(coefficients, intercept, settings, notes=notes)


def _cut(cases, noise, strength, decimals):
    """
    Return the smallest strength that meets both conditions of `calibrate_network`.
    """
    strengths = [np.asarray(strength(case.found[_NETWORK].measured)) for case in cases]
    covers = [case.found[_NETWORK].covers for case in cases]
    known = [case.known for case in cases]
    cut = score_detections(_NETWORK, 0.0, strengths, covers, known).best(RATE)
    loudest = sorted(
        np.max(strength(case.found[_NETWORK].measured), initial=-np.inf) for case in noise
    )
    # So many sequences of noise may have a detection: the next one may not.
    allowed = int(RATE * len(loudest))
    if len(loudest) > allowed:
        cut = max(cut, np.nextafter(loudest[-1 - allowed], np.inf))
    # Rounded up, so that it stays above the detections that it excludes.
    return float(np.ceil(cut * 10**decimals) / 10**decimals)
