"""
Pages in HTML: static, in one file, without scripts.
"""

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined

import sunpy_farside
from sunpy_farside.bulletin import words
from sunpy_farside.detection.methods import METHODS

__all__ = ["bulletin_page", "render_page"]


def bulletin_page(document, picture=None):
    """
    Return a bulletin as a page in HTML.

    Parameters
    ----------
    document : `~sunpy_farside.bulletin.schema.Bulletin`
    picture : `~sunpy_farside.bulletin.pictures.Picture`, optional
        Picture of the Sun.

    Returns
    -------
    `str`
        Page that needs no other file.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.bulletin import Day, Series, bulletin_document, bulletin_page
    >>> from sunpy_farside.catalog.tracking import no_tracks
    >>> day = Day(Time("2022-05-05"), (Series("phase_map", no_tracks("seismic_strength")),))
    >>> "<h1>The far side of the Sun on 2022-05-05 00:00 UT</h1>" in bulletin_page(
    ...     bulletin_document(day)
    ... )
    True
    """
    return render_page(
        "bulletin.html",
        document=document,
        picture=picture,
        confirmed=[region for region in document.regions if region.confirmed],
        uncertain=[region for region in document.regions if not region.confirmed],
        several=len({item.product for item in document.detections}) > 1,
    )


def render_page(template, **content):
    """
    Return a page made from a template of this package.

    Parameters
    ----------
    template : `str`
        File in ``sunpy_farside.data``.
    **content
        Variables of the template. Text in them is escaped.

    Returns
    -------
    `str`
    """
    page = _environment().get_template(template)
    return page.render(software=sunpy_farside.__version__, **content)


@lru_cache
def _environment():
    environment = Environment(
        loader=PackageLoader("sunpy_farside", "data"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(words, name) for name in words.__all__}
    environment.filters["method"] = lambda name: METHODS[name].title
    return environment
