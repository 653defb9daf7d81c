"""
Training sets of observed data, built from public archives into one file.
"""

import numpy as np
from tqdm import tqdm

import astropy.units as u
from astropy.time import Time

import sunpy_farside
from sunpy_farside.cadence import CADENCE, MIDDLE, step_numbers, step_time
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.datasets.fetch_sources import (
    dated_files,
    fetch_frames,
    fetch_phase_maps,
    fetch_summaries,
)
from sunpy_farside.datasets.fields import near_side_field
from sunpy_farside.datasets.masks import PUBLISHED_MASK, active_mask, mask_in_window
from sunpy_farside.datasets.pairing import HALF_ROTATION, pair_frames, split_pairs
from sunpy_farside.datasets.store import FILE_NAME, MASK_WIDTH, Store, write_store
from sunpy_farside.errors import FileFormatError, SequenceError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.noaa import read_noaa_summaries
from sunpy_farside.io.noaa_regions import first_appearances, positions_at
from sunpy_farside.io.phase_maps import read_phase_map
from sunpy_farside.io.synoptic_frames import read_frame
from sunpy_farside.maps.sources import Map
from sunpy_farside.maps.windows import cut_globe
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import remove_partial, whole_files
from sunpy_farside.utils.inputs import user_time

__all__ = ["assemble", "build_dataset", "reduce_frames"]

_MAPS, _FRAMES, _FIELDS, _NOAA = "phase_maps", "frames", "fields", "noaa"
# A region crosses the disk in two weeks: its first appearance may have been that much earlier.
_PASSAGE = 15 * u.day
_REACH = MIDDLE * CADENCE


def build_dataset(
    start, end, folder, *, email=None, url=None, offline=False, progress=True, **options
):
    """
    Build a training set of phase maps and magnetograms observed in a period.

    Parameters
    ----------
    start, end : `~astropy.time.Time`, `str` or `~datetime.datetime`
        First and last day of the magnetograms. Maps are needed from 16 days before them, region
        summaries from 15 days before.
    folder : path-like
        Folder of the training set, with phase maps in ``phase_maps``, daily synoptic frames in
        ``frames`` and NOAA's solar region summaries (single files or tarballs) in ``noaa``.
        Existing files are used, missing ones are fetched.
    email : `str`, optional
        Address registered for JSOC's exports. Needed only to fetch synoptic frames.
    url : `str`, optional
        Base address of the archive of phase maps (`~sunpy_farside.net.client.FarsideClient`).
    offline : `bool`, optional
        If True, use only the files in the folder and fetch none.
    progress : `bool`, optional
        If True, show progress bars.
    **options
        Passed to `assemble`.

    Returns
    -------
    `~sunpy_farside.datasets.store.Store`
        Store of the file ``dataset.h5`` in the folder.

    Raises
    ------
    ConnectionError
        A file cannot be fetched. The next run continues where this one ended.
    ValueError
        There is no sequence with reference regions, or there are too few for the splits.

    Notes
    -----
    A field on the grid of the network has a two-hundredth of the data of a synoptic frame. Frames
    (20 MB each) may be deleted once their fields are in ``fields``.

    An interrupted run leaves no incomplete files, and the next run produces the same
    ``dataset.h5``. Only one run at a time may use a folder.

    Examples
    --------
    >>> from sunpy_farside.datasets.build import build_dataset
    >>> build_dataset("2010-06-01", "2018-10-26", "felipe", email="me@there.edu")  # doctest: +SKIP
    """
    start, end = user_time(start), user_time(end)
    if end < start:
        msg = f"Expected an end after the start, found {start.isot} to {end.isot}."
        raise ValueError(msg)
    # Include the whole of the last day.
    end = Time(np.floor(end.utc.mjd) + 1, format="mjd") - 1 * u.s
    folder = user_path(folder)
    remove_partial(folder)
    if not offline:
        lag = options.get("lag", HALF_ROTATION)
        fetch_phase_maps(
            start - lag - _REACH,
            end - lag + _REACH,
            folder / _MAPS,
            url=url,
            progress=progress,
        )
        fetch_frames(
            start,
            end,
            folder / _FRAMES,
            there=dated_files(folder / _FIELDS).values(),
            email=email,
            progress=progress,
        )
        fetch_summaries(start - _PASSAGE, end, folder / _NOAA, progress=progress)
    left_out = reduce_frames(folder, progress=progress)
    return assemble(folder, start, end, left_out=left_out, progress=progress, **options)


