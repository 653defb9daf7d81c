"""
Files of a range of times, and the eleven maps of a date, as the command line asks for them.
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

# How far around a date the first search looks for a complete sequence.
_NEIGHBOURHOOD = 45 * u.day
_FIRST_MAP = Time("2010-04-25")


def fetch_files(start, end, *, product="phase_map", folder=None, url=None, progress=True):
    """
    Fetch the files of a product in a range of times.

    Parameters
    ----------
    start, end : `~astropy.time.Time`, `str` or `~datetime.datetime`
        Both inclusive.
    product : {"phase_map", "phase_map_5day", "region_list"}, optional
    folder : path-like, optional
        Where the files go. By default the user's cache, or the folder in the environment
        variable ``SUNPY_FARSIDE_CACHE``.
    url : `str`, optional
        Base address of the archive (`~sunpy_farside.net.FarsideClient`).
    progress : `bool`, optional
        Whether to show progress bars.

    Returns
    -------
    `parfive.Results`
        Paths of the files, those among them that were there before, ordered by time. What
        failed is in ``errors``.

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
    return _fetch(client, found, _folder(folder, product), progress)


def fetch_sequence(time="latest", *, product="phase_map", folder=None, url=None, progress=True):
    """
    Fetch the eleven maps of a date.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str`, `~datetime.datetime` or "latest", optional
        Date of the middle map, to which detections belong. The nearest 00 or 12 UT is taken,
        the earlier one of two. ``"latest"`` takes the newest eleven maps without a gap.
    product : {"phase_map", "phase_map_5day"}, optional
    folder : path-like, optional
        As for `fetch_files`. Where all eleven are there, nothing is asked of the archive.
    url : `str`, optional
        Base address of the archive (`~sunpy_farside.net.FarsideClient`).
    progress : `bool`, optional
        Whether to show progress bars.

    Returns
    -------
    `list` of `pathlib.Path`
        Eleven, ordered by time, for
        `FarsideSequence.from_files <sunpy_farside.sequence.FarsideSequence.from_files>`.

    Raises
    ------
    SequenceError
        The archive has not all eleven. The message names what is missing and the nearest date
        whose maps are all there.
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


def _fetch(client, found, folder, progress):
    # A folder is no template of names.
    literal = str(folder).replace("{", "{{").replace("}", "}}")
    return client.fetch(found, path=f"{literal}/{{file}}", progress=progress)


def _rows(found):
    """
    Row of each step of the cadence that a search found.
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
