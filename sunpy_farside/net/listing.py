"""
Listings of the archive's folders, read and validated.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from sunpy_farside.net.listing_page import parse_listing
from sunpy_farside.products import PRODUCTS
from sunpy_farside.utils.transfer import Pace, Transfer, transfer_files

__all__ = [
    "ARCHIVES",
    "Archive",
    "RemoteFile",
    "archive_url",
    "find_files",
    "local_name",
    "read_listings",
    "remote_files",
]


@dataclass(frozen=True)
class Archive:
    """
    Server that publishes far-side products.

    Attributes
    ----------
    name : `str`
    url : `str`
        Base address.
    variable : `str`
        Environment variable that replaces it.
    pace : ``sunpy_farside.utils.transfer.Pace`` or None
        Limit on the rate of requests.
    """

    name: str
    url: str
    variable: str
    pace: Pace | None = None


ARCHIVES = {
    "jsoc": Archive("JSOC", "http://jsoc.stanford.edu/data/farside/", "SUNPY_FARSIDE_JSOC_URL"),
    # Addresses with more than about one request per second are blocked, for hours.
    "gong": Archive("GONG", "https://gong2.nso.edu/oQR/", "SUNPY_FARSIDE_GONG_URL", Pace(1.0)),
}

# Limits of one listing in seconds and bytes: the longest has about a thousand lines of 200
# characters.
_PATIENCE = 60
_MAX_LISTING = 8_000_000
_NOT_FOUND = 404

_FIRST_YEAR = 2010

# In Apache's and nginx's listings the size follows the time of the last change.
_CHANGE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}-[A-Z][a-z]{2}-[0-9]{4}) [0-9]{2}:[0-9]{2}"
)
_SIZE = re.compile(r"[0-9]:[0-9]{2}\s*([0-9]+(?:\.[0-9]+)?)([KMG]?)(?![0-9.:-])")
_FACTOR = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


@dataclass(frozen=True)
class RemoteFile:
    """
    File of the archive.

    Attributes
    ----------
    name : `str`
    time : `datetime.datetime`
        Time in the name, in UTC.
    url : `str`
    size : `float`
        In bytes; NaN if unknown.
    modified : `datetime.datetime` or None
        Time of the last change in the listing, in an unknown time zone.
    """

    name: str
    time: datetime
    url: str
    size: float
    modified: datetime | None = None


def archive_url(url=None, archive="jsoc"):
    """
    Return the base address of an archive, ending with a slash.

    Parameters
    ----------
    url : `str`, optional
        By default the environment variable ``SUNPY_FARSIDE_JSOC_URL`` or
        ``SUNPY_FARSIDE_GONG_URL``, else the published address.
    archive : {"jsoc", "gong"}, optional

    Returns
    -------
    `str`

    Raises
    ------
    ValueError
        The address is not that of a folder.

    Examples
    --------
    >>> from sunpy_farside.net.listing import archive_url
    >>> archive_url("http://localhost:8000/farside")
    'http://localhost:8000/farside/'
    """
    item = ARCHIVES[archive]
    url = url or os.environ.get(item.variable) or item.url
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        msg = (
            f"Expected the archive's address as http://host/folder/, found {url!r}. It comes from "
            f"an argument or from the environment variable {item.variable}."
        )
        raise ValueError(msg)
    return url.rstrip("/") + "/"


def find_files(product, start, end, url):
    """
    List the files of a product of JSOC in a range of times.

    Older years are in yearly folders, the newest files in a flat one. Of a file in both, that in
    the yearly folder is used, because it is permanent.

    Parameters
    ----------
    product : {"phase_map", "phase_map_5day", "region_list"}
    start, end : `datetime.datetime`
        In UTC, both inclusive. Only the folders of these years are listed.
    url : `str`
        Base address (`archive_url`).

    Returns
    -------
    `list` of `RemoteFile`
        In order of time, each time once.

    Raises
    ------
    ConnectionError
        A folder cannot be listed; missing folders are skipped.
    """
    item = PRODUCTS[product]
    years = range(max(start.year, _FIRST_YEAR), min(end.year, datetime.now(UTC).year + 1) + 1)
    if not years:
        return []
    flat = f"{url}{item.folder}/"
    yearly = [f"{flat}{year}/" for year in years]
    # In this order, a file that is moved in the meantime is seen twice, not missed.
    archive = ARCHIVES[item.archive]
    listings = read_listings([flat], archive)
    named = {page for page in yearly if page.removeprefix(flat) in (listings[flat] or ())}
    listings |= read_listings(yearly, archive, named)
    return remote_files(listings, item, start, end)


def remote_files(listings, item, start, end):
    """
    Return the files of a product in listings that are in a range of times.

    Parameters
    ----------
    listings : `dict`
        Entries of folders by their addresses (`read_listings`). A file in several folders is taken
        from the last one.
    item : `~sunpy_farside.products.Product`
    start, end : `datetime.datetime`
        In UTC, both inclusive.

    Returns
    -------
    `list` of `RemoteFile`
        In order of time, each time once.
    """
    found = {}
    for page, entries in listings.items():
        for file in _files(entries or {}, page, item):
            if start <= file.time <= end:
                found[file.time] = file
    return [found[time] for time in sorted(found)]


def local_name(name):
    """
    Return a name for a file of the archive that every system allows.

    Parameters
    ----------
    name : `str`

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_farside.net.listing import local_name
    >>> local_name("PHASE_MAP_2022.05.05_00:00:00.fits")
    'PHASE_MAP_2022.05.05_00_00_00.fits'
    """
    return name.replace(":", "_")


def _files(entries, url, item):
    for name, text in entries.items():
        time = item.file_time(name)
        if time is not None:
            # Only the name is taken from the server, not the address.
            yield RemoteFile(name, time, url + name, _size(text), _modified(text))


def _size(text):
    match = _SIZE.search(text)
    return float(match[1]) * _FACTOR[match[2]] if match else float("nan")


def _modified(text):
    match = _CHANGE.search(text)
    if match is None:
        return None
    # The name of a month in a language other than English is no date, like any other mistake.
    for form in ("%Y-%m-%d %H:%M", "%d-%b-%Y %H:%M"):
        with suppress(ValueError):
            return datetime.strptime(match[0], form)
    return None


class _Page(Transfer):
    """
    Download of one listing, with `None` for the entries of a missing folder.
    """

    entries = None

    def finish(self, partial):
        self.entries = parse_listing(partial.read_bytes().decode("utf-8", "replace"), self.url)


def read_listings(urls, archive, named=()):
    """
    Fetch the listings of folders.

    Parameters
    ----------
    urls : sequence of `str`
    archive : `Archive`
    named : set of `str`, optional
        Folders that other listings name, so that they must exist.

    Returns
    -------
    `dict`
        By address, the names of the entries, each with the text that follows it; None for a
        missing folder.

    Raises
    ------
    ConnectionError
        A folder cannot be listed.
    """
    with TemporaryDirectory() as folder:
        pages = [_Page(url, Path(folder) / str(number), "page") for number, url in enumerate(urls)]
        transfer_files(pages, max_size=_MAX_LISTING, patience=_PATIENCE, pace=archive.pace)
    for page in pages:
        missing = getattr(page.problem, "status", None) == _NOT_FOUND
        if missing and page.url in named:
            raise _no_listing(page.url, "nothing, although the folder above names it", archive)
        if page.problem is not None and not missing:
            found = getattr(page.problem, "found", page.problem)
            raise _no_listing(page.url, found, archive) from page.problem
    return {page.url: page.entries for page in pages}


def _no_listing(url, found, archive):
    return ConnectionError(
        f"{url}: expected a listing of the archive, found {found}. Try again later, or name a "
        f"mirror in the environment variable {archive.variable}."
    )
