"""
Update of the catalog of a folder of phase maps: detections that are missing or outdated.
"""

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from astropy.time import Time

from sunpy.util.exceptions import warn_user

from sunpy_farside.cadence import N_MAPS
from sunpy_farside.catalog.database import DATABASE, Database, Record
from sunpy_farside.catalog.date_pictures import draw_date
from sunpy_farside.catalog.former_catalog import import_former
from sunpy_farside.catalog.reading import catalog_table
from sunpy_farside.catalog.sources import MapDigests, describe_run, n_missing
from sunpy_farside.catalog.track_store import follow_regions, stored_tracks
from sunpy_farside.coordinates.earth import remember_earth
from sunpy_farside.detection import detect_farside, detect_seismic_strength
from sunpy_farside.detection.caveats import caveats_once
from sunpy_farside.detection.methods import METHODS, NETWORK, SAR
from sunpy_farside.errors import FarsideError, FileFormatError, NewerFormatError
from sunpy_farside.io.locks import only_run
from sunpy_farside.io.phase_maps import read_global_map
from sunpy_farside.network import FarsideModel, load_model
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.text import counted, some
from sunpy_farside.utils.typing import PathLike

if TYPE_CHECKING:
    from sunpy_farside.catalog.tracking import RegionTracks

__all__ = ["update_catalog", "update_tracks"]

_ASIDE, _DIGESTS = "catalogue.damaged.db", "maps.json"
# What SQLite has beside a database.
_BESIDE = ("", "-wal", "-shm")
# Number of dates on which the position of the Earth is computed together.
_AHEAD = 256
# Sources of a date, and the words that report a change of them.
_REASONS = {
    "model": "another model",
    "weights": "other weights",
    "width": "another width",
    NETWORK.name: "other settings",
    SAR.name: "other settings",
    "columns": "other columns",
}


@caveats_once()
def update_catalog(runs, folder, output, *, model=None, width=120, missing=0, device="auto"):
    """
    Compute missing and outdated detections, and update the tracks.

    Parameters
    ----------
    runs : `dict`
        Paths of the eleven maps, or fewer, by the date of the middle one.
    folder, output : `~pathlib.Path`
        Folders of the maps and of the catalog, which the caller has locked.
    model, width, missing, device
        As for `~sunpy_farside.catalog.watch.watch_folder`.

    Returns
    -------
    new : `list` of `~astropy.time.Time`
        The new dates, and those whose result was replaced.
    last : `dict`
        Detection of the last of them by method
        (`~sunpy_farside.detection.result.FarsideDetection`); empty if there is none.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        As for `~sunpy_farside.catalog.watch.watch_folder`.
    """
    damaged = _check(output)
    with Database.opened(output, write=True) as database:
        import_former(database, output)
        if not isinstance(model, FarsideModel) and runs:
            model = load_model(model or "default", device=device)
        new, last = _make_due(database, damaged, runs, folder, output, model, width, missing)
        for method in METHODS:
            follow_regions(database, method)
    return new, last


def update_tracks(folder: PathLike) -> "dict[str, RegionTracks]":
    """
    Follow the regions of a catalog, going on with earlier tracks.

    Parameters
    ----------
    folder : path-like
        Output folder of `~sunpy_farside.catalog.watch.watch_folder`.

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


def _check(output):
    """
    Return the dates that are damaged; put a catalog aside that does not read.
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


def _make_due(database, damaged, runs, folder, output, model, width, missing):
    """
    Make the results that are missing or outdated; return their dates and the last detections.
    """
    gone = [date for date in damaged if date not in runs]
    if gone:
        warn_user(
            f"{output / DATABASE}: rows were lost, doubled or changed on {some(gone)}, whose maps "
            "are gone. What is left of them is kept as superseded."
        )
        database.remove(gone)
    if not runs:
        return [], {}
    digests = MapDigests(output / _DIGESTS, folder)
    run = describe_run(model, width)
    records = {
        date: Record(run, digests.of_files(paths), digests.by_name(paths))
        for date, paths in runs.items()
    }
    earlier = {date: item for date, item in database.records().items() if date not in damaged}
    due = [(date, runs[date]) for date in _due(records, earlier, damaged, output)]
    sequences = _read(due, width, missing, earlier)
    new, last = _make(sequences, records, database, model, output)
    if digests.changed:
        with whole_files(output) as partial:
            (partial / _DIGESTS).write_text(digests.to_json())
    return new, last


def _due(records, earlier, damaged, output):
    """
    Return the dates that are not in the catalog, or whose sources have changed.
    """
    due = {date: _reason(date, record, earlier, damaged) for date, record in records.items()}
    again = Counter(reason for reason in due.values() if reason)
    if again:
        reasons = "; ".join(f"{reason}: {number}" for reason, number in again.items())
        warn_user(f"{output}: {counted(again.total(), 'date')} made again ({reasons}).")
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
    if n_missing(earlier.maps) < n_missing(record.maps):
        # Maps that were used are gone.
        return None
    if earlier.maps != record.maps:
        return "other maps"
    others = [word for key, word in _REASONS.items() if earlier.run.get(key) != record.run[key]]
    return others[0] if others else None


def _make(sequences, records, database, model, output):
    """
    Detect regions in sequences, and add them to the catalog.

    Returns
    -------
    made : `list` of `~astropy.time.Time`
        Dates with a result.
    last : `dict`
        Detection of the last of them by method.
    """
    made, last = [], {}
    # The network computes the next dates in a thread while those before them are stored.
    for detection in detect_farside(sequences, model):
        sequence, date = detection.sequence, detection.sequence.date
        last = {NETWORK.name: detection, SAR.name: detect_seismic_strength(sequence)}
        with whole_files(output) as partial:
            draw_date(list(last.values()), partial)
        database.append(
            date.isot,
            records[date.isot],
            {method: (item.model, item.regions) for method, item in last.items()},
            product=sequence.product,
        )
        made.append(date)
    return made, last


def _read(due, width, missing, earlier):
    """
    Read the sequences of dates, as far as there are enough maps that read.
    """
    read = lru_cache(maxsize=2 * N_MAPS)(_read_map)
    named, without, gappy = set(), [], []
    for number, (date, paths) in enumerate(due):
        if number % _AHEAD == 0:
            remember_earth(Time([date for date, _ in due[number : number + _AHEAD]]))
        found = [read(path) for path in paths]
        errors = [item for item in found if isinstance(item, Exception)]
        maps = [item for item in found if not isinstance(item, Exception)]
        # Fewer maps do not replace the result of more.
        allowed = min(missing, n_missing(earlier[date].maps)) if earlier.get(date) else missing
        try:
            sequence = FarsideSequence(maps, width=width, missing=allowed, date=date)
        except FarsideError as error:
            sequence, errors = None, errors or [error]
        new = [text for text in map(str, errors) if text not in named]
        named.update(new)
        if new:
            what = (
                "has no result"
                if sequence is None
                else f"is made without {counted(len(errors), 'map')}"
            )
            warn_user(f"{date[:16]} {what}: {' '.join(new)}")
        elif errors:
            (without if sequence is None else gappy).append(date[:16])
        if sequence is not None:
            yield sequence
    for dates, what in ((without, "have no result"), (gappy, "have a result")):
        if dates:
            warn_user(
                f"Without the maps named above, {len(dates)} more dates {what}: {some(dates)}."
            )


def _read_map(path):
    """
    Return a map, or the error of a file that is then read once only.
    """
    try:
        return read_global_map(path)
    except (FarsideError, OSError) as error:
        return error
