"""
Download of the observations for a training set from JSOC and NOAA.
"""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from astropy.time import Time

from sunpy.net import attrs as a
from sunpy.util.exceptions import warn_user

from sunpy_farside.cadence import step_numbers
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.noaa import read_noaa_summaries, read_noaa_summary
from sunpy_farside.io.synoptic_frames import read_frame
from sunpy_farside.net.archive import fetch_files
from sunpy_farside.net.jsoc_export import export_series
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.wording import argument_text

__all__ = ["dated_files", "fetch_frames", "fetch_phase_maps", "fetch_summaries"]

SERIES = "hmi.Mldailysynframe_720s"
# Days of frames in one export request to JSOC: half a gigabyte.
_REQUEST = 28


def dated_files(folder):
    """
    Return the FITS files in a folder with the dates in their names.

    Parameters
    ----------
    folder : path-like

    Returns
    -------
    `dict` of `pathlib.Path` to `~astropy.time.Time` or `None`
        In order of the names; `None` for names without a date.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.datasets.fetch_sources import dated_files
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> (folder / "PHASE_MAP_2022.05.05_00_00_00.fits").touch()
    >>> [time.isot[:16] for time in dated_files(folder).values()]
    ['2022-05-05T00:00']
    """
    paths = sorted(path for path in Path(folder).glob("*.fits") if path.is_file())
    return {path: parse_file_name(path.name)[0] for path in paths}


def fetch_phase_maps(start, end, folder, *, url=None, progress=True):
    """
    Fetch the phase maps of a period that are missing from a folder.

    Parameters
    ----------
    start, end : `~astropy.time.Time`
        Dates of the first and the last map.
    folder : path-like
        Folder of the maps.
    url : `str`, optional
        Base address of the archive (`~sunpy_farside.net.client.FarsideClient`).
    progress : `bool`, optional
        If True, show a progress bar.

    Raises
    ------
    ConnectionError
        The archive cannot be searched, or files cannot be fetched.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Files in the archive are not phase maps. They are left out.
    """
    (first, last), _ = step_numbers(Time([start, end]))
    times = [time for time in dated_files(folder).values() if time is not None]
    there = set(step_numbers(Time(times))[0].tolist()) if times else set()
    if there.issuperset(range(first, last + 1)):
        return
    found = fetch_files(start, end, folder=folder, url=url, progress=progress)
    errors = [item.exception for item in found.errors]
    broken = [error for error in errors if isinstance(error, FileFormatError)]
    if len(broken) < len(errors):
        error = next(error for error in errors if error not in broken)
        msg = (
            f"Could not fetch {len(errors) - len(broken)} phase maps. {error} The next run fetches "
            "the missing ones."
        )
        raise ConnectionError(msg)
    if broken:
        warn_user(f"Could not read {len(broken)} phase maps of the archive, such as {broken[0]}")


def fetch_frames(start, end, folder, *, there=(), email=None, progress=True):
    """
    Fetch the daily synoptic frames that are missing from a folder, with JSOC's export service.

    Parameters
    ----------
    start, end : `~astropy.time.Time`
        First and last day.
    folder : path-like
        Folder of the frames.
    there : sequence of `~astropy.time.Time`, optional
        Further days whose frames are not needed.
    email : `str`, optional
        Address registered for JSOC's exports.
    progress : `bool`, optional
        If True, show a progress bar.

    Raises
    ------
    ValueError
        Frames are missing and no address is given.
    ConnectionError
        The export fails.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Downloaded files are not synoptic frames. They are left out.
    """
    known = [time for time in (*dated_files(folder).values(), *there) if time is not None]
    have = np.floor(Time(known).mjd) if known else []
    days = np.setdiff1d(np.arange(np.floor(start.utc.mjd), np.floor(end.utc.mjd) + 1), have)
    if not len(days):
        return
    if email is None:
        msg = (
            f"Expected {SERIES} frames of every day in {folder}, found {len(days)} days missing, "
            f"the first {_day(days[0])}. Give an address registered with JSOC "
            f"(http://jsoc.stanford.edu/ajax/register_email.html) with {argument_text('email')}, "
            "put the files there, or build without them with "
            f"{argument_text('offline', True)}."
        )
        raise ValueError(msg)
    requests = np.split(days, np.flatnonzero(np.diff(days) > 1) + 1)
    requests = [run[k : k + _REQUEST] for run in requests for k in range(0, len(run), _REQUEST)]
    for request in tqdm(requests, desc="Frames", unit="request", disable=not progress):
        with whole_files(folder) as partial:
            # The frames are at noon TAI, which differs from noon UTC by half a minute.
            _export(request[0] + 0.4, request[-1] + 0.6, partial, email)
            _leave_out(partial, read_frame)


def _export(first, last, folder, email):
    """
    Export the frames of some days (MJD) from JSOC and download them.
    """
    try:
        # Days without a frame at JSOC stay missing.
        export_series(SERIES, *Time([first, last], format="mjd"), folder, email)
    except ConnectionError as error:
        msg = f"{error} The next run continues here."
        raise ConnectionError(msg) from error


def fetch_summaries(start, end, folder, *, progress=True):
    """
    Fetch the NOAA solar region summaries that are missing from a folder.

    Parameters
    ----------
    start, end : `~astropy.time.Time`
        First and last day.
    folder : path-like
        Folder of the summaries. Existing single files and tarballs are used.
    progress : `bool`, optional
        If True, show a progress bar.

    Raises
    ------
    ConnectionError
        NOAA's archive cannot be reached.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Downloaded files are not region summaries. They are left out.
    """
    from sunpy.net.dataretriever.sources.noaa import SRSClient

    folder = Path(folder)
    try:
        have = np.floor(read_noaa_summaries(folder).meta["dates"].mjd)
    except FileNotFoundError:
        have = []
    days = np.setdiff1d(np.arange(np.floor(start.utc.mjd), np.floor(end.utc.mjd) + 1), have)
    months = {}
    for day in days:
        months.setdefault(_day(day)[:7], []).append(day)
    client = SRSClient()
    for wanted in tqdm(months.values(), desc="Region lists", unit="month", disable=not progress):
        try:
            found = client.search(
                a.Time(*Time([wanted[0], wanted[-1] + 0.9], format="mjd")), a.Instrument("SOON")
            )
        except OSError as error:
            msg = f"Cannot search NOAA's archive ({error}). The next run continues here."
            raise ConnectionError(msg) from error
        if not len(found):
            continue
        found = found[np.isin(np.floor(found["Start Time"].mjd), wanted)]
        with whole_files(folder) as partial:
            files = client.fetch(found, path=f"{_literal(partial)}/{{file}}", progress=False)
            if files.errors:
                msg = (
                    f"Could not fetch {len(files.errors)} region summaries: "
                    f"{files.errors[0].exception} The next run continues here."
                )
                raise ConnectionError(msg)
            _leave_out(partial, read_noaa_summary)


def _leave_out(folder, read):
    """
    Remove unreadable files from a folder, with a warning for each.
    """
    for path in sorted(folder.iterdir()):
        try:
            read(path)
        except FileFormatError as error:
            warn_user(str(error).replace(f"{folder}/", ""))
            path.unlink()


def _literal(folder):
    # Braces in the path are not fields of a template.
    return str(folder).replace("{", "{{").replace("}", "}}")


def _day(mjd):
    return Time(mjd, format="mjd").isot[:10]
