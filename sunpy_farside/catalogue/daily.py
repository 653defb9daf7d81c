"""
The daily catalogue of a folder of phase maps.
"""

import shutil
from collections import Counter, defaultdict
from functools import lru_cache

import numpy as np

from astropy.time import Time

from sunpy.util.exceptions import warn_deprecated, warn_user

from sunpy_farside.cadence import (
    CADENCE,
    MIDDLE,
    N_MAPS,
    check_missing,
    complete_runs,
    step_numbers,
    step_time,
    steps_of_sequence,
)
from sunpy_farside.catalogue.catalogue_files import (
    FORMER_SAR,
    Catalogue,
    Record,
    read_catalogue_file,
    write_catalogue_file,
)
from sunpy_farside.catalogue.companions import are_current, draw_date, write_companions
from sunpy_farside.catalogue.sources import MapDigests, describe_run, n_missing
from sunpy_farside.catalogue.stack import join_tables, stack_regions
from sunpy_farside.catalogue.track_files import read_members
from sunpy_farside.catalogue.tracking import RegionTracks, no_tracks, track_regions
from sunpy_farside.detection import COLUMNS, detect_farside, detect_seismic_strength
from sunpy_farside.detection.methods import METHODS
from sunpy_farside.errors import FarsideError, FileFormatError, NewerFormatError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.folders import find_phase_maps
from sunpy_farside.io.locks import only_run
from sunpy_farside.io.phase_maps import read_global_map
from sunpy_farside.network import FarsideModel, load_model
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import remove_partial, whole_files
from sunpy_farside.utils.text import some

__all__ = ["find_runs", "read_catalogue", "update_tracks", "watch_folder"]

_CATALOGUE, _ASIDE, _DIGESTS = "catalogue.ecsv", "catalogue.damaged.ecsv", "maps.json"
# Dates that are detected together.
_BATCH = 8
# The catalogue is written as a whole: not before its dates have grown by this share.
_GROWTH = 0.1
# Sources of a date, and the words that report a change of them.
_REASONS = {
    "model": "another model",
    "weights": "other weights",
    "width": "another width",
    "network": "other settings",
    "sar": "other settings",
    "columns": "other columns",
}


def watch_folder(
    folder, output=None, *, model=None, product=None, width=120, missing=0, device="auto"
):
    """
    Detect regions in all sequences of a folder that have no result yet, or an outdated one.

    Parameters
    ----------
    folder : path-like
        With the phase maps that `~sunpy_farside.io.folders.find_phase_maps` finds.
    output : path-like, optional
        Folder of the catalogue, ``detections`` in ``folder`` by default. It gets

        - ``catalogue.ecsv``: the regions of all dates, by the network and by the SAR method
          (`read_catalogue`), and ``catalogue.json``, ``catalogue.vot`` and ``catalogue.csv`` with
          the same for other programs;
        - a picture of every date;
        - a folder ``tracks`` with the tracks of either method (`update_tracks`).
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
        Another run is at work in ``output``.
    NewerFormatError
        A later release wrote the catalogue.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Dates are made again, maps do not read, or something was passed over.

    Notes
    -----
    The catalogue records the sources of each date. A date is made again when one of its maps has
    changed, when the model, its weights, the width, the settings or the columns are others, and
    when its rows in the file are not those that were written. Where maps are gone it stays as it
    is: fewer maps never replace the result of more. Were its rows damaged and the maps are gone, it
    is lost, and a copy of the file is kept as ``catalogue.damaged.ecsv``.

    A date is finished when it is in the catalogue, which is replaced as a whole. After an
    interruption the catalogue holds every finished date, and the others are done the next time. A
    map that does not read costs the dates that need it: they are named in a warning, and tried
    again the next time.

    With ``missing``, a date has a result as soon as enough of its maps are in the folder. That
    includes the newest dates, whose last maps are not yet published. A date is made again when one
    more of its maps arrives. A map that does not read is one of the missing.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.catalogue import watch_folder
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> watch_folder(folder)
    []
    """
    check_missing(missing)
    folder = user_path(folder)
    output = folder / "detections" if output is None else user_path(output)
    runs = dict(find_runs(folder, product, missing))
    if not runs and not (output / _CATALOGUE).exists():
        return []
    with only_run(output):
        remove_partial(output)
        catalogue = _open(output, runs)
        new = []
        if runs:
            if not isinstance(model, FarsideModel):
                model = load_model(model or "default", device=device)
            digests = MapDigests(output / _DIGESTS, folder)
            records = _records(runs, digests, describe_run(model, width))
            due = _due(records, catalogue, output)
            new = _make(
                [(date, runs[date]) for date in due],
                width,
                records,
                catalogue,
                model,
                output,
                missing,
            )
            if digests.changed:
                with whole_files(output) as partial:
                    (partial / _DIGESTS).write_text(digests.to_json())
        if (output / _CATALOGUE).exists():
            if not are_current(output / _CATALOGUE):
                write_companions(catalogue, output / _CATALOGUE)
            _update_tracks(output, catalogue)
    return new


