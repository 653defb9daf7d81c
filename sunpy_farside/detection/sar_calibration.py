"""
Calibration of the SAR method, which comes with the package.
"""

import json
from functools import lru_cache
from importlib import resources

from sunpy_farside.detection.flux import FluxRelation
from sunpy_farside.detection.reliability import Reliability

__all__ = ["calibration_text", "read_calibration", "sar_flux", "sar_reliability"]

_FORMAT = 2


@lru_cache
def sar_reliability() -> Reliability:
    """
    Return the reliability of the SAR method, which comes with the package.

    Returns
    -------
    `~sunpy_farside.detection.reliability.Reliability`
        Made by ``sunpy-farside calibrate seismic_strength``.
    """
    return read_calibration(_shipped())[0]


@lru_cache
def sar_flux() -> FluxRelation | None:
    """
    Return the relation of the SAR method's regions and their flux, which comes with the package.

    Returns
    -------
    `~sunpy_farside.detection.flux.FluxRelation` or None
        Made by ``sunpy-farside calibrate seismic_strength``.
    """
    return read_calibration(_shipped())[1]


def calibration_text(reliability: Reliability, flux: FluxRelation | None) -> str:
    """
    Return the calibration of the SAR method as JSON.

    Parameters
    ----------
    reliability : `~sunpy_farside.detection.reliability.Reliability`
    flux : `~sunpy_farside.detection.flux.FluxRelation` or None

    Returns
    -------
    `str`
    """
    content = {
        "format": _FORMAT,
        "reliability": reliability.to_dict(),
        "flux": None if flux is None else flux.to_dict(),
    }
    return json.dumps(content, indent=2) + "\n"


def read_calibration(text: str) -> tuple[Reliability, FluxRelation | None]:
    """
    Read the calibration of the SAR method.

    Parameters
    ----------
    text : `str`
        Text from `calibration_text`, also of the first format, which has no flux.

    Returns
    -------
    reliability : `~sunpy_farside.detection.reliability.Reliability`
    flux : `~sunpy_farside.detection.flux.FluxRelation` or None

    Raises
    ------
    ValueError
        A later release wrote it.

    Examples
    --------
    >>> from sunpy_farside.detection.reliability import Reliability
    >>> from sunpy_farside.detection.sar_calibration import calibration_text, read_calibration
    >>> reliability = Reliability({"depth": 2.0}, -3.0, {"phase": -0.085})
    >>> read_calibration(calibration_text(reliability, None)) == (reliability, None)
    True
    """
    content = json.loads(text)
    number = content.get("format", 1)
    if number == 1:
        return Reliability.from_dict(content), None
    if number != _FORMAT:
        msg = (
            f"Expected a calibration in format {_FORMAT} or an earlier one, found format {number}. "
            "Update sunpy_farside."
        )
        raise ValueError(msg)
    flux = content["flux"]
    return (
        Reliability.from_dict(content["reliability"]),
        None if flux is None else FluxRelation.from_dict(flux),
    )


def _shipped():
    return (resources.files("sunpy_farside.data") / "seismic_strength.json").read_text()
