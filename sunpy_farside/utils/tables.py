"""
Tables of coordinates that can be written: as ECSV, and in a plain form that anything reads.
"""

from pathlib import Path

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.io import votable
from astropy.io.misc.yaml import AstropyDumper
from astropy.io.votable.tree import TimeSys
from astropy.table import Column, Table, serialize
from astropy.time import Time

from sunpy.coordinates import HeliographicStonyhurst

__all__ = ["plain_table", "whole_seconds", "write_plain"]

# astropy writes SkyCoord to YAML but not bare frames, which is what sunpy makes of the
# observer of a coordinate. Readers need nothing of ours: they find a SkyCoord.
AstropyDumper.add_representer(
    HeliographicStonyhurst, lambda dumper, frame: dumper.represent_data(SkyCoord(frame))
)

# Where every row has its own date, the observers make columns, and astropy must be told that
# it may build their class. sunpy 8 does the same.
_CLASS = f"{HeliographicStonyhurst.__module__}.{HeliographicStonyhurst.__name__}"
_allowed = vars(serialize)["__construct_mixin_classes"]
if _CLASS not in _allowed:
    vars(serialize)["__construct_mixin_classes"] = (*_allowed, _CLASS)


# Identifier of the time system in a VOTable.
_TIME_SYSTEM = "utc"


def whole_seconds(time):
    """
    Round times to the second, so that they read back equal from a file.

    Parameters
    ----------
    time : `~astropy.time.Time`

    Returns
    -------
    `~astropy.time.Time`

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.utils.tables import whole_seconds
    >>> whole_seconds(Time("2022-05-05T00:00:00.7")).isot
    '2022-05-05T00:00:01'
    """
    if not time.size:
        # An empty array of strings is no array of dates to astropy.
        return Time(time, format="isot", precision=0)
    return Time(Time(time, precision=0).isot, format="isot", precision=0)


def plain_table(table):
    """
    Turn a table of coordinates into one of numbers and strings alone.

    Parameters
    ----------
    table : `~astropy.table.Table`
        Any table of this package: of regions, stacks of them, tracks, matches.

    Returns
    -------
    `~astropy.table.Table`
        Positions are two columns, ``longitude`` and ``latitude`` in degrees, of a column
        ``mean_position`` ``mean_longitude`` and ``mean_latitude``; times are ISO strings in UTC.
        Columns keep their units and descriptions, and have UCDs. It is written as ECSV, VOTable,
        FITS and CSV, which plain astropy reads.

    See Also
    --------
    write_plain : which records the time scale in a VOTable, too.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.utils.tables import plain_table
    >>> simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=1)
    >>> plain_table(simulated.regions).colnames
    ['name', 'longitude', 'latitude', 'flux', 'extent', 'age']
    """
    plain = Table()
    dates = [table[name] for name in table.colnames if isinstance(table[name], Time)]
    for name in table.colnames:
        for column in _plain_columns(name, table[name], dates):
            plain[column.name] = column
    comments = [
        f"{key}: {value}"
        for key, value in table.meta.items()
        if isinstance(value, str | int | float)
    ]
    comments += [
        f"{name}_date: {table[name].obstime.utc.isot}"
        for name in table.colnames
        if isinstance(table[name], SkyCoord) and getattr(table[name].obstime, "isscalar", False)
    ]
    # All the formats have a place for comments.
    plain.meta = {"comments": comments} if comments else {}
    return plain


def write_plain(table, path):
    """
    Write a table in its plain form.

    Parameters
    ----------
    table : `~astropy.table.Table`
        As for `plain_table`.
    path : path-like
        Its suffix selects the format: ``.vot`` (VOTable), ``.fits``, ``.csv`` or ``.ecsv``.
    """
    path, plain = Path(path), plain_table(table)
    if path.suffix != ".vot":
        plain.write(path)
        return
    file = votable.from_table(plain)
    (resource,) = file.resources
    resource.time_systems.append(
        TimeSys(
            ID=_TIME_SYSTEM,
            timescale="UTC",
            refposition="GEOCENTER",
            config={"version_1_4_or_later": True},
        )
    )
    (content,) = resource.tables
    content.description = "; ".join(plain.meta.get("comments", [])) or None
    for field in content.fields:
        if field.xtype == "timestamp":
            field.ref = _TIME_SYSTEM
    file.to_xml(str(path))


def _plain_columns(name, values, dates):
    """
    Yield the plain columns of a column.
    """
    description = values.info.description
    if isinstance(values, Time):
        yield _time_column(name, values, description)
    elif isinstance(values, SkyCoord):
        frame = values.frame.name.removeprefix("heliographic_").capitalize()
        prefix = name.removesuffix("centroid").removesuffix("position")
        prefix = f"{name}_" if prefix == name else prefix
        for axis in ("longitude", "latitude"):
            yield Column(
                getattr(values.spherical, axis[:3]).to_value(u.deg),
                f"{prefix}{axis}",
                unit=u.deg,
                description=f"{frame} {axis}" + (f": {description}" if description else ""),
                meta={"ucd": f"pos.bodyrc.{axis[:3]}"},
            )
        when = values.obstime
        if when is not None and when.shape and not any(_equal(when, date) for date in dates):
            yield _time_column(f"{name}_date", when, f"date of {name}")
    elif isinstance(values, u.Quantity):
        yield Column(values.value, name, unit=values.unit, description=description)
    else:
        if np.ma.isMaskedArray(values):
            # As which astropy reads an empty string.
            values = values.filled("" if values.dtype.kind == "U" else None)
        yield Column(values, name, description=description)


def _time_column(name, values, description):
    # An empty array of dates has no strings.
    strings = np.asarray(values.utc.isot, dtype=str) if len(values) else np.empty(0, "U23")
    meta = {"ucd": "time.epoch", "xtype": "timestamp"}
    return Column(strings, name, description=description or "UTC", meta=meta)


def _equal(first, second):
    return first.shape == second.shape and bool(np.all(first == second))
