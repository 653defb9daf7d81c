"""
Downloads that end up whole, checked and with a header, or not at all.
"""

import asyncio
import re
import secrets
import warnings
from concurrent.futures import ThreadPoolExecutor

import aiohttp
from parfive import Downloader
from parfive.utils import FailedDownload
from tqdm import tqdm

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.phase_maps import parse_file_name, read_phase_map
from sunpy_farside.maps import PHASE_MAP_SHAPE, FarsidePhaseMap, phase_map_header
from sunpy_farside.net.listing import ATTEMPTS, PAUSE

__all__ = ["Download", "complete_header", "is_there"]

# A map is 0.26 MB and a list 1 kB. Nothing longer is kept.
_MAX_SIZE = 4_000_000
# Seconds that one try may take altogether, whatever the server does.
_PATIENCE = 600

# Cards that compete with those of a phase map's header: other coordinates, other dates, and
# the name by which sunpy's HMI source would claim the map.
_COMPETING = re.compile(
    r"(CTYPE|CUNIT|CNAME|CRVAL|CRPIX|CDELT|CROTA|CD|PC|PV|PS)\d.*"
    r"|WCS.*|LONPOLE|LATPOLE|DATE-(AVG|BEG|END)|TIME-?OBS|TIMESYS|INSTRUME"
)


class _ServerError(ConnectionError):
    """
    The server failed; it may recover.
    """


class Download:
    """
    One file on its way from the archive to its place.

    The file is written elsewhere, checked, given its header if it is a phase map, and only
    then moved into place.

    Parameters
    ----------
    url : `str`
    name : `str`
        The archive's name for the file, with separators that every system allows.
    path : `~pathlib.Path`
        Where the file is to be, under any name.
    """

    def __init__(self, url, name, path):
        self.url = url
        self.name = name
        self.path = path

    def enqueue(self, downloader):
        """
        Put the file into a downloader's queue.

        Parameters
        ----------
        downloader : `parfive.Downloader`
            It lends its connections, progress bars and list of errors. The bytes are counted
            and checked here, which it cannot do.
        """
        overwrite = downloader.config.overwrite
        if overwrite == "unique":
            self.path = _unused(self.path)

        async def get_file(session, *, token, file_pb):
            if overwrite or not is_there(self.path):
                await self._fetch(session, downloader.config, file_pb, token.n)
            return self.url, str(self.path)

        downloader.http_queue.append(get_file)

    def __call__(self, response, url):
        """
        Name of the local file, for which parfive asks when it tries a failed file again.

        By then the file is there: parfive's own way of fetching it would check nothing.
        """

        async def fetch():
            config = Downloader(progress=False).config
            async with config.aiohttp_client_session() as session:
                await self._fetch(session, config)

        # parfive asks from inside its running loop.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, fetch()).result()
        return self.path

    async def _fetch(self, session, config, bar=None, position=None):
        try:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    await self._try(session, config, bar, position)
                    return
                except (aiohttp.ClientError, _ServerError) as error:
                    if attempt == ATTEMPTS or isinstance(error, TimeoutError):
                        raise
                await asyncio.sleep(PAUSE * 2 ** (attempt - 1))
        # What parfive does with its own downloads, interrupted ones among them.
        except (Exception, asyncio.CancelledError) as error:
            raise FailedDownload(self, self.url, self._problem(error)) from error

    async def _try(self, session, config, bar, position):
        # A folder of its own, where the file has its name: that holds its date.
        folder = self.path.parent / f".partial-{secrets.token_hex(8)}"
        folder.mkdir(parents=True)
        partial = folder / self.name
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._receive(session, config, partial, bar, position)
            _check(partial)
            if _is_map(partial):
                complete_header(partial)
            partial.replace(self.path)
        except FileFormatError as error:
            raise FileFormatError(str(error).replace(str(partial), self.url)) from error
        finally:
            partial.unlink(missing_ok=True)
            folder.rmdir()

    async def _receive(self, session, config, partial, bar, position):
        request = session.get(
            self.url,
            timeout=config.timeouts,
            proxy=config.http_proxy if self.url.startswith("http:") else config.https_proxy,
            headers={"Accept-Encoding": "identity"},
            allow_redirects=False,
        )
        async with request as response:
            if response.status != 200:
                kind = _ServerError if response.status >= 500 else ConnectionError
                msg = f"the answer {response.status} ({response.reason})"
                raise kind(msg)
            shown = (bar or tqdm)(
                desc=self.name,
                total=response.content_length,
                position=position,
                unit="B",
                unit_scale=True,
                leave=False,
                disable=not bar,
            )
            size = 0
            with partial.open("wb") as file, shown:
                async for piece in response.content.iter_chunked(65536):
                    size += len(piece)
                    if size > _MAX_SIZE:
                        msg = f"{partial}: expected {_MAX_SIZE} bytes at most, found more."
                        raise FileFormatError(msg)
                    file.write(piece)
                    shown.update(len(piece))

    def _problem(self, error):
        if isinstance(error, FileFormatError):
            return error
        found = str(error) or type(error).__name__
        if isinstance(error, TimeoutError):
            found = "silence"
        if isinstance(error, asyncio.CancelledError):
            found = "an interruption"
        msg = f"{self.url}: expected the whole file, found {found}. Try again later."
        return ConnectionError(msg)


