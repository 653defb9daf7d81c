"""
Overlays of a bulletin for JHelioviewer.
"""

import itertools

__all__ = ["bulletin_overlay"]

# Solar radii: just above the surface, which would hide what is at its height.
_RADIUS = 1.005
# Red, green, blue and opacity of confirmed regions and of others.
_CONFIRMED, _OTHERS = [255, 176, 0, 255], [255, 255, 255, 160]
# Display widths of JHelioviewer, without a unit.
_LINE, _POINT = 0.006, 0.01


def bulletin_overlay(document):
    """
    Return the regions of a bulletin as an overlay for JHelioviewer.

    Parameters
    ----------
    document : `~sunpy_farside.bulletin.schema.Bulletin`

    Returns
    -------
    `dict`
        In the SunJSON format, for `json.dumps`: a line for every outline and a point for every
        region, at their Carrington coordinates on the date of the bulletin.

    Notes
    -----
    SunJSON is described in ``docs`` of JHelioviewer's repository
    (https://github.com/Helioviewer-Project/JHelioviewer-SWHV).

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.bulletin import Day, Series, bulletin_document, bulletin_overlay
    >>> from sunpy_farside.catalog.tracking import no_tracks
    >>> day = Day(Time("2022-05-05"), (Series("phase_map", no_tracks("seismic_strength")),))
    >>> bulletin_overlay(bulletin_document(day))
    {'type': 'SunJSON', 'time': '2022-05-05T00:00:00', 'geometry': []}
    """
    confirmed = {region.name: region.confirmed for region in document.regions}
    geometry = []
    for feature in document.outlines.features:
        color = _CONFIRMED if confirmed[feature.properties.name] else _OTHERS
        geometry += [_entry("line", line, color, _LINE) for line in _lines(feature.geometry)]
    for region in document.regions:
        place = region.position
        points = [(place.carrington_longitude, place.latitude)]
        color = _CONFIRMED if region.confirmed else _OTHERS
        geometry.append(_entry("point", points, color, _POINT))
    # JHelioviewer accepts no designator of a time zone.
    return {"type": "SunJSON", "time": document.date.removesuffix("Z"), "geometry": geometry}


def _entry(kind, points, color, thickness):
    return {
        "type": kind,
        "coordinates": [[_RADIUS, longitude, latitude] for longitude, latitude in points],
        "colors": [color],
        "thickness": thickness,
    }


def _lines(geometry):
    """
    Yield the lines of polygons, without their edges on the 0/360 boundary.
    """
    polygons = geometry.coordinates
    for ring in itertools.chain.from_iterable(
        [polygons] if geometry.type == "Polygon" else polygons
    ):
        line = [ring[0]]
        for point in ring[1:]:
            if line[-1][0] == point[0] and point[0] % 360 == 0:
                if len(line) > 1:
                    yield line
                line = []
            line.append(point)
        if len(line) > 1:
            yield line
