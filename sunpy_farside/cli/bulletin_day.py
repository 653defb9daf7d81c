"""
The input of a bulletin from the run of a day.
"""

import astropy.units as u
from astropy.time import Time

__all__ = ["day_of_run"]

# Time before the latest detection in which a track has one, to be in the bulletin: two rotations.
_COVERED = 54 * u.day


def day_of_run(run, *, current=True):
    """
    Return the input of the bulletin of a run.

    Parameters
    ----------
    run : `~sunpy_farside.catalog.daily_run.DailyRun`
    current : `bool`, optional
        If True, the bulletin is of today; else of the last map.

    Returns
    -------
    `~sunpy_farside.bulletin.day.Day` or None
        None where the catalog has no date yet.
    """
    from sunpy_farside.bulletin import Day, MapSource, Series
    from sunpy_farside.catalog.database import DATABASE, Database
    from sunpy_farside.catalog.names import names_of_tracks
    from sunpy_farside.catalog.track_store import stored_tracks
    from sunpy_farside.detection.methods import METHODS

    if not (run.output / DATABASE).exists():
        return None
    series, names = [], {}
    with Database.opened(run.output) as database:
        dates = database.dates()
        if not dates:
            return None
        for method in METHODS:
            tracks = stored_tracks(database, method, _COVERED)
            series.append(Series(run.product, tracks, run.latest.get(method)))
            for row in names_of_tracks(database, method):
                # The most frequent name of a source comes first.
                known = names.setdefault(str(row["designation"]), {})
                known.setdefault(str(row["source"]), str(row["name"]))
    last = run.used[-1] if run.used else Time(dates[-1])
    return Day(
        Time.now() if current else last,
        tuple(series),
        (MapSource(run.product, run.used, run.missing),),
        names={name: _full_name(name, others) for name, others in names.items()},
        region_list=run.region_list,
        noaa=run.summary,
        notes=run.notes,
    )


def _full_name(designation, others):
    parts = [f"NOAA {others['NOAA']}"] if "NOAA" in others else []
    parts += [others["JSOC"]] if "JSOC" in others else []
    return f"{designation} ({', '.join(parts)})"
