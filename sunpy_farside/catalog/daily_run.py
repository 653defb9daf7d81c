"""
The run of a day: fetch what is new, detect, track and compare.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import astropy.units as u
from astropy.table import QTable
from astropy.time import Time

from sunpy_farside.cadence import (
    CADENCE,
    nearest_step,
    step_numbers,
    step_time,
    steps_of_sequence,
)
from sunpy_farside.catalog.database import DATABASE, Database
from sunpy_farside.catalog.map_runs import group_runs
from sunpy_farside.catalog.names import attach_names
from sunpy_farside.catalog.one_product import check_product
from sunpy_farside.catalog.update import update_catalog
from sunpy_farside.detection import detect_farside, detect_seismic_strength
from sunpy_farside.detection.caveats import caveats_once
from sunpy_farside.detection.methods import NETWORK, SAR
from sunpy_farside.errors import FarsideError, FileFormatError, NewerFormatError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.folders import find_phase_maps
from sunpy_farside.io.locks import only_run
from sunpy_farside.io.noaa import read_noaa_summaries, split_summaries
from sunpy_farside.io.region_lists import read_region_list
from sunpy_farside.network import FarsideModel, load_model
from sunpy_farside.products import PRODUCTS
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import remove_partial
from sunpy_farside.utils.inputs import user_time

__all__ = ["DailyRun", "run_day"]

_MAPS, _LISTS, _LIST = "maps", "lists", "region_list"
# Time that the first run covers, and time before the latest detection that every run covers.
_FIRST, _AGAIN = 30 * u.day, 14 * u.day
# Time before the newest map in which the archive may correct maps.
_CORRECTED = 5 * u.day
# Time before the latest map in which missing maps are named.
_COVERED = 14 * u.day


@dataclass(frozen=True, eq=False)
class DailyRun:
    """
    Result of the run of a day.

    Attributes
    ----------
    output : `~pathlib.Path`
        Folder of the catalog.
    product : `str`
        Product of the maps.
    new : `list` of `~astropy.time.Time`
        Dates that were detected, for the first time or again.
    used, missing : `tuple` of `~astropy.time.Time`
        Maps behind the latest detection, and dates of the last 14 days without a map.
    region_list : `~astropy.table.QTable` or None
        Latest region list of JSOC.
    summary : `~astropy.table.QTable` or None
        Latest solar region summary of NOAA.
    compared : `dict`
        Matches with JSOC's lists by method.
    notes : `tuple` of `str`
        Sentences on what went wrong.
    latest : `dict`
        Latest detection by method (`~sunpy_farside.detection.result.FarsideDetection`); none where
        its maps are gone or do not read.
    """

    output: Path
    product: str
    new: list
    used: tuple
    missing: tuple
    region_list: QTable | None
    summary: QTable | None
    compared: dict
    notes: tuple
    latest: dict


@caveats_once()
def run_day(
    output,
    *,
    product="phase_map",
    missing=0,
    since=None,
    offline=False,
    noaa=None,
    url=None,
    email=None,
    model=None,
    device="auto",
    progress=False,
):
    """
    Fetch new maps and region lists, detect by both methods, track, and compare.

    Parameters
    ----------
    output : path-like
        Folder of the catalog. Its folders ``maps`` and ``lists`` hold the files of the archive.
    product : `str`, optional
        Product of the maps. Every product needs a folder ``output`` of its own.
    missing : `int`, optional
        Largest number of the eleven maps of a date that may be missing.
    since : `~astropy.time.Time`, `str` or `~datetime.datetime`, optional
        Date of the first map to fetch. By default 30 days ago, or 14 days before the latest
        detection where that is earlier.
    offline : `bool`, optional
        If True, fetch nothing.
    noaa : path-like or sequence of path-like, optional
        NOAA's solar region summaries, as for `~sunpy_farside.io.noaa.read_noaa_summaries`.
    url : `str`, optional
        Base address of the archive of the maps, as for `~sunpy_farside.net.archive.fetch_files`.
    email : `str`, optional
        Address registered for JSOC's exports, which time-distance maps need.
    model, device
        As for `~sunpy_farside.catalog.watch.watch_folder`.
    progress : `bool`, optional
        If True, show progress bars.

    Returns
    -------
    `DailyRun`

    Raises
    ------
    FolderInUseError
        Another process is using ``output``.
    FarsideError
        The catalog in ``output`` is of another product.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        As for `~sunpy_farside.catalog.watch.watch_folder`.

    Notes
    -----
    Maps of the last five days are fetched again, because the archive may have corrected them, and
    earlier ones from ``since`` on if the archive's listing has a later date of change. An archive
    that does not answer, and files that cannot be fetched, are notes of the result: the maps that
    exist are processed, and the others the next time.
    """
    output = user_path(output)
    with only_run(output):
        remove_partial(output)
        check_product(output, product)
        options = {"url": url, "email": email, "progress": progress}
        notes = [] if offline else _fetch(output, product, since, options)
        _make_folders(output)
        paths = find_phase_maps(output / _MAPS, product)
        runs = dict(group_runs(paths, missing))
        if runs and not isinstance(model, FarsideModel):
            model = load_model(model or "default", device=device)
        new, made = _detect(runs, output, model, missing)
        region_list, summaries = _lists(output, new, notes), _summaries(noaa, notes)
        compared = _compare(output, new, region_list, summaries)
        used, absent = _maps_of(runs, paths)
        return DailyRun(
            output=output,
            product=product,
            new=new,
            used=used,
            missing=absent,
            region_list=_latest_list(region_list),
            summary=max(summaries, key=lambda table: table.meta["date"], default=None),
            compared=compared,
            notes=tuple(notes),
            latest=_latest(runs, output, model, missing, made),
        )


def _make_folders(output):
    for folder in (_MAPS, _LISTS):
        (output / folder).mkdir(exist_ok=True)


def _detect(runs, output, model, missing):
    """
    Update the catalog, and return its new dates and the detections of the last of them.
    """
    if not runs and not (output / DATABASE).exists():
        return [], {}
    return update_catalog(runs, output / _MAPS, output, model=model, missing=missing)


def _compare(output, new, region_list, summaries):
    """
    Attach the names of others to the tracks, and return the matches with JSOC's lists by method.
    """
    if not (output / DATABASE).exists():
        return {}
    with Database.opened(output, write=True) as database:
        first = _first_compared(database, new)
        return attach_names(database, region_list, summaries, first)


def _latest(runs, output, model, missing, made):
    """
    Return the detections of the latest date: those just made, or others with the same images.
    """
    if not runs or not (output / DATABASE).exists():
        return {}
    date = max(runs)
    if any(detection.date.isot == date for detection in made.values()):
        return made
    with Database.opened(output) as database:
        if date not in database.dates()[-1:]:
            return {}
    try:
        sequence = FarsideSequence.from_files(runs[date], missing=missing, date=date)
    except (FarsideError, OSError):
        # The update has named the map.
        return {}
    return {
        NETWORK.name: detect_farside(sequence, model),
        SAR.name: detect_seismic_strength(sequence),
    }


def _fetch(output, product, since, options):
    """
    Fetch what is new, and return sentences on what could not be fetched.
    """
    # Slow to load, and of no use to a run offline.
    from sunpy_farside.net.archive import fetch_files
    from sunpy_farside.net.listing import ARCHIVES

    notes, start, end = [], _start(output, since), Time.now()
    archive = PRODUCTS[product].archive
    wanted = {product: output / _MAPS}
    if archive == PRODUCTS[_LIST].archive:
        wanted[_LIST] = output / _LISTS
    for name, folder in wanted.items():
        # Fewer requests to a server that limits them, and none for files that are made on demand.
        recent = 0 * u.day if ARCHIVES[archive].pace else _CORRECTED
        renew = recent if PRODUCTS[name].folder else None
        try:
            files = fetch_files(start, end, product=name, folder=folder, renew=renew, **options)
        except (ConnectionError, TimeoutError) as error:
            notes.append(str(error))
            continue
        notes += [f"{error.url}: not fetched ({error.exception})" for error in files.errors]
    return notes


def _start(output, since):
    if since is not None:
        return user_time(since)
    start = Time.now() - _FIRST
    if not (output / DATABASE).exists():
        return start
    try:
        with Database.opened(output, write=True) as database:
            dates = database.dates()
    except NewerFormatError:
        raise
    except FileFormatError:
        # The update reports it, and makes it again.
        dates = []
    return min(start, Time(dates[-1]) - _AGAIN) if dates else start


def _lists(output, new, notes):
    """
    Read the region lists of the time of new detections, and of the last days.
    """
    paths = sorted((output / _LISTS).glob("AR_LIST_*.txt"))
    if not paths:
        return None
    dates = Time([parse_file_name(path.name)[0] for path in paths])
    first = min([dates.max() - _AGAIN, *new])
    try:
        return read_region_list(
            [path for path, date in zip(paths, dates, strict=True) if date >= first]
        )
    except FarsideError as error:
        notes.append(str(error))
        return None


def _latest_list(region_list):
    if region_list is None:
        return None
    latest = region_list.meta["lists"][-1:]
    rows = np.array([date == latest[0]["date"] for date in region_list["date"]], dtype=bool)
    table = region_list[rows]
    table.meta = {**region_list.meta, "lists": latest}
    return table


def _summaries(paths, notes):
    """
    Read the solar region summaries. Those that do not read are named in warnings.
    """
    if paths is None:
        return []
    try:
        return split_summaries(read_noaa_summaries(paths))
    except (OSError, FarsideError) as error:
        notes.append(str(error))
        return []


def _first_compared(database, new):
    dates = database.dates()
    if not dates:
        return ""
    return min([(Time(dates[-1]) - _AGAIN).isot, *(date.isot for date in new)])


def _maps_of(runs, paths):
    """
    Return the dates of the maps behind the latest detection, and of those that are missing.
    """
    if not paths:
        return (), ()
    times = [parse_file_name(path.name)[0] for path in paths]
    steps, near = step_numbers(Time(times))
    there = set(steps[near].tolist())
    used = ()
    if runs:
        middle = nearest_step(Time(max(runs)))
        used = tuple(step_time(step) for step in steps_of_sequence(middle) if step in there)
    last = max(there, default=0)
    first = max(last - round((_COVERED / CADENCE).to_value(u.one)), min(there, default=0))
    return used, tuple(step_time(step) for step in range(first, last) if step not in there)
