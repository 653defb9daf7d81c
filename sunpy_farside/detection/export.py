"""
Detections as flat tables, for programs that know no coordinates and for readers.
"""

import json

import numpy as np

from astropy.table import Table

from sunpy_farside.cadence import N_MAPS
from sunpy_farside.coordinates.far_side import far_side_position
from sunpy_farside.detection.columns import REGION_COLUMNS
from sunpy_farside.detection.flux import FLUX_COLUMNS, flux_text

__all__ = ["flat_table", "to_csv", "to_json", "to_text"]

# Significant decimals of the measurements.
_DECIMALS = {
    "longitude": 1,
    "latitude": 1,
    "stonyhurst_longitude": 1,
    **{
        name: column.decimals
        for name, column in REGION_COLUMNS.items()
        if column.decimals is not None
    },
}
# Headings of the columns that a reader needs, with units.
_HEADINGS = {
    "label": REGION_COLUMNS["label"].heading,
    "longitude": "lon [deg]",
    "latitude": "lat [deg]",
    **{name: column.heading for name, column in REGION_COLUMNS.items() if column.heading},
}


def flat_table(detection):
    """
    Return the regions of a detection as numbers and text.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`

    Returns
    -------
    `~astropy.table.Table`
        Without units or coordinates: Carrington ``longitude`` and ``latitude`` and
        ``stonyhurst_longitude`` in degrees, the rest in the units of
        ``sunpy_farside.detection.columns.COLUMNS``, dates as ISO 8601 text in UTC.
    """
    return Table(_flat_columns(detection), copy=False)


def _flat_columns(detection):
    """
    Return the columns of `flat_table` as plain arrays.
    """
    regions, columns = detection.numbers, detection.numbers.columns
    longitude = columns["longitude"]
    meridian = far_side_position(detection.date)[0] - 180
    flat = {
        "date": np.full(len(longitude), detection.date.utc.isot[:19]),
        "label": columns["label"],
        "longitude": longitude,
        "latitude": columns["latitude"],
        "stonyhurst_longitude": (longitude - meridian + 180) % 360 - 180,
    }
    flat |= {name: values for name, values in columns.items() if name not in flat}
    flat["east_limb_arrival"] = [text[:19] for text in regions.arrivals]
    flat["significant"] = flat.pop("significant")
    for name, decimals in _DECIMALS.items():
        flat[name] = np.round(np.asarray(flat[name], dtype=float), decimals)
    return flat


def to_csv(detections):
    """
    Return the regions of detections as comma-separated values with one line of names.

    Parameters
    ----------
    detections : `list` of `~sunpy_farside.detection.result.FarsideDetection`
        One or more.

    Returns
    -------
    `str`
    """
    tables = [_flat_columns(detection) for detection in detections]
    lines = [",".join(tables[0])]
    for table in tables:
        lines += [",".join(map(str, row)) for row in zip(*table.values(), strict=True)]
    return "\n".join(lines)


def to_json(detections):
    """
    Return detections as a JSON list of their settings and regions.

    Parameters
    ----------
    detections : `list` of `~sunpy_farside.detection.result.FarsideDetection`
        One or more.

    Returns
    -------
    `str`
    """
    return json.dumps([_record(detection) for detection in detections], indent=1)


def to_text(detection):
    """
    Return a detection as a table for readers.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`

    Returns
    -------
    `str`
    """
    flat = flat_table(detection)
    head = f"Far side on {detection.date.utc.isot[:16]} UT, {detection.model}"
    if missing := detection.numbers.meta.get("missing_maps"):
        head += f", {len(missing)} of {N_MAPS} maps missing"
    if len(flat) == 0:
        return f"{head}: no active region found."
    number = int(np.sum(flat["significant"]))
    table = Table()
    for name, heading in _HEADINGS.items():
        if np.asarray(flat[name]).dtype.kind == "f" and np.isnan(flat[name]).all():
            continue
        table[heading] = flat[name]
    if _HEADINGS["flux"] in table.colnames:
        interval = zip(*(flat[name] for name in FLUX_COLUMNS), strict=True)
        table[_HEADINGS["flux"]] = [flux_text(*row) for row in interval]
    table["significant"] = np.where(flat["significant"], "yes", "")
    table["east limb"] = [text[:16].replace("T", " ") for text in flat["east_limb_arrival"]]
    return "\n".join(
        [
            f"{head}: {number} significant of {len(flat)} ({detection.settings.significance})",
            *table.pformat(max_lines=-1, max_width=-1),
        ]
    )


def _record(detection):
    threshold = detection.settings.significance_threshold.value
    rows = [{name: _plain(row[name]) for name in row.colnames} for row in flat_table(detection)]
    return {
        "date": detection.date.utc.isot[:19],
        **{key: value for key, value in detection.numbers.meta.items() if key != "date"},
        "threshold": f"{threshold} {detection.method.unit_symbol}",
        "regions": rows,
    }


def _plain(value):
    value = value.item() if hasattr(value, "item") else value
    # JSON has no NaN.
    return None if isinstance(value, float) and np.isnan(value) else value
