"""
The daily catalogue of a folder of phase maps.
"""

from collections import Counter
from functools import lru_cache

import numpy as np

from astropy.time import Time

from sunpy.util.exceptions import warn_deprecated, warn_user

from sunpy_farside.cadence import N_MAPS, complete_runs, step_numbers, steps_of_sequence
from sunpy_farside.catalogue.catalogue import catalogue_table
from sunpy_farside.catalogue.database import DATABASE, Database, Record
from sunpy_farside.catalogue.former_catalogue import FORMER_FILE, FORMER_SAR, import_former
from sunpy_farside.catalogue.pictures import draw_date
from sunpy_farside.catalogue.sources import MapDigests, describe_run
from sunpy_farside.catalogue.track_store import follow_regions, stored_tracks
from sunpy_farside.detection import detect_farside, detect_seismic_strength
from sunpy_farside.detection.methods import METHODS
from sunpy_farside.errors import FarsideError, FileFormatError, NewerFormatError
from sunpy_farside.io.folders import find_phase_maps
from sunpy_farside.io.locks import only_run
from sunpy_farside.io.phase_maps import parse_file_name, read_phase_map
from sunpy_farside.network import FarsideModel, load_model
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import remove_partial, whole_files
from sunpy_farside.utils.text import some

__all__ = ["find_runs", "read_catalogue", "update_tracks", "watch_folder"]

_ASIDE, _DIGESTS = "catalogue.damaged.db", "maps.json"
# What SQLite has beside a database.
_BESIDE = ("", "-wal", "-shm")
# Dates that are detected together.
_BATCH = 8
# Sources of a date, and the words that report a change of them.
_REASONS = {
    "model": "another model",
    "weights": "other weights",
    "width": "another width",
    "network": "other settings",
    "sar": "other settings",
    "columns": "other columns",
}


def watch_folder(folder, output=None, *, model=None, width=120, device="auto"):
    """
    Detect regions in all sequences of a folder that have no result yet, or an outdated one.

    Parameters
    ----------
    folder : path-like
        With the phase maps that `~sunpy_farside.io.folders.find_phase_maps` finds.
    output : path-like, optional
        Folder of the catalogue, ``detections`` in ``folder`` by default. It gets

        - ``catalogue.db``: the regions of all dates, by the network and by the SAR method, and
          their tracks (`~sunpy_farside.catalogue.catalogue.Catalogue`, `read_catalogue`);
        - a picture of every date.
    model : `~sunpy_farside.network.model.FarsideModel`, `str` or path-like, optional
        The network, as for `~sunpy_farside.detection.neural.detect_farside`.
    width : `int`, optional
        Columns of the windows.
    device : `str` or `torch.device`, optional
        Where the network runs.

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
    when its rows in the file are not those that were written. The earlier result is kept as
    superseded. Where its maps are gone a date stays as it is.

    A date is finished when it is in the catalogue, to which it is added as a whole. After an
    interruption the catalogue holds every finished date, and the others are done the next time. A
    map that does not read costs the dates that need it: they are named in a warning, and tried
    again the next time.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.catalogue import watch_folder
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> watch_folder(folder)
    []
    """
    folder = user_path(folder)
    output = folder / "detections" if output is None else user_path(output)
    runs = dict(find_runs(folder))
    if not runs and not any((output / name).exists() for name in (DATABASE, FORMER_FILE)):
        return []
    with only_run(output):
        remove_partial(output)
        damaged = _check(output)
        with Database.opened(output, write=True) as database:
            import_former(database, output)
            new = _make_due(database, damaged, runs, folder, output, model, width, device)
            _follow(database)
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
        `sunpy_farside.detection.regions.COLUMNS`, NaN, 0 or false where an earlier release wrote
        none of that name. ``meta["dates"]`` holds all the dates, also
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
    return catalogue_table(user_path(folder), method)


def update_tracks(folder):
    """
    Follow the regions of a catalogue, going on with earlier tracks.

    Parameters
    ----------
    folder : path-like
        Where `watch_folder` puts its results.

    Returns
    -------
    `dict`
        The `~sunpy_farside.catalogue.tracking.RegionTracks` by either method. They keep the
        designations that they have.

    Raises
    ------
    FileNotFoundError
        There is no catalogue.
    FileFormatError
        The catalogue is damaged.
    FolderInUseError
        Another run is at work there.

    Examples
    --------
    >>> from sunpy_farside.catalogue import update_tracks
    >>> tracks = update_tracks("maps/detections")["network"]  # doctest: +SKIP
    """
    folder = user_path(folder)
    # An error for a folder that has none.
    catalogue_table(folder)
    with only_run(folder), Database.opened(folder, write=True) as database:
        import_former(database, folder)
        _follow(database)
        return {method: stored_tracks(database, method) for method in METHODS}


