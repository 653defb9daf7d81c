"""
NOAA's active regions: daily summaries, first appearances and positions at other times.
"""

import io
import os
import re
import tarfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from sunpy.coordinates import HeliographicCarrington, get_earth
from sunpy.time import parse_time
from sunpy.util.exceptions import warn_user

import sunpy_farside.utils.tables  # noqa: F401  (makes tables of coordinates writable)
from sunpy_farside.coordinates.far_side import far_side_central_meridian, separations
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.errors import FileFormatError
from sunpy_farside.utils.content import check_file, read_content, user_path

__all__ = ["first_appearances", "positions_at", "read_noaa_summaries", "read_noaa_summary"]

_EXPECTED = "a solar region summary of NOAA"
# The longest summaries have about 3000 characters, and a tarball of a year has two million.
_MAX_SIZE = 1_000_000
_MAX_TARBALL = 100_000_000
_TARBALLS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_ISSUED = re.compile(r":Issued:\s*(\d{4}) ([A-Za-z]{3}) (\d{1,2}) (\d{2})(\d{2}) UTC", re.ASCII)
_SECTIONS = ["I", "IA", "II"]
_SECTION = re.compile(r"(IA|II|I)\.\s*[A-Z].*")
# Titles of columns, the entry of a section without regions, and remarks.
_REMARK = re.compile(r"Nmbr .*|None\.?|[*#].*", re.IGNORECASE)
# Number and latitude of a region, at the beginning of every row.
_PLACE = re.compile(r"\d{4,5}\s+[NS]\s*\d", re.ASCII)
_SEEN = re.compile(r"(\d{4,5})\s+([NS])(\d\d)([EW])(\d\d\d?)(?:\s.*)?", re.ASCII)
_DUE = re.compile(r"(\d{4,5})\s+([NS])(\d\d)\s+(\d{1,3})", re.ASCII)
_SIGNS = {"N": 1, "S": -1, "W": 1, "E": -1}
# Since this date, the leading 1 of the numbers is omitted.
_FIVE_DIGITS = datetime(2002, 6, 15)
# Limit in degrees from the central meridian: ten years of summaries have none beyond 99.
_MAX_DISTANCE = 110

# Regions east of this recently crossed the limb [Felipe & Asensio Ramos 2019, section 2.3].
_LIMB = -60 * u.deg
# Chosen so that 967 regions of 2010-06-24 to 2018-10-26 count as emerged on the near side, as many
# as were blanked for the published network.
_DISTANCE = 9.5 * u.deg


@dataclass(frozen=True)
class _Summary:
    """
    Summary with its date, its rows of number, section and degrees, and a completeness flag.
    """

    date: Time
    rows: list
    whole: bool


def read_noaa_summary(path):
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
    summary = _parse(path, read_content(path, _MAX_SIZE, _EXPECTED))
    if not summary.whole:
        raise _no_summary(path, "not all of its sections")
    table = _table(summary.rows, summary.date, far_side_central_meridian(summary.date).deg, "earth")
    table.meta["date"] = summary.date.isot
    return table


def read_noaa_summaries(paths):
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
        Some files are broken and left out, or truncated and kept.

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
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    summaries, broken, cut_short = {}, [], []
    for name, content in _contents(map(user_path, paths)):
        try:
            summary = _parse(name, content)
        except FileFormatError:
            broken.append(name)
        else:
            summaries.setdefault(summary.date.isot, summary)
            if not summary.whole:
                cut_short.append(name)
    if not summaries and not broken:
        msg = "Expected solar region summaries (YYYYMMDDSRS.txt or tarballs of them), found none."
        raise FileNotFoundError(msg)
    if broken:
        names = ", ".join(broken)
        msg = f"{len(broken)} solar region summaries do not read: {names}."
        if not summaries:
            raise FileFormatError(f"{msg} Fetch them again.")
        warn_user(f"{msg} They are left out; fetch them again.")
    if cut_short:
        names = ", ".join(cut_short)
        msg = f"{len(cut_short)} solar region summaries are cut short: {names}."
        warn_user(f"{msg} What they hold is kept; fetch them again.")
    summaries = [summaries[date] for date in sorted(summaries)]
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


