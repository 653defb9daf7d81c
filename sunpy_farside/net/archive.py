"""
Download of the files of a range of times, and of the eleven maps of a date.
"""

from pathlib import Path
from urllib.parse import unquote

import numpy as np
from parfive import Results

import astropy.units as u
from astropy.time import Time

from sunpy.net import attrs as a

from sunpy_farside.cadence import (
    CADENCE,
    MIDDLE,
    MOST_MISSING,
    N_MAPS,
    complete_runs,
    nearest_step,
    step_numbers,
    step_time,
    steps_of_sequence,
)
from sunpy_farside.errors import SequenceError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.net.attrs import Product
from sunpy_farside.net.client import FarsideClient
from sunpy_farside.net.download import is_there
from sunpy_farside.net.gong_client import GONGFarsideClient
from sunpy_farside.net.listing import ARCHIVES, local_name
from sunpy_farside.products import PRODUCTS
from sunpy_farside.sequence.placing import check_missing
from sunpy_farside.utils.cache import cache_folder
from sunpy_farside.utils.inputs import user_time
from sunpy_farside.utils.text import described
from sunpy_farside.utils.typing import PathLike, TimeLike
from sunpy_farside.utils.wording import argument_text

__all__ = ["fetch_files", "fetch_sequence"]

# Time before and after a date in which the first search looks for a complete sequence. If the rate
# of requests is limited, a search takes a second per day.
_NEIGHBORHOOD, _NEAR = 45 * u.day, 10 * u.day
# Listings have the local time of the server, at most half a day behind UTC. A file fetched sooner
# after a change than that is fetched once more.
_ZONE = np.timedelta64(12, "h")
_FIRST_MAP = Time("2010-04-25")
_CLIENTS = {"jsoc": FarsideClient, "gong": GONGFarsideClient}


