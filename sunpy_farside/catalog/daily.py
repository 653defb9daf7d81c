"""
The daily catalog of a folder of phase maps.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from astropy.table import QTable
from astropy.time import Time

from sunpy.util.exceptions import warn_deprecated, warn_user

from sunpy_farside.cadence import (
    check_missing,
    complete_runs,
    step_numbers,
    step_time,
    steps_of_sequence,
)
from sunpy_farside.catalog.database import DATABASE, Database
from sunpy_farside.catalog.former_catalog import FORMER_FILE, FORMER_SAR, import_former
from sunpy_farside.catalog.one_product import check_product
from sunpy_farside.catalog.reading import catalog_table
from sunpy_farside.catalog.track_store import follow_regions, stored_tracks
from sunpy_farside.catalog.update import update_catalog
from sunpy_farside.detection.methods import METHODS
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.folders import find_phase_maps
from sunpy_farside.io.locks import only_run
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import remove_partial
from sunpy_farside.utils.text import counted, some
from sunpy_farside.utils.typing import PathLike

if TYPE_CHECKING:
    import torch

    from sunpy_farside.catalog.tracking import RegionTracks
    from sunpy_farside.network import FarsideModel

__all__ = ["find_runs", "group_runs", "read_catalog", "update_tracks", "watch_folder"]


def watch_folder(
    folder: PathLike,
    output: PathLike | None = None,
    *,
    model: "FarsideModel | PathLike | None" = None,
    product: str | None = None,
    width: int = 120,
    missing: int = 0,
    device: "str | torch.device" = "auto",
) -> list[Time]:
    """
    Detect regions in all sequences of a folder that have no result yet, or an outdated one.

    Parameters
    ----------
    folder : path-like
        With the phase maps that `~sunpy_farside.io.folders.find_phase_maps` finds.
    output : path-like, optional
        Folder of the catalog, ``detections`` in ``folder`` by default. It gets

        - ``catalogue.db``: the regions of all dates, by the network and by the SAR method, and
          their tracks (`~sunpy_farside.catalog.catalog.Catalog`, `read_catalog`);
        - a picture of every date.
    model : `~sunpy_farside.network.model.FarsideModel`, `str` or path-like, optional
        The network, as for `~sunpy_farside.detection.neural.detect_farside`.
    width : `int`, optional
        Columns of the windows.
    missing : `int`, optional
        Largest number of the eleven maps of a date that may be missing, at most 5. None by
        default.
    device : `str` or `torch.device`, optional
        Where the network runs.
    product : `str`, optional
        Product of the maps, as for `~sunpy_farside.io.folders.find_phase_maps`. Every product needs
        a folder ``output`` of its own.

    Returns
    -------
    `list` of `~astropy.time.Time`
        The new dates, and those whose result was replaced.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    FolderInUseError
        Another process is using ``output``.
    FarsideError
        The catalog in ``output`` is of another product.
    NewerFormatError
        A later release wrote the catalog.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Dates are made again, maps do not read, or something was passed over.

    Notes
    -----
    The catalog records the sources of each date. A date is made again when one of its maps has
    changed, when the model, its weights, the width, the settings or the columns are others, and
    when its rows in the file are not those that were written. The earlier result is kept as
    superseded. Where maps are gone a date stays as it is: fewer maps never replace the result of
    more.

    A date is finished when it is in the catalog, to which it is added as a whole. After an
    interruption the catalog holds every finished date, and the others are done the next time. A
    map that does not read costs the dates that need it: they are named in a warning, and tried
    again the next time.

    With ``missing``, a date has a result as soon as enough of its maps are in the folder. That
    includes the newest dates, whose last maps are not yet published. A date is made again when one
    more of its maps arrives. A map that does not read is one of the missing.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.catalog import watch_folder
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> watch_folder(folder)
    []
    """
    check_missing(missing)
    folder = user_path(folder)
    output = folder / "detections" if output is None else user_path(output)
    paths = find_phase_maps(folder, product)
    runs = dict(group_runs(paths, missing))
    if not runs and not any((output / name).exists() for name in (DATABASE, FORMER_FILE)):
        return []
    with only_run(output):
        remove_partial(output)
        _, found = parse_file_name(paths[0].name) if paths else (None, None)
        if found is not None:
            check_product(output, found)
        new, _ = update_catalog(
            runs, folder, output, model=model, width=width, missing=missing, device=device
        )
    return new


def read_catalog(folder: PathLike, method: Literal["network", "sar"] | None = None) -> QTable:
    """
    Read the catalog of a folder.

    Parameters
    ----------
    folder : path-like
        Output folder of `watch_folder`.
    method : {"network", "sar"}, optional
        Return the regions of one method, as required by
        `~sunpy_farside.catalog.tracking.track_regions` and
        `~sunpy_farside.catalog.matching.match_dates`. The former name ``"standard"`` of the SAR
        method is deprecated.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region, in order of date: ``date``, ``method``, ``model``, and the columns of
        ``sunpy_farside.detection.measurement.COLUMNS``, NaN, 0 or false where an earlier release
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
    if method == FORMER_SAR:
        warn_deprecated(f"The method {method!r} is deprecated. Use 'sar'.")
        method = "sar"
    if method is not None and method not in METHODS:
        msg = f"Expected the method {' or '.join(METHODS)}, found {method!r}."
        raise ValueError(msg)
    return catalog_table(user_path(folder), method)


