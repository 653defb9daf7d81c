"""
NOAA's active regions: daily summaries, first appearances and positions at other times.
"""

import io
import tarfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington, get_earth
from sunpy.util.exceptions import warn_user

import sunpy_farside.utils.tables  # noqa: F401  (makes tables of coordinates writable)
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io.noaa_text import (
    EXPECTED,
    MAX_SIZE,
    Summary,
    parse_summary,
    wrong_summary,
)
from sunpy_farside.utils.content import check_file, read_content, user_path, user_paths
from sunpy_farside.utils.moved import moved_names
from sunpy_farside.utils.text import counted, some
from sunpy_farside.utils.typing import PathLike

__all__ = ["read_noaa_summaries", "read_noaa_summary", "split_summaries"]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.io.noaa_regions": ["first_appearances", "positions_at"],
    },
)

_MAX_TARBALL = 100_000_000
_TARBALLS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def read_noaa_summary(path: PathLike) -> QTable:
    """
    Read a solar region summary of NOAA.

    Parameters
    ----------
    path : path-like
        File ``YYYYMMDDSRS.txt`` from SWPC.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region, as in the file:

        - ``number`` of the region, with the 10000 that the file omits;
        - ``section``: ``"I"`` with sunspots, ``"IA"`` plages without spots, ``"II"`` due to return
          at the east limb within three days;
        - ``centroid``: `~astropy.coordinates.SkyCoord` in
          `~sunpy.coordinates.HeliographicCarrington`, seen from Earth at the midnight before
          the issue of the file, the time of its positions;
        - ``stonyhurst_longitude``: degrees from the central meridian, negative in the east, NaN
          for regions due to return.

        ``meta["date"]`` is the date of the positions.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    FileFormatError
        The file is not a summary, or one of its lines is invalid.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        The date of issue differs from that in the name of the product.

    See Also
    --------
    read_noaa_summaries : many days in one table.

    Notes
    -----
    Regions of sections I and IA with a ``stonyhurst_longitude`` below about -60 degrees recently
    crossed the east limb.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.io.noaa import read_noaa_summary
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "20140505SRS.txt"
    >>> _ = path.write_text('''\
    ... :Product: 0505SRS.txt
    ... :Issued: 2014 May 05 0030 UTC
    ... I.  Regions with Sunspots.  Locations Valid at 04/2400Z
    ... Nmbr Location  Lo  Area  Z   LL   NN Mag Type
    ... 2054 S12E65   290  0040 Hsx  02   01 Alpha
    ... IA. H-alpha Plages without Spots.  Locations Valid at 04/2400Z May
    ... Nmbr  Location  Lo
    ... None
    ... II. Regions Due to Return 05 May to 07 May
    ... Nmbr Lat    Lo
    ... 2037 S10    264
    ... ''')
    >>> read_noaa_summary(path)["number", "section", "stonyhurst_longitude"]
    <QTable length=2>
    number section stonyhurst_longitude
                           deg
    int64    str2        float64
    ------ ------- --------------------
     12054       I                -65.0
     12037      II                  nan
    """
    path = user_path(path)
    summary = parse_summary(path, read_content(path, MAX_SIZE, EXPECTED))
    if not summary.whole:
        raise wrong_summary(path, "not all of its sections")
    if not summary.agreed:
        _warn_of_dates([str(path)])
    table = _table(summary.rows, summary.date, far_side_central_meridian(summary.date).deg, "earth")
    table.meta["date"] = summary.date.isot
    return table


def read_noaa_summaries(paths: PathLike | Sequence[PathLike]) -> QTable:
    """
    Read solar region summaries of many days into one table.

    Parameters
    ----------
    paths : path-like or sequence of path-like
        Summaries (``YYYYMMDDSRS.txt``), tarballs of them, or folders with either.

    Returns
    -------
    `~astropy.table.QTable`
        The columns of `read_noaa_summary` and the ``date`` of each row's position, in order of
        date. Repeated days count once. ``meta["dates"]`` contains the dates of all summaries
        (`~astropy.time.Time`), ``meta["broken"]`` the names of unreadable files.

    Raises
    ------
    FileNotFoundError
        A path does not exist, or there is no summary in any of them.
    FileFormatError
        None of the summaries can be read.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Some files are broken and left out, truncated and kept, or give two dates.

    Notes
    -----
    Ten years take a few seconds, mostly for the positions of the Earth.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.io.noaa import read_noaa_summaries
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for day, longitude in ((5, 65), (6, 52)):
    ...     _ = (folder / f"2014050{day}SRS.txt").write_text(f'''\
    ... :Issued: 2014 May 0{day} 0030 UTC
    ... I.  Regions with Sunspots.
    ... 2054 S12E{longitude}   290  0040 Hsx  02   01 Alpha
    ... IA. H-alpha Plages without Spots.
    ... None
    ... II. Regions Due to Return
    ... None
    ... ''')
    >>> regions = read_noaa_summaries(folder)
    >>> [date.isot[:10] for date in regions["date"]], regions["stonyhurst_longitude"].value
    (['2014-05-05', '2014-05-06'], array([-65., -52.]))
    """
    paths = user_paths(paths)
    by_date: dict[str, Summary] = {}
    broken, cut_short, errors, dated_twice = [], [], [], []
    for name, read in _contents(paths):
        try:
            summary = parse_summary(name, read())
        except (FileFormatError, OSError) as error:
            broken.append(name)
            errors.append(error)
        else:
            by_date.setdefault(summary.date.isot, summary)
            if not summary.whole:
                cut_short.append(name)
            if not summary.agreed:
                dated_twice.append(name)
    if not by_date and not broken:
        msg = (
            "Expected solar region summaries (YYYYMMDDSRS.txt or tarballs of them), found none in "
            f"{some([str(path) for path in paths])}."
        )
        raise FileNotFoundError(msg)
    if len(broken) == 1 and not by_date:
        raise errors[0]
    if broken:
        names = ", ".join(broken)
        msg = f"Could not read {counted(len(broken), 'solar region summary')}: {names}."
        if not by_date:
            raise FileFormatError(f"{msg} Fetch again.")
        warn_user(f"{msg} Left out; fetch again.")
    if cut_short:
        names = ", ".join(cut_short)
        msg = f"Found {counted(len(cut_short), 'solar region summary')} cut short: {names}."
        warn_user(f"{msg} The rest is kept; fetch again.")
    if dated_twice:
        _warn_of_dates(dated_twice)
    summaries = [by_date[date] for date in sorted(by_date)]
    dates = Time([summary.date for summary in summaries])
    owner = np.repeat(np.arange(len(dates)), [len(summary.rows) for summary in summaries])
    meridians = np.atleast_1d(far_side_central_meridian(dates).deg)
    # Compute the Earth once per date: a day has about five regions.
    table = _table(
        [row for summary in summaries for row in summary.rows],
        dates[owner],
        meridians[owner],
        get_earth(dates)[owner] if len(owner) else "earth",
    )
    table.add_column(dates[owner], name="date", index=0)
    table.meta = {"dates": dates, "broken": broken}
    return table