def reduce_frames(folder, *, progress=True):
    """
    Rebin all synoptic frames of a training set to the grid of the network.

    Parameters
    ----------
    folder : path-like
        Folder of `build_dataset`. Each file in ``frames`` is rebinned to a map of 144 x 120 pixels
        in ``fields``. Existing fields are kept.
    progress : `bool`, optional
        If True, show a progress bar.

    Returns
    -------
    `list` of (`str`, `str`)
        Names of the files that are not synoptic frames, each with the reason.
    """
    folder = user_path(folder)
    left_out = []
    sources = sorted(path for path in (folder / _FRAMES).glob("*.fits") if path.is_file())
    for source in tqdm(sources, desc="Fields", unit="frame", disable=not progress):
        target = folder / _FIELDS / source.name
        # A frame that was fetched again is newer than its field.
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        try:
            field = near_side_field(read_frame(source))
        except FileFormatError as error:
            left_out.append((source.name, _reason(error, source)))
            continue
        with whole_files(target.parent) as partial:
            field.save(partial / target.name)
    return left_out


@u.quantity_input
def assemble(
    folder,
    start,
    end,
    *,
    lag: u.day = HALF_ROTATION,
    validation=None,
    test=None,
    gap: u.day = 27.3 * u.day,
    regions=None,
    mask=None,
    left_out=(),
    progress=True,
):
    """
    Assemble the store of a training set from the files in its folder.

    Parameters
    ----------
    folder : path-like
        Folder of `build_dataset`.
    start, end : `~astropy.time.Time`
        First and last time of the magnetograms, both inclusive.
    lag : `~astropy.units.Quantity`, optional
        Time from the middle map to the magnetogram.
    validation, test : pair of `~astropy.time.Time`, `str` or `~datetime.datetime`, optional
        First and last date of each split (`~sunpy_farside.datasets.pairing.split_pairs`).
    gap : `~astropy.units.Quantity`, optional
        Shortest time between maps of two splits.
    regions : `dict`, optional
        Passed to `~sunpy_farside.io.noaa_regions.first_appearances`: ``limb``, ``distance``.
    mask : `dict`, optional
        Passed to `~sunpy_farside.datasets.masks.active_mask`: ``box``, ``smoothing``,
        ``threshold``, ``unsigned``. The published values by default.
    left_out : sequence of (`str`, `str`), optional
        Files that are already left out, each with the reason, for the list in the store.
    progress : `bool`, optional
        If True, show progress bars.

    Returns
    -------
    `~sunpy_farside.datasets.store.Store`

    Raises
    ------
    FileNotFoundError
        A folder has no files of these dates.
    ValueError
        There is no sequence with reference regions, or there are too few for the splits.
    """
    folder, left_out = user_path(folder), list(left_out)
    mask_options = {**PUBLISHED_MASK, **(mask or {})}
    maps = _phase_maps(folder / _MAPS, start - lag - _REACH, end - lag + _REACH, left_out)
    fields = _fields(folder / _FIELDS, start, end)
    dates = Time([field.date for field in fields])
    emerged, rule = _emerged_regions(folder / _NOAA, regions or {})
    steps = np.arange(min(maps), max(maps) + 1)

    def examples(written):
        pairs = pair_frames(dates, step_time(written), lag=lag)
        left_out.extend((dates[k].isot, reason) for k, reason in pairs.left_out)
        found = _masks(fields, dates, pairs, emerged, mask_options, left_out, progress)
        if not found["middle"]:
            msg = (
                f"Expected magnetograms with eleven maps {lag:.1f} before them, found none among "
                f"{len(fields)} magnetograms and {len(written)} maps. The first: {left_out[0][1]}"
            )
            raise ValueError(msg)
        middles = step_time(found["middle"])
        split = split_pairs(middles, validation=validation, test=test, gap=gap)
        return found | {"split": split, "left_out": sorted(left_out)}

    write_store(
        folder / FILE_NAME,
        steps[0],
        np.floor(far_side_central_meridian(step_time(steps)).deg),
        _globes(maps, left_out, progress),
        examples,
        settings={
            "lag": str(lag),
            "gap": str(gap),
            **{key: str(value) for key, value in rule.items()},
            **{key: str(value) for key, value in mask_options.items()},
            "version": sunpy_farside.__version__,
        },
    )
    return Store(folder / FILE_NAME)


