"""
Proxies of the environment.
"""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

__all__ = ["find_proxy"]


def find_proxy(url):
    """
    Find the proxy for an address, by the rules of `urllib`.

    Parameters
    ----------
    url : `str`

    Returns
    -------
    `str` or `None`
        From the environment variables ``http_proxy``, ``https_proxy`` and ``no_proxy``, in
        capitals or not, or from the system's settings.

    Examples
    --------
    >>> from sunpy_farside.utils.proxies import find_proxy
    >>> find_proxy("http://jsoc.stanford.edu/data/farside/")  # doctest: +SKIP
    'http://proxy.example.org:3128'
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    address = None if proxy_bypass(host) else getproxies().get(parts.scheme)
    return f"http://{address}" if address and "://" not in address else address
