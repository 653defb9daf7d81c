"""
Exports of series from JSOC's database, through sunpy's client.
"""

import os
import shutil
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from parfive import Results

import astropy.units as u
from astropy.time import Time

from sunpy.net import attrs as a
from sunpy.time import parse_time

from sunpy_farside.cadence import CADENCE, TOLERANCE
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.net.download import is_there
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.transfer import without_log
from sunpy_farside.utils.wording import wording

__all__ = [
    "EMAIL_VARIABLE",
    "download_records",
    "export_email",
    "export_series",
    "find_records",
    "runs_of",
]

EMAIL_VARIABLE = "SUNPY_FARSIDE_JSOC_EMAIL"


def export_email(email=None):
    """
    Return the address that JSOC's exports are made for.

    Parameters
    ----------
    email : `str`, optional
        By default the environment variable ``SUNPY_FARSIDE_JSOC_EMAIL``.

    Returns
    -------
    `str`

    Raises
    ------
    ValueError
        There is none.

    Examples
    --------
    >>> from sunpy_farside.net.jsoc_export import export_email
    >>> export_email("you@there.edu")
    'you@there.edu'
    """
    email = email or os.environ.get(EMAIL_VARIABLE)
    if not email:
        give = wording("Give it with email=, search with a.jsoc.Notify(it)", "Give it with --email")
        msg = (
            "Expected an address that is registered with JSOC "
            "(http://jsoc.stanford.edu/ajax/register_email.html), found none. "
            f"{give}, or set {EMAIL_VARIABLE}."
        )
        raise ValueError(msg)
    return email


def find_records(series, start, end):
    """
    Find the records of a series in a range of times.

    Parameters
    ----------
    series : `str`
    start, end : `~astropy.time.Time`
        Both inclusive, within a minute: times of record are in TAI.

    Returns
    -------
    `~astropy.time.Time`
        Times of record in TAI, in order.

    Raises
    ------
    ConnectionError
        JSOC cannot be searched.
    """
    found = _asked(lambda: _search(series, start - TOLERANCE, end + TOLERANCE), series, start, end)
    if not len(found):
        return Time([], format="mjd", scale="tai")
    times = np.unique([parse_time(str(text)).tai.mjd for text in found["T_REC"]])
    return Time(times, format="mjd", scale="tai")


def export_series(series, start, end, folder, email):
    """
    Export the records of a series in a range of times, and download their files.

    Parameters
    ----------
    series : `str`
    start, end : `~astropy.time.Time`
        Both inclusive.
    folder : path-like
        Folder of the files, which get JSOC's names.
    email : `str`
        Address registered for JSOC's exports.

    Raises
    ------
    ConnectionError
        JSOC does not export the records, or a file cannot be downloaded.
    """

    def export():
        found = _search(series, start, end, email)
        # Braces in the path are not fields of a template.
        literal = str(folder).replace("{", "{{").replace("}", "}}")
        path = f"{literal}/{{file}}"
        with without_log():
            return _client().fetch(found, path=path, progress=False) if len(found) else []

    files = _asked(export, series, start, end, f"Check that {email} is registered.")
    errors = getattr(files, "errors", None)
    if errors:
        msg = (
            f"Could not fetch {len(errors)} files of {series} from {start.isot[:10]} to "
            f"{end.isot[:10]}: {errors[0].exception}"
        )
        raise ConnectionError(msg)


def download_records(product, names, paths, email=None, *, overwrite=False):
    """
    Export files of a product from JSOC's database, checked before they reach their destination.

    Parameters
    ----------
    product : `~sunpy_farside.products.Product`
    names : `list` of `str`
        JSOC's names of the files.
    paths : `list` of `~pathlib.Path`
        Their destinations. Complete files are not exported again.
    email : `str`, optional
        As for `export_email`.
    overwrite : `bool`, optional
        If True, replace existing files.

    Returns
    -------
    `parfive.Results`
        Paths of the files, in the given order. Failures are in ``errors``.

    Raises
    ------
    ValueError
        Files are due and no address is known.
    """
    paths = [Path(path) for path in paths]
    due = {
        name: path
        for name, path in zip(names, paths, strict=True)
        if overwrite or not is_there(path)
    }
    problems = {}
    if due:
        email = export_email(email)
        dates = Time([parse_file_name(name)[0] for name in due])
        order = np.argsort(dates.mjd)
        for run in runs_of(dates[order]):
            inside = (dates >= run[0]) & (dates <= run[-1])
            wanted = [name for name, chosen in zip(due, inside, strict=True) if chosen]
            with TemporaryDirectory() as folder:
                problem = _export_run(product, run, folder, email)
                for name in wanted:
                    found = _take(product, Path(folder) / name, due[name], problem)
                    if found is not None:
                        problems[name] = found
    results = Results(
        [str(path) for name, path in zip(names, paths, strict=True) if name not in problems]
    )
    for name, problem in problems.items():
        results.add_error(str(due[name]), f"drms://{product.prefix}/{name}", problem)
    return results


def _export_run(product, run, folder, email):
    """
    Export the files of a run, and return the error if that fails.
    """
    try:
        export_series(product.prefix, run[0] - TOLERANCE, run[-1] + TOLERANCE, folder, email)
    except ConnectionError as error:
        return error
    return None


def _take(product, source, path, problem):
    """
    Check a file and move it to its destination, or return the error, also that of its export.
    """
    if not source.is_file():
        return problem or ConnectionError(
            f"{source.name}: expected the file in JSOC's export, found none."
        )
    try:
        product.read(source)
    except FileFormatError as error:
        return FileFormatError(str(error).replace(f"{source.parent}/", ""))
    with whole_files(path.parent) as partial:
        shutil.move(source, partial / path.name)
    return None


def runs_of(times):
    """
    Split times into runs without a gap, each of which is one request.

    Parameters
    ----------
    times : `~astropy.time.Time`
        In order.

    Returns
    -------
    `list` of `~astropy.time.Time`

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.net.jsoc_export import runs_of
    >>> times = Time(["2023-05-01T00:00", "2023-05-01T12:00", "2023-05-03T00:00"])
    >>> [len(run) for run in runs_of(times)]
    [2, 1]
    """
    gaps = np.flatnonzero(np.diff(times.mjd) * u.day > 1.5 * CADENCE) + 1
    edges = [0, *gaps.tolist(), len(times)]
    return [times[slice(*pair)] for pair in pairwise(edges)]


def _client():
    # The client imports drms and zeep, which nothing else needs.
    from sunpy.net.jsoc import JSOCClient

    return JSOCClient()


def _search(series, start, end, email=None):
    notify = [] if email is None else [a.jsoc.Notify(email)]
    return _client().search(a.Time(start, end), a.jsoc.Series(series), *notify)


def _asked(function, series, start, end, remedy="Try again later."):
    try:
        return function()
    # The clients of drms and sunpy raise many types of errors.
    except Exception as error:
        msg = (
            f"Expected JSOC to answer for {series} of {start.isot[:10]} to {end.isot[:10]}, found: "
            f"{str(error) or type(error).__name__} {remedy}"
        )
        raise ConnectionError(msg.replace("\n", " ")) from error