@u.quantity_input
def first_appearances(regions, *, limb: u.deg = _LIMB, distance: u.deg = _DISTANCE):
    """
    Find the first appearances of regions, and those that emerged on the near side.

    Parameters
    ----------
    regions : `~astropy.table.QTable`
        Table from `read_noaa_summaries`.
    limb : `~astropy.units.Quantity`, optional
        Regions first seen at this Stonyhurst longitude or east of it have crossed the east limb.
    distance : `~astropy.units.Quantity`, optional
        A region first seen this near to one that crossed the limb counts as part of it.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region of sections I and IA, in order of the dates:

        - ``number``, ``date``, ``centroid`` and ``stonyhurst_longitude`` of its first appearance;
        - ``neighbour``: angular distance to the nearest region on that date that crossed the
          limb, infinite if there is none;
        - ``emerged``: True if west of ``limb`` and farther than ``distance`` from all those.

    Notes
    -----
    On the first day of a record, all regions appear for the first time. To identify emergences,
    begin the record two weeks before them.

    The published masks keep regions "too close" to one that crossed the limb
    [Felipe & Asensio Ramos 2019, A&A 632, A82, section 2.3], without a value for this distance. Of
    the regions of their years they blanked 967. The default reproduces that number.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.io.noaa import first_appearances, read_noaa_summaries
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "20140505SRS.txt"
    >>> _ = path.write_text('''\
    ... :Issued: 2014 May 05 0030 UTC
    ... I.  Regions with Sunspots.
    ... 2047 S17E64   291  0170 Dao  10   16 Beta
    ... 2049 S19E57   298  0270 Dkc  09   18 Beta
    ... 2050 N12W19   014  0020 Hsx  01   01 Alpha
    ... IA. H-alpha Plages without Spots.
    ... None
    ... II. Regions Due to Return
    ... None
    ... ''')
    >>> first_appearances(read_noaa_summaries(path))["number", "emerged"]
    <QTable length=3>
    number emerged
    int64    bool
    ------ -------
     12047   False
     12049   False
     12050    True
    """
    seen = np.flatnonzero(regions["section"] != "II")
    numbers = np.asarray(regions["number"])[seen]
    # The rows are in order of date: the first row of a number is its first appearance.
    _, first, member = np.unique(numbers, return_index=True, return_inverse=True)
    longitude = regions["stonyhurst_longitude"][seen].to_value(u.deg)
    latitude = regions["centroid"].lat[seen].deg
    round_limb = (longitude[first] <= limb.to_value(u.deg))[member]
    day = regions["date"].mjd[seen]
    first = np.sort(first)
    neighbour = np.full(len(first), np.inf)
    for k, row in enumerate(first):
        start, stop = np.searchsorted(day, day[row]), np.searchsorted(day, day[row], "right")
        old = np.arange(start, stop)[round_limb[start:stop]]
        apart = separations(longitude[row], latitude[row], longitude[old], latitude[old])
        neighbour[k] = np.min(apart, initial=np.inf)
    table = regions["number", "date", "centroid", "stonyhurst_longitude"][seen[first]]
    table["neighbour"] = neighbour * u.deg
    table["emerged"] = ~round_limb[first] & (table["neighbour"] > distance)
    table.meta = {"limb": str(limb), "distance": str(distance)}
    return table


@u.quantity_input
def positions_at(regions, time, *, max_age: u.day = 2 * u.day):
    """
    Return the positions of regions at a time, moved by differential rotation.

    Parameters
    ----------
    regions : `~astropy.table.QTable`
        Table from `read_noaa_summaries`, or some of its rows.
    time : `~astropy.time.Time`, `str` or `~datetime.datetime`
    max_age : `~astropy.units.Quantity`, optional
        Largest age of the last summary.

    Returns
    -------
    `~astropy.table.QTable`
        ``number`` and ``centroid`` (`~astropy.coordinates.SkyCoord` in
        `~sunpy.coordinates.HeliographicCarrington` at ``time``) of the regions of sections I and
        IA in the last summary with positions at ``time`` or earlier.

    Raises
    ------
    ValueError
        There is no such summary within ``max_age``.

    Notes
    -----
    The positions of a summary are those at 24 UT of the day before its date, twelve hours before
    the daily magnetograms at noon. The rotation is that of Snodgrass 1983, ApJ 270, 288.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.io.noaa import positions_at, read_noaa_summaries
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "20140505SRS.txt"
    >>> _ = path.write_text('''\
    ... :Issued: 2014 May 05 0030 UTC
    ... I.  Regions with Sunspots.
    ... 2051 N30W64   059  0180 Dac  06   10 Beta
    ... IA. H-alpha Plages without Spots.
    ... None
    ... II. Regions Due to Return
    ... None
    ... ''')
    >>> regions = read_noaa_summaries(path)
    >>> moved = positions_at(regions, "2014-05-05T12:00")["centroid"].lon - regions["centroid"].lon
    >>> moved.deg.round(2)
    array([-0.21])
    """
    time = parse_time(time)
    days = regions.meta["dates"].mjd
    last = np.searchsorted(days, time.mjd, "right") - 1
    if last < 0 or (time.mjd - days[last]) * u.day > max_age:
        msg = (
            f"Expected a solar region summary of {time.isot[:10]} or up to {max_age} before it, "
            "found none. Add the file of that day."
        )
        raise ValueError(msg)
    rows = np.flatnonzero((regions["date"].mjd == days[last]) & (regions["section"] != "II"))
    latitude = regions["centroid"].lat[rows].deg
    drift = carrington_drift(latitude) * (time.mjd - days[last])
    table = QTable()
    table["number"] = regions["number"][rows]
    table["centroid"] = SkyCoord(
        (regions["centroid"].lon[rows].deg + drift) % 360 * u.deg,
        latitude * u.deg,
        frame=HeliographicCarrington(obstime=time, observer="earth"),
    )
    return table


