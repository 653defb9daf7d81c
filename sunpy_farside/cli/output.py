"""
Folders that commands write into.
"""

from pathlib import Path

from sunpy_farside.utils.files import whole_files

__all__ = ["check_writable", "save_maps"]


def check_writable(folder):
    """
    Fail before the work rather than after it where a folder cannot be made or written.

    Parameters
    ----------
    folder : path-like

    Raises
    ------
    OSError
        The folder cannot be made or written.
    """
    folder = Path(folder)
    there = folder.exists()
    with whole_files(folder):
        pass
    if not there:
        # Work that fails leaves no empty folder.
        folder.rmdir()


def save_maps(maps, folder):
    """
    Write phase maps under names like those of the archive.

    Parameters
    ----------
    maps : iterable of `~sunpy_farside.maps.phase_map.FarsidePhaseMap`
    folder : path-like
    """
    with whole_files(folder) as partial:
        for item in maps:
            # Colons, as in JSOC's own names, are not legal everywhere.
            item.save(partial / item.date.strftime("PHASE_MAP_%Y.%m.%d_%H_%M_%S.fits"))