def find_runs(folder):
    """
    Find every complete run of eleven phase maps in a folder, by the files' names.

    Parameters
    ----------
    folder : path-like
        With maps that `~sunpy_farside.io.folders.find_phase_maps` finds.

    Yields
    ------
    date : `str`
        Of the middle map.
    paths : `list` of `~pathlib.Path`
        The eleven files.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Maps were passed over that are not of 00 or 12 UT.
    """
    paths = find_phase_maps(folder)
    times = [parse_file_name(path.name)[0] for path in paths]
    steps, near = step_numbers(Time(times)) if times else ([], [])
    odd = [path.name for path, there in zip(paths, near, strict=True) if not there]
    if odd:
        warn_user(f"{folder}: passed over {len(odd)} maps not of 00 or 12 UT, {some(odd)}.")
    at_step = {int(steps[k]): k for k in np.flatnonzero(near)}
    for middle in complete_runs(at_step):
        run = [at_step[step] for step in steps_of_sequence(middle)]
        yield times[at_step[middle]].isot, [paths[k] for k in run]


def _check(output):
    """
    Return the dates that are damaged; put a catalogue aside that does not read.
    """
    if not (output / DATABASE).exists():
        return []
    try:
        with Database.opened(output, write=True) as database:
            return database.damaged()
    except NewerFormatError:
        raise
    except FileFormatError as error:
        for end in _BESIDE:
            if (output / f"{DATABASE}{end}").exists():
                (output / f"{DATABASE}{end}").replace(output / f"{_ASIDE}{end}")
        warn_user(f"{error} The file is kept as {_ASIDE}.")
        return []


def _make_due(database, damaged, runs, folder, output, model, width, device):
    """
    Make the results that are missing or outdated, and return their dates.
    """
    gone = [date for date in damaged if date not in runs]
    if gone:
        warn_user(
            f"{output / DATABASE}: rows were lost, doubled or changed on {some(gone)}, whose maps "
            "are gone. What is left of them is kept as superseded."
        )
        database.remove(gone)
    if not runs:
        return []
    if not isinstance(model, FarsideModel):
        model = load_model(model or "default", device=device)
    digests = MapDigests(output / _DIGESTS, folder)
    run = describe_run(model, width)
    records = {
        date: Record(run, digests.of_files(paths), digests.by_name(paths))
        for date, paths in runs.items()
    }
    due = [(date, runs[date]) for date in _due(records, database.records(), damaged, output)]
    new = _make(due, width, records, database, model, output)
    if digests.changed:
        with whole_files(output) as partial:
            (partial / _DIGESTS).write_text(digests.to_json())
    return new


def _follow(database):
    for method in METHODS:
        follow_regions(database, method)


def _due(records, earlier, damaged, output):
    """
    Return the dates that are not in the catalogue, or whose sources have changed.
    """
    due = {date: _reason(date, record, earlier, damaged) for date, record in records.items()}
    again = Counter(reason for reason in due.values() if reason)
    if again:
        reasons = "; ".join(f"{reason}: {number}" for reason, number in again.items())
        warn_user(f"{output}: {again.total()} dates are made again ({reasons}).")
    return [date for date, reason in due.items() if reason is not None]


def _reason(date, record, earlier, damaged):
    """
    Return why a date is made again: empty for a new date, None for a current one.
    """
    if date in damaged:
        return "rows lost, doubled or changed"
    if date not in earlier:
        return ""
    earlier = earlier[date]
    if earlier is None:
        return "of an earlier release"
    if earlier.maps != record.maps:
        return "other maps"
    others = [word for key, word in _REASONS.items() if earlier.run.get(key) != record.run[key]]
    return others[0] if others else None


def _make(due, width, records, database, model, output):
    """
    Detect regions on dates, add them to the catalogue, and return the dates with a result.
    """
    read = lru_cache(maxsize=2 * N_MAPS)(read_phase_map)
    made = []
    for first in range(0, len(due), _BATCH):
        sequences = list(_read(due[first : first + _BATCH], read, width))
        if not sequences:
            continue
        found = {
            "network": detect_farside(sequences, model),
            "sar": detect_seismic_strength(sequences),
        }
        with whole_files(output) as partial:
            for detections in zip(*found.values(), strict=True):
                draw_date(detections, partial)
        for number, sequence in enumerate(sequences):
            date = sequence.date.isot
            here = {method: detections[number] for method, detections in found.items()}
            database.append(
                date,
                records[date],
                {method: (item.model, item.regions) for method, item in here.items()},
            )
            made.append(sequence.date)
    return made


def _read(due, read, width):
    for date, paths in due:
        try:
            yield FarsideSequence([read(path) for path in paths], width=width)
        except (FarsideError, OSError) as error:
            warn_user(f"{date[:16]} has no result: {error}")