def fetch_files(
    start: TimeLike,
    end: TimeLike,
    *,
    product: str = "phase_map",
    folder: PathLike | None = None,
    url: str | None = None,
    email: str | None = None,
    progress: bool = True,
    renew: u.Quantity | None = None,
) -> Results:
    """
    Fetch the files of a product in a range of times.

    Parameters
    ----------
    start, end : `~astropy.time.Time`, `str` or `~datetime.datetime`
        First and last time, both inclusive.
    product : `str`, optional
        A product of ``sunpy_farside.products.PRODUCTS``.
    folder : path-like, optional
        Folder of the files. By default the user's cache, or the folder in the environment
        variable ``SUNPY_FARSIDE_CACHE``.
    url : `str`, optional
        Base address of the archive (`~sunpy_farside.net.client.FarsideClient`,
        `~sunpy_farside.net.gong_client.GONGFarsideClient`).
    email : `str`, optional
        Address registered for JSOC's exports, which time-distance maps need. By default the
        environment variable ``SUNPY_FARSIDE_JSOC_EMAIL``.
    progress : `bool`, optional
        If True, show progress bars.
    renew : `~astropy.units.Quantity`, optional
        Time before the newest file in which existing files are fetched again, because the archive
        may have corrected them. Earlier files are fetched again if the archive's listing has a
        later date of change than the existing file. None are by default.

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
    client = _CLIENTS[PRODUCTS[product].archive](url)
    found = client.search(a.Time(start, end), *_wanted(product, email))
    folder = _folder(folder, product)
    if renew is None or not len(found):
        return _fetch(client, found, folder, progress)
    again = (found["Start Time"] >= found["Start Time"].max() - renew) | _changed(found, folder)
    results = _fetch(client, found[~again], folder, progress)
    renewed = _fetch(client, found[again], folder, progress, overwrite=True)
    results.extend(renewed)
    for error in renewed.errors:
        results.add_error(*error)
    return results


def fetch_sequence(
    time: TimeLike = "latest",
    *,
    product: str = "phase_map",
    missing: int = 0,
    folder: PathLike | None = None,
    url: str | None = None,
    email: str | None = None,
    progress: bool = True,
) -> list[Path]:
    """
    Fetch the eleven maps of a date.

    Parameters
    ----------
    time : `~astropy.time.Time`, `str`, `~datetime.datetime` or "latest", optional
        Date of the middle map and of the detections, rounded to 00 or 12 UT, the earlier of two
        equally near. ``"latest"`` selects the newest eleven maps, the last of which exists.
    product : {"phase_map", "phase_map_5day", "time_distance", "gong"}, optional
    missing : `int`, optional
        Largest number of the eleven maps that the archive may lack, at most 5. None by default.
    folder : path-like, optional
        As for `fetch_files`. If all eleven files exist, the archive is not contacted.
    url : `str`, optional
        Base address of the archive (`~sunpy_farside.net.client.FarsideClient`,
        `~sunpy_farside.net.gong_client.GONGFarsideClient`).
    email : `str`, optional
        Address registered for JSOC's exports, which time-distance maps need. By default the
        environment variable ``SUNPY_FARSIDE_JSOC_EMAIL``.
    progress : `bool`, optional
        If True, show progress bars.

    Returns
    -------
    `list` of `pathlib.Path`
        Eleven files in order of time, fewer if maps are missing, for
        `FarsideSequence.from_files <sunpy_farside.sequence.FarsideSequence.from_files>`.

    Raises
    ------
    SequenceError
        The archive lacks more maps than permitted. The message names the missing ones and the
        nearest date with enough maps.
    ConnectionError
        The archive cannot be searched, or a map cannot be fetched.

    Examples
    --------
    >>> import sunpy_farside
    >>> files = sunpy_farside.fetch_sequence("2022-05-05")  # doctest: +SKIP
    >>> sequence = sunpy_farside.FarsideSequence.from_files(files)  # doctest: +SKIP
    """
    maps = [item.name for item in PRODUCTS.values() if item.is_map]
    if not isinstance(product, str) or product not in maps:
        msg = f"Expected {' or '.join(maps)} as the product, found {described(product)}."
        raise ValueError(msg)
    check_missing(missing)
    item = PRODUCTS[product]
    folder = _folder(folder, product)
    latest = isinstance(time, str) and time == "latest"
    middle = None if latest else nearest_step(user_time(time))
    if middle is not None:
        paths = [
            folder / local_name(item.file_name(step_time(step).datetime))
            for step in steps_of_sequence(middle)
        ]
        if all(is_there(path) for path in paths):
            return paths
    client = _CLIENTS[item.archive](url)
    limited = ARCHIVES[item.archive].pace is not None
    center = _now() if middle is None else step_time(middle)
    start, end = _around(item, center, _NEAR if limited else _NEIGHBORHOOD)
    found = client.search(a.Time(start, end), *_wanted(product, email))
    rows = _rows(found)
    complete = complete_runs(rows, missing)
    if not complete and not limited:
        found = client.search(a.Time(_FIRST_MAP, _now()), *_wanted(product, email))
        rows = _rows(found)
        complete = complete_runs(rows, missing)
    if latest:
        middle = max((step for step in complete if step + MIDDLE in rows), default=None)
    if middle is None or middle not in complete:
        place = client.archive_url if item.folder else f"JSOC in {item.prefix}"
        raise SequenceError(_message_incomplete(middle, rows, complete, missing, place))
    chosen = [rows[step] for step in steps_of_sequence(middle) if step in rows]
    results = _fetch(client, found[chosen], folder, progress)
    if results.errors:
        msg = (
            f"Expected {len(chosen)} maps, could not fetch {len(results.errors)} of them. "
            f"{results.errors[0].exception}"
        )
        raise ConnectionError(msg)
    return [Path(path) for path in results]


def _around(item, center, neighborhood):
    """
    Return the times between which maps around a date are searched for.
    """
    end = center + neighborhood
    if item.end is None:
        return center - neighborhood, end
    last = Time(item.end)
    if center > last:
        msg = (
            f"Expected a date before the end of the product {item.name} on {item.end}, found "
            f"{center.isot[:16]}. Choose an earlier date or another product."
        )
        raise SequenceError(msg)
    return center - neighborhood, min(end, last)


def _wanted(product, email):
    return [Product(product)] if email is None else [Product(product), a.jsoc.Notify(email)]


def _now():
    return Time.now()


def _folder(folder, product):
    return cache_folder(product) if folder is None else Path(folder)


def _fetch(client, found, folder, progress, overwrite=False):
    # Braces in the path are not fields of a template.
    literal = str(folder).replace("{", "{{").replace("}", "}}")
    return client.fetch(found, path=f"{literal}/{{file}}", progress=progress, overwrite=overwrite)


def _changed(found, folder):
    """
    Return whether the archive may have changed files after they were fetched.
    """
    changed = []
    for url, modified in zip(found["url"], found["Modified"], strict=True):
        path = folder / local_name(unquote(url.rpartition("/")[2]))
        # Not a number where the listing has no date: no comparison with it is true.
        latest = modified + _ZONE
        changed.append(path.exists() and latest > np.datetime64(int(path.stat().st_mtime), "s"))
    return np.array(changed)


def _rows(found):
    """
    Return the row of each step of the cadence in the results of a search.
    """
    if not len(found):
        return {}
    names = (unquote(url.rpartition("/")[2]) for url in found["url"])
    steps, near = step_numbers(Time([parse_file_name(name)[0] for name in names]))
    return {int(step): k for k, step in enumerate(steps) if near[k]}


def _message_incomplete(middle, rows, complete, missing, place):
    if not complete:
        return f"Expected {N_MAPS} maps, one every {CADENCE:.0f}, found no such run at {place}."
    absent = [step for step in steps_of_sequence(middle) if step not in rows]
    names = ", ".join(step_time(step).isot[:16] for step in absent)
    nearest = min(complete, key=lambda step: (abs(step - middle), step))
    enough = f"{N_MAPS - missing} of its maps" if missing else "all its maps"
    allow = ""
    if len(absent) <= MOST_MISSING:
        allow = f" Allow for missing maps with {argument_text('missing', len(absent))}."
    return (
        f"Expected {N_MAPS} maps around {step_time(middle).isot[:16]}, found "
        f"{N_MAPS - len(absent)}; missing: {names}. The nearest date with {enough} is "
        f"{step_time(nearest).isot[:16]}.{allow}"
    )
