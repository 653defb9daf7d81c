"""
Tables of coordinates that can be written as ECSV.
"""

from astropy.coordinates import SkyCoord
from astropy.io.misc.yaml import AstropyDumper
from astropy.table import serialize
from astropy.time import Time

from sunpy.coordinates import HeliographicStonyhurst

__all__ = ["whole_seconds"]

# astropy writes SkyCoord to YAML but not bare frames, which is what sunpy makes of the
# observer of a coordinate. Readers need nothing of ours: they find a SkyCoord.
AstropyDumper.add_representer(
    HeliographicStonyhurst, lambda dumper, frame: dumper.represent_data(SkyCoord(frame))
)

# Where every row has its own date, the observers make columns, and astropy must be told that
# it may build their class. sunpy 8 does the same.
_CLASS = f"{HeliographicStonyhurst.__module__}.{HeliographicStonyhurst.__name__}"
_allowed = vars(serialize)["__construct_mixin_classes"]
if _CLASS not in _allowed:
    vars(serialize)["__construct_mixin_classes"] = (*_allowed, _CLASS)


def whole_seconds(time):
    """
    Round times to the second, so that what is written to a file reads back equal.

    Parameters
    ----------
    time : `~astropy.time.Time`

    Returns
    -------
    `~astropy.time.Time`

    Examples
    --------
    >>> from astropy.time import Time
    >>> from sunpy_farside.utils.tables import whole_seconds
    >>> whole_seconds(Time("2022-05-05T00:00:00.7")).isot
    '2022-05-05T00:00:01'
    """
    if not time.size:
        # An empty array of strings is no array of dates to astropy.
        return time
    return Time(Time(time, precision=0).isot, format="isot", precision=0)
