"""
Linear predictors fitted by a calibration.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

import astropy.units as u

__all__ = ["Calibrated", "plain"]


@dataclass(frozen=True)
class Calibrated:
    """
    Linear function of features, fitted for regions that are cut out of an image in one way.

    Attributes
    ----------
    coefficients : `dict`
        By feature.
    intercept : `float`
    settings : `dict`
        How regions were cut out of the image, such as the segmentation threshold.
    """

    kind: ClassVar[str] = "calibration"
    version: ClassVar[int] = 1
    features: ClassVar[Collection[str]] = ()

    coefficients: dict
    intercept: float
    settings: dict

    def fits(self, **settings: Any) -> bool:
        """
        Return whether regions cut with these settings are those that it is calibrated for.
        """
        return self.settings == settings

    def to_dict(self) -> dict[str, Any]:
        """
        Return plain numbers and text, ready for JSON.
        """
        return {"version": self.version, **asdict(self)}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """
        Return the calibration that `to_dict` has written.

        Raises
        ------
        ValueError
            It has another version, unknown features, or something is missing.
        """
        content = dict(content)
        version = content.pop("version", None)
        unknown = set(content.get("coefficients", {})) - set(cls.features)
        if version != cls.version or unknown:
            msg = (
                f"Expected a {cls.kind} of version {cls.version} with features out of "
                f"{', '.join(cls.features)}, found version {version} with "
                f"{', '.join(sorted(unknown)) or 'these'}. Run sunpy-farside calibrate again."
            )
            raise ValueError(msg)
        try:
            return cls(**content)
        except TypeError as error:
            msg = (
                f"Expected a {cls.kind}'s {', '.join(cls.__dataclass_fields__)}, found others "
                f"({error}). Run sunpy-farside calibrate again."
            )
            raise ValueError(msg) from error


def plain(column: ArrayLike | u.Quantity) -> np.ndarray:
    """
    Return a column's numbers, in its own unit.

    Parameters
    ----------
    column : array or `~astropy.units.Quantity`

    Returns
    -------
    array of `float`
    """
    return np.asarray(getattr(column, "value", column), dtype=float)
