"""
Parts of the schemas of JSON documents.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Count", "Moment", "Part", "Share", "published_schema"]

Moment = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$",
        description="date and time in UTC, ISO 8601",
    ),
]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class Part(BaseModel):
    """
    Object in a document: immutable, without unknown properties, and without NaN.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def published_schema(document: type[BaseModel]) -> dict:
    """
    Return the JSON Schema of a document.

    Parameters
    ----------
    document : `type`
        Model of pydantic.

    Returns
    -------
    `dict`
    """
    schema = document.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
