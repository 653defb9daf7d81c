"""
First appearances of NOAA's active regions, and their positions at other times.
"""

import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord
from astropy.table import QTable

from sunpy.coordinates import HeliographicCarrington
from sunpy.time import parse_time

from sunpy_farside.coordinates.far_side import separations
from sunpy_farside.coordinates.rotation import carrington_drift
from sunpy_farside.utils.typing import TimeLike

__all__ = ["first_appearances", "positions_at"]

# Regions east of this recently crossed the limb [Felipe & Asensio Ramos 2019, section 2.3].
_LIMB = -60 * u.deg
# Chosen so that 967 regions of 2010-06-24 to 2018-10-26 count as emerged on the near side, as many
# as were blanked for the published network.
_DISTANCE = 9.5 * u.deg


@u.quantity_input
def first_appearances(
    regions: QTable, *, limb: u.deg = _LIMB, distance: u.deg = _DISTANCE
) -> QTable:
    """
    Find the first appearances of regions, and those that emerged on the near side.

    Parameters
    ----------
    regions : `~astropy.table.QTable`
        Table from `~sunpy_farside.io.noaa.read_noaa_summaries`.
    limb : `~astropy.units.Quantity`, optional
        Regions first seen at this Stonyhurst longitude or east of it have crossed the east limb.
    distance : `~astropy.units.Quantity`, optional
        A region first seen this near to one that crossed the limb counts as part of it.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region of sections I and IA, in order of the dates:

        - ``number``, ``date``, ``centroid`` and ``stonyhurst_longitude`` of its first appearance;
        - ``neighbor``: angular distance to the nearest region on that date that crossed the
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
    >>> from sunpy_farside.io.noaa import read_noaa_summaries
    >>> from sunpy_farside.io.noaa_regions import first_appearances
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
    neighbor = np.full(len(first), np.inf)
    for k, row in enumerate(first):
        start, stop = np.searchsorted(day, day[row]), np.searchsorted(day, day[row], "right")
        old = np.arange(start, stop)[round_limb[start:stop]]
        apart = separations(longitude[row], latitude[row], longitude[old], latitude[old])
        neighbor[k] = np.min(apart, initial=np.inf)
    table = regions["number", "date", "centroid", "stonyhurst_longitude"][seen[first]]
    table["neighbor"] = neighbor * u.deg
    table["emerged"] = ~round_limb[first] & (table["neighbor"] > distance)
    table.meta = {"limb": str(limb), "distance": str(distance)}
    return table


@u.quantity_input
def positions_at(regions: QTable, time: TimeLike, *, max_age: u.day = 2 * u.day) -> QTable:
    """
    Return the positions of regions at a time, moved by differential rotation.

    Parameters
    ----------
    regions : `~astropy.table.QTable`
        Table from `~sunpy_farside.io.noaa.read_noaa_summaries`, or some of its rows.
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
    >>> from sunpy_farside.io.noaa import read_noaa_summaries
    >>> from sunpy_farside.io.noaa_regions import positions_at
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