def read_catalogue(folder, method=None):
    """
    Read the catalogue of a folder.

    Parameters
    ----------
    folder : path-like
        Where `watch_folder` puts its results.
    method : {"network", "sar"}, optional
        Regions by one method only, the SAR method's former name ``"standard"`` being deprecated,
        in the form that
        `~sunpy_farside.catalogue.tracking.track_regions` and
        `~sunpy_farside.catalogue.matching.match_dates` take.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region, in order of date: ``date``, ``method``, ``model``, and the columns of
        `sunpy_farside.detection.measurement.COLUMNS`, NaN, 0 or false where an earlier release
        wrote none of that name. ``meta["dates"]`` holds all the dates, also
        those without a region, and ``meta["last_maps"]`` the dates of the last maps behind them.

    Raises
    ------
    FileNotFoundError
        There is no catalogue.
    FileFormatError
        The catalogue is damaged: rows were lost, doubled or changed.
    ValueError
        There is no such method.

    Examples
    --------
    >>> from sunpy_farside.catalogue import read_catalogue
    >>> strong = read_catalogue("maps/detections", "network")  # doctest: +SKIP
    """
    if method == FORMER_SAR:
        warn_deprecated(f"The method {method!r} is deprecated. Use 'sar'.")
        method = "sar"
    if method is not None and method not in METHODS:
        msg = f"Expected the method {' or '.join(METHODS)}, found {method!r}."
        raise ValueError(msg)
    return _by_method(_read_whole(user_path(folder)), method)


def update_tracks(folder):
    """
    Follow the regions of a catalogue, going on with earlier tracks.

    Parameters
    ----------
    folder : path-like
        Where `watch_folder` puts its results. Its folder ``tracks`` gets a folder of
        `~sunpy_farside.catalogue.tracking.RegionTracks` for each method.

    Returns
    -------
    `dict`
        The tracks by either method. Regions keep the names that they have, on dates whose
        regions are the same.

    Raises
    ------
    FileNotFoundError
        There is no catalogue.
    FileFormatError
        The catalogue is damaged. Tracks that are damaged are made again.
    FolderInUseError
        Another run is at work there.

    Examples
    --------
    >>> from sunpy_farside.catalogue import update_tracks
    >>> tracks = update_tracks("maps/detections")["network"]  # doctest: +SKIP
    """
    folder = user_path(folder)
    catalogue = _read_whole(folder)
    with only_run(folder):
        return _update_tracks(folder, catalogue)


