"""
The far-side archive of JSOC as a client of `~sunpy.net.Fido`.
"""

from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

import numpy as np
import parfive

import astropy.units as u
from astropy.time import Time

from sunpy.net import attrs as a
from sunpy.net.attr import DataAttr
from sunpy.net.base_client import QueryResponseRow
from sunpy.net.dataretriever.client import GenericClient, QueryResponse
from sunpy.util.parfive_helpers import Downloader

from sunpy_farside.net.attrs import Product
from sunpy_farside.net.download import Download, download_files, unused
from sunpy_farside.net.jsoc_export import download_records, find_records
from sunpy_farside.net.listing import ARCHIVES, RemoteFile, archive_url, find_files, local_name
from sunpy_farside.products import PRODUCTS
from sunpy_farside.utils.typing import PathLike

__all__ = ["FarsideClient"]


# Beginning of the addresses of records in JSOC's database, which are exported under that name.
_DRMS = "drms://"
_NOTIFY = "notify"


class _Response(QueryResponse):
    size_column = "Size"
    # The date of change is in the time zone of the server, which is unknown.
    hide_keys = (*QueryResponse.hide_keys, "Modified")


class FarsideClient(GenericClient):
    """
    Far-side phase maps and region lists from HMI, published by JSOC.

    Searches need `a.Time <sunpy.net.attrs.Time>` and
    `a.farside.Product <sunpy_farside.net.attrs.Product>`, and take
    `a.Instrument.hmi <sunpy.net.attrs.Instrument>`, ``a.Source.sdo`` and ``a.Provider.jsoc``.
    Time-distance maps are exported from JSOC's database, through sunpy's client: their download
    needs an address that is `registered with JSOC
    <http://jsoc.stanford.edu/ajax/register_email.html>`__, given once in
    `a.jsoc.Notify <sunpy.net.jsoc.attrs.Notify>` or in the environment variable
    ``SUNPY_FARSIDE_JSOC_EMAIL``.

    Parameters
    ----------
    url : `str`, optional
        Base address of the archive or of a mirror. By default the environment variable
        ``SUNPY_FARSIDE_JSOC_URL`` at the time of the search, else JSOC.

    Notes
    -----
    A file belongs to a range if the time in its name is in it, both ends included.

    ``Start Time`` and ``End Time`` are those of the data used. JSOC documents the time
    spans, 24 hours and five days, but not the position of the time in the name within them. It
    is taken as the middle of the 24 hours, as `documented for the preceding MDI far-side maps
    <http://soi.stanford.edu/data/full_farside/link_info.html>`__; the five days of a cumulated
    map end with the 24 hours of its newest map, whose time is in the name. Region lists are made
    from cumulated maps.

    Examples
    --------
    >>> from sunpy.net import Fido, attrs as a
    >>> import sunpy_farside
    >>> found = Fido.search(a.Time("2022-05-02 12:00", "2022-05-08"),
    ...                     a.farside.Product("phase_map"))  # doctest: +REMOTE_DATA
    >>> files = Fido.fetch(found)  # doctest: +SKIP
    """

    # The package's own attribute excludes all other clients from the search.
    required = frozenset({a.Time, Product})
    _archive = "jsoc"
    _origin = (
        (a.Instrument, "HMI", "Helioseismic and Magnetic Imager."),
        (a.Source, "SDO", "The Solar Dynamics Observatory."),
        (a.Provider, "JSOC", "The Joint Science Operations Center at Stanford."),
    )

    def __init__(self, url=None):
        self._url = url

    @property
    def info_url(self) -> str:
        """
        Address of the page about the data.
        """
        return "http://jsoc.stanford.edu/data/farside/"

    @property
    def archive_url(self) -> str:
        """
        Base address of the archive, ending with a slash.
        """
        return archive_url(self._url, self._archive)

    @classmethod
    def _attrs_module(cls):
        return "farside", "sunpy_farside.net.attrs"

    @classmethod
    def _can_handle_query(cls, *query):
        # The address for exports is no property of the files.
        return super()._can_handle_query(*(x for x in query if not isinstance(x, a.jsoc.Notify)))

    @classmethod
    def register_values(cls) -> dict:
        """
        Return the attributes that the client supports, with their values.
        """
        products = [item for item in PRODUCTS.values() if item.archive == cls._archive]
        return {
            Product: [(item.name, item.description) for item in products],
            **{attr: [(name, text)] for attr, name, text in cls._origin},
        }

    def search(self, *args: DataAttr, **kwargs) -> QueryResponse:
        """
        Search for the files of a product in a range of times.

        Parameters
        ----------
        *args : attrs
            `a.Time <sunpy.net.attrs.Time>` and `~sunpy_farside.net.attrs.Product` among them.
        **kwargs
            Not used; for sunpy's interface.

        Returns
        -------
        `~sunpy.net.dataretriever.QueryResponse`
            One row per time, in order of time.

        Raises
        ------
        ConnectionError
            The archive does not answer with a listing.
        """
        time = next(item for item in args if isinstance(item, a.Time))
        product = next(item for item in args if isinstance(item, Product)).value
        item = PRODUCTS[product]
        if item.folder is None:
            files = _exportable(item, time)
        else:
            files = self._find(product, _utc(time.start), _utc(time.end), self.archive_url)
        before, after = item.hours
        instrument, source, provider = (name for _, name, _ in self._origin)
        constants = {
            "Instrument": instrument,
            "Product": product,
            "Source": source,
            "Provider": provider,
        }
        response = _Response(
            {
                "Start Time": _times(file.time - timedelta(hours=before) for file in files),
                "End Time": _times(file.time + timedelta(hours=after) for file in files),
                **{name: np.full(len(files), value) for name, value in constants.items()},
                "Size": np.array([file.size for file in files], dtype=float) * u.byte,
                "Modified": np.array([file.modified for file in files], dtype="datetime64[s]"),
                "url": np.array([file.url for file in files], dtype=str),
            },
            client=self,
        )
        response.meta[_NOTIFY] = next((x.value for x in args if isinstance(x, a.jsoc.Notify)), None)
        return response

    def _find(self, product, start, end, url):
        return find_files(product, start, end, url)

    def fetch(
        self,
        qres: QueryResponse | QueryResponseRow,
        path: PathLike | None = None,
        overwrite: bool | Literal["unique"] = False,
        progress: bool = True,
        downloader: parfive.Downloader | None = None,
        wait: bool = True,
        **kwargs,
    ) -> parfive.Results:
        """
        Download the files in the results of a search.

        The headers of phase maps are completed (the data remain unchanged), so that
        `sunpy.map.Map` opens them. Existing files are only downloaded again if they are
        damaged. Colons in names become underscores.

        Parameters
        ----------
        qres : `~sunpy.net.dataretriever.QueryResponse` or one row of it
        path : path-like, optional
            Folder, or template of names that includes ``{file}``.
        overwrite : `bool` or ``"unique"``, optional
        progress : `bool`, optional
        downloader : `parfive.Downloader`, optional
            Its settings replace ``overwrite`` and ``progress``.
        wait : `bool`, optional
            Not used: the method returns once the files are complete, because files that a
            shared ``downloader`` fetches later could not be checked first.
        **kwargs
            Not used; for sunpy's interface.

        Returns
        -------
        `parfive.Results`
            Paths of the files. Failures are in ``errors``.
        """
        if isinstance(qres, QueryResponseRow):
            qres = qres.as_table()
        downloader = downloader or Downloader(progress=progress, overwrite=overwrite)
        urls = [str(url) for url in qres["url"]] if len(qres) else []
        names = [local_name(unquote(url.rpartition("/")[2])) for url in urls]
        folder = None if path is None else Path(path)
        paths = self._get_full_filenames(qres, names, folder)
        if urls and urls[0].startswith(_DRMS):
            product, email = PRODUCTS[str(qres["Product"][0])], qres.meta.get(_NOTIFY)
            overwrite = downloader.config.overwrite
            if overwrite == "unique":
                paths, overwrite = [unused(path) for path in paths], False
            return download_records(product, names, paths, email, overwrite=overwrite)
        pace = ARCHIVES[self._archive].pace
        downloads = [Download(*item, pace) for item in zip(urls, paths, names, strict=True)]
        return download_files(downloads, downloader)


def _exportable(product, time):
    """
    Return the files of a product in JSOC's database in a range of times.
    """
    files = []
    for record in find_records(product.prefix, time.start, time.end):
        # Times of record are whole seconds of TAI.
        name = product.file_name(_whole(record.tai.to_datetime()))
        utc = _whole(record.utc.to_datetime())
        files.append(RemoteFile(name, utc, f"{_DRMS}{product.prefix}/{name}", float("nan")))
    return files


def _whole(time):
    return (time + timedelta(milliseconds=500)).replace(microsecond=0)


def _utc(time):
    """
    Return a time as a datetime, to the millisecond so that whole seconds stay whole.
    """
    exact = time.utc.to_datetime(leap_second_strict="silent") + timedelta(microseconds=500)
    return exact.replace(microsecond=exact.microsecond // 1000 * 1000)


def _times(times):
    column = Time(
        np.array([time.isoformat() for time in times], dtype="U19"), scale="utc", format="isot"
    )
    column.format = "iso"
    return column
