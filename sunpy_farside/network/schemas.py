"""
Schemas of a network's settings, in files of weights and in recipes.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Json, model_validator

__all__ = [
    "FORMAT_VERSION",
    "FORMER_ALIGNMENTS",
    "Columns",
    "NetworkSettings",
    "NormalizationSettings",
    "RegionSettings",
    "Settings",
    "TargetSettings",
    "WeightsMetadata",
    "explain",
]

# Valid numbers of columns of a window.
Columns = Annotated[int, Field(ge=16, le=180, multiple_of=2, strict=True)]
Alignment = Literal["per_map", "common"]
# Version of the format of weights. Files of the first one have no number, and other keys.
FORMAT_VERSION = 2
FORMER_ALIGNMENTS = {"own": "per_map", "middle": "common"}
_FORMER_KEYS = {"frames": "alignment", "licence": "license", "normalisation": "normalization"}
# Some files of the second format have one of them.
_FORMER_KEYS_OF_2 = {"normalisation": "normalization"}
# A U-Net of 128 channels has 54 million weights; more would need too much memory.
_Hidden = Annotated[int, Field(ge=1, le=128)]
# Number of maps in a sequence.
_Maps = Literal[11]
_Positive = Annotated[float, Field(gt=0)]
# Number of problems that a message names.
_MOST_NAMED = 3


class Settings(BaseModel):
    """
    Settings without unknown names, numbers as text and infinite numbers.
    """

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class UNetSettings(Settings):
    """
    Settings of `~sunpy_farside.network.unet.UNet`.
    """

    architecture: Literal["unet"]
    n_maps: _Maps = 11
    hidden: _Hidden = 16
    upsampling: Literal["nearest", "bilinear"] = "nearest"


class CoarseUNetSettings(Settings):
    """
    Settings of `~sunpy_farside.network.coarse_unet.CoarseUNet`.
    """

    architecture: Literal["coarse_unet"]
    n_maps: _Maps = 11
    hidden: Annotated[int, Field(ge=2, le=128)] = 16
    attention: bool = False


NetworkSettings = Annotated[UNetSettings | CoarseUNetSettings, Field(discriminator="architecture")]


class NormalizationSettings(Settings):
    """
    Settings of `~sunpy_farside.network.normalization.Normalization`.
    """

    kind: Literal["sequence", "valid", "constants"]
    mean: float = 0.0
    standard_deviation: _Positive = 1.0
    clip: bool = True


class FieldTarget(Settings):
    """
    Settings of the target "smoothed field above a level in gauss".
    """

    kind: Literal["field"]
    level: _Positive


class CentersTarget(Settings):
    """
    Settings of the target "within a radius in degrees of a strong region's center".
    """

    kind: Literal["centers"]
    radius: Annotated[_Positive, Field(le=90)]
    flux: float = Field(ge=0)


TargetSettings = Annotated[FieldTarget | CentersTarget, Field(discriminator="kind")]


class RegionSettings(Settings):
    """
    Settings of the segmentation of a probability map.
    """

    level: float = Field(gt=0, lt=1)
    deblend: bool


class ReliabilitySettings(Settings):
    """
    Settings of `~sunpy_farside.detection.reliability.Reliability`, which checks their version.
    """

    model_config = ConfigDict(extra="allow")

    coefficients: dict[str, Annotated[float, Field(ge=0)]]
    intercept: float
    settings: dict[str, Any]
    cut: Annotated[float, Field(ge=0)] | None = None


class IntervalBound(Settings):
    """
    Settings of a bound of a flux's interval.
    """

    intercept: float
    slope: float
    curvature: float = 0.0
    distance: float


class FluxSettings(Settings):
    """
    Settings of `~sunpy_farside.detection.flux.FluxRelation`, which checks their version.
    """

    model_config = ConfigDict(extra="allow")

    coefficients: dict[str, float]
    intercept: float
    settings: dict[str, Any]
    lower: IntervalBound
    upper: IntervalBound
    strength: _Positive


class WeightsMetadata(BaseModel):
    """
    Metadata of a file of weights.

    All the values in such files are text, most of it JSON. Keys without a default exist since the
    first version, where ``alignment`` was ``frames``, ``license`` was ``licence`` and
    ``normalization`` was ``normalisation``. Other keys, such as notes, are ignored.
    """

    network: NetworkSettings
    alignment: Alignment
    normalization: Json[NormalizationSettings]
    target: Json[TargetSettings]
    columns: Json[Columns | None]
    level: float = Field(gt=0, lt=1)
    deblend: Json[Annotated[bool, Field(strict=True)]]
    # Infinite for a network without detections; NaN is rejected, as it is not above zero.
    threshold: float = Field(ge=0)
    reliability: Json[ReliabilitySettings | None] = None
    # Files of earlier releases, also of the same format, have none.
    flux: Json[FluxSettings | None] = None
    license: str = ""
    sha256: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_present_keys(cls, metadata):
        first = "format_version" not in metadata
        names = _FORMER_KEYS if first else _FORMER_KEYS_OF_2
        metadata = {names.get(key, key): value for key, value in metadata.items()}
        if first and "alignment" in metadata:
            former = metadata["alignment"]
            metadata["alignment"] = FORMER_ALIGNMENTS.get(former, former)
        return metadata

    @model_validator(mode="before")
    @classmethod
    def _with_architecture(cls, metadata):
        try:
            network = json.loads(metadata["network"]) | {"architecture": metadata["architecture"]}
        except (KeyError, ValueError, TypeError, RecursionError):
            # Not JSON, or not an object: the validation names the key.
            return metadata
        return metadata | {"network": network}


def explain(error):
    """
    Summarize the errors of settings in one line.

    Parameters
    ----------
    error : `pydantic.ValidationError`

    Returns
    -------
    `str`

    Examples
    --------
    >>> from pydantic import ValidationError
    >>> from sunpy_farside.network.schemas import RegionSettings, explain
    >>> try:
    ...     RegionSettings(level=5.0, deblend=True)
    ... except ValidationError as error:
    ...     print(explain(error))
    level = 5.0 (input should be less than 1)
    """
    problems = []
    for item in error.errors(include_url=False)[:_MOST_NAMED]:
        name = ".".join(map(str, item["loc"])) or "settings"
        reason = item["msg"][:1].lower() + item["msg"][1:]
        missing = item["type"] == "missing"
        found = "" if missing else f" = {str(item['input'])[:40]}"
        problems.append(f"{name}{found} ({reason})")
    more = error.error_count() - len(problems)
    return "; ".join(problems) + (f" and {more} more" if more > 0 else "")
