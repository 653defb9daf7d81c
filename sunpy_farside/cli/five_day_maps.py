"""
Maps cumulated over five days that are given to a command, each of which is detected alone.
"""

from sunpy_farside.cli.arguments import FIVE_DAYS
from sunpy_farside.cli.maps import MapFiles
from sunpy_farside.products import PRODUCTS, file_product

__all__ = ["FiveDayFiles", "are_five_days"]


def are_five_days(paths):
    """
    Return whether all files have names of 5-day maps.

    Parameters
    ----------
    paths : iterable of `~pathlib.Path`

    Returns
    -------
    `bool`
    """
    products = {file_product(path.name) for path in paths}
    return products == {PRODUCTS[FIVE_DAYS]}


class FiveDayFiles(MapFiles):
    """
    Maps in files of 5-day maps, read during the iteration in order of date.

    An unusable file is named once on the standard error and left out.

    Parameters
    ----------
    paths : iterable of `~pathlib.Path`
        Files, in any order.
    width : `int`
        Columns of the windows.
    """

    def __init__(self, paths, width):
        super().__init__(paths, width, FIVE_DAYS)

    def __len__(self):
        """
        Return the number of maps, if all the files can be used.
        """
        return len(self._at_step)

    def _read_all(self):
        for _, file in sorted(self._at_step.items()):
            item = self._read(file)
            if item is not None:
                self._times = None
                yield item.map
