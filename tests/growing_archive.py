"""
Follow an archive of simulated maps that grows day by day, in a process of its own.

``python growing_archive.py FOLDER URL DAYS MISSING``

URL is that of a server of the folder ``archive`` in FOLDER, which fails while there is a file
``down`` in FOLDER. On every day the archive gets two maps, and

- one run of the day dies at one of its writes, every day at a later one;
- another goes on, on some days two at once;
- the catalog is compared with one that is built from the same maps in one go;
- the missing maps in the bulletin are compared with those that were not published.

The last line is a JSON object of what happened.
"""

import json
import os
import shutil
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from catalog_store import stored
from forked_runs import DIED, run_forked, start_forked, wait_for
from map_files import published_name, stand_in_picture
from reference_unet import small_model

from astropy.io import fits
from astropy.time import Time

import sunpy_farside.net.archive  # noqa: F401 (so that no fork has to load it)
from sunpy_farside.bulletin import bulletin_document, bulletin_text
from sunpy_farside.catalog import update
from sunpy_farside.catalog.daily_run import run_day
from sunpy_farside.cli.bulletin_day import day_of_run
from sunpy_farside.errors import FolderInUseError
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.utils import transfer

START = "2022-05-01"
# The first day has a whole sequence.
FIRST_DAY = 6
# Maps, two a day from number 0 on, that are never published, and those that are published late.
GAPS = {13, 60, 61, 94}
LATE = {18: 12, 19: 12, 40: 23, 70: 41}
# Maps that are published anew, and by what factor, by day: within five days, and later.
CORRECTED = {9: (15, 1.5), 11: (15, 1.0), 30: (52, 1.3), 45: (50, 1.2), 52: (102, 0.8)}
# Days on which the last map is broken in the archive, until the next day.
BROKEN = {8, 14, 37}
# Days on which the server is down, and on which two runs start at once.
DOWN = {10, 17, 33, 34, 35, 48}
TWICE = {9, 12, 28, 44, 55}
# Date of the last change of files in the listing, long before any run.
_PUBLISHED = Time("2022-07-15").unix


class Archive:
    """
    Archive in a folder, and the maps that a run can have fetched from it.
    """

    def __init__(self, folder, maps):
        self.folder = folder / "archive" / "Phase_Maps" / "2022"
        self.folder.mkdir(parents=True)
        (folder / "archive" / "AR_Lists").mkdir()
        self.down = folder / "down"
        self.maps = maps
        self.whole, self.fetched = set(), set()

    def put(self, number, factor=1.0, changed=_PUBLISHED):
        """
        Publish a map.
        """
        item = self.maps[number]
        path = self.folder / published_name(item.date)
        fits.PrimaryHDU(item.data * np.float32(factor)).writeto(path, overwrite=True)
        os.utime(path, (changed, changed))
        self.whole.add(number)

    def damage(self, number):
        path = self.folder / published_name(self.maps[number].date)
        path.write_bytes(path.read_bytes()[:5000])
        self.whole.discard(number)

    def grow(self, day):
        """
        Publish what is due on a day.
        """
        self.down.unlink(missing_ok=True)
        last = 2 * day - 1
        due = range(last + 1) if day == FIRST_DAY else (last - 1, last)
        for number in due:
            if number not in GAPS and number not in LATE:
                self.put(number)
        for number in (number for number, when in LATE.items() if when == day):
            self.put(number)
        if day in CORRECTED:
            # Changed just now, as the date in the listing has it.
            self.put(*CORRECTED[day], changed=Time.now().unix)
        if day - 1 in BROKEN:
            self.put(last - 2)
        if day in BROKEN:
            self.damage(last)
        if day in DOWN:
            self.down.touch()
        else:
            self.fetched |= self.whole

    def missing(self):
        """
        Return the dates of the last 14 days before the newest map that a run cannot have.
        """
        newest = max(self.fetched)
        absent = [k for k in range(newest) if k not in self.fetched and k >= newest - 28]
        return [self.maps[k].date.isot[:16] for k in absent]


def run(output, report=None, **kwargs):
    """
    Run a day, and write its notes, the missing maps of its bulletin, and the bulletin.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*other maps")
        try:
            result = run_day(output, model=MODEL, since=START, **kwargs)
        except FolderInUseError:
            if report is None:
                raise
            Path(f"{report}.busy").touch()
            return
    if report is not None:
        document = bulletin_document(day_of_run(result, current=False))
        content = {
            "notes": result.notes,
            "missing": [date[:16] for date in document.sources[0].missing],
            "text": bulletin_text(document),
        }
        report.write_text(json.dumps(content))


def remember(function):
    """
    Return a function of sequences that remembers its results: only the catalogs are compared.
    """
    known = {}

    def detect_one(sequence, *args):
        key = sequence.date.isot, sequence.data.tobytes()
        if key not in known:
            known[key] = function(sequence, *args)
        return known[key]

    def detect(sequences, *args):
        if isinstance(sequences, FarsideSequence):
            return detect_one(sequences, *args)
        return (detect_one(sequence, *args) for sequence in sequences)

    return detect


def follow(folder, days, missing):
    warnings.simplefilter("error")
    # Binary wheels built against another minor version of numpy.
    warnings.filterwarnings("ignore", message="numpy.ndarray size changed")
    # parfive leaves its event loop and that loop's sockets to the garbage collector.
    warnings.filterwarnings("ignore", category=ResourceWarning)
    archive = Archive(folder, simulate_maps(START, 2 * days, seed=4).maps)
    output, report, happened = folder / "daily", folder / "report.json", Counter()
    detect = {name: getattr(update, name) for name in ("detect_farside", "detect_seismic_strength")}
    for day in range(FIRST_DAY, days + 1):
        archive.grow(day)
        dies_at = 1 + 7 * (day - FIRST_DAY) % 24
        status = run_forked(_run, output, None, missing, dies_at=dies_at)
        assert status in (0, DIED), (day, status)
        happened["killed"] += status == DIED
        report.unlink(missing_ok=True)
        both = [start_forked(_run, output, report, missing) for _ in range(1 + (day in TWICE))]
        assert [wait_for(pid) for pid in both] == [0] * len(both), day
        happened["busy"] += Path(f"{report}.busy").exists()
        Path(f"{report}.busy").unlink(missing_ok=True)
        found = json.loads(report.read_text())
        assert bool(found["notes"]) == (day in DOWN or day in BROKEN), (day, found["notes"])
        happened["noted"] += bool(found["notes"])
        expected = archive.missing()
        assert found["missing"] == expected, (day, found["missing"], expected)
        happened["missing"] += len(expected)
        # The text names the first ones.
        assert all(date.replace("T", " ") in found["text"] for date in expected[:3]), day

        fresh = folder / "fresh"
        shutil.copytree(output / "maps", fresh / "maps")
        for name, function in detect.items():
            setattr(update, name, MEMORY.setdefault(name, remember(function)))
        run(fresh, offline=True, missing=missing)
        for name, function in detect.items():
            setattr(update, name, function)
        assert stored(output, names=False) == stored(fresh, names=False), day
        shutil.rmtree(fresh)
        happened["days"] += 1
    return happened


def _run(output, report, missing):
    run(output, report, missing=missing)


MODEL, MEMORY = small_model(), {}

if __name__ == "__main__":
    # Forks have no other threads.
    torch.set_num_threads(1)
    update.draw_date = stand_in_picture
    transfer.PAUSE = 0.01
    place, url, number, most_missing = sys.argv[1:]
    os.environ["SUNPY_FARSIDE_JSOC_URL"] = url
    print(json.dumps(follow(Path(place), int(number), int(most_missing))))
