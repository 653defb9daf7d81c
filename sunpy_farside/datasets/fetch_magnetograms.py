"""
Download of HMI's synoptic magnetograms, from which the simulation takes active regions.
"""

from http import HTTPStatus

from sunpy.util.exceptions import warn_user

from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.synoptic_maps import read_synoptic_map, reduce_maps
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.transfer import Transfer, TransferError, transfer_files

__all__ = ["FIRST_ROTATION", "LAST_ROTATION", "fetch_magnetograms"]

# The first rotation of HMI, and the last one before 2022, whose far-side maps are for evaluation.
FIRST_ROTATION, LAST_ROTATION = 2096, 2251
_URL = "http://jsoc.stanford.edu/data/hmi/synoptic/"
_NAME = "hmi.Synoptic_Mr_small.{}.fits"
# A file has 1.04 MB.
_MOST_BYTES = 10_000_000
_PATIENCE = 120


class _Magnetogram(Transfer):
    def finish(self, partial):
        read_synoptic_map(partial)


def fetch_magnetograms(
    folder, first=FIRST_ROTATION, last=LAST_ROTATION, *, url=None, progress=True
):
    """
    Fetch HMI's synoptic magnetograms of Carrington rotations, and reduce them to one small file.

    Parameters
    ----------
    folder : path-like
        Folder of the magnetograms, 1 MB each. Existing ones are not fetched again.
    first, last : `int`, optional
        First and last Carrington rotation: 2096 (April 2010) to 2251 (December 2021).
    url : `str`, optional
        Base address of the files, by default that of JSOC.
    progress : `bool`, optional
        If True, show a progress bar.

    Returns
    -------
    `pathlib.Path`
        ``radial_field_one_degree.npz``, which recipes and
        `~sunpy_farside.io.synoptic_maps.read_synoptic_maps` read.

    Raises
    ------
    ValueError
        ``last`` is before ``first``.
    ConnectionError
        A magnetogram cannot be fetched. The next call continues.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        The archive has no magnetogram of some rotations, as of 2119 to 2127.
    """
    if last < first:
        msg = f"Expected a last rotation of {first} or later, found {last}."
        raise ValueError(msg)
    folder = user_path(folder)
    names = {number: _NAME.format(number) for number in range(first, last + 1)}
    transfers = {
        number: _Magnetogram(f"{url or _URL}{name}", folder / name, name)
        for number, name in names.items()
        if not _is_whole(folder / name)
    }
    transfer_files(
        list(transfers.values()), max_size=_MOST_BYTES, patience=_PATIENCE, progress=progress
    )
    problems = {number: item.problem for number, item in transfers.items() if item.problem}
    absent = [number for number, problem in problems.items() if _is_absent(problem)]
    others = [problem for number, problem in problems.items() if number not in absent]
    if others or len(absent) == len(names):
        error = next(iter(others or problems.values()))
        msg = f"Could not fetch {len(problems)} of {len(names)} magnetograms. {error}"
        raise ConnectionError(msg)
    if absent:
        listed = ", ".join(map(str, absent[:10])) + (" and more" if len(absent) > 10 else "")
        warn_user(f"The archive has no magnetogram of rotation {listed}: left out.")
    return reduce_maps(folder, folder)


def _is_absent(problem):
    return isinstance(problem, TransferError) and problem.status == HTTPStatus.NOT_FOUND


def _is_whole(path):
    try:
        read_synoptic_map(path)
    except (FileNotFoundError, FileFormatError):
        return False
    return True
