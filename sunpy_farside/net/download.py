"""
Downloads of complete and checked files, with usable headers.
"""

import re
import warnings
from dataclasses import dataclass

from parfive import Downloader, Results

from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.phase_maps import phase_unit
from sunpy_farside.maps import FarsidePhaseMap, phase_map_header
from sunpy_farside.products import PRODUCTS
from sunpy_farside.utils.transfer import Pace, TooLargeError, Transfer, transfer_files

__all__ = ["Download", "complete_header", "download_files", "is_there", "unused"]

# Largest accepted file in bytes: a map has 0.26 MB, a list 1 kB.
_MAX_SIZE = 4_000_000
# Longest duration of one request in seconds, whatever the server does.
_PATIENCE = 120

# Cards that compete with those of a phase map's header: other coordinates, other dates, and
# the instrument by which sunpy's HMI source would match the map.
_COMPETING = re.compile(
    r"(CTYPE|CUNIT|CNAME|CRVAL|CRPIX|CDELT|CROTA|CD|PC|PV|PS)\d.*"
    r"|WCS.*|LONPOLE|LATPOLE|DATE-(AVG|BEG|END)|TIME-?OBS|TIMESYS|INSTRUME"
)


@dataclass(eq=False)
class Download(Transfer):
    """
    Download of one file of an archive.

    Parameters
    ----------
    url : `str`
    path : `~pathlib.Path`
        Destination of the file, under any name.
    name : `str`
        Name of the file in the archive, with separators that every system allows.
    pace : `~sunpy_farside.utils.transfer.Pace`, optional
        Limit on the rate of requests to the archive.
    """

    pace: Pace | None = None

    def finish(self, partial):
        """
        Check a file, and complete the header of a map that `sunpy.map.Map` does not open.

        Parameters
        ----------
        partial : `~pathlib.Path`
            The file, before it moves to its destination.

        Raises
        ------
        FileFormatError
            The content of the file does not match its name.
        """
        try:
            _check(partial)
            if _is_map(partial) and not _opens(partial):
                complete_header(partial)
        except FileFormatError as error:
            raise FileFormatError(str(error).replace(str(partial), self.url)) from error

    def __call__(self, response, url):
        """
        Fetch the file and return its path, as the path function of a retry by parfive.

        parfive then finds an existing file, and does not fetch it again without checks.
        """
        for error in download_files([self], Downloader(progress=False)).errors:
            raise error.exception
        return self.path


def download_files(downloads, downloader):
    """
    Fetch files of an archive.

    Parameters
    ----------
    downloads : sequence of `Download`
        All of one archive.
    downloader : `parfive.Downloader`
        Only its settings are used; its own queue remains unchanged.

    Returns
    -------
    `parfive.Results`
        Paths of the files in the given order, including existing ones. Failures are in
        ``errors``.
    """
    settings = downloader.config
    if settings.overwrite == "unique":
        for item in downloads:
            item.path = unused(item.path)
    due = {item.url: item for item in downloads if settings.overwrite or not is_there(item.path)}
    transfer_files(
        list(due.values()),
        max_size=_MAX_SIZE,
        patience=_PATIENCE,
        max_connections=settings.max_conn,
        pace=next((item.pace for item in downloads), None),
        config=settings.config,
        progress=settings.progress,
    )
    failed = {url: item for url, item in due.items() if item.problem}
    there = [item for item in downloads if item.url not in failed]
    results = Results([str(item.path) for item in there])
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
    Return whether a file of the archive exists, complete and with its header.

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
    return not _is_map(path) or _opens(path)


def _opens(path):
    """
    Return whether a FITS file has the header of a far-side map.
    """
    with fits.open(path) as hdus:
        return any(FarsidePhaseMap.is_datasource_for(None, hdu.header) for hdu in hdus)


def complete_header(path):
    """
    Complete the header of a phase map, so that `sunpy.map.Map` opens the file.

    Parameters
    ----------
    path : `~pathlib.Path`
        FITS file under the archive's name, which contains the date and the product.

    Notes
    -----
    The bytes of the data remain unchanged, as do cards unrelated to coordinates, dates and
    the instrument. A HISTORY card records the change.
    """
    header = phase_map_header(*parse_file_name(path.name))
    with warnings.catch_warnings():
        # Invalid cards are common in these files.
        warnings.simplefilter("ignore", AstropyWarning)
        with fits.open(
            path,
            mode="update",
            memmap=False,
            do_not_scale_image_data=True,
            output_verify="silentfix+ignore",
        ) as hdus:
            hdus.verify("silentfix+ignore")
            # Use the first image, as the reader does.
            cards = next(hdu for hdu in hdus if hdu.is_image and hdu.header.get("NAXIS")).header
            header["bunit"] = str(phase_unit(path, cards))
            for key in [key for key in cards if _COMPETING.fullmatch(key)]:
                cards.remove(key, ignore_missing=True)
            cards.update(header)
            cards.add_history("Coordinates, date and unit added by sunpy_farside; data unchanged.")


def _is_map(path):
    return path.suffix == ".fits"


def _check(path):
    """
    Raise FileFormatError if the content of a file does not match its name.
    """
    with path.open("rb") as file:
        start = file.read(9)
    if _is_map(path) and start != b"SIMPLE  =":
        text = start.decode("ascii", "ignore")
        found = f"one that begins with {text!r}" if text.isprintable() and text else "none"
        raise FileFormatError(f"{path}: expected a FITS file, found {found}.")
    with warnings.catch_warnings():
        # Warnings name the temporary file, and reappear when the final file is read.
        warnings.simplefilter("ignore", SunpyUserWarning)
        _product(path).read(path)


def _product(path):
    """
    Return the product of a file, or the first of its kind for a name chosen by the user.
    """
    kinds = (item for item in PRODUCTS.values() if item.suffix == path.suffix)
    # A template may put other words before the archive's name.
    named = (item for item in PRODUCTS.values() if item.prefix.lower() in path.name.lower())
    return next(named, None) or next(kinds)


def unused(path):
    """
    Return an unused path in the same folder, numbered so that the date stays readable.

    Parameters
    ----------
    path : `~pathlib.Path`

    Returns
    -------
    `~pathlib.Path`
        The path itself if there is no such file.
    """
    candidate, number = path, 0
    while candidate.exists():
        number += 1
        candidate = path.with_stem(f"{path.stem}_{number}")
    return candidate
