"""
Download of files over HTTP with bounds on size and time.
"""

import asyncio
import dataclasses
import errno
import logging
import os
import shutil
import threading
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path

import aiohttp
import parfive
from parfive import Downloader, SessionConfig
from tqdm.auto import tqdm

from sunpy_farside.utils.coroutines import run_coroutine
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.proxies import find_proxy

__all__ = [
    "Pace",
    "TooLargeError",
    "Transfer",
    "TransferError",
    "transfer_files",
    "without_log",
]

# Number of attempts for transient errors, and seconds before the second attempt.
ATTEMPTS = 3
PAUSE = 0.5

# Time limit in seconds for a connection, and for the next bytes of a response.
SILENCE = 30

_SERVER_ERROR = 500
# Errors of aiohttp: class, description, and True if transient. The messages of the classes show
# bytes and object addresses.
_FAULTS = (
    (aiohttp.ServerTimeoutError, "silence", False),
    (asyncio.CancelledError, "no progress", False),
    (aiohttp.ClientPayloadError, "one that breaks off", True),
    (aiohttp.ServerDisconnectedError, "a connection that closes without an answer", True),
    (aiohttp.ClientResponseError, "an answer that is no HTTP", True),
)


class TransferError(ConnectionError):
    """
    Failure of the transfer of a file.

    Parameters
    ----------
    url : `str`
    found : `str`
        Description of the response or the error.
    status : `int`, optional
        HTTP status of an unsuccessful response.
    may_pass : `bool`, optional
        True for a transient error, after which another attempt may succeed.
    """

    def __init__(self, url, found, *, status=None, may_pass=False):
        super().__init__(f"{url}: expected the whole file, found {found}. Try again later.")
        self.found = found
        self.status = status
        self.may_pass = may_pass


class TooLargeError(TransferError):
    """
    Failure of a transfer because the file is larger than the limit.
    """


@dataclasses.dataclass(eq=False)
class Transfer:
    """
    Download of one file.

    Parameters
    ----------
    url : `str`
    path : `~pathlib.Path`
        Path of the file. An existing file is replaced once the download is complete.
    name : `str`
        Name of the file during the download.

    Attributes
    ----------
    problem : `Exception` or `None`
        Reason of a failure: a `TransferError`, or the exception that `finish` raised.
    """

    url: str
    path: Path
    name: str
    problem: Exception | None = dataclasses.field(default=None, init=False)

    def finish(self, partial):
        """
        Check the downloaded file. Subclasses raise an exception for a wrong file.

        Parameters
        ----------
        partial : `~pathlib.Path`
            Path of the file before it moves to ``path``.
        """


class Pace:
    """
    Limit on the rate of requests to one server, shared by all transfers of the process.

    Parameters
    ----------
    interval : `float`
        Shortest time between the beginnings of two requests in seconds.
    """

    def __init__(self, interval):
        self.interval = interval
        self._next = 0.0
        self._lock = threading.Lock()

    async def wait(self):
        """
        Wait until the next request may begin.
        """
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._next)
            self._next = begin + self.interval
        await asyncio.sleep(begin - now)


def transfer_files(
    transfers, *, max_size, patience, max_connections=5, pace=None, config=None, progress=False
):
    """
    Download files. Each of them is complete and checked, or is not written.

    Parameters
    ----------
    transfers : sequence of `Transfer`
        Files with distinct addresses. Failures are recorded in their attribute ``problem``.
    max_size : `int`
        Largest size of a file in bytes.
    patience : `float`
        Time limit of a request in seconds, from the connection to the last byte. An attempt has
        one request for the headers and one for the file.
    max_connections : `int`, optional
        Largest number of simultaneous connections.
    pace : `Pace`, optional
        Limit on the rate of requests, with one connection at a time.
    config : `parfive.SessionConfig`, optional
        Headers, time limits and callbacks. Proxies are those of the environment (`find_proxy`).
    progress : `bool`, optional
        If True, show a progress bar with the number of downloaded files.

    Raises
    ------
    KeyboardInterrupt
        The user interrupted the download. Completed files are kept.

    Notes
    -----
    Redirections are not followed. After transient errors, a file is tried up to three times.
    """
    if not transfers:
        return
    bar = tqdm(total=len(transfers), desc="Files Downloaded", unit="file", disable=not progress)
    with bar, ExitStack() as stack:
        folders = {
            folder: stack.enter_context(whole_files(folder))
            for folder in dict.fromkeys(item.path.parent for item in transfers)
        }
        # One folder per file, because two files may have the same name.
        places = {
            item: folders[item.path.parent] / str(number) / item.name
            for number, item in enumerate(transfers)
        }
        config = config or SessionConfig(headers={"User-Agent": "sunpy_farside"})
        if pace is not None:
            max_connections = 1
        batch = _Batch(places, max_size, patience, max_connections, pace, config, bar)
        run_coroutine(batch.fetch())
        # Each complete file has been moved already.
        for place in places.values():
            shutil.rmtree(place.parent, ignore_errors=True)


