"""
Schema of the JSON document of the scores of predictions.
"""

from typing import Annotated, Final, Literal

from pydantic import Field

from sunpy_farside.bulletin.schema_parts import Count, Moment, Part, Share, published_schema

__all__ = ["SCORES_VERSION", "ScoresDocument", "scores_schema"]

# The first number grows with changes that break programs that read the document.
SCORES_VERSION: Final = "1.0"


class Counts(Part):
    """
    Outcomes of the predictions of confirmed regions, and of the regions that arrived.
    """

    hits: Count = Field(description="predictions followed by a region of NOAA")
    false_alarms: Count = Field(description="predictions followed by no region")
    misses: Count = Field(description="regions of NOAA without a prediction")
    waiting: Count = Field(description="predictions whose date has not come")
    correct: Share | None = Field(description="share of checked predictions that are hits")
    completeness: Share | None = Field(description="share of the regions that were predicted")
    error: float | None = Field(description="mean absolute error of the arrivals in days")


class Month(Counts):
    """
    Outcomes by the month of the arrival.
    """

    month: Annotated[str, Field(pattern=r"^\d{4}-\d{2}$")]


class Total(Counts):
    """
    Outcomes over all dates.
    """

    bias: float | None = Field(description="mean of predicted minus observed arrivals in days")
    within: Share | None = Field(description="share of errors within one predicted uncertainty")
    chance: Share | None = Field(
        description="share of predictions that are hits when all are moved by a week or more"
    )


class ReliabilityBin(Part):
    """
    Predictions of similar reliability, confirmed or not.
    """

    reliability: Share = Field(description="mean reliability")
    real: Share = Field(description="share that are hits")
    number: Annotated[int, Field(ge=1)]
    low: Share = Field(description="lower end of the 68 % interval of the share")
    high: Share = Field(description="upper end of that interval")


class Prediction(Part):
    """
    Prediction of the arrival of a region at the east limb.
    """

    designation: str
    issued: Moment
    arrival: Moment
    uncertainty: float | None = Field(description="standard deviation of the arrival in days")
    reliability: Share | None
    confirmed: bool = Field(description="persistent, or significant on its last detection")
    outcome: Literal["hit", "false alarm", "waiting", "not checked"]
    noaa: int | None = Field(description="number of NOAA's region of a hit")
    error: float | None = Field(description="predicted minus observed arrival of a hit in days")


class ScoresDocument(Part):
    """
    Predictions of arrivals at the east limb, and how they came true.
    """

    format: Literal["sunpy_farside.scores"] = "sunpy_farside.scores"
    version: Literal["1.0"] = SCORES_VERSION
    software: str = Field(description="version of sunpy_farside")
    until: Moment = Field(description="date of NOAA's last summary")
    lead: float = Field(description="shortest time from a prediction to the arrival in days")
    method: str = Field(description="method of the detections, in words")
    total: Total
    months: list[Month] = Field(description="in order of time")
    reliability: list[ReliabilityBin]
    predictions: list[Prediction] = Field(description="in order of arrival")


def scores_schema() -> dict:
    """
    Return the JSON Schema of the scores.

    Returns
    -------
    `dict`
        As published in ``scores.schema.json`` in ``sunpy_farside.data``.

    Examples
    --------
    >>> from sunpy_farside.evaluation.scores_schema import scores_schema
    >>> scores_schema()["properties"]["version"]["const"]
    '1.0'
    """
    return published_schema(ScoresDocument)