def update_tracks(folder: PathLike) -> "dict[str, RegionTracks]":
    """
    Follow the regions of a catalog, going on with earlier tracks.

    Parameters
    ----------
    folder : path-like
        Output folder of `watch_folder`.

    Returns
    -------
    `dict`
        `~sunpy_farside.catalog.tracking.RegionTracks` by the name of the method. Existing tracks
        keep their designations.

    Raises
    ------
    FileNotFoundError
        There is no catalog.
    FileFormatError
        The catalog is damaged.
    FolderInUseError
        Another process is using it.

    Examples
    --------
    >>> from sunpy_farside.catalog import update_tracks
    >>> tracks = update_tracks("maps/detections")["network"]  # doctest: +SKIP
    """
    folder = user_path(folder)
    # An error for a folder that has none.
    catalog_table(folder)
    with only_run(folder), Database.opened(folder, write=True) as database:
        import_former(database, folder)
        for method in METHODS:
            follow_regions(database, method)
        return {method: stored_tracks(database, method) for method in METHODS}


def find_runs(
    folder: PathLike, product: str | None = None, missing: int = 0
) -> Iterator[tuple[str, list[Path]]]:
    """
    Find every run of eleven phase maps in a folder, by the files' names.

    Parameters
    ----------
    folder : path-like
        With maps that `~sunpy_farside.io.folders.find_phase_maps` finds.
    product : `str`, optional
        Product of the maps, as for `~sunpy_farside.io.folders.find_phase_maps`.
    missing : `int`, optional
        Largest number of maps that may be missing from a run.

    Yields
    ------
    date : `str`
        Date of the middle map, even if that map is missing.
    paths : `list` of `~pathlib.Path`
        The eleven files, or fewer.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Maps were passed over that are not of 00 or 12 UT.
    """
    yield from group_runs(find_phase_maps(folder, product), missing)


def group_runs(paths: list[Path], missing: int = 0) -> Iterator[tuple[str, list[Path]]]:
    """
    Find every run of eleven phase maps among files, by their names.

    Parameters
    ----------
    paths : `list` of `~pathlib.Path`
        Maps of one product, in order of time.
    missing : `int`, optional
        As for `find_runs`.

    Yields
    ------
    date : `str`
        As from `find_runs`.
    paths : `list` of `~pathlib.Path`

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Maps were passed over that are not of 00 or 12 UT.
    """
    if not paths:
        return
    times = Time([parse_file_name(path.name)[0] for path in paths])
    steps, near = step_numbers(times)
    odd = [str(path) for path, there in zip(paths, near, strict=True) if not there]
    if odd:
        warn_user(f"Passed over {counted(len(odd), 'map')} not of 00 or 12 UT, {some(odd)}.")
    at_step = {int(steps[k]): k for k in np.flatnonzero(near)}
    for middle in complete_runs(at_step, missing):
        run = [at_step[step] for step in steps_of_sequence(middle) if step in at_step]
        date = times[at_step[middle]] if middle in at_step else step_time(middle)
        yield date.isot, [paths[k] for k in run]
