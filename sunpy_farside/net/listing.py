"""
What the archive holds: its folders, read with distrust.
"""

import html
import os
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException, IncompleteRead
from urllib.parse import unquote, urljoin, urlsplit

__all__ = [
    "ATTEMPTS",
    "PAUSE",
    "RemoteFile",
    "archive_url",
    "file_name",
    "find_files",
    "local_name",
]

URL_VARIABLE = "SUNPY_FARSIDE_JSOC_URL"
_JSOC = "http://jsoc.stanford.edu/data/farside/"

# Tries of a request that fails for reasons that may pass, and seconds before the second.
ATTEMPTS = 3
PAUSE = 0.5

# Seconds that a server may stay silent, and seconds and bytes that one listing may take: the
# longest has some thousand lines of 200 characters.
_SILENCE = 30
_PATIENCE = 120
_MAX_LISTING = 8_000_000

_FIRST_YEAR = 2010

_STAMP = r"([0-9]{4})\.([0-9]{2})\.([0-9]{2})_([0-9]{2}):([0-9]{2}):([0-9]{2})"
# Folder, how names begin and how they end.
_LAYOUT = {
    "phase_map": ("Phase_Maps", "PHASE_MAP", ".fits"),
    "phase_map_5day": ("Phase_Maps_5Day_Cum", "CUM_PHASE", ".fits"),
    "region_list": ("AR_Lists", "AR_LIST", ".txt"),
}

_LINK = re.compile(r"""href\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))""", re.IGNORECASE)
# In Apache's and nginx's listings the size follows the time of the last change.
_SIZE = re.compile(r"[0-9]:[0-9]{2}\s*(?:<[^<>]*>\s*)*([0-9]+(?:\.[0-9]+)?)([KMG]?)(?![0-9.:-])")
_AFTER_LINK = 400
_FACTOR = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


@dataclass(frozen=True)
class RemoteFile:
    """
    One file of the archive: its name, time, address and, where known, size in bytes.
    """

    name: str
    time: datetime
    url: str
    size: float


def archive_url(url=None):
    """
    Base address of the archive, ending with a slash.

    Parameters
    ----------
    url : `str`, optional
        By default the environment variable ``SUNPY_FARSIDE_JSOC_URL``, else JSOC.

    Returns
    -------
    `str`

    Raises
    ------
    ValueError
        It is no address of a folder.

    Examples
    --------
    >>> from sunpy_farside.net.listing import archive_url
    >>> archive_url("http://localhost:8000/farside")
    'http://localhost:8000/farside/'
    """
    url = url or os.environ.get(URL_VARIABLE) or _JSOC
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        msg = (
            f"Expected the archive's address as http://host/folder/, found {url!r}. It comes from "
            f"an argument or from the environment variable {URL_VARIABLE}."
        )
        raise ValueError(msg)
    return url.rstrip("/") + "/"


def find_files(product, start, end, url):
    """
    Files of a product whose times lie in a range.

    Older years lie in yearly folders, the newest files in a flat one, some in both: where a
    file lies in both, the yearly folder's is taken, which stays.

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
        Ordered by time, each time once.

    Raises
    ------
    ConnectionError
        A folder cannot be listed, for other reasons than not being there.
    """
    folder, prefix, suffix = _LAYOUT[product]
    pattern = re.compile(rf"{prefix}_{_STAMP}{re.escape(suffix)}")
    years = range(max(start.year, _FIRST_YEAR), min(end.year, datetime.now(UTC).year + 1) + 1)
    folders = [f"{folder}/", *(f"{folder}/{year}/" for year in years)] if years else []
    found = {}
    for name in folders:
        for file in _parse(_read(url + name), url + name, pattern):
            if start <= file.time <= end:
                found[file.time] = file
    return [found[time] for time in sorted(found)]


def file_name(product, time):
    """
    Name that the archive gives to a product's file.

    Parameters
    ----------
    product : {"phase_map", "phase_map_5day", "region_list"}
    time : `datetime.datetime`

    Returns
    -------
    `str`
    """
    _, prefix, suffix = _LAYOUT[product]
    return f"{prefix}_{time:%Y.%m.%d_%H:%M:%S}{suffix}"


def local_name(name):
    """
    Name for a file of the archive that every system allows.

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


def _parse(page, url, pattern):
    """
    Files that a listing names and that lie in the listed folder itself.
    """
    here = urlsplit(url)
    folder = unquote(here.path)
    links = list(_LINK.finditer(page))
    ends = [*(link.start() for link in links[1:]), len(page)][: len(links)]
    for link, end in zip(links, ends, strict=True):
        try:
            target = urlsplit(urljoin(url, html.unescape(link[1] or link[2] or link[3] or "")))
        except ValueError:  # no address at all
            continue
        if target[:2] != here[:2] or target.query:
            continue
        path = unquote(target.path)
        name = path.removeprefix(folder)
        match = pattern.fullmatch(name)
        if not path.startswith(folder) or match is None:
            continue
        try:
            time = datetime(*map(int, match.groups()))
        except ValueError:  # no such day
            continue
        # The address is ours, not the server's: nothing but the name is taken from it.
        size = _size(page[link.end() : min(end, link.end() + _AFTER_LINK)])
        yield RemoteFile(name, time, url + name, size)


def _size(text):
    match = _SIZE.search(text)
    return float(match[1]) * _FACTOR[match[2]] if match else float("nan")


class _SameHost(urllib.request.HTTPRedirectHandler):
    """
    Follow redirections on the host that was asked, no others.
    """

    def redirect_request(self, request, file, code, message, headers, new_url):
        if urlsplit(new_url)[:2] != urlsplit(request.full_url)[:2]:
            raise urllib.error.HTTPError(
                request.full_url, code, f"redirected to {new_url}", headers, file
            )
        return super().redirect_request(request, file, code, message, headers, new_url)


def _read(url):
    """
    Text of a listing; empty where there is no such folder.
    """
    opener = urllib.request.build_opener(_SameHost)
    request = urllib.request.Request(url, headers={"User-Agent": "sunpy_farside"})
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with opener.open(request, timeout=_SILENCE) as response:
                return _content(response).decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                return ""
            problem, may_pass = f"the answer {error.code} ({error.reason})", error.code >= 500
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            problem, may_pass = str(reason), not isinstance(reason, TimeoutError)
        if not may_pass:
            break
        if attempt < ATTEMPTS:
            time.sleep(PAUSE * 2 ** (attempt - 1))
    msg = (
        f"{url}: expected a listing of the archive, found {problem}. Try again later, or name a "
        f"mirror in the environment variable {URL_VARIABLE}."
    )
    raise ConnectionError(msg)


def _content(response):
    """
    Body of an answer, read piece by piece so that neither its size nor its time is open-ended.
    """
    content = bytearray()
    deadline = time.monotonic() + _PATIENCE
    while piece := response.read1(65536):
        content += piece
        if len(content) > _MAX_LISTING:
            msg = f"more than {_MAX_LISTING} bytes"
            raise OSError(msg)
        if time.monotonic() > deadline:
            msg = f"no end after {_PATIENCE} s"
            raise TimeoutError(msg)
    if response.length:
        raise IncompleteRead(bytes(content), response.length)
    return content
