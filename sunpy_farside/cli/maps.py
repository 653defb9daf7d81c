"""
Maps given to a command, read one after the other.
"""

import math
from collections import Counter
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from astropy.time import Time

from sunpy_farside.cadence import (
    N_MAPS,
    complete_runs,
    shared_steps,
    step_numbers,
    steps_of_sequence,
    time_of_step,
    typical_map,
)
from sunpy_farside.cli.maps_at_hand import MapsAtHand
from sunpy_farside.cli.output import complain
from sunpy_farside.errors import FarsideError, SchedulerError, SequenceError
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.phase_maps import read_global_map
from sunpy_farside.maps.windows import GlobalMap, check_windows
from sunpy_farside.sequence import FarsideSequence, cadence_date
from sunpy_farside.sequence.farside_sequence import checked_sequence
from sunpy_farside.sequence.placing import place_maps
from sunpy_farside.utils.text import counted

__all__ = ["MapFiles"]


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
        self._passed_over = {}
        self._quiet = False
        # Dates of maps, as long as there is no sequence.
        self._times = {}
        files = [self._date(path) for path in paths]
        self._at_step = self._plan([file for file in files if file is not None])
        middles = complete_runs(self._at_step, missing)
        self._chosen = [step for step in middles if self._middle in (None, step)]
        steps = sorted(self._at_step)
        if steps and missing:
            dates = Time([self._at_step[step].time for step in steps])
            typical = typical_map(dates, steps)
            # The dates of missing maps are counted from this one.
            self._typical = dates[[typical]], [steps[typical]]

    @property
    def unusable(self):
        """
        Number of files that could not be used so far.
        """
        return len(self._passed_over)

    def __len__(self):
        """
        Return the number of sequences, if all the files can be used.
        """
        return len(self._chosen)

    def __iter__(self):
        """
        Yield the sequences in order of date.

        Raises
        ------
        SequenceError
            There is no sequence; raised at the end.
        """
        yield from self._read_all()
        self.check_found()

    def _read_all(self):
        """
        Yield the sequences, and read the remaining files.
        """
        maps = MapsAtHand(self._at_step, self._read_at)
        for middle in self._chosen:
            span = steps_of_sequence(middle)
            maps.read_until(span[-1])
            run = [maps[step] for step in span if step in maps]
            if len(run) == N_MAPS:
                self._times = None
                # Each map has been checked once already.
                yield checked_sequence(run, self._width)
            elif len(run) >= N_MAPS - self._missing:
                self._times = None
                date = self._middle_date(middle, maps)
                yield FarsideSequence(run, width=self._width, missing=self._missing, date=date)
        maps.read_until(math.inf)

    def _middle_date(self, middle, maps):
        """
        Return the date of a sequence, whose middle map may be missing.
        """
        if middle in maps:
            return maps[middle].time
        return time_of_step(middle, *self._typical)

    @property
    def dates(self):
        """
        Dates of the first and the last map, as text.
        """
        first, last = (self._at_step[end(self._at_step)].time for end in (min, max))
        return f"{first.isot[:16]} to {last.isot[:16]}"

    def parts(self, size):
        """
        Divide the files among processes.

        Parameters
        ----------
        size : `int`
            Number of sequences of a part.

        Returns
        -------
        `list` of `MapFiles`
            With absolute paths. Every file is in one or more of them, as adjacent parts share ten
            maps.
        """
        parts, start = [], -math.inf
        for first in range(0, len(self._chosen), size):
            chosen = self._chosen[first : first + size]
            last = first + size >= len(self._chosen)
            start = min(start, steps_of_sequence(chosen[0])[0])
            end = math.inf if last else steps_of_sequence(chosen[-1])[-1]
            part = copy(self)
            part._chosen, part._passed_over, part._times = chosen, {}, {}
            part._at_step = {
                step: replace(file, path=file.path.absolute(), map=None)
                for step, file in self._at_step.items()
                if start <= step <= end
            }
            part._quiet = True
            parts.append(part)
            start = end + 1
        return parts

    def read_part(self):
        """
        Read the files of a part.

        Returns
        -------
        sequences : `list` of `~sunpy_farside.sequence.FarsideSequence`
        rest : `tuple`
            For `add_part`.
        """
        sequences = list(self._read_all())
        return sequences, (self._passed_over, self._times)

    def add_part(self, rest, worker):
        """
        Name the unusable files of a part that another process has read.

        Parameters
        ----------
        rest : `tuple`
            As from `read_part`.
        worker : `str`
            Address of the process.

        Raises
        ------
        SchedulerError
            The other process cannot read a file that this one can.
        """
        passed_over, times = rest
        given = {file.path.absolute(): file.path for file in self._at_step.values()}
        for path, (text, absent) in passed_over.items():
            if absent and _is_readable(path):
                msg = (
                    f"Expected the maps on all machines, found a worker, {worker}, that cannot "
                    f"read {path}. Workers read files by their paths: put them into a folder that "
                    "all machines share, under the same path."
                )
                raise SchedulerError(msg)
            name = given[path]
            self._pass_over(name, text.replace(str(path), str(name)))
        if times is None or self._times is None:
            self._times = None
        else:
            self._times |= times

    def check_found(self):
        """
        Raise an error if there was no sequence.

        Raises
        ------
        SequenceError
            There was none.
        """
        if self._times is not None:
            self._explain(list(self._times.values()))

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

    def _read_at(self, step):
        """
        Read the map of a step, and remember its date as long as there is no sequence.
        """
        item = self._read(self._at_step[step])
        if item is not None and self._times is not None:
            self._times[step] = item.time
        return item

    def _read(self, file):
        def read(path):
            item = read_global_map(path) if file.map is None else file.map
            date = cadence_date(item)
            if date is not item.time:
                item = GlobalMap.of(item, date)
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
        absolute, text = path.absolute(), str(reason)
        # Adjacent parts have files in common.
        if absolute in self._passed_over:
            return
        absent = isinstance(reason, FileNotFoundError | PermissionError)
        self._passed_over[absolute] = text, absent
        if not self._quiet:
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


def _is_readable(path):
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False
