"""
Schema of the bulletin's JSON document.
"""

from typing import Annotated, Final, Literal

from pydantic import Field, ValidationError, model_validator

from sunpy_farside.bulletin.schema_parts import Count, Moment, Part, Share, published_schema
from sunpy_farside.errors import FileFormatError, NewerFormatError
from sunpy_farside.utils.content import user_path

__all__ = ["SCHEMA_VERSION", "Bulletin", "json_schema", "read_bulletin"]

# The first number grows with changes that break programs that read the document.
SCHEMA_VERSION: Final = "1.1"
# Versions whose documents lack only additions, which have defaults.
_EARLIER = ("1.0",)

_Longitude = Annotated[float, Field(ge=0, le=360)]
_Latitude = Annotated[float, Field(ge=-90, le=90)]
_Ring = list[tuple[float, float]]


class Position(Part):
    """
    Position on the Sun at the date of the bulletin.
    """

    carrington_longitude: _Longitude = Field(description="degrees")
    latitude: _Latitude = Field(description="degrees, north positive")
    stonyhurst_longitude: Annotated[float, Field(ge=-180, le=180)] = Field(
        description="degrees from the central meridian seen from Earth, west positive"
    )
    uncertainty: float | None = Field(description="standard deviation along each axis, degrees")


class Arrival(Part):
    """
    Arrival of a region at the east limb seen from Earth.
    """

    date: Moment
    days: float = Field(description="days from the date of the bulletin")
    uncertainty: float | None = Field(description="standard deviation in days")


class Strength(Part):
    """
    Strength of a region on the date of its last detection.
    """

    quantity: Literal["integrated_probability", "seismic_strength"]
    value: float
    unit: str
    peak: float = Field(description="largest strength of any detection")
    change: float | None = Field(
        description="slope of a straight line through the last five days, unit per day"
    )
    trend: Literal["growing", "steady", "fading"] | None = Field(
        description="direction of a change by more than a quarter over five days"
    )


class Flux(Part):
    """
    Estimated total unsigned magnetic flux of a region, mean over the last five days.
    """

    value: float
    lower: float = Field(description="lower bound of the 68 % interval")
    upper: float = Field(description="upper bound of that interval")
    unit: Literal["Mx"]
    change: float | None = Field(
        description="slope of a straight line through the last five days, unit per day"
    )
    trend: Literal["growing", "steady", "fading"] | None = Field(
        description="direction of a change by more than a quarter over five days"
    )


class HistoryEntry(Part):
    """
    Strength of a region on one date of the last 14 days.
    """

    date: Moment
    state: Literal["detected", "not_detected", "near_side", "no_map"]
    strength: float | None = Field(description="null unless the region was detected")


class Measurement(Part):
    """
    Track of a region by one method in the maps of one product.
    """

    method: Literal["network", "sar"]
    product: str
    designation: str
    reliability: Share | None
    persistent: bool
    significant: bool = Field(description="significant on the date of the last detection")
    first_date: Moment
    last_date: Moment
    n_detections: Count
    n_possible: Count
    strength: Strength
    flux: Flux | None = Field(default=None, description="null if it is not known")
    area: float | None = Field(
        description="millionths of a solar hemisphere on the latest date, null if not detected then"
    )
    history: list[HistoryEntry]


class Region(Part):
    """
    Active region on the far side.
    """

    number: Annotated[int, Field(ge=1)] = Field(description="number in this bulletin only")
    name: str
    position: Position
    confirmed: bool = Field(description="persistent, or significant on its last detection")
    reliability: Share | None = Field(description="probability that an active region is there")
    flux: Flux | None = Field(
        default=None, description="that of the first measurement, null if it is not known"
    )
    new: bool | None = Field(description="not in the bulletin before; null if there is none")
    detected: bool = Field(description="detected on the latest date")
    arrival: Arrival
    central_meridian: Moment = Field(description="passage of the central meridian")
    measurements: Annotated[list[Measurement], Field(min_length=1)]
    jsoc: str | None = Field(description="designation of JSOC's region at this place")
    noaa: int | None = Field(description="number of NOAA's region at this place")


class Gone(Part):
    """
    Region of the bulletin before that is not in this one.
    """

    name: str
    designation: str
    confirmed: bool
    reason: Literal["arrived", "merged", "not_detected", "not_tracked"]
    merged_into: str | None = Field(description="name of the region that it merged with")
    arrival: Moment | None
    position: Position | None