def _contents(paths):
    """
    Yield the names and contents of all the summaries in files, tarballs and folders.
    """
    for path in paths:
        if path.is_dir():
            inside = (item for item in sorted(path.rglob("*")) if item.is_file())
            yield from _contents(item for item in inside if _is_tarball(item) or _is_summary(item))
        elif _is_tarball(path):
            yield from _members(path)
        else:
            yield str(path), _beginning(check_file(path, None, _EXPECTED).open("rb"))


def _beginning(file):
    with file:
        return file.read(_MAX_SIZE + 1)


def _is_tarball(path):
    return path.name.lower().endswith(_TARBALLS)


def _is_summary(path):
    return path.name.upper().endswith("SRS.TXT")


def _members(path):
    # Decompress it as a whole, so that its size is limited.
    content = io.BytesIO(read_content(path, _MAX_TARBALL, "a tarball of solar region summaries"))
    try:
        with tarfile.open(fileobj=content, mode="r:") as archive:
            for member in archive:
                if member.isfile() and _is_summary(Path(member.name)):
                    yield f"{path}: {member.name}", _beginning(archive.extractfile(member))
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        msg = (
            f"{path}: expected a tarball of solar region summaries, found one that does not read "
            f"({error}). Fetch it again."
        )
        raise FileFormatError(msg) from error


def _parse(name, content):
    """
    Read the content of one summary.

    The reader in sunpy takes 30 ms per file, and fails if the longitude or class of a region is
    missing, as in about twenty files in ten years.
    """
    if len(content) > _MAX_SIZE:
        raise _no_summary(name, f"more than {_MAX_SIZE} bytes")
    text = content.decode("ascii", "replace")
    issued = _issued(name, text)
    sections, filled, rows = [], [], []
    for line in map(str.strip, text.splitlines()):
        heading = _SECTION.fullmatch(line)
        places = len(_PLACE.findall(line))
        if heading and not places:
            sections.append(heading[1])
            filled.append(False)
        elif places == 1 and sections and "\ufffd" not in line:
            rows.append(_row(name, line, sections[-1], issued))
            filled[-1] = True
        elif sections and not places and _REMARK.fullmatch(line):
            filled[-1] |= line.upper().startswith("NONE")
        elif places or (sections and line):
            # The line may contain a region.
            raise _no_summary(name, f"the line {line[:60]!r}")
    if not sections:
        raise _no_summary(name, "no section of regions with sunspots")
    if sections != _SECTIONS[: len(sections)]:
        raise _no_summary(name, f"the sections {', '.join(sections)} and not I, IA, II")
    date = Time(issued.strftime("%Y-%m-%d"), format="isot", scale="utc")
    return _Summary(date, rows, whole=filled == [True] * 3 and _ends(text))


def _issued(name, text):
    match = _ISSUED.search(text)
    if match is None:
        raise _no_summary(name, "no date of issue")
    year, month, *others = match.groups()
    try:
        # The names of the months are English in every locale.
        return datetime(int(year), _MONTHS.index(month.upper()) + 1, *map(int, others))
    except ValueError as error:
        raise _no_summary(name, f"a wrong date of issue ({error})") from error


def _ends(text):
    """
    Return whether the last line of a summary is complete: a longitude has three digits.
    """
    return text.endswith("\n") or re.search(r"None|\s\d{3}$", text.splitlines()[-1]) is not None


def _row(name, line, section, issued):
    fields = (_DUE if section == "II" else _SEEN).fullmatch(line)
    if fields is None:
        raise _no_summary(name, f"the line {line[:60]!r}")
    number = int(fields[1])
    if number < 10000 and issued > _FIVE_DIGITS:
        number += 10000
    latitude = _SIGNS[fields[2]] * int(fields[3])
    if section == "II":
        stonyhurst, carrington = np.nan, float(fields[4])
    else:
        stonyhurst, carrington = float(_SIGNS[fields[4]] * int(fields[5])), np.nan
    if abs(latitude) > 90 or abs(stonyhurst) > _MAX_DISTANCE or carrington > 360:
        raise _no_summary(name, f"no place on the Sun in the line {line[:60]!r}")
    return number, section, latitude, stonyhurst, carrington


def _no_summary(name, found):
    return FileFormatError(
        f"{name}: expected {_EXPECTED}, found {found}. It may be cut short or "
        "a web page; fetch it again."
    )


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