def _phase_maps(folder, start, end, left_out):
    """
    Return the file of each step of the cadence.
    """
    maps = {}
    for path, time in dated_files(folder).items():
        _, product = parse_file_name(path.name)
        if time is None or product not in ("phase_map", None):
            left_out.append((path.name, "no phase map by its name"))
            continue
        if not start - CADENCE / 2 < time < end + CADENCE / 2:
            continue
        step, on_cadence = step_numbers(time)
        if not on_cadence:
            left_out.append((path.name, "not at 00 or 12 UT"))
        elif int(step) in maps:
            left_out.append((path.name, f"the same date as {maps[int(step)].name}"))
        else:
            maps[int(step)] = path
    if not maps:
        msg = f"{folder}: expected phase maps of {start.isot[:10]} to {end.isot[:10]}, found none."
        raise FileNotFoundError(msg)
    return maps


def _fields(folder, start, end):
    fields = []
    for path in sorted(folder.glob("*.fits")) if folder.is_dir() else ():
        field = Map(path)
        if start <= field.date <= end:
            fields.append(field)
    if not fields:
        msg = f"{folder}: expected fields of {start.isot[:10]} to {end.isot[:10]}, found none."
        raise FileNotFoundError(msg)
    return fields


def _emerged_regions(folder, options):
    """
    Return NOAA's regions that emerged on the near side, and the settings of that choice.
    """
    summaries = read_noaa_summaries(folder)
    first = first_appearances(summaries, **options)
    emerged = first["number"][first["emerged"]]
    return summaries[np.isin(summaries["number"], emerged)], first.meta


def _globes(maps, left_out, progress):
    """
    Yield the step and the phases of every map that can be used.
    """
    for step in tqdm(sorted(maps), desc="Maps", unit="map", disable=not progress):
        try:
            yield step, cut_globe(read_phase_map(maps[step]))
        except (FileFormatError, SequenceError) as error:
            left_out.append((maps[step].name, _reason(error, maps[step])))


def _masks(fields, dates, pairs, emerged, options, left_out, progress):
    """
    Return the middle steps of the pairs, the dates of their magnetograms, and the masks of these.
    """
    found = {"middle": [], "frame_date": [], "active": []}
    each = list(zip(pairs.frames, pairs.middles, strict=True))
    for k, middle in tqdm(each, desc="Masks", unit="mask", disable=not progress):
        try:
            blank = positions_at(emerged, dates[k])["centroid"]
        except ValueError as error:
            left_out.append((dates[k].isot, str(error)))
            continue
        active = active_mask(fields[k], blank, **options)
        found["middle"].append(middle)
        found["frame_date"].append(dates[k].isot)
        found["active"].append(mask_in_window(active, step_time(middle), width=MASK_WIDTH).data)
    return found


def _reason(error, path):
    """
    Return the message of an error without the folder, so that it does not depend on the location.
    """
    return str(error).replace(f"{path}: ", "").replace(f"{path.parent}/", "")