class ListedRegion(Part):
    """
    Region of a published list.
    """

    designation: str
    position: Position
    strength: float | None = Field(description="seismic strength in uHem rad, of JSOC only")
    section: Literal["I", "IA", "II"] | None = Field(description="section of NOAA's summary")
    arrival: Moment | None
    region: str | None = Field(description="name of the bulletin's region at this place")
    separation: float | None = Field(description="distance of that region in degrees")


class PublishedList(Part):
    """
    Region list of JSOC, or solar region summary of NOAA.
    """

    date: Moment
    regions: list[ListedRegion]


class Source(Part):
    """
    Maps of one product.
    """

    product: str
    used: list[Moment]
    missing: list[Moment]


class Detection(Part):
    """
    Latest detection of a series.
    """

    method: Literal["network", "sar"]
    product: str
    model: str | None
    date: Moment | None = Field(description="date of the middle map; null if there is none")
    age: float | None = Field(description="days from that date to the date of the bulletin")


class Frame(Part):
    """
    Frame of the outlines: positions in it are (longitude, latitude) in degrees.
    """

    name: Literal["HeliographicCarrington"]
    observer: Literal["earth"]
    date: Moment


class Polygon(Part):
    """
    GeoJSON polygon: its outer line, counterclockwise, and its holes.
    """

    type: Literal["Polygon"]
    coordinates: list[_Ring]


class MultiPolygon(Part):
    """
    GeoJSON polygons.
    """

    type: Literal["MultiPolygon"]
    coordinates: list[list[_Ring]]


class OutlineProperties(Part):
    """
    Region that an outline belongs to.
    """

    name: str
    designation: str
    method: Literal["network", "sar"]
    product: str
    significant: bool


class Outline(Part):
    """
    GeoJSON feature with the outline of a region.
    """

    type: Literal["Feature"]
    geometry: Annotated[Polygon | MultiPolygon, Field(discriminator="type")]
    properties: OutlineProperties


class Outlines(Part):
    """
    GeoJSON feature collection, but for its frame.
    """

    type: Literal["FeatureCollection"]
    frame: Frame
    features: list[Outline]


class Bulletin(Part):
    """
    Daily bulletin of the regions on the far side of the Sun.
    """

    format: Literal["sunpy_farside.bulletin"] = "sunpy_farside.bulletin"
    version: Literal["1.1"] = SCHEMA_VERSION
    software: str = Field(description="version of sunpy_farside")
    date: Moment
    detections: list[Detection]
    sources: list[Source]
    regions: list[Region] = Field(description="confirmed ones first, then in order of arrival")
    gone: list[Gone] = Field(description="regions of the bulletin before that are not in this one")
    jsoc: PublishedList | None
    noaa: PublishedList | None
    outlines: Outlines
    notes: list[str]

    @model_validator(mode="before")
    @classmethod
    def _with_present_version(cls, content):
        if isinstance(content, dict) and content.get("version") in _EARLIER:
            return content | {"version": SCHEMA_VERSION}
        return content


def json_schema():
    """
    Return the JSON Schema of the bulletin.

    Returns
    -------
    `dict`
        As published in ``bulletin.schema.json`` in ``sunpy_farside.data``.

    Examples
    --------
    >>> from sunpy_farside.bulletin.schema import json_schema
    >>> json_schema()["properties"]["version"]["const"]
    '1.1'
    """
    return published_schema(Bulletin)


def read_bulletin(path):
    """
    Read the JSON document of a bulletin.

    Parameters
    ----------
    path : path-like
        File ``bulletin.json``.

    Returns
    -------
    `Bulletin`

    Raises
    ------
    FileNotFoundError
        There is no such file.
    NewerFormatError
        A later release wrote the bulletin.
    FileFormatError
        The file is no bulletin.

    Examples
    --------
    >>> from sunpy_farside.bulletin import read_bulletin
    >>> [region.name for region in read_bulletin("bulletin.json").regions]  # doctest: +SKIP
    """
    path = user_path(path)
    try:
        return Bulletin.model_validate_json(path.read_bytes())
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        if problem["loc"] == ("version",):
            msg = (
                f"{path}: expected a bulletin of version {SCHEMA_VERSION}, found "
                f"{problem['input']!r}. Update sunpy_farside, or write the bulletin again."
            )
            raise NewerFormatError(msg) from error
        msg = (
            f"{path}: expected a bulletin, found {where or 'a file'} that is none "
            f"({problem['msg']}). Write the bulletin again."
        )
        raise FileFormatError(msg) from error
