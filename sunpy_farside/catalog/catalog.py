"""
The catalog as an object.
"""

import json
from os import PathLike
from typing import Any

import numpy as np
from matplotlib.axes import Axes

import astropy.units as u
from astropy.table import QTable, Table
from astropy.time import Time

from sunpy_farside.catalog.catalog_export import write_table
from sunpy_farside.catalog.database import DATABASE, Database
from sunpy_farside.catalog.names import names_of_tracks
from sunpy_farside.catalog.numbers import daily_numbers
from sunpy_farside.catalog.reading import catalog_table, check_exists, regions_table
from sunpy_farside.catalog.track_store import stored_tracks
from sunpy_farside.catalog.tracking import RegionTracks
from sunpy_farside.detection.methods import METHODS, NETWORK
from sunpy_farside.errors import FarsideError
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.inputs import user_time
from sunpy_farside.utils.text import counted
from sunpy_farside.visualization.artists import Artists
from sunpy_farside.visualization.html import html_with_picture
from sunpy_farside.visualization.track_plot import plot_tracks

__all__ = ["Catalog"]

# Days before the latest date for which a plot shows tracks: a rotation.
_SHOWN = 27 * u.day


class Catalog:
    """
    Catalog of detections and tracks that `~sunpy_farside.catalog.watch.watch_folder` keeps.

    Parameters
    ----------
    path : path-like
        Folder of the catalog, or its file ``catalogue.db``.

    Raises
    ------
    FileNotFoundError
        There is no catalog.
    FileFormatError
        It is damaged, or of an earlier version.
    NewerFormatError
        A later release wrote it.

    Examples
    --------
    >>> from sunpy_farside.catalog import Catalog
    >>> catalog = Catalog("maps/detections")  # doctest: +SKIP
    >>> catalog.regions("2022-05-05")  # doctest: +SKIP
    >>> catalog.tracks["network"].tracks  # doctest: +SKIP
    """

    def __init__(self, path):
        path = user_path(path)
        self._folder = path.parent if path.name == DATABASE else path
        check_exists(self._folder, DATABASE)
        with self._opened() as database:
            dates = database.dates()
        self._summary = len(dates), *(dates[:1] or [None]), *(dates[-1:] or [None])

    def __repr__(self):
        number, first, last = self._summary
        dates = f", {first[:16]} to {last[:16]}" if number else ""
        return f"<Catalog: {counted(number, 'date')}{dates}>"

    def _repr_html_(self):
        if not any(len(tracks.tracks) for tracks in self._recent().values()):
            return f"<pre>{self!r}</pre>".replace("<Catalog", "&lt;Catalog")
        return html_with_picture(self, lambda figure: self.plot(axes=figure.subplots()))

    @property
    def dates(self) -> Time:
        """
        Dates of the detections, also those without a region (`~astropy.time.Time`).
        """
        with self._opened() as database:
            dates = database.dates()
        return Time(dates) if dates else Time(np.empty(0), format="mjd")

    @property
    def tracks(self) -> dict[str, RegionTracks]:
        """
        Tracks by method, a `dict` of `~sunpy_farside.catalog.tracking.RegionTracks`.
        """
        with self._opened() as database:
            return {method: stored_tracks(database, method) for method in METHODS}

    def detections(self, method: str | None = None) -> QTable:
        """
        Return the regions of all dates.

        Parameters
        ----------
        method : {"network", "sar"}, optional
            Regions by one method only.

        Returns
        -------
        `~astropy.table.QTable`
            See `~sunpy_farside.catalog.reading.read_catalog`.
        """
        return catalog_table(self._folder, method)

    def regions(self, date: Any, method: str | None = None) -> QTable:
        """
        Return the regions of one date.

        Parameters
        ----------
        date : `~astropy.time.Time`, `str` or `~datetime.datetime`
            Date of the detection, that of the middle map.
        method : {"network", "sar"}, optional
            Regions by one method only.

        Returns
        -------
        `~astropy.table.QTable`
            With the columns of `detections`.

        Raises
        ------
        FarsideError
            The catalog has no such date.
        """
        date = self._date(date)
        with self._opened() as database:
            return regions_table(database.rows(method, date), [date], method)

    def sources(self, date: Any) -> list[dict]:
        """
        Return what the results of a date were made from.

        Parameters
        ----------
        date : `~astropy.time.Time`, `str` or `~datetime.datetime`

        Returns
        -------
        `list` of `dict`
            The ``method``, ``status`` (current or superseded) and ``model`` of every detection,
            when it was ``made``, and by which ``version`` of this package, the digest of its
            ``weights``, its ``settings`` and the digests of its ``files``. None where an earlier
            release did not record it.

        Raises
        ------
        FarsideError
            The catalog has no such date.
        """
        names = ("method", "status", "model", "made", "version", "weights", "settings", "files")
        query = (
            f"SELECT {', '.join(names)} FROM detections LEFT JOIN runs ON runs.id = run "
            "LEFT JOIN inputs ON inputs.id = input WHERE date = ? ORDER BY method, detections.id"
        )
        with self._opened() as database:
            rows = database.connection.execute(query, (self._date(date),)).fetchall()
        sources = [dict(zip(names, row, strict=True)) for row in rows]
        for source in sources:
            for name in ("settings", "files"):
                source[name] = None if source[name] is None else json.loads(source[name])
        return sources

    def numbers(self, method: str = NETWORK.name, **options: Any) -> QTable:
        """
        Return the numbers of every date.

        Parameters
        ----------
        method : {"network", "sar"}, optional
        **options
            As for `~sunpy_farside.catalog.numbers.daily_numbers`.

        Returns
        -------
        `~astropy.table.QTable`
            See `~sunpy_farside.catalog.numbers.daily_numbers`.
        """
        return daily_numbers(self.detections(method), **options)

    def names(self, method: str = NETWORK.name) -> Table:
        """
        Return the names that JSOC and NOAA give to the regions of tracks.

        Parameters
        ----------
        method : {"network", "sar"}, optional

        Returns
        -------
        `~astropy.table.Table`
            See `~sunpy_farside.catalog.names.names_of_tracks`.
        """
        with self._opened() as database:
            return names_of_tracks(database, method)

    def plot(self, method: str = NETWORK.name, *, axes: Axes | None = None) -> Artists:
        """
        Draw the tracks of the last rotation.

        Parameters
        ----------
        method : {"network", "sar"}, optional
        axes : `~matplotlib.axes.Axes`, optional
            By default, created in the current figure.

        Returns
        -------
        `~sunpy_farside.visualization.artists.Artists`
            See `~sunpy_farside.visualization.track_plot.plot_tracks`.

        Raises
        ------
        ValueError
            There are no tracks.
        """
        return plot_tracks(self._recent()[method], axes=axes)

    def write(self, path: str | PathLike, method: str | None = None) -> None:
        """
        Write the regions of all dates for other programs.

        Parameters
        ----------
        path : path-like
            Its suffix selects the format, as for
            `~sunpy_farside.catalog.catalog_export.write_table`.
        method : {"network", "sar"}, optional
            Regions by one method only.
        """
        write_table(self.detections(method), path)

    def _opened(self):
        return Database.opened(self._folder)

    def _date(self, date):
        wanted, dates = user_time(date), self.dates
        near = np.abs((dates - wanted).to_value(u.minute)) <= 1 if len(dates) else np.zeros(0)
        if not near.any():
            msg = f"Expected a date of the catalog, found {wanted.isot[:16]}: see dates."
            raise FarsideError(msg)
        return dates[int(np.argmax(near))].isot

    def _recent(self):
        with self._opened() as database:
            return {method: stored_tracks(database, method, _SHOWN) for method in METHODS}
