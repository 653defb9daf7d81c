"""
Search for phase maps in a folder by file name.
"""

import filecmp
import os
import re
import stat
from collections import Counter
from pathlib import Path

from sunpy.util.exceptions import warn_user

from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.products import PRODUCTS
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.text import counted
from sunpy_farside.utils.wording import argument_text

__all__ = ["count_maps", "find_phase_maps", "no_maps_text"]

_FITS = re.compile(r".+\.(fits|fit|fts)(\.gz)?", re.IGNORECASE)
# Number of skipped entries that a warning names.
_NAMED = 3


def find_phase_maps(folder, product=None):
    """
    Find the phase maps of a product in a folder by their file names.

    Parameters
    ----------
    folder : path-like
        Searched with all its subfolders, including symbolic links.
    product : `str`, optional
        Name of a product of maps. By default the first in ``sunpy_farside.products.PRODUCTS`` of
        those that sequences are made of (maps from 24 hours of data) and that the folder has.

    Returns
    -------
    `list` of `pathlib.Path`
        One file per date, in order of the dates in the names.

    Raises
    ------
    FileNotFoundError
        There is no such folder.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Entries were skipped: unreadable folders, broken links, FITS files without a date or a
        product in their names, further files of a date, and by default the maps of other products.
        One warning counts them all.

    Notes
    -----
    Names are those of JSOC and GONG, such as ``PHASE_MAP_YYYY.MM.DD_HH:MM:SS.fits``,
    ``hmi.td_fsi_12h.YYYYMMDD_HHMMSS_TAI.data.fits`` or ``mrfqoYYMMDDtHHMM.fits``, with the
    variations that
    `~sunpy_farside.io.file_names.parse_file_name` reads. They end in ``.fits``, ``.fit`` or
    ``.fts`` in any case, optionally with ``.gz``. Hidden files and folders (names that begin
    with a dot) are ignored, as they contain incomplete output.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.io.folders import find_phase_maps
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> (folder / "2022").mkdir()
    >>> (folder / "2022" / "PHASE_MAP_2022.05.05_00:00:00.fits.gz").touch()
    >>> [path.name for path in find_phase_maps(folder)]
    ['PHASE_MAP_2022.05.05_00:00:00.fits.gz']
    """
    folder = user_path(folder)
    if not folder.is_dir():
        msg = f"{folder}: no such folder."
        raise FileNotFoundError(msg)
    passed_over = []
    found = {name: {} for name in PRODUCTS}
    for path in _files(folder, passed_over):
        if not _FITS.fullmatch(path.name):
            if path.is_symlink() and not _mode(path):
                passed_over.append(("a broken link", path))
            continue
        time, kind = parse_file_name(path.name)
        if not stat.S_ISREG(_mode(path)):
            passed_over.append(("a broken link" if path.is_symlink() else "no file", path))
        elif time is None:
            passed_over.append(("no date in the name", path))
        elif kind is None:
            passed_over.append(("no name of a phase map", path))
        else:
            found[kind].setdefault(time.isot, []).append(path)
    if product is None:
        kinds = [name for name, item in PRODUCTS.items() if item.makes_sequences and found[name]]
        product, *others = kinds or [None]
        for kind in others:
            paths = [path for paths in found[kind].values() for path in paths]
            passed_over += [(f"a map of {kind} among maps of {product}", path) for path in paths]
    dates = found.get(product, {})
    for first, *others in dates.values():
        again = [path for path in others if not _same(first, path)]
        passed_over += [("another file of a date", path) for path in again]
    _warn(folder, passed_over)
    return [dates[date][0] for date in sorted(dates)]


def count_maps(folder, product):
    """
    Count the files in a folder that have names of maps of a product.

    Parameters
    ----------
    folder : path-like
    product : `str`

    Returns
    -------
    `int`
    """
    return _count(folder)[0][product]


def _count(folder):
    """
    Return the numbers of maps by product, and that of all files.
    """
    found, number = Counter(), 0
    for path in _files(folder, []):
        number += 1
        if _FITS.fullmatch(path.name):
            time, kind = parse_file_name(path.name)
            found[kind if time is not None else None] += 1
    return found, number


def no_maps_text(folder, product=None):
    """
    Return the message about a folder without the phase maps that are looked for.

    Parameters
    ----------
    folder : path-like
    product : `str`, optional
        Product of the maps, if one was asked for.

    Returns
    -------
    `str`
        With what the folder holds, and the names of the maps.

    Examples
    --------
    >>> import tempfile
    >>> from sunpy_farside.io.folders import no_maps_text
    >>> no_maps_text(tempfile.mkdtemp(), "gong")
    '/...: expected files of gong (mrfqoYYMMDDtHHMM.fits), found no file. Give a folder with ...'
    """
    known = [name for name, item in PRODUCTS.items() if item.makes_sequences]
    wanted = known if product is None else [product]
    patterns = ", ".join(PRODUCTS[name].pattern for name in wanted)
    found, number = _count(folder)
    others = {name: count for name, count in found.items() if name in known and name not in wanted}
    what = "phase maps" if product is None else f"files of {product}"
    if others:
        there = " and ".join(
            f"{counted(count, 'file')} of {name}" for name, count in others.items()
        )
        instead = f"give {argument_text('product', ' or '.join(others))}"
        remedy = f"Leave out {argument_text('product').rstrip('=')}, or {instead}."
    else:
        there = f"{counted(number, 'file')} of other names" if number else "no file"
        remedy = "Give a folder with such files, or the files themselves."
    return f"{folder}: expected {what} ({patterns}), found {there}. {remedy}"


def _files(folder, passed_over):
    """
    Yield the files in a folder and its subfolders, in order of their paths.
    """

    def unreadable(error):
        passed_over.append(("a folder that cannot be read", Path(error.filename)))

    seen = set()
    for root, folders, names in os.walk(folder, onerror=unreadable, followlinks=True):
        state = Path(root).stat()
        if (state.st_dev, state.st_ino) in seen:
            # A link to a parent folder, or a second link to the same folder.
            folders.clear()
            continue
        seen.add((state.st_dev, state.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(names) if not name.startswith("."))


def _mode(path):
    """
    Return the mode of a path, or 0 if it cannot be read.
    """
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _same(first, second):
    """
    Return whether two files have equal contents.
    """
    try:
        return filecmp.cmp(first, second, shallow=False)
    except OSError:
        return False


def _warn(folder, passed_over):
    if not passed_over:
        return
    counts = Counter(reason for reason, _ in passed_over)
    reasons = "; ".join(f"{reason}: {number}" for reason, number in counts.items())
    names = ", ".join(os.path.relpath(path, folder) for _, path in passed_over[:_NAMED])
    more = " and others" if len(passed_over) > _NAMED else ""
    warn_user(f"{folder}: passed over {len(passed_over)} ({reasons}), {names}{more}.")
