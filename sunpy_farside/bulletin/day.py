"""
The input of a bulletin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from astropy.table import QTable
from astropy.time import Time

from sunpy.map import GenericMap

from sunpy_farside.catalog.tracking import RegionTracks
from sunpy_farside.detection.methods import method_of
from sunpy_farside.detection.result import FarsideDetection

__all__ = ["Day", "MapSource", "Series"]


@dataclass(frozen=True, eq=False)
class Series:
    """
    Detections and tracks by one method in the maps of one product.

    Attributes
    ----------
    product : `str`
        Name of the product (``sunpy_farside.products.PRODUCTS``).
    tracks : `~sunpy_farside.catalog.tracking.RegionTracks`
        Tracks up to the latest date, the date of the latest detection.
    detection : `~sunpy_farside.detection.result.FarsideDetection`, optional
        Latest detection, for the outlines and the picture. Without it, regions have no outlines.

    Examples
    --------
    >>> from sunpy_farside.bulletin import Series
    >>> from sunpy_farside.catalog.tracking import no_tracks
    >>> Series("phase_map", no_tracks("seismic_strength")).method
    <Method: sar>
    """

    product: str
    tracks: RegionTracks
    detection: FarsideDetection | None = None

    @property
    def method(self):
        """
        Method of the detections (`~sunpy_farside.detection.methods.Method`).
        """
        return method_of(self.tracks.members)


@dataclass(frozen=True, eq=False)
class MapSource:
    """
    Maps of one product behind a bulletin.

    Attributes
    ----------
    product : `str`
        Name of the product (``sunpy_farside.products.PRODUCTS``).
    used : `tuple` of `~astropy.time.Time`
        Dates of the maps of the latest detection.
    missing : `tuple` of `~astropy.time.Time`
        Dates of the cadence without a usable map in the time that the bulletin covers.
    """

    product: str
    used: tuple[Time, ...] = ()
    missing: tuple[Time, ...] = ()


@dataclass(frozen=True, eq=False)
class Day:
    """
    Input of a bulletin.

    Attributes
    ----------
    date : `~astropy.time.Time`
        Date of the bulletin. Differential rotation carries all positions to it, and arrivals are
        counted from it.
    series : `tuple` of `Series`
        One or more, the most trusted first. Regions of different series at the same place are one
        region of the bulletin; the first series that has it gives its position and its name.
    sources : `tuple` of `MapSource`, optional
        Maps that were used and maps that are missing.
    names : mapping of `str` to `str`, optional
        Names of the regions by the designation of the track. By default, the designation.
    previous : collection of `str`, optional
        Designations of the tracks in the bulletin of the day before. By default, those that had a
        region a day before the latest detection.
    region_list : `~astropy.table.QTable`, optional
        Latest region list of JSOC (`~sunpy_farside.io.region_lists.read_region_list`).
    noaa : `~astropy.table.QTable`, optional
        Latest solar region summary (`~sunpy_farside.io.noaa.read_noaa_summary`).
    near_side : `~sunpy.map.GenericMap`, optional
        Map of the near side for the picture of the whole Sun.
    notes : `tuple` of `str`, optional
        Sentences on what went wrong, such as an archive that did not answer.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.bulletin import Day, Series
    >>> from sunpy_farside.catalog.tracking import no_tracks
    >>> day = Day(Time("2022-05-05"), (Series("phase_map", no_tracks("seismic_strength")),))
    """

    date: Time
    series: tuple[Series, ...]
    sources: tuple[MapSource, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    previous: frozenset[str] | None = None
    region_list: QTable | None = None
    noaa: QTable | None = None
    near_side: GenericMap | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        if not self.series:
            msg = "Expected one series of detections or more, found none."
            raise ValueError(msg)
