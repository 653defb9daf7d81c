"""
Maps that are in memory while a command goes through the sequences of a folder.
"""

from collections import deque
from itertools import islice

from astropy.time import Time

from sunpy_farside.cadence import N_MAPS
from sunpy_farside.coordinates.earth import remember_earth

__all__ = ["MapsAtHand"]

# Number of maps for whose dates the position of the Earth is computed together.
_AHEAD = 256


class MapsAtHand(dict):
    """
    Maps by step of the cadence, read in order of time and kept while sequences need them.

    Parameters
    ----------
    files : `dict`
        Files with the ``time`` of their map, by step.
    read : callable
        Returns the map of a step, or None of a file that cannot be used.
    """

    def __init__(self, files, read):
        self._files, self._read = files, read
        self._unread = deque(sorted(files))

    def read_until(self, last):
        """
        Read the maps up to a step, and drop those that are eleven steps or more before it.
        """
        while self._unread and self._unread[0] <= last:
            self._remember_earth()
            step = self._unread.popleft()
            if (item := self._read(step)) is not None:
                self[step] = item
            for early in [other for other in self if other <= step - N_MAPS]:
                del self[early]

    def _remember_earth(self):
        """
        Compute the position of the Earth for the next dates, where that is not done.
        """
        if len(self._unread) % _AHEAD == 0 or len(self._unread) == len(self._files):
            ahead = [self._files[step].time for step in islice(self._unread, _AHEAD)]
            remember_earth(Time(ahead))
