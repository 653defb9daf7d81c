"""
Pages that list the folders of an archive, as Apache, nginx and others write them.
"""

import re
import warnings
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.exceptions import ParserRejectedMarkup

from sunpy_farside.products import PRODUCTS

__all__ = ["parse_listing"]

# Largest number of tags: the longest listing has about a thousand lines.
_MAX_TAGS = 200_000

# Titles of listings made by servers, and entries of the archive's folders.
_TITLE = re.compile("index of|directory listing", re.IGNORECASE)
_PREFIXES = "|".join(item.prefix for item in PRODUCTS.values() if item.folder)
_KNOWN = re.compile(rf"[0-9]{{4,6}}/$|(?:{_PREFIXES})[_0-9]")
# Elements around the entries, outermost first. Listings have at least one of them.
_ENCLOSING = ("html", "body", "table", "pre", "ul")


def parse_listing(page, url):
    """
    Return the names of a folder's entries, each with the text that follows it in the listing.

    Parameters
    ----------
    page, url : `str`
        Content and address of the page.

    Returns
    -------
    `dict`

    Raises
    ------
    ValueError
        The page is truncated, or not a listing. The message names the problem.
    """
    if _is_cut(page):
        msg = "a page that breaks off"
        raise ValueError(msg)
    if page.count("<") > _MAX_TAGS:
        msg = f"more than {_MAX_TAGS} tags"
        raise ValueError(msg)
    try:
        with warnings.catch_warnings():
            # The parser warns about content that is not HTML.
            warnings.simplefilter("ignore")
            soup = BeautifulSoup(page, "html.parser")
    except ParserRejectedMarkup as error:
        msg = "a page that does not read"
        raise ValueError(msg) from error
    entries = _entries(soup, url)
    own = "/" + unquote(url.rstrip("/").rpartition("/")[2])
    titles = [item.get_text() for item in soup.find_all(["title", "h1"])]
    if not any(_KNOWN.match(name) for name in entries) and not any(
        _TITLE.search(title) or own in title for title in titles
    ):
        msg = "a page that is no listing"
        raise ValueError(msg)
    return entries


def _is_cut(page):
    """
    Return whether a page lacks its end, which servers do not always report.
    """
    text = page.lower()
    outermost = next((name for name in _ENCLOSING if f"<{name}" in text), None)
    return f"</{outermost}" not in text or text.rfind("<") > text.rfind(">")


def _entries(soup, url):
    here = urlsplit(url)
    folder = unquote(here.path)
    entries, after = {}, []
    for node in soup.descendants:
        if not isinstance(node, Tag):
            if node.parent.name != "a":
                after.append(str(node))
        elif node.name == "a":
            after = []
            try:
                target = urlsplit(urljoin(url, node.get("href", "")))
            except ValueError:  # not an address
                continue
            path = unquote(target.path)
            if target[:2] == here[:2] and not target.query and path.startswith(folder):
                entries.setdefault(path.removeprefix(folder), after)
    return {name: "".join(after) for name, after in entries.items()}
