"""
The far-side products of GONG as a client of `~sunpy.net.Fido`.
"""

from datetime import UTC, datetime, timedelta

from sunpy.net import attrs as a
from sunpy.util.exceptions import warn_user

from sunpy_farside.net.client import FarsideClient
from sunpy_farside.net.listing import ARCHIVES, read_listings, remote_files
from sunpy_farside.products import PRODUCTS

__all__ = ["GONGFarsideClient", "find_gong_files"]

_DAY = timedelta(days=1)
# Date of the first map.
_FIRST = datetime(2006, 5, 13)


class GONGFarsideClient(FarsideClient):
    """
    Far-side maps and region lists from GONG, published by the National Solar Observatory.

    Searches need `a.Time <sunpy.net.attrs.Time>` and
    `a.farside.Product <sunpy_farside.net.attrs.Product>` ``"gong"`` (maps) or ``"gong_list"``, and
    take ``a.Instrument("GONG")``, ``a.Source("NSO")`` and ``a.Provider("NSO")``.

    Parameters
    ----------
    url : `str`, optional
        Base address of the archive or of a mirror. By default the environment variable
        ``SUNPY_FARSIDE_GONG_URL`` at the time of the search, else NSO.

    Notes
    -----
    NSO blocks addresses with more than about one request per second: requests are a second
    apart. A search costs one request per month and one per day, a file two.

    The maps begin on 2006-05-13 and the lists in 2010. NSO ends both products on 2027-01-01.

    Examples
    --------
    >>> from sunpy.net import Fido, attrs as a
    >>> import sunpy_farside
    >>> found = Fido.search(a.Time("2014-03-03", "2014-03-04"),
    ...                     a.farside.Product("gong"))  # doctest: +SKIP
    >>> files = Fido.fetch(found)  # doctest: +SKIP
    """

    _archive = "gong"
    _origin = (
        (a.Instrument, "GONG", "Global Oscillation Network Group."),
        (a.Source, "NSO", "The National Solar Observatory."),
        (a.Provider, "NSO", "The National Solar Observatory."),
    )

    @property
    def info_url(self):
        """
        Address of the page about the data.
        """
        return "https://farside.nso.edu/"

    def _find(self, product, start, end, url):
        return find_gong_files(product, start, end, url)


def find_gong_files(product, start, end, url):
    """
    List the files of a product of GONG in a range of times.

    Parameters
    ----------
    product : {"gong", "gong_list"}
    start, end : `datetime.datetime`
        In UTC, both inclusive.
    url : `str`
        Base address (`~sunpy_farside.net.listing.archive_url`). Files are in the folders
        ``fqo/YYYYMM/mrfqoYYMMDD/`` and ``f6x/YYYYMM/mrf6xYYMMDD/``.

    Returns
    -------
    `list` of `~sunpy_farside.net.listing.RemoteFile`
        In order of time.

    Raises
    ------
    ConnectionError
        A folder cannot be listed; missing folders are skipped.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        A part of the range is after the end of the product.
    """
    item = PRODUCTS[product]
    last = datetime.fromisoformat(item.end)
    if end > last:
        warn_user(
            f"GONG's product {product} ends on {item.end}: there are no files from then on, found "
            f"a search up to {end:%Y-%m-%d}."
        )
    first, last = max(start, _FIRST), min(end, last, datetime.now(UTC).replace(tzinfo=None) + _DAY)
    days = [first + k * _DAY for k in range((last.date() - first.date()).days + 1)]
    archive = ARCHIVES[item.archive]
    base = f"{url}{item.folder}/"
    months = read_listings(list(dict.fromkeys(f"{base}{day:%Y%m}/" for day in days)), archive)
    folders = []
    for day in days:
        month, name = f"{base}{day:%Y%m}/", f"{item.prefix}{day:%y%m%d}/"
        if name in (months[month] or ()):
            folders.append(month + name)
    return remote_files(read_listings(folders, archive, set(folders)), item, start, end)
