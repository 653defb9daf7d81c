"""
Download of the files of a range of times, and of the eleven maps of a date.
"""

from pathlib import Path
from urllib.parse import unquote

import astropy.units as u
from astropy.time import Time

from sunpy.net import attrs as a
from sunpy.time import parse_time

from sunpy_farside.cadence import (
    CADENCE,
    N_MAPS,
    complete_runs,
    nearest_step,
    step_numbers,
    step_time,
    steps_of_sequence,
)
from sunpy_farside.errors import SequenceError
from sunpy_farside.io.phase_maps import parse_file_name
from sunpy_farside.net.attrs import Product
from sunpy_farside.net.client import FarsideClient
from sunpy_farside.net.download import is_there
from sunpy_farside.net.listing import archive_url, file_name, local_name
from sunpy_farside.products import PRODUCTS
from sunpy_farside.utils.cache import cache_folder

__all__ = ["fetch_files", "fetch_sequence"]

# Time before and after a date in which the first search looks for a complete sequence.
_NEIGHBOURHOOD = 45 * u.day
_FIRST_MAP = Time("2010-04-25")


def fetch_files(
    start, end, *, product="phase_map", folder=None, url=None, progress=True, renew=None
):
    """
    Fetch the files of a product in a range of times.

    Parameters
    ----------
    start, end : `~astropy.time.Time`, `str` or `~datetime.datetime`
        First and last time, both inclusive.
    product : {"phase_map", "phase_map_5day", "region_list"}, optional
    folder : path-like, optional
        Folder of the files. By default the user's cache, or the folder in the environment
        variable ``SUNPY_FARSIDE_CACHE``.
    url : `str`, optional
        Base address of the archive (`~sunpy_farside.net.FarsideClient`).
    progress : `bool`, optional
        If True, show progress bars.
    renew : `~astropy.units.Quantity`, optional
        Time before the newest file in which existing files are fetched again, because the archive
        may have corrected them. None by default.

    Returns
    -------
    `parfive.Results`
        Paths of the files in order of time, including existing ones. Failures are in ``errors``,
        also of an existing file that could not be fetched again.

    Raises
    ------
    ConnectionError
        The archive cannot be searched.

    Examples
    --------
    >>> from sunpy_farside.net.archive import fetch_files
    >>> files = fetch_files("2022-05-02", "2022-05-08")  # doctest: +SKIP
    """
    client = FarsideClient(url)
    found = client.search(a.Time(start, end), Product(product))
    folder = _folder(folder, product)
    if renew is None or not len(found):
        return _fetch(client, found, folder, progress)
    recent = found["Start Time"] >= found["Start Time"].max() - renew
    results = _fetch(client, found[~recent], folder, progress)
    renewed = _fetch(client, found[recent], folder, progress, overwrite=True)
    results.extend(renewed)
    for error in renewed.errors:
        results.add_error(*error)
    return results


def fetch_sequence(time="latest", *, product="phase_map", folder=None, url=None, progress=True):
    """
    Fetch the eleven maps of a date.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str`, `~datetime.datetime` or "latest", optional
        Date of the middle map and of the detections, rounded to 00 or 12 UT, the earlier of two
        equally near. ``"latest"`` selects the newest eleven maps without a gap.
    product : {"phase_map", "phase_map_5day"}, optional
    folder : path-like, optional
        As for `fetch_files`. If all eleven files exist, the archive is not contacted.
    url : `str`, optional
        Base address of the archive (`~sunpy_farside.net.FarsideClient`).
    progress : `bool`, optional
        If True, show progress bars.

    Returns
    -------
    `list` of `pathlib.Path`
        Eleven files in order of time, for
        `FarsideSequence.from_files <sunpy_farside.sequence.FarsideSequence.from_files>`.

    Raises
    ------
    SequenceError
        The archive does not have all eleven maps. The message names the missing ones and the
        nearest date without a gap.
    ConnectionError
        The archive cannot be searched, or a map cannot be fetched.

    Examples
    --------
    >>> import sunpy_farside
    >>> files = sunpy_farside.fetch_sequence("2022-05-05")  # doctest: +SKIP
    >>> sequence = sunpy_farside.FarsideSequence.from_files(files)  # doctest: +SKIP
    """
    maps = [item.name for item in PRODUCTS.values() if item.is_map]
    if product not in maps:
        msg = f"Expected {' or '.join(maps)} as the product, found {product!r}."
        raise ValueError(msg)
    folder = _folder(folder, product)
    latest = isinstance(time, str) and time == "latest"
    middle = None if latest else nearest_step(parse_time(time))
    if not latest:
        paths = [
            folder / local_name(file_name(product, step_time(step).datetime))
            for step in steps_of_sequence(middle)
        ]
        if all(is_there(path) for path in paths):
            return paths
    client = FarsideClient(url)
    center = _now() if latest else step_time(middle)
    found = client.search(
        a.Time(center - _NEIGHBOURHOOD, center + _NEIGHBOURHOOD), Product(product)
    )
    rows = _rows(found)
    complete = complete_runs(rows)
    if not complete:
        found = client.search(a.Time(_FIRST_MAP, _now()), Product(product))
        rows = _rows(found)
        complete = complete_runs(rows)
    if latest and complete:
        middle = max(complete)
    if middle not in complete:
        raise SequenceError(_message_incomplete(middle, rows, complete, archive_url(url)))
    results = _fetch(
        client, found[[rows[step] for step in steps_of_sequence(middle)]], folder, progress
    )
    if results.errors:
        msg = (
            f"Expected {N_MAPS} maps, could not fetch {len(results.errors)} of them. "
            f"{results.errors[0].exception}"
        )
        raise ConnectionError(msg)
    return [Path(path) for path in results]


def _now():
    return Time.now()


def _folder(folder, product):
    return cache_folder(product) if folder is None else Path(folder)


def _fetch(client, found, folder, progress, overwrite=False):
    # Braces in the path are not fields of a template.
    literal = str(folder).replace("{", "{{").replace("}", "}}")
    return client.fetch(found, path=f"{literal}/{{file}}", progress=progress, overwrite=overwrite)


def _rows(found):
    """
    Return the row of each step of the cadence in the results of a search.
    """
    if not len(found):
        return {}
    names = (unquote(url.rpartition("/")[2]) for url in found["url"])
    steps, near = step_numbers(Time([parse_file_name(name)[0] for name in names]))
    return {int(step): k for k, step in enumerate(steps) if near[k]}


def _message_incomplete(middle, rows, complete, url):
    if not complete:
        return f"Expected {N_MAPS} maps, one every {CADENCE:.0f}, found no such run at {url}."
    missing = [step for step in steps_of_sequence(middle) if step not in rows]
    number = N_MAPS - len(missing)
    names = ", ".join(step_time(step).isot[:16] for step in missing)
    nearest = min(complete, key=lambda step: (abs(step - middle), step))
    return (
        f"Expected {N_MAPS} maps around {step_time(middle).isot[:16]}, found {number}; "
        f"missing: {names}. The nearest date with all its maps is {step_time(nearest).isot[:16]}."
    )
