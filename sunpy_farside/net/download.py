"""
Downloads that end up whole, checked and with a header, or not at all.
"""

import re
import warnings

from parfive import Downloader, Results

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.phase_maps import parse_file_name
from sunpy_farside.maps import FarsidePhaseMap, phase_map_header
from sunpy_farside.products import PRODUCTS, file_product
from sunpy_farside.utils.transfer import TooLargeError, Transfer, transfer_files

__all__ = ["Download", "complete_header", "download_files", "is_there"]

# A map is 0.26 MB and a list 1 kB. Nothing longer is kept.
_MAX_SIZE = 4_000_000
# Seconds that one request may take altogether, whatever the server does.
_PATIENCE = 120

# Cards that compete with those of a phase map's header: other coordinates, other dates, and
# the name by which sunpy's HMI source would claim the map.
_COMPETING = re.compile(
    r"(CTYPE|CUNIT|CNAME|CRVAL|CRPIX|CDELT|CROTA|CD|PC|PV|PS)\d.*"
    r"|WCS.*|LONPOLE|LATPOLE|DATE-(AVG|BEG|END)|TIME-?OBS|TIMESYS|INSTRUME"
)


class Download(Transfer):
    """
    One file of the archive that is being fetched.

    Parameters
    ----------
    url : `str`
    path : `~pathlib.Path`
        Where the file is to be, under any name.
    name : `str`
        The archive's name for the file, with separators that every system allows.
    """

    def finish(self, partial):
        """
        Check a file, and give it its header if it is a phase map.

        Parameters
        ----------
        partial : `~pathlib.Path`
            The file, before it moves to its place.

        Raises
        ------
        FileFormatError
            The file does not hold what its name promises.
        """
        try:
            _check(partial)
            if _is_map(partial):
                complete_header(partial)
        except FileFormatError as error:
            raise FileFormatError(str(error).replace(str(partial), self.url)) from error

    def __call__(self, response, url):
        """
        Fetch the file and return its path, where parfive asks for the path of a second try.

        parfive finds the file there, and leaves alone what it would not check itself.
        """
        for error in download_files([self], Downloader(progress=False)).errors:
            raise error.exception
        return self.path


def download_files(downloads, downloader):
    """
    Fetch files of the archive.

    Parameters
    ----------
    downloads : sequence of `Download`
    downloader : `parfive.Downloader`
        Only its settings are used: what it has in its own queue stays there.

    Returns
    -------
    `parfive.Results`
        Paths of the files in the given order, those that were there before among them. What
        failed is in ``errors``.
    """
    settings = downloader.config
    if settings.overwrite == "unique":
        for item in downloads:
            item.path = _unused(item.path)
    due = {item.url: item for item in downloads if settings.overwrite or not is_there(item.path)}
    transfer_files(
        list(due.values()),
        max_size=_MAX_SIZE,
        patience=_PATIENCE,
        max_connections=settings.max_conn,
        config=settings.config,
        progress=settings.progress,
    )
    failed = {url: item for url, item in due.items() if item.problem}
    there = [item for item in downloads if item.url not in failed]
    results = Results([str(item.path) for item in there])
    if hasattr(results, "urls"):  # not in parfive 2.1
        results.urls.extend(item.url for item in there)
    for url, item in failed.items():
        results.add_error(item, url, _problem(item))
    return results


def _problem(item):
    if isinstance(item.problem, TooLargeError):
        msg = f"{item.url}: expected a file of the archive, found {item.problem.found}."
        return FileFormatError(msg)
    return item.problem


def is_there(path):
    """
    Return whether a file of the archive is in its place, whole and with its header.

    Parameters
    ----------
    path : `~pathlib.Path`

    Returns
    -------
    `bool`
    """
    if not path.is_file():
        return False
    try:
        _check(path)
    except FileFormatError:
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
        FITS file with the archive's name, in which the date and the product are.

    Notes
    -----
    The bytes of the data stay as they are, and so do cards that say nothing about
    coordinates, dates or the instrument. A HISTORY card records it.
    """
    header = phase_map_header(*parse_file_name(path.name))
    with warnings.catch_warnings():
        # Odd cards are common in these files.
        warnings.simplefilter("ignore", AstropyWarning)
        with fits.open(
            path,
            mode="update",
            memmap=False,
            do_not_scale_image_data=True,
            output_verify="silentfix+ignore",
        ) as hdus:
            hdus.verify("silentfix+ignore")
            # The first image, as for the reader.
            cards = next(hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS")).header
            _check_unit(cards, path)
            for key in [key for key in cards if _COMPETING.fullmatch(key)]:
                cards.remove(key, ignore_missing=True)
            cards.update(header)
            cards.add_history("Coordinates, date and unit added by sunpy_farside; data unchanged.")


def _check_unit(cards, path):
    """
    Raise FileFormatError where the completed header would call other units radians.
    """
    unit = str(cards.get("BUNIT") or "rad").strip()
    if unit.lower() not in ("rad", "radian", "radians"):
        msg = f"{path}: expected phases in rad, found BUNIT = {unit!r}."
        raise FileFormatError(msg)


def _is_map(path):
    return path.suffix == ".fits"


def _check(path):
    """
    Raise FileFormatError unless a file holds what its name promises.
    """
    with path.open("rb") as file:
        start = file.read(9)
    if _is_map(path) and start != b"SIMPLE  =":
        text = start.decode("ascii", "ignore")
        found = f"one that begins with {text!r}" if text.isprintable() and text else "none"
        raise FileFormatError(f"{path}: expected a FITS file, found {found}.")
    with warnings.catch_warnings():
        # They name the file, which is not in its place yet: its reader will show them.
        warnings.simplefilter("ignore", SunpyUserWarning)
        _product(path).read(path)


def _product(path):
    """
    The product of a file; of a name that a user chose, the first of its kind.
    """
    kinds = (item for item in PRODUCTS.values() if item.suffix == path.suffix)
    return file_product(path.name) or next(kinds)


def _unused(path):
    """
    A name beside a file that is there, with a number where the date stays readable.
    """
    candidate, number = path, 0
    while candidate.exists():
        number += 1
        candidate = path.with_stem(f"{path.stem}_{number}")
    return candidate