def is_there(path):
    """
    Whether a file of the archive is in its place, whole and with its header.

    Parameters
    ----------
    path : `~pathlib.Path`

    Returns
    -------
    `bool`
    """
    try:
        _check(path)
    except (FileFormatError, FileNotFoundError):
        return False
    if not _is_map(path):
        return True
    with fits.open(path) as hdus:
        return any(FarsidePhaseMap.is_datasource_for(None, hdu.header) for hdu in hdus)


def complete_header(path):
    """
    Give a phase map's file the header by which `sunpy.map.Map` knows it.

    Parameters
    ----------
    path : `~pathlib.Path`
        FITS file with the archive's name, which tells the date and the product.

    Notes
    -----
    The bytes of the data stay as they are, and so do cards that say nothing about
    coordinates, dates or the instrument. A HISTORY card tells what was done.
    """
    header = phase_map_header(*parse_file_name(path.name))
    with warnings.catch_warnings():
        # Odd cards are common in these files.
        warnings.simplefilter("ignore", AstropyUserWarning)
        with fits.open(
            path,
            mode="update",
            memmap=False,
            do_not_scale_image_data=True,
            output_verify="silentfix+ignore",
        ) as hdus:
            hdus.verify("silentfix+ignore")
            cards = _images(hdus)[0].header
            for key in [key for key in cards if _COMPETING.fullmatch(key)]:
                cards.remove(key, ignore_missing=True)
            cards.update(header)
            cards.add_history("Coordinates, date and unit added by sunpy_farside; data unchanged.")


def _is_map(path):
    return path.suffix == ".fits"


def _check(path):
    """
    Raise FileFormatError unless a file holds what its name promises.
    """
    if not _is_map(path):
        # Only region lists need the reader, and it needs more of astropy than a search.
        from sunpy_farside.io.region_lists import read_ar_list

        read_ar_list(path)
        return
    with path.open("rb") as file:
        start = file.read(9)
    if start != b"SIMPLE  =":
        msg = f"{path}: expected a FITS file, found one that begins with {start!r}."
        raise FileFormatError(msg)
    # Before the data are read: a small file can declare, or unpack to, images of any size.
    for shape in _declared_shapes(path):
        if shape != PHASE_MAP_SHAPE:
            msg = f"{path}: expected a phase map of shape {PHASE_MAP_SHAPE}, found {shape}."
            raise FileFormatError(msg)
    read_phase_map(path)


def _declared_shapes(path):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyUserWarning)
            with fits.open(path, memmap=False) as hdus:
                return [hdu.shape for hdu in _images(hdus)]
    # astropy raises many kinds on damaged files.
    except Exception as error:
        msg = f"{path}: expected a FITS file with an image, found one that does not read ({error})."
        raise FileFormatError(msg) from error


def _images(hdus):
    return [hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS", 0) > 0]


def _unused(path):
    """
    A name beside a file that is there, with a number where the date stays readable.
    """
    candidate, number = path, 0
    while candidate.exists():
        number += 1
        candidate = path.with_stem(f"{path.stem}_{number}")
    return candidate
