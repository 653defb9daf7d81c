"""
Tables of regions from a catalog, also from one of an earlier release.
"""

from pathlib import Path
from typing import Literal

import numpy as np

from astropy.table import QTable
from astropy.time import Time

from sunpy.util.exceptions import warn_deprecated

from sunpy_farside.cadence import MIDDLE, add_steps
from sunpy_farside.catalog.database import DATABASE, Database
from sunpy_farside.catalog.former_catalog import FORMER_FILE, FORMER_SAR, read_former
from sunpy_farside.catalog.rows import REGION_FIELDS, regions_of_rows
from sunpy_farside.detection.columns import COLUMNS
from sunpy_farside.detection.methods import METHODS, SAR
from sunpy_farside.errors import FileFormatError
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.text import some
from sunpy_farside.utils.typing import PathLike
from sunpy_farside.utils.wording import wording

__all__ = ["CATALOG_COLUMNS", "catalog_table", "check_exists", "read_catalog", "regions_table"]

# Folders in which a catalog is looked for that is not in the folder given.
_DEPTHS = ("*", "*/*")

CATALOG_COLUMNS = {
    "date": "date of the detection, that of the middle map",
    "method": "name of the method, network or sar",
    "model": "name of the network; of the SAR method, seismic_strength",
    **COLUMNS,
}


def read_catalog(folder: PathLike, method: Literal["network", "sar"] | None = None) -> QTable:
    """
    Read the catalog of a folder.

    Parameters
    ----------
    folder : path-like
        Output folder of `~sunpy_farside.catalog.watch.watch_folder`.
    method : {"network", "sar"}, optional
        Return the regions of one method, as required by
        `~sunpy_farside.catalog.tracking.track_regions` and
        `~sunpy_farside.catalog.matching.match_dates`. The former name ``"standard"`` of the SAR
        method is deprecated.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region, in order of date: ``date``, ``method``, ``model``, and the columns of
        ``sunpy_farside.detection.columns.COLUMNS``, NaN, 0 or false where an earlier release
        wrote none of that name. ``meta["dates"]`` holds all the dates, also
        those without a region, and ``meta["last_maps"]`` the dates of the last maps behind them.

    Raises
    ------
    FileNotFoundError
        There is no catalog.
    FileFormatError
        The catalog is damaged: rows were lost, doubled or changed.
    ValueError
        There is no such method.

    Examples
    --------
    >>> from sunpy_farside.catalog import read_catalog
    >>> strong = read_catalog("maps/detections", "network")  # doctest: +SKIP
    """
    name: str | None = method
    if name == FORMER_SAR:
        warn_deprecated(f"The method {name!r} is deprecated. Use {SAR.name!r}.")
        name = SAR.name
    if name is not None and name not in METHODS:
        msg = f"Expected the method {' or '.join(METHODS)}, found {name!r}."
        raise ValueError(msg)
    return catalog_table(user_path(folder), name)


def catalog_table(folder, method=None):
    """
    Read the regions of all dates of a catalog, also of one of an earlier release.

    Parameters
    ----------
    folder : `~pathlib.Path`
    method : {"network", "sar"}, optional

    Returns
    -------
    `~astropy.table.QTable`
        See `read_catalog`.

    Raises
    ------
    FileNotFoundError
        There is no catalog.
    FileFormatError
        It is damaged.
    """
    folder = Path(folder)
    if not (folder / DATABASE).exists() and (folder / FORMER_FILE).exists():
        former = read_former(folder / FORMER_FILE)
        _check_whole(folder / FORMER_FILE, former.damaged)
        table, dates = former.table, sorted(former.records)
        if method is not None:
            table = table[np.asarray(table["method"]) == method]
        table.meta = _meta(dates, method)
        return table
    check_exists(folder, DATABASE)
    with Database.opened(folder) as database:
        _check_whole(folder / DATABASE, database.damaged())
        return regions_table(database.rows(method), database.dates(), method)


def check_exists(folder, name):
    """
    Raise an error if a catalog does not exist.

    Parameters
    ----------
    folder : `~pathlib.Path`
    name : `str`
        Name of its file.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    """
    if not (folder / name).exists():
        makes = wording("watch_folder", "sunpy-farside watch")
        inside = sorted(path.parent for depth in _DEPTHS for path in folder.glob(f"{depth}/{name}"))
        there = f"There is one in {some([str(path) for path in inside])}. " if inside else ""
        msg = f"{folder / name}: no such file. {there}{makes} makes it."
        raise FileNotFoundError(msg)


def _check_whole(path, damaged):
    if damaged:
        msg = (
            f"{path}: expected the rows that were written, found rows lost, doubled or changed on "
            f"{some(damaged)}. Run watch or daily again: it makes these dates again."
        )
        raise FileFormatError(msg)


def regions_table(rows, dates, method=None):
    """
    Convert rows of a database to a table of regions.

    Parameters
    ----------
    rows : `list` of `tuple`
        Rows from `~sunpy_farside.catalog.database.Database.rows`.
    dates : `list` of `str`
        All dates, also those without a region.
    method : {"network", "sar"}, optional
        Method of the regions, if all have the same.

    Returns
    -------
    `~astropy.table.QTable`
        See `read_catalog`.
    """
    columns = zip(*rows, strict=True) if rows else [()] * (4 + len(REGION_FIELDS))
    _, row_dates, methods, models, *fields = columns
    table = regions_of_rows(row_dates, fields)
    for index, (name, values) in enumerate((("method", methods), ("model", models)), start=1):
        table.add_column(np.array(values, dtype=str), name=name, index=index)
    table.meta = _meta(dates, method)
    return table


def _meta(dates, method):
    # Sequences are always of eleven maps, and their date is that of the middle one.
    last = add_steps(Time(dates), MIDDLE).isot.tolist() if dates else []
    meta = {"dates": dates, "last_maps": last}
    if method is not None:
        meta["strength"] = METHODS[method].strength
    return meta
