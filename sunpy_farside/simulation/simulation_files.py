"""
Storage of simulated phase maps, one realization per folder.
"""

from pathlib import Path

from astropy.io import fits

from sunpy_farside.errors import FarsideError
from sunpy_farside.io.table_files import check_format, meta_of_lines
from sunpy_farside.maps.sources import Map
from sunpy_farside.utils.digests import digest
from sunpy_farside.utils.files import whole_files

__all__ = ["holds_simulation", "write_simulation"]

_TRUTH, _MAPS = "truth.ecsv", "PHASE_MAP_*.fits"
_FORMAT = 1


def write_simulation(maps, folder, truth=None):
    """
    Write the simulated phase maps of one realization to FITS files named like the archive's.

    Parameters
    ----------
    maps : sequence of `~sunpy_farside.maps.phase_map.FarsidePhaseMap`
        Maps of one realization.
    folder : path-like
        Folder of the files. Maps of the same realization in it are replaced.
    truth : `~astropy.table.QTable`, optional
        Active regions of the realization, written to ``truth.ecsv``.

    Raises
    ------
    FarsideError
        The folder holds maps of another realization, or observed maps.

    Notes
    -----
    The card ``FSSIM`` in the header of every map and ``stamp`` in the ``meta`` of the table
    identify the files of one realization.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.simulation import simulate_maps
    >>> from sunpy_farside.simulation.simulation_files import write_simulation
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> write_simulation(simulate_maps("2022-05-05", 1, seed=1).maps, folder)
    >>> [path.name for path in folder.iterdir()]
    ['PHASE_MAP_2022.05.05_00_00_00.fits']
    """
    folder = Path(folder)
    stamp = _stamp(maps)
    _check_folder(folder, stamp)
    with whole_files(folder, last=_TRUTH) as partial:
        for item in maps:
            header = {**item.meta, "fssim": stamp, "fssimfmt": _FORMAT}
            # Colons, as in JSOC's own file names, are not allowed on every file system.
            name = item.date.strftime("PHASE_MAP_%Y.%m.%d_%H_%M_%S.fits")
            Map(item.data, header).save(partial / name)
        if truth is not None:
            truth = truth.copy(copy_data=False)
            truth.meta = {**truth.meta, "format": _FORMAT, "stamp": stamp}
            truth.write(partial / _TRUTH)


def holds_simulation(folder: Path) -> bool:
    """
    Return whether the phase maps in a folder are those of `write_simulation`.

    Parameters
    ----------
    folder : `~pathlib.Path`
        Folder, which need not exist. Its first map is read.

    Returns
    -------
    `bool`
    """
    first = min(Path(folder).glob(_MAPS), default=None)
    return first is not None and _stamp_of_map(first) is not None


def _stamp(maps):
    """
    Return a hash of the dates and data of maps that identifies their realization.
    """
    return digest(*(part for item in maps for part in (item.date.isot, item.data.tobytes())))


def _check_folder(folder, stamp):
    found = {path.name: _stamp_of_map(path) for path in sorted(folder.glob(_MAPS))}
    if (folder / _TRUTH).exists():
        found[_TRUTH] = _stamp_of_truth(folder / _TRUTH, stamp)
    others = [name for name, other in found.items() if other != stamp]
    if others:
        more = f" and {len(others) - 1} more files" if len(others) > 1 else ""
        msg = (
            f"{folder}: expected a folder that is empty or holds maps of this realization, found "
            f"{others[0]}{more} of another. Choose another folder, or remove these files."
        )
        raise FarsideError(msg)


def _stamp_of_map(path):
    try:
        header = fits.getheader(path)
    # Damaged files raise many kinds of errors: none of these files belongs to the realization.
    except Exception:
        return None
    check_format(path, header.get("FSSIMFMT", 1), _FORMAT)
    return header.get("FSSIM")


def _stamp_of_truth(path, stamp):
    try:
        meta, _, _ = meta_of_lines(path.read_text(errors="replace"))
    except ValueError:
        # A damaged table may belong to any realization, and is replaced.
        return stamp
    check_format(path, meta.get("format", 1), _FORMAT)
    return meta.get("stamp")
