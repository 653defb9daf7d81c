"""
Maps given to a command, read one after the other.
"""

import math
from collections import Counter, deque
from dataclasses import dataclass
from itertools import islice

import numpy as np

from astropy.time import Time

from sunpy_farside.cadence import (
    N_MAPS,
    complete_runs,
    place_maps,
    shared_steps,
    step_numbers,
    steps_of_sequence,
    time_of_step,
)
from sunpy_farside.cli.output import complain
from sunpy_farside.coordinates.far_side import remember_earth
from sunpy_farside.errors import FarsideError, SequenceError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.phase_maps import read_global_map
from sunpy_farside.maps.windows import check_windows
from sunpy_farside.sequence import FarsideSequence, cadence_date
from sunpy_farside.utils.text import counted

__all__ = ["MapFiles"]

# Number of maps for whose dates the position of the Earth is computed together.
_AHEAD = 256


@dataclass(frozen=True)
class _File:
    """
    File with the date and product of its map, and with the map itself if already read.
    """

    path: object
    time: Time
    product: str
    map: object = None


class MapFiles:
    """
    Sequences in files of phase maps, read during the iteration.

    An unusable file is named once on the standard error, and the sequences that need it are left
    out: those with fewer than ``11 - missing`` usable maps.

    Parameters
    ----------
    paths : iterable of `~pathlib.Path`
        Files of phase maps, in any order.
    width : `int`
        Columns of the windows.
    product : `str`, optional
        Product of the maps; by default the one that most of the files have.
    missing : `int`, optional
        Largest number of maps that may be missing from a sequence.
    date : `~astropy.time.Time`, optional
        Date of the middle map of the only sequence; by default all the sequences.
    """

    def __init__(self, paths, width, product=None, missing=0, date=None):
        self._width = width
        self._product = product
        self._missing = missing
        self._only, self._middle = date, None
        # A file may have two names.
        paths = list({path.resolve(): path for path in paths}.values())
        self.number = len(paths)
        self.unusable = 0
        files = [self._date(path) for path in paths]
        self._at_step = self._plan([file for file in files if file is not None])

    def __len__(self):
        """
        Return the number of sequences, if all the files can be used.
        """
        return len(self._middles())

    def __iter__(self):
        """
        Yield the sequences in order of date.

        Raises
        ------
        SequenceError
            There is no sequence; raised at the end.
        """
        steps = sorted(self._at_step)
        dates = Time([self._at_step[step].time for step in steps]) if steps else None
        unread, times, maps, found = deque(steps), [], {}, False

        def read_until(last):
            while unread and unread[0] <= last:
                if len(unread) % _AHEAD == 0 or len(unread) == len(steps):
                    ahead = [self._at_step[step].time for step in islice(unread, _AHEAD)]
                    remember_earth(Time(ahead))
                step = unread.popleft()
                if (item := self._read(self._at_step[step])) is not None:
                    maps[step] = item
                    # For the message about maps of which none are consecutive.
                    if not found:
                        times.append(cadence_date(item))
                for early in [other for other in maps if other <= step - N_MAPS]:
                    del maps[early]

        for middle in self._middles():
            span = steps_of_sequence(middle)
            read_until(span[-1])
            run = [maps[step] for step in span if step in maps]
            if len(run) >= N_MAPS - self._missing:
                found = True
                if middle in maps:
                    date = cadence_date(maps[middle])
                else:
                    date = time_of_step(middle, dates, steps)
                yield FarsideSequence(run, width=self._width, missing=self._missing, date=date)
        read_until(math.inf)
        if not found:
            self._explain(times)

    def _middles(self):
        middles = complete_runs(self._at_step, self._missing)
        return [step for step in middles if self._middle in (None, step)]

    def _date(self, path):
        time, product = parse_file_name(path.name)
        if time is not None and product is not None:
            return _File(path, time, product)
        item = self._use(path, read_global_map)
        return None if item is None else _File(path, cadence_date(item), item.product, item)

    def _plan(self, files):
        """
        Return one file per step of the cadence, of one product.
        """
        if not files:
            return {}
        ((product, _),) = Counter(file.product for file in files).most_common(1)
        product = self._product or product
        for file in files:
            if file.product != product:
                self._pass_over(file.path, f"a map of {file.product} among maps of {product}")
        files = [file for file in files if file.product == product]
        if not files:
            return {}
        steps, near, phase = shared_steps(Time([file.time for file in files]))
        if self._only is not None:
            self._middle = int(step_numbers(self._only, phase)[0])
        plan = {}
        for file, step, fits in zip(files, steps.tolist(), near, strict=True):
            if not fits:
                date = file.time.isot[:16]
                self._pass_over(file.path, f"{date} is off the 12 h cadence of the others")
            elif plan.setdefault(step, file) is not file:
                self._pass_over(file.path, f"{plan[step].path} is of the same date")
        return plan

    def _read(self, file):
        def read(path):
            item = read_global_map(path) if file.map is None else file.map
            # Raise an error for a map without data in the window.
            check_windows([item], self._width)
            return item

        return self._use(file.path, read)

    def _use(self, path, function):
        try:
            return function(path)
        except (OSError, ValueError) as error:
            self._pass_over(path, error)
            return None

    def _pass_over(self, path, reason):
        self.unusable += 1
        text = str(reason)
        complain(text if str(path) in text else f"{path}: {text}")

    def _explain(self, times):
        if not times:
            files = counted(self.number, "file")
            msg = f"Expected phase maps, found none that can be used in {files}."
            raise FarsideError(msg)
        times = Time(times)
        steps, _, _ = shared_steps(times)
        # Maps that could be of one sequence. The error names the dates of those that are missing.
        if np.ptp(steps) < N_MAPS:
            place_maps(times, self._missing)
        msg = (
            f"Expected {N_MAPS} consecutive maps, found none among {len(times)}. Are some missing? "
            "Allow for that with --missing."
        )
        raise SequenceError(msg)