def split_summaries(table: QTable) -> list[QTable]:
    """
    Split a table of solar region summaries into one table per day.

    Parameters
    ----------
    table : `~astropy.table.QTable`
        From `read_noaa_summaries`.

    Returns
    -------
    `list` of `~astropy.table.QTable`
        In order of date, as from `read_noaa_summary`, also of days without a region.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.io.noaa import read_noaa_summaries, split_summaries
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for day in (5, 6):
    ...     _ = (folder / f"2014050{day}SRS.txt").write_text(f'''\
    ... :Issued: 2014 May 0{day} 0030 UTC
    ... I.  Regions with Sunspots.
    ... 2054 S12E65   290  0040 Hsx  02   01 Alpha
    ... IA. H-alpha Plages without Spots.
    ... None
    ... II. Regions Due to Return
    ... None
    ... ''')
    >>> [day.meta["date"][:10] for day in split_summaries(read_noaa_summaries(folder))]
    ['2014-05-05', '2014-05-06']
    """
    dates = table.meta["dates"]
    ends = np.searchsorted(table["date"].mjd, dates.mjd, side="right").tolist()
    longitude, latitude = table["centroid"].lon, table["centroid"].lat
    days = []
    for date, first, last in zip(dates, [0, *ends[:-1]], ends, strict=True):
        rows = slice(first, last)
        # One date for all positions, as the transformation of many takes long.
        frame = HeliographicCarrington(obstime=date, observer="earth")
        day = QTable(
            {
                "number": table["number"][rows],
                "section": table["section"][rows],
                "centroid": SkyCoord(longitude[rows], latitude[rows], frame=frame),
                "stonyhurst_longitude": table["stonyhurst_longitude"][rows],
            }
        )
        day.meta["date"] = date.isot
        days.append(day)
    return days


def _warn_of_dates(names):
    warn_user(
        f"The date of issue differs from that in the name of the product in {', '.join(names)}. "
        "The date of issue is used; fetch again."
    )


def _contents(paths):
    """
    Yield the names of all the summaries in files, tarballs and folders, and what reads each.

    A tarball that does not read is one of them.
    """
    for path in paths:
        if path.is_dir():
            inside = (item for item in sorted(path.rglob("*")) if item.is_file())
            yield from _contents(item for item in inside if _is_tarball(item) or _is_summary(item))
        elif _is_tarball(path):
            yield from _members(path)
        else:
            # An error here and now for a path that does not exist.
            if not path.exists():
                check_file(path, None, EXPECTED)
            yield str(path), partial(read_content, path, MAX_SIZE, EXPECTED)


def _is_tarball(path):
    return path.name.lower().endswith(_TARBALLS)


def _is_summary(path):
    return path.name.upper().removesuffix(".GZ").endswith("SRS.TXT")


def _members(path):
    try:
        # Decompress it as a whole, so that its size is limited.
        content = read_content(path, _MAX_TARBALL, "a tarball of solar region summaries")
    except FileFormatError as error:
        yield str(path), partial(_raise, error)
        return
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for member in archive:
                if member.isfile() and _is_summary(Path(member.name)):
                    content = archive.extractfile(member).read(MAX_SIZE + 1)
                    yield f"{path}: {member.name}", partial(bytes, content)
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        msg = (
            f"{path}: expected a tarball of solar region summaries, found one that does not read "
            f"({error}). Fetch it again."
        )
        yield str(path), partial(_raise, FileFormatError(msg))


def _raise(error):
    raise error


def _table(rows, dates, far_meridian, observer):
    columns = list(zip(*rows, strict=True)) or [()] * 5
    stonyhurst, carrington = (np.array(column, dtype=float) for column in columns[3:])
    # Both agree to a degree; the distance from the central meridian is the measured one.
    longitude = np.where(np.isnan(carrington), far_meridian - 180 + stonyhurst, carrington)
    # sunpy has no observer for an empty array of dates.
    obstime = dates if rows or dates.isscalar else None
    return QTable(
        {
            "number": np.array(columns[0], dtype=int),
            "section": np.array(columns[1], dtype="U2"),
            "centroid": SkyCoord(
                longitude % 360 * u.deg,
                np.array(columns[2], dtype=float) * u.deg,
                frame=HeliographicCarrington,
                obstime=obstime,
                observer=observer,
            ),
            "stonyhurst_longitude": stonyhurst * u.deg,
        }
    )
