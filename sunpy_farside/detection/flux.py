"""
Magnetic flux of detected regions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

import astropy.units as u
from astropy.table import Table

from sunpy_farside.detection.calibrated import Calibrated, plain

__all__ = [
    "FLUX_COLUMNS",
    "FLUX_DECIMALS",
    "FLUX_FEATURES",
    "FLUX_UNIT",
    "FluxRelation",
    "bound_terms",
    "flux_features",
    "flux_text",
    "stored_flux",
]

# Flux in Mx of which estimates are a multiple inside the relation, and that of a region of medium
# size.
FLUX_UNIT = 1e22
FLUX_COLUMNS = ("flux", "flux_lower", "flux_upper")
# Significant decimals of a flux in Mx.
FLUX_DECIMALS = -19
_SMALLEST = 1e-3
# Depth times area, in units of the noise and square degrees, below which differences are of no
# importance: about that of the smallest region that counts.
_WEAK_SIGNAL = 50.0
# Largest logarithm of a flux, in units of 1e22 Mx, whose square changes the bounds.
_CURVED = 2.0


def _signal(columns):
    volume = np.maximum(columns["depth"], 0) * columns["area"]
    return np.log1p(volume / _WEAK_SIGNAL)


# Features that a flux may depend on, from columns of a table and the relation's ``strength``. On
# the scale of the logarithm of the flux.
FLUX_FEATURES = {
    "integrated_probability": lambda columns, _strength: np.log(
        np.maximum(columns["integrated_probability"], _SMALLEST)
    ),
    "signal": lambda columns, _strength: _signal(columns),
    "seismic_strength": lambda columns, strength: np.log1p(columns["seismic_strength"] / strength),
    # The phase shift decreases toward the limb.
    "distance": lambda columns, _strength: (columns["distance"] / 90) ** 2,
}
_COLUMNS = ("integrated_probability", "depth", "area", "seismic_strength", "distance")


@dataclass(frozen=True)
class FluxRelation(Calibrated):
    r"""
    Relation between the measured features of a region and its unsigned magnetic flux.

    Attributes
    ----------
    coefficients : `dict`
        By feature: a subset of ``FLUX_FEATURES``.
    intercept : `float`
    settings : `dict`
        How regions were cut out of the image that it is calibrated for. Regions that are cut
        differently have no flux.
    lower, upper : `dict`
        ``intercept``, ``slope``, ``curvature`` (0 by default) and ``distance`` of the bounds of
        the interval.
    strength : `float`
        Seismic strength in the unit of the maps below which differences are of no importance.
    notes : `dict`
        Data of the fit.

    Notes
    -----
    The estimate :math:`\Phi` is the mean flux of regions with the same features :math:`x_j`,

    .. math:: \ln(\Phi / 10^{22}\,\mathrm{Mx}) = a + \sum_j b_j x_j,

    and the bounds are the 16th and 84th percentiles of the flux of regions with the same estimate
    and distance :math:`d` from the far-side disk center,

    .. math::

        \ln(\Phi_\pm / 10^{22}\,\mathrm{Mx}) = a_\pm + b_\pm \lambda + c_\pm \lambda^2
        + d_\pm (d / 90^\circ)^4, \quad \lambda = \ln(\Phi / 10^{22}\,\mathrm{Mx}),

    where :math:`|\lambda| \le 2` in the square. The last term widens the interval for regions that
    the edge of a window may cut.

    The estimate has no meaning where there is no active region: `Reliability
    <sunpy_farside.detection.reliability.Reliability>` is the probability that there is one.

    Examples
    --------
    >>> from sunpy_farside.detection.flux import FluxRelation
    >>> relation = FluxRelation(
    ...     {"seismic_strength": 1.0},
    ...     -1.0,
    ...     {"phase": -0.085},
    ...     lower={"intercept": -0.5, "slope": 1.0, "distance": -1.0},
    ...     upper={"intercept": 0.5, "slope": 1.0, "distance": 1.0},
    ... )
    >>> table = {"seismic_strength": [600.0, 3000.0], "distance": [0.0, 0.0]}
    >>> for flux in relation(table):
    ...     print(flux)
    [7.35758882e+21 2.20727665e+22]
    [4.46260320e+21 1.33878096e+22]
    [1.21306132e+22 3.63918396e+22]
    """

    kind: ClassVar[str] = "flux relation"
    features: ClassVar[dict] = FLUX_FEATURES

    lower: dict
    upper: dict
    # With it, the estimates of weak regions are unbiased on simulations: all regions that count
    # have the flux of the smallest one or more.
    strength: float = 600.0
    notes: dict = field(default_factory=dict, compare=False)

    def __call__(self, table: Mapping[str, ArrayLike]) -> tuple[np.ndarray, ...]:
        """
        Return the estimated flux of every region of a table.

        Parameters
        ----------
        table : mapping of `str` to array
            Columns of ``sunpy_farside.detection.measurement.COLUMNS``, and ``distance`` from the
            far-side disk center in degrees.

        Returns
        -------
        estimate, lower, upper : array
            Unsigned flux in Mx, and the bounds of its 68 % interval; NaN where a feature is NaN.
        """
        logarithm = self.intercept
        values = flux_features(table, self.coefficients, self.strength)
        for coefficient, value in zip(self.coefficients.values(), values, strict=True):
            logarithm = logarithm + coefficient * value
        terms = bound_terms(logarithm, table)
        lower, upper = (
            sum(bound.get(name, 0) * term for name, term in terms.items())
            for bound in (self.lower, self.upper)
        )
        # Beyond the range of the fit, where the bounds may cross.
        lower, upper = np.minimum(lower, logarithm), np.maximum(upper, logarithm)
        return tuple(FLUX_UNIT * np.exp(item) for item in (logarithm, lower, upper))


def flux_features(
    table: Mapping[str, ArrayLike], names: Iterable[str], strength: float = FluxRelation.strength
) -> list[np.ndarray]:
    """
    Return features that a flux depends on.

    Parameters
    ----------
    table : mapping of `str` to array
        As for `FluxRelation`.
    names : iterable of `str`
        Names in ``FLUX_FEATURES``.
    strength : `float`, optional
        As for `FluxRelation`.

    Returns
    -------
    `list` of array
    """
    columns = {name: plain(table[name]) for name in _COLUMNS if name in table}
    return [FLUX_FEATURES[name](columns, strength) for name in names]


def bound_terms(logarithm: ArrayLike, table: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """
    Return the terms of which the bounds of a flux's interval are sums.

    Parameters
    ----------
    logarithm : array
        Natural logarithm of the estimated flux in 1e22 Mx.
    table : mapping of `str` to array
        As for `FluxRelation`.

    Returns
    -------
    `dict` of `str` to array
        By the name of their factor in the ``lower`` and ``upper`` of a `FluxRelation`.
    """
    logarithm = np.asarray(logarithm, dtype=float)
    return {
        "intercept": np.ones_like(logarithm),
        "slope": logarithm,
        # Simulated regions are within these limits. Beyond them, a square would dominate.
        "curvature": np.clip(logarithm, -_CURVED, _CURVED) ** 2,
        "distance": (plain(table["distance"]) / 90) ** 4,
    }


def stored_flux(table: Table, name: str = "flux") -> np.ndarray:
    """
    Return the flux in a table of regions.

    Parameters
    ----------
    table : `~astropy.table.Table`
        Regions, also from an earlier release.
    name : `str`, optional
        Name in ``FLUX_COLUMNS``.

    Returns
    -------
    array
        In Mx; NaN if the table has no such column.
    """
    if name not in table.colnames:
        return np.full(len(table), np.nan)
    return table[name].to_value(u.Mx)


def flux_text(estimate: float, lower: float, upper: float) -> str:
    """
    Return a flux with its interval for readers.

    Parameters
    ----------
    estimate, lower, upper : `float`
        In Mx.

    Returns
    -------
    `str`
        In 1e21 Mx, empty for NaN.

    Examples
    --------
    >>> from sunpy_farside.detection.flux import flux_text
    >>> flux_text(5.26e21, 2.79e21, 7.58e21), flux_text(2.62e22, 1.2e22, 3.9e22)
    ('5.3 (2.8-7.6)', '26 (12-39)')
    """
    if not np.isfinite(estimate):
        return ""
    # Two digits are more than the interval allows for.
    decimals = 1 if estimate < 9.95e21 else 0
    shown = (f"{value / 1e21:.{decimals}f}" for value in (estimate, lower, upper))
    return "{} ({}-{})".format(*shown)