@dataclasses.dataclass
class _Batch:
    """
    Files that are downloaded together, with their temporary paths.
    """

    places: dict[Transfer, Path]
    max_size: int
    patience: float
    max_connections: int
    pace: Pace | None
    config: SessionConfig
    bar: tqdm

    async def fetch(self):
        due = list(self.places)
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(PAUSE * 2 ** (attempt - 1))
            by_proxy = {}
            for item in due:
                by_proxy.setdefault(find_proxy(item.url), []).append(item)
            for proxy, items in by_proxy.items():
                await self._try(items, proxy)
            # A file that fails the check may have been truncated in the transfer.
            due = [item for item in due if item.problem and getattr(item.problem, "may_pass", True)]
            if not due:
                break
        for item in self.places:
            for callback in self.config.done_callbacks:
                callback(item.path, item.url, item.problem)

    async def _try(self, transfers, proxy):
        pending = {item.url: item for item in transfers}
        loop = asyncio.get_running_loop()
        # parfive waits forever for a file that cannot be written. Therefore at least one file must
        # end in the time of three requests.
        most = 3 * self.patience

        def done(_, url, error):
            if not limit.expired():
                limit.reschedule(loop.time() + most)
            item = pending.pop(url)
            item.problem = self._explain(url, error) if error else self._finish(item)

        downloader = Downloader(
            max_conn=self.max_connections,
            max_splits=0,
            progress=False,
            overwrite=True,
            config=self._session_config(proxy, done),
        )
        for item in transfers:
            downloader.enqueue_file(
                item.url, filename=partial(self._place, item), allow_redirects=False
            )
        failure = asyncio.CancelledError()
        try:
            async with asyncio.timeout(most) as limit:
                with without_log():
                    await downloader.run_download()
        # The error of a file that cannot be written is followed by one of parfive's own.
        except Exception as error:
            failure = error.__context__ or error
        if asyncio.current_task().cancelling():
            # parfive treats an interruption as an error of its files.
            raise asyncio.CancelledError
        for url, item in pending.items():
            item.problem = self._explain(url, failure)

    def _place(self, item, *_):
        place = self.places[item]
        if shutil.disk_usage(place.parents[1]).free < self.max_size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(item.path.parent))
        return place

    def _finish(self, item):
        place = self.places[item]
        try:
            item.finish(place)
            place.replace(item.path)
        # Checks may raise any exception.
        except Exception as error:
            return error
        self.bar.update()
        return None

    def _session_config(self, proxy, done):
        given = self.config.timeouts
        total, silence = given.total or self.patience, given.sock_read or SILENCE
        config = dataclasses.replace(
            self.config,
            # Servers may compress responses unless they are told not to.
            headers=(self.config.headers or {}) | {"Accept-Encoding": "identity"},
            timeouts=aiohttp.ClientTimeout(
                total=min(total, self.patience),
                sock_connect=SILENCE,
                sock_read=min(silence, SILENCE),
            ),
            aiohttp_session_generator=self._open_session,
            done_callbacks=[done],
        )
        # The class would replace None by values of its own.
        config.http_proxy = config.https_proxy = proxy
        return config

    def _open_session(self, config):
        async def bound(request, handler):
            if self.pace is not None:
                await self.pace.wait()
            response = await handler(request)
            response.content = _Bounded(response.content, self.max_size)
            return response

        return aiohttp.ClientSession(
            headers=config.headers, auto_decompress=False, middlewares=[bound]
        )

    def _explain(self, url, error):
        # parfive wraps unsuccessful responses.
        answer = getattr(error, "response", None) or getattr(error, "exception", None)
        if isinstance(answer, aiohttp.ClientResponse):
            status = answer.status
            found = f"the answer {status}"
            if status in list(HTTPStatus):
                found += f" ({HTTPStatus(status).phrase})"
            if "Location" in answer.headers:
                found += f", which leads to {answer.headers['Location'][:200]!a}"
            return TransferError(url, found, status=status, may_pass=status >= _SERVER_ERROR)
        if isinstance(error, _TooLong):
            return TooLargeError(url, f"more than {self.max_size} bytes")
        if isinstance(error, aiohttp.ClientConnectorError):
            found = f"no connection to {error.host}:{error.port} ({error.strerror})"
            return TransferError(url, found, may_pass=True)
        if type(error) is TimeoutError:
            return TransferError(url, f"no end after {self.patience:g} s")
        for kind, found, may_pass in _FAULTS:
            if isinstance(error, kind):
                return TransferError(url, found, may_pass=may_pass)
        found = " ".join(str(error).split())[:200] or type(error).__name__
        return TransferError(url, found, may_pass=isinstance(error, aiohttp.ClientError))


@contextmanager
def without_log():
    """
    Suppress parfive's messages on errors that are reported here.
    """

    def is_important(record):
        return record.levelno > logging.INFO

    parfive.log.addFilter(is_important)
    try:
        yield
    finally:
        parfive.log.removeFilter(is_important)


class _TooLong(Exception):
    """
    Response that is longer than the bound.
    """


class _Bounded:
    """
    Content of a response, up to a number of bytes.
    """

    def __init__(self, content, max_size):
        self._content = content
        self._left = max_size

    def __getattr__(self, name):
        return getattr(self._content, name)

    async def read(self, size=-1):
        piece = await self._content.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise _TooLong
        return piece
