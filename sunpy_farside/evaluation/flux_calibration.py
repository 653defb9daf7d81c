"""
Calibration of the relation between the features of a method's regions and their magnetic flux.
"""

import numpy as np
from scipy.optimize import linprog, minimize

from sunpy.util.exceptions import warn_user

from sunpy_farside.detection.flux import FLUX_UNIT, FluxRelation, bound_terms, flux_features
from sunpy_farside.evaluation.cases import reference_flux
from sunpy_farside.evaluation.reference_regions import FLUX
from sunpy_farside.evaluation.scores import DISTANCE

__all__ = ["FLUX_QUANTILES", "calibrate_flux", "fit_flux"]

# Bounds of the interval: those of one standard deviation of a normal distribution.
FLUX_QUANTILES = {"lower": 0.16, "upper": 0.84}
# Detections without which nothing can be fitted.
_FEWEST = 10
# Keeps the coefficients finite where features are equal in all detections.
_RIDGE = 1e-4


def calibrate_flux(cases, method, features, settings):
    """
    Calibrate the flux of a method's regions on simulated sequences.

    Parameters
    ----------
    cases : `list` of `~sunpy_farside.evaluation.cases.Case`
        Detections, and reference regions with a ``flux``.
    method : `str`
        Name of the method.
    features : iterable of `str`
        Names in ``sunpy_farside.detection.flux.FLUX_FEATURES``.
    settings : `dict`
        As in `~sunpy_farside.detection.flux.FluxRelation`.

    Returns
    -------
    `~sunpy_farside.detection.flux.FluxRelation` or None
        Fitted to the detections with a flux
        (`~sunpy_farside.evaluation.cases.reference_flux`). None, with a warning, for too few of
        them.
    """
    found = [case.found[method].measured for case in cases]
    flux = np.concatenate([reference_flux(case, method) for case in cases])
    real = flux > 0
    if real.sum() < _FEWEST:
        warn_user(
            f"Expected {_FEWEST} detections of real regions or more to calibrate the flux with, "
            f"found {real.sum()}. The regions will have no flux: take more sequences."
        )
        return None
    names = found[0].colnames
    measured = {name: np.concatenate([item[name] for item in found])[real] for name in names}
    notes = {
        "sequences": len(cases),
        "detections": int(real.sum()),
        "flux": FLUX,
        "distance": DISTANCE,
    }
    return FluxRelation(
        **fit_flux(measured, flux[real], features), settings=dict(settings), notes=notes
    )


def fit_flux(measured, flux, features):
    r"""
    Fit the mean of the flux as a function of features, and the bounds of its interval.

    Parameters
    ----------
    measured : mapping of `str` to array, shape (n,)
        Columns of `~sunpy_farside.detection.flux.FluxRelation`.
    flux : array, shape (n,)
        Reference flux in Mx, positive.
    features : iterable of `str`
        Names in ``sunpy_farside.detection.flux.FLUX_FEATURES``.

    Returns
    -------
    `dict`
        ``coefficients``, ``intercept``, ``lower`` and ``upper`` of a
        `~sunpy_farside.detection.flux.FluxRelation`.

    Notes
    -----
    The mean :math:`\mu` is a generalized linear model with a logarithmic link. The fit minimizes
    :math:`\sum (\mu - y \ln \mu)` over the fluxes :math:`y`, the deviance of a Poisson
    distribution, for which the sums of estimates and of fluxes are equal. A least-squares fit of
    the logarithm would estimate the median, which is lower. The bounds are quantile regressions of
    the logarithm of the flux on that of the estimate, its square, and the term of the distance.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.evaluation.flux_calibration import fit_flux
    >>> rng = np.random.default_rng(0)
    >>> measured = {"seismic_strength": rng.uniform(50, 4000, 2000), "distance": np.zeros(2000)}
    >>> mean = 4e21 * (1 + measured["seismic_strength"] / 600)
    >>> flux = mean * rng.gamma(4, 1 / 4, 2000)
    >>> fitted = fit_flux(measured, flux, ["seismic_strength"])
    >>> round(fitted["coefficients"]["seismic_strength"], 1), round(fitted["intercept"], 1)
    (1.0, -0.9)
    """
    features = list(features)
    values = np.stack(flux_features(measured, features), axis=1)
    scaled = np.asarray(flux, dtype=float) / FLUX_UNIT
    middle, scale = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-9)
    slopes, intercept = _mean((values - middle) / scale, scaled)
    slopes = slopes / scale
    intercept = intercept - slopes @ middle
    logarithm = intercept + values @ slopes
    terms = bound_terms(logarithm, measured)
    values = np.stack(list(terms.values()), axis=1)
    bounds = {
        name: dict(zip(terms, _quantile(values, np.log(scaled), quantile), strict=True))
        for name, quantile in FLUX_QUANTILES.items()
    }
    return {
        "coefficients": dict(zip(features, slopes.tolist(), strict=True)),
        "intercept": float(intercept),
        **bounds,
    }


def _mean(values, flux):
    """
    Return the slopes and the intercept of the logarithm of the mean flux.
    """
    average = flux.mean()
    flux = flux / average

    def loss(parameters):
        logarithm = parameters[0] + values @ parameters[1:]
        mean = np.exp(logarithm)
        slopes = _RIDGE * parameters[1:]
        value = np.mean(mean - flux * logarithm) + slopes @ parameters[1:] / 2
        excess = mean - flux
        return value, np.append(excess.mean(), values.T @ excess / len(flux) + slopes)

    start = np.zeros(values.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-12}).x
    return found[1:], found[0] + np.log(average)


def _quantile(terms, target, quantile):
    """
    Return the factors of terms in a linear quantile of a target, found by a linear program.
    """
    # The dual program (Koenker 2005, Quantile Regression, section 6.2) has a variable for every
    # detection instead of two, and the factors are those of its constraints.
    found = linprog(-target, A_eq=terms.T, b_eq=(1 - quantile) * terms.sum(axis=0), bounds=(0, 1))
    return (-found.eqlin.marginals).tolist()
