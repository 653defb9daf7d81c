"""
Settings of a detection.
"""

import json
from dataclasses import dataclass, replace

import numpy as np

import astropy.units as u

from sunpy_farside.detection.flux import FluxRelation
from sunpy_farside.detection.methods import METHODS, NETWORK, Method
from sunpy_farside.detection.reliability import Reliability
from sunpy_farside.utils.inputs import quantity_of

__all__ = ["DetectionSettings"]


@dataclass(frozen=True)
class DetectionSettings:
    """
    Settings of the segmentation of a detection image, and of the significance of regions.

    Attributes
    ----------
    method : `~sunpy_farside.detection.methods.Method`
    segmentation_threshold : `~astropy.units.Quantity`
        Smoothed probability above which, or phase below which, pixels belong to a segment.
    n_pixels : `int`
        Smallest number of connected pixels of a segment, corners included.
    deblend : `bool`
        Whether segments that touch are deblended at the saddle between their peaks.
    significance_threshold : `~astropy.units.Quantity`
        Strength from which a region is significant.
    reliability : `~sunpy_farside.detection.reliability.Reliability` or None
        Reliability as a function of the features of a region. If it has a cut, that decides
        which regions are significant; otherwise the strength does.
    flux : `~sunpy_farside.detection.flux.FluxRelation` or None
        Relation between the features of a region and its magnetic flux.

    Examples
    --------
    >>> from sunpy_farside.detection.settings import DetectionSettings
    >>> DetectionSettings().significance_threshold
    <Quantity 100. deg2>
    """

    # As published [Felipe & Asensio Ramos 2019, section 4.1].
    method: Method = NETWORK
    segmentation_threshold: u.Quantity = 0.01 * u.dimensionless_unscaled
    n_pixels: int = 5
    deblend: bool = False
    significance_threshold: u.Quantity = NETWORK.threshold
    reliability: Reliability | None = None
    flux: FluxRelation | None = None

    def __post_init__(self):
        threshold = quantity_of(
            self.significance_threshold, self.method.unit, "a significance threshold"
        )
        # No region reaches an infinite threshold.
        if not threshold >= 0:
            msg = f"Expected a significance threshold of zero or more, found {threshold}."
            raise ValueError(msg)
        object.__setattr__(self, "significance_threshold", threshold)
        object.__setattr__(self, "segmentation_threshold", u.Quantity(self.segmentation_threshold))

    @property
    def reliability_cut(self):
        """
        Reliability from which a region is significant; None where the strength decides.
        """
        return None if self.reliability is None else self.reliability.cut

    @property
    def significance(self):
        """
        Criterion of a significant region, in words.
        """
        if self.reliability_cut is not None:
            return f"reliability of {self.reliability_cut:.3g} or more"
        strength = self.method.strength.replace("_", " ")
        return (
            f"{strength} of {self.significance_threshold.value:g} {self.method.unit_symbol} or more"
        )

    def to_header(self):
        """
        Return the cards that record the settings in a map's header.

        Returns
        -------
        `dict`
            Without a significance threshold where that is infinite, which FITS cannot hold.
        """
        threshold = self.significance_threshold.value
        cards = {
            "fsmethod": self.method.name,
            "fssegthr": float(self.segmentation_threshold.value),
            "fsnpix": int(self.n_pixels),
            "fsdeblen": bool(self.deblend),
        }
        if np.isfinite(threshold):
            cards["fssigthr"] = float(threshold)
        if self.reliability is not None:
            cards["fsreliab"] = json.dumps(self.reliability.to_dict() | {"notes": {}})
        if self.flux is not None:
            cards["fsflux"] = json.dumps(self.flux.to_dict() | {"notes": {}})
        return cards

    @classmethod
    def from_header(cls, header):
        """
        Read the settings that a detection image records.

        Parameters
        ----------
        header : `dict` or `~sunpy.util.MetaDict`

        Returns
        -------
        `DetectionSettings` or None
            None of a map that records none.
        """
        method = METHODS.get(str(header.get("fsmethod", "")))
        if method is None:
            return None
        reliability, flux = header.get("fsreliab"), header.get("fsflux")
        return cls(
            method,
            float(header["fssegthr"]) * method.image_unit,
            int(header["fsnpix"]),
            bool(header["fsdeblen"]),
            float(header.get("fssigthr", np.inf)) * method.unit,
            Reliability.from_dict(json.loads(reliability)) if reliability else None,
            FluxRelation.from_dict(json.loads(flux)) if flux else None,
        )

    def replace(self, **changes):
        """
        Return a copy of the settings with some of them changed.

        Parameters
        ----------
        **changes
            Attributes; those that are None stay as they are.

        Returns
        -------
        `DetectionSettings`
        """
        return replace(self, **{name: x for name, x in changes.items() if x is not None})