def find_runs(folder, product=None, missing=0):
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
        Of the middle map, missing or not.
    paths : `list` of `~pathlib.Path`
        The eleven files, or fewer.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Maps were passed over that are not of 00 or 12 UT.
    """
    paths = find_phase_maps(folder, product)
    times = [parse_file_name(path.name)[0] for path in paths]
    steps, near = step_numbers(Time(times)) if times else ([], [])
    odd = [path.name for path, there in zip(paths, near, strict=True) if not there]
    if odd:
        warn_user(f"{folder}: passed over {len(odd)} maps not of 00 or 12 UT, {some(odd)}.")
    at_step = {int(steps[k]): k for k in np.flatnonzero(near)}
    for middle in complete_runs(at_step, missing):
        run = [at_step[step] for step in steps_of_sequence(middle) if step in at_step]
        date = times[at_step[middle]] if middle in at_step else step_time(middle)
        yield date.isot, [paths[k] for k in run]


def _open(output, runs):
    """
    Read the catalogue, without the dates that are damaged.
    """
    path = output / _CATALOGUE
    if not path.exists():
        return Catalogue()
    try:
        catalogue = read_catalogue_file(path)
    except NewerFormatError:
        raise
    except FileFormatError as error:
        path.replace(output / _ASIDE)
        warn_user(f"{error} The file is kept as {_ASIDE}.")
        return Catalogue()
    if not catalogue.damaged:
        return catalogue
    gone = [date for date in catalogue.damaged if date not in runs]
    if gone:
        shutil.copyfile(path, output / _ASIDE)
        warn_user(
            f"{path}: rows were lost, doubled or changed on {some(gone)}, whose maps are gone. "
            f"The file is kept as {_ASIDE}."
        )
    with whole_files(output) as partial:
        write_catalogue_file(catalogue, partial / _CATALOGUE)
    return catalogue


def _read_whole(folder):
    """
    Read a catalogue, and raise an error if any of it is damaged.
    """
    path = folder / _CATALOGUE
    if not path.exists():
        msg = f"{path}: no such file. watch_folder makes it."
        raise FileNotFoundError(msg)
    catalogue = read_catalogue_file(path)
    if catalogue.damaged:
        msg = (
            f"{path}: expected the rows that were written, found rows lost, doubled or changed on "
            f"{some(catalogue.damaged)}. Run watch again: it makes these dates again."
        )
        raise FileFormatError(msg)
    return catalogue


def _records(runs, digests, run):
    """
    Return the current sources of every date.
    """
    return {date: Record(run, digests.of_files(paths)) for date, paths in runs.items()}


def _due(records, catalogue, output):
    """
    Return the dates that are not in the catalogue, or whose sources have changed.
    """
    due = {date: _reason(date, record, catalogue) for date, record in records.items()}
    again = Counter(reason for reason in due.values() if reason)
    if again:
        reasons = "; ".join(f"{reason}: {number}" for reason, number in again.items())
        warn_user(f"{output}: {again.total()} dates are made again ({reasons}).")
    return [date for date, reason in due.items() if reason is not None]


def _reason(date, record, catalogue):
    """
    Return why a date is made again: empty for a new date, None for a current one.
    """
    if date in catalogue.damaged:
        return "rows lost, doubled or changed"
    if date not in catalogue.records:
        return ""
    earlier = catalogue.records[date]
    if earlier is None:
        return "of an earlier release"
    if n_missing(earlier.maps) < n_missing(record.maps):
        # Maps that were used are gone.
        return None
    if earlier.maps != record.maps:
        return "other maps"
    others = [word for key, word in _REASONS.items() if earlier.run.get(key) != record.run[key]]
    return others[0] if others else None


def _make(due, width, records, catalogue, model, output, missing):
    """
    Detect regions on dates, add them to the catalogue, and return the dates with a result.
    """
    read = lru_cache(maxsize=2 * N_MAPS)(read_global_map)
    made, parts, waiting = [], [], {}
    for first in range(0, len(due), _BATCH):
        batch = due[first : first + _BATCH]
        sequences = list(_read(batch, read, width, missing, catalogue.records))
        if sequences:
            parts += _detect(sequences, model, output)
            waiting |= {item.date.isot: records[item.date.isot] for item in sequences}
            made += [item.date for item in sequences]
        last = first + _BATCH >= len(due)
        if waiting and (last or len(waiting) > _GROWTH * len(catalogue.records)):
            _add(catalogue, parts, waiting)
            with whole_files(output) as partial:
                write_catalogue_file(catalogue, partial / _CATALOGUE)
            parts, waiting = [], {}
    return made


def _read(due, read, width, missing, earlier):
    """
    Read the sequences of dates, as far as there are enough maps that read.
    """
    for date, paths in due:
        maps, errors = [], []
        for path in paths:
            try:
                maps.append(read(path))
            except (FarsideError, OSError) as error:
                errors.append(error)
        # Fewer maps do not replace the result of more.
        allowed = min(missing, n_missing(earlier[date].maps)) if earlier.get(date) else missing
        try:
            sequence = FarsideSequence(maps, width=width, missing=allowed, date=date)
        except FarsideError as error:
            warn_user(f"{date[:16]} has no result: {errors[0] if errors else error}")
            continue
        if errors:
            warn_user(f"{date[:16]} is made without {len(errors)} maps: {errors[0]}")
        yield sequence


def _detect(sequences, model, output):
    """
    Detect and draw regions, and return one table of them for each method.
    """
    found = {
        "network": detect_farside(sequences, model),
        "sar": detect_seismic_strength(sequences),
    }
    with whole_files(output) as partial:
        for detections in zip(*found.values(), strict=True):
            draw_date(detections, partial)
    parts = []
    for method, detections in found.items():
        part = stack_regions(detections)
        part["method"] = np.full(len(part), method)
        part["model"] = np.full(len(part), detections[0].model)
        parts.append(part)
    return parts


def _add(catalogue, parts, records):
    """
    Put the regions of dates into a catalogue, replacing earlier ones.
    """
    kept = catalogue.table[~np.isin(_dates(catalogue.table), list(records))]
    parts = [kept, *parts]
    dates = [date for part in parts for date in _dates(part)]
    when = Time(dates) if dates else kept["date"]
    table = join_tables(parts, when, ["method", "model", *COLUMNS])
    catalogue.table = table[np.argsort(table["date"].mjd, kind="stable")]
    catalogue.records |= records


def _dates(table):
    # An empty array of dates has no strings.
    return table["date"].isot if len(table) else np.empty(0, dtype="U23")


def _by_method(catalogue, method):
    table, dates = catalogue.table, sorted(catalogue.records)
    # Sequences are always of eleven maps, and their date is that of the middle one.
    last = (Time(dates) + MIDDLE * CADENCE).isot.tolist() if dates else []
    meta = {"dates": dates, "last_maps": last}
    if method is not None:
        table = table[np.asarray(table["method"]) == method]
        meta["strength"] = METHODS[method].strength
    table.meta = meta
    return table


def _update_tracks(folder, catalogue):
    result = {}
    for method in METHODS:
        place = folder / "tracks" / method
        former = place.with_name(FORMER_SAR)
        if method == "sar" and former.is_dir() and not place.exists():
            # Regions keep the names that they have.
            former.rename(place)
        stack = _by_method(catalogue, method)
        result[method] = track_regions(stack, _earlier(place, stack))
        result[method].write(place)
    return result


def _earlier(place, stack):
    """
    Return the tracks to continue: members on dates whose regions have not changed.
    """
    try:
        members = read_members(place, no_tracks)
    except FileNotFoundError:
        return None
    except NewerFormatError:
        raise
    except FileFormatError as error:
        warn_user(f"Tracks are made again, perhaps with other names. {error}")
        return None
    before, now = _rows(members, "strength"), _rows(stack, stack.meta["strength"])
    changed = {date for date in stack.meta["dates"] if before.get(date) != now.get(date)}
    kept = members[~np.isin(_dates(members), list(changed))]
    kept.meta["dates"] = [date for date in members.meta["dates"] if date not in changed]
    # The tracks are summed up again from their members.
    return RegionTracks(None, kept)


def _rows(table, strength):
    """
    Return the values that tracks depend on, by date.
    """
    columns = [_dates(table), table["label"], table["significant"]]
    for values in (
        table["centroid"].lon.deg,
        table["centroid"].lat.deg,
        table[strength].value,
        table["reliability"].value,
    ):
        columns.append(np.nan_to_num(values, nan=-1).round(6))
    rows = defaultdict(set)
    for date, *row in zip(*(np.asarray(column).tolist() for column in columns), strict=True):
        rows[date].add(tuple(row))
    return rows
