"""
The bulletin's document, from which its page and its text are made.
"""

import astropy.units as u

import sunpy_farside
from sunpy_farside.bulletin.geojson import region_outlines
from sunpy_farside.bulletin.lists import jsoc_list, noaa_list
from sunpy_farside.bulletin.region_entries import current_regions, gone_regions, latest_date
from sunpy_farside.bulletin.schema import Bulletin, Detection, Source
from sunpy_farside.bulletin.values import moment, number

__all__ = ["bulletin_document"]


def bulletin_document(day):
    """
    Return the document of a bulletin.

    Parameters
    ----------
    day : `~sunpy_farside.bulletin.day.Day`

    Returns
    -------
    `~sunpy_farside.bulletin.schema.Bulletin`
        ``model_dump_json()`` gives the JSON text.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.bulletin import Day, Series, bulletin_document
    >>> from sunpy_farside.catalog.tracking import no_tracks
    >>> day = Day(Time("2022-05-05"), (Series("phase_map", no_tracks("seismic_strength")),))
    >>> bulletin_document(day).regions
    []
    """
    regions = current_regions(day)
    gone = gone_regions(day, regions)
    jsoc = jsoc_list(day.region_list, day.date, regions)
    noaa = noaa_list(day.noaa, day.date, regions)
    return Bulletin(
        software=sunpy_farside.__version__,
        date=moment(day.date),
        detections=[_detection(series, day.date) for series in day.series],
        sources=[_source(source) for source in day.sources],
        regions=_with_lists(regions, jsoc, noaa),
        gone=gone,
        jsoc=jsoc,
        noaa=noaa,
        outlines=region_outlines(day, regions),
        notes=list(day.notes),
    )


def _detection(series, date):
    latest = latest_date(series)
    return Detection(
        method=series.method.name,
        product=series.product,
        model=None if series.detection is None else series.detection.model,
        date=None if latest is None else moment(latest),
        age=None if latest is None else number((date - latest).to_value(u.day), 2),
    )


def _source(source):
    return Source(
        product=source.product,
        used=[moment(time) for time in source.used],
        missing=[moment(time) for time in source.missing],
    )


def _with_lists(regions, jsoc, noaa):
    """
    Give regions the designations of the published regions at their places.
    """
    listed = [
        {item.region: item.designation for item in found.regions} if found else {}
        for found in (jsoc, noaa)
    ]
    numbers = {name: int(designation) for name, designation in listed[1].items()}
    return [
        region.model_copy(
            update={"jsoc": listed[0].get(region.name), "noaa": numbers.get(region.name)}
        )
        for region in regions
    ]
