"""
Alerts about new regions and arrivals at the east limb, each given once.
"""

import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

import astropy.units as u
from astropy.time import Time

from sunpy_farside.catalog.database import Database
from sunpy_farside.catalog.track_store import stored_tracks
from sunpy_farside.detection.methods import NETWORK
from sunpy_farside.utils.files import whole_files

__all__ = ["Alert", "append_to_feed", "give_alerts", "run_command"]

_ATOM = "http://www.w3.org/2005/Atom"
# Entries that a feed keeps, and seconds that a command may take.
_ENTRIES, _PATIENCE = 100, 60
# Time without a detection after which a region is not announced any more.
_CURRENT = 3 * u.day
# The method whose regions are announced. Those of the other would be announced twice.
_METHOD = NETWORK.name


@dataclass(frozen=True)
class Alert:
    """
    Alert about a track.

    Attributes
    ----------
    designation : `str`
        Designation of the track.
    kind : {"new", "arrival"}
    text : `str`
        One sentence.
    """

    designation: str
    kind: str
    text: str


def give_alerts(folder, give, *, within=None, reliability=None, now=None):
    """
    Give the alerts that are due and were not given before.

    Parameters
    ----------
    folder : `~pathlib.Path`
        Folder of the catalog, which the caller has locked. Only tracks of the network are used.
    give : callable
        Takes an `Alert`. If it raises an error, the alert is due again the next time.
    within : `float`, optional
        Days ahead in which the arrival of a persistent region at the east limb is announced.
    reliability : `float`, optional
        Reliability from which a new persistent region is announced, until its arrival.
    now : `~astropy.time.Time`, optional
        By default, the current time.

    Returns
    -------
    `int`
        Number of the alerts.
    """
    now, number = Time.now() if now is None else now, 0
    with Database.opened(folder, write=True) as database:
        for alert in _due(stored_tracks(database, _METHOD, _CURRENT), within, reliability, now):
            key = (_METHOD, alert.designation, alert.kind)
            query = "SELECT 1 FROM alerts WHERE method = ? AND designation = ? AND kind = ?"
            if database.connection.execute(query, key).fetchone():
                continue
            give(alert)
            database.connection.execute(
                "INSERT INTO alerts VALUES (?, ?, ?, ?)", (*key, now.isot[:19])
            )
            number += 1
    return number


def _due(tracks, within, reliability, now):
    table = tracks.tracks
    if not len(table):
        return
    last = Time(tracks.members.meta["dates"][-1])
    for row in table[np.asarray(table["persistent"]) & (table["last_date"] > last - _CURRENT)]:
        name, arrival = str(row["designation"]), row["east_limb_arrival"]
        when = f"{arrival.isot[:16]} UT +- {row['arrival_uncertainty'].to_value(u.day):.1f} d"
        ahead = (arrival - now).to_value(u.day)
        if ahead < 0:
            # It is on the near side.
            continue
        if reliability is not None and row["reliability"] >= reliability:
            text = f"New region {name}, reliability {row['reliability']:.2f}, east limb {when}."
            yield Alert(name, "new", text)
        if within is not None and ahead <= within:
            text = f"Region {name} comes round the east limb {when}, in {ahead:.1f} days."
            yield Alert(name, "arrival", text)


def run_command(command, alert):
    """
    Run a command with the text of an alert as its last argument.

    Parameters
    ----------
    command : `str`
        Program and arguments, quoted as in a shell; no shell runs it.
    alert : `Alert`

    Raises
    ------
    RuntimeError
        The command fails.
    """
    try:
        subprocess.run([*shlex.split(command), alert.text], check=True, timeout=_PATIENCE)
    except (OSError, subprocess.SubprocessError) as error:
        msg = f"The command of the alert failed ({error}). The alert is given again the next time."
        raise RuntimeError(msg) from error


def append_to_feed(path, alert, now=None):
    """
    Put an alert at the top of an Atom feed.

    Parameters
    ----------
    path : `~pathlib.Path`
        The feed, which is created if it does not exist or cannot be read.
    alert : `Alert`
    now : `~astropy.time.Time`, optional
        By default, the current time.
    """
    path = Path(path)
    updated = f"{(Time.now() if now is None else now).isot[:19]}Z"
    ElementTree.register_namespace("", _ATOM)
    feed = _feed(path)
    feed.find(_tag("updated")).text = updated
    entry = ElementTree.Element(_tag("entry"))
    identifier = f"urn:sunpy-farside:{alert.kind}:{alert.designation}"
    for name, text in (("id", identifier), ("title", alert.text), ("updated", updated)):
        ElementTree.SubElement(entry, _tag(name)).text = text
    ElementTree.SubElement(entry, _tag("content"), type="text").text = alert.text
    entries = [entry, *(old for old in feed.findall(_tag("entry")))]
    for old in entries[1:]:
        feed.remove(old)
    feed.extend(entries[:_ENTRIES])
    with whole_files(path.parent) as partial:
        ElementTree.ElementTree(feed).write(
            partial / path.name, encoding="utf-8", xml_declaration=True
        )


def _feed(path):
    try:
        feed = ElementTree.parse(path).getroot()
        if feed.find(_tag("updated")) is not None:
            return feed
    except (OSError, ElementTree.ParseError):
        pass
    feed = ElementTree.Element(_tag("feed"))
    for name, text in (
        ("id", "urn:sunpy-farside:alerts"),
        ("title", "Active regions on the far side of the Sun"),
        ("updated", ""),
    ):
        ElementTree.SubElement(feed, _tag(name)).text = text
    author = ElementTree.SubElement(feed, _tag("author"))
    ElementTree.SubElement(author, _tag("name")).text = "sunpy_farside"
    return feed


def _tag(name):
    return f"{{{_ATOM}}}{name}"
