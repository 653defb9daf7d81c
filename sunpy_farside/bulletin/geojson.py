"""
Outlines of regions as GeoJSON in Carrington coordinates.
"""

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry.polygon import orient

import astropy.units as u

from sunpy_farside.bulletin.schema import Frame, Outline, OutlineProperties, Outlines
from sunpy_farside.bulletin.values import moment
from sunpy_farside.coordinates.rotation import carrington_drift

__all__ = ["geometry_of", "region_outlines"]

# Step of the coordinates in degrees.
_STEP = 0.01


def region_outlines(day, regions):
    """
    Return the outlines of the regions of a bulletin that were detected on the latest date.

    Parameters
    ----------
    day : `~sunpy_farside.bulletin.day.Day`
    regions : `list` of `~sunpy_farside.bulletin.schema.Region`

    Returns
    -------
    `~sunpy_farside.bulletin.schema.Outlines`
        Moved by differential rotation to the date of the bulletin.
    """
    names = {item.designation: region.name for region in regions for item in region.measurements}
    features = []
    for series in day.series:
        features += [] if series.detection is None else _features(series, day.date, names)
    frame = Frame(name="HeliographicCarrington", observer="earth", date=moment(day.date))
    return Outlines(type="FeatureCollection", frame=frame, features=features)


def _features(series, date, names):
    detection, members = series.detection, series.tracks.members
    elapsed = (date - detection.date).to_value(u.day)
    today = members["date"].isot == detection.date.isot if len(members) else []
    designations = {
        int(row["label"]): str(row["designation"]) for row in members[np.asarray(today, bool)]
    }
    for row, rings in zip(detection.regions, detection.outlines, strict=True):
        designation = designations.get(int(row["label"]))
        if designation not in names:
            continue
        drift = carrington_drift(row["centroid"].lat.deg) * elapsed
        yield Outline(
            type="Feature",
            geometry=geometry_of(rings, drift),
            properties=OutlineProperties(
                name=names[designation],
                designation=designation,
                method=series.method.name,
                product=series.product,
                significant=bool(row["significant"]),
            ),
        )


def geometry_of(rings, drift=0.0):
    """
    Return the GeoJSON geometry of closed lines, split at the 0/360 boundary.

    Parameters
    ----------
    rings : `list` of arrays, shape (vertices, 2)
        Closed lines, the holes among them: longitude and latitude in degrees. Longitudes may run
        on across the boundary.
    drift : `float`, optional
        Degrees to add to the longitudes.

    Returns
    -------
    `dict`
        A polygon or several. Outer lines run counterclockwise, holes clockwise.

    Examples
    --------
    >>> import numpy as np
    >>> from sunpy_farside.bulletin.geojson import geometry_of
    >>> square = np.array([[358.0, 0], [362, 0], [362, 5], [358, 5], [358, 0]])
    >>> west, east = geometry_of([square])["coordinates"]
    >>> sorted({longitude for longitude, _ in west[0]})
    [0.0, 2.0]
    """
    # A point is inside of a region where an odd number of lines encloses it.
    whole = shapely.Polygon()
    for ring in rings:
        # The lines of one region may lie a turn apart.
        shift = [360 * np.round((rings[0][0, 0] - ring[0, 0]) / 360), 0]
        whole = whole.symmetric_difference(shapely.make_valid(shapely.Polygon(ring + shift)))
    whole = translate(whole, drift)
    first = int(np.floor(whole.bounds[0] / 360))
    last = int(np.floor(whole.bounds[2] / 360))
    parts = []
    for turn in range(first, last + 1):
        moved = translate(whole, -360 * turn).intersection(shapely.box(0, -90, 360, 90))
        moved = shapely.set_precision(moved, _STEP)
        # Where a line touches the boundary, points and lines are left.
        parts += [part for part in shapely.get_parts(moved) if part.geom_type == "Polygon"]
    parts = [orient(part) for part in sorted(parts, key=lambda part: part.bounds)]
    one = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    return shapely.geometry.mapping(one)
