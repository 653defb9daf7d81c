"""
Published far-side products: their names, archive folders and readers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module

from sunpy_farside.utils.typing import PathLike

__all__ = ["PRODUCTS", "Product", "file_product", "product_of"]


# Digits of the times in patterns of names.
_DIGITS = {"%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%H": "HH", "%M": "MM", "%S": "SS"}


@dataclass(frozen=True)
class Product:
    """
    Product of the far-side archive, with the names, time span and reader of its files.

    Attributes
    ----------
    name : `str`
        Name in `a.farside.Product <sunpy_farside.net.attrs.Product>` and in the headers of maps.
    description : `str`
        One sentence for Fido's list of attributes.
    folder : `str` or None
        Folder in the archive; None for a product that JSOC exports from its database, in the
        series ``prefix``.
    prefix, suffix : `str`
        Beginning and end of the names of its files, the beginning in any case.
    hours : (`float`, `float`)
        Hours of data before and after the time in the name of a file.
    reader : `str`
        Function that reads a file, as ``"module:function"``.
    stamp : `str`, optional
        Time in the names of its files, in the format of `~datetime.datetime.strftime`.
    archive : {"jsoc", "gong"}, optional
        Archive that has the files.
    end : `str` or None, optional
        Date on which the product ends, if it is known.
    jitter : `float`, optional
        Largest time in hours from the date of a map, the middle of its data, to the time in the
        name of its file, which is on the cadence.
    holographic_scale : `bool`
        True if phase shifts are as large as in HMI's holographic maps. Those of other products are
        compared in units of their noise.
    caveat : `str`, optional
        Warning for users of detections in its maps.
    """

    name: str
    description: str
    folder: str | None
    prefix: str
    suffix: str
    hours: tuple
    reader: str
    stamp: str = "_%Y.%m.%d_%H:%M:%S"
    archive: str = "jsoc"
    end: str | None = None
    jitter: float = 0.0
    holographic_scale: bool = True
    caveat: str = ""

    def file_name(self, time):
        """
        Return the name of the file of a time.

        Parameters
        ----------
        time : `datetime.datetime`
            As in the name: in UTC for the files of an archive, in TAI for those of a series.

        Returns
        -------
        `str`

        Examples
        --------
        >>> from datetime import datetime
        >>> from sunpy_farside.products import PRODUCTS
        >>> PRODUCTS["gong"].file_name(datetime(2014, 3, 3, 12))
        'mrfqo140303t1200.fits'
        >>> PRODUCTS["time_distance"].file_name(datetime(2023, 5, 1))
        'hmi.td_fsi_12h.20230501_000000_TAI.data.fits'
        """
        return time.strftime(self._format)

    def file_time(self, name):
        """
        Return the time in the name of a file in the archive.

        Parameters
        ----------
        name : `str`

        Returns
        -------
        `datetime.datetime` or None
            None for any name that `file_name` does not give.

        Examples
        --------
        >>> from sunpy_farside.products import PRODUCTS
        >>> PRODUCTS["gong"].file_time("mrfqo140303t1200.fits")
        datetime.datetime(2014, 3, 3, 12, 0)
        """
        try:
            time = datetime.strptime(name, self._format)
        except ValueError:
            return None
        # Numbers with fewer digits are read, too.
        return time if self.file_name(time) == name else None

    @property
    def _format(self):
        return f"{self.prefix}{self.stamp}{self.suffix}"

    def read(self, path: PathLike):
        """
        Read a file of the product.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        `~sunpy_farside.maps.phase_map.FarsidePhaseMap` or `~astropy.table.QTable`
            Map or table, as the product's reader returns it.
        """
        module, function = self.reader.split(":")
        return getattr(import_module(module), function)(path)

    @property
    def pattern(self) -> str:
        """
        Pattern of the names of its files, such as ``mrfqoYYMMDDtHHMM.fits``.
        """
        pattern = self._format
        for code, digits in _DIGITS.items():
            pattern = pattern.replace(code, digits)
        return pattern

    @property
    def is_map(self) -> bool:
        """
        True if the files are phase maps in FITS format.
        """
        return self.suffix == ".fits"

    @property
    def makes_sequences(self):
        """
        True if eleven maps of the product are a sequence, as maps from 24 hours of data are.
        """
        return self.is_map and sum(self.hours) == 24


_GONG_STAMP = "%y%m%dt%H%M"
_GONG_END = "2027-01-01"
# JSOC documents the time spans, 24 hours and five days, but not the position of the time in the
# name within them. It is assumed to be the middle of the 24 hours, as documented for earlier MDI
# far-side maps [soi.stanford.edu/data/full_farside/link_info.html]; the span of a cumulated map
# ends with that of the newest map in it.
PRODUCTS = {
    product.name: product
    for product in (
        Product(
            name="phase_map",
            description="Far-side phase shifts from 24 hours of data, every 12 hours.",
            folder="Phase_Maps",
            prefix="PHASE_MAP",
            suffix=".fits",
            hours=(12, 12),
            reader="sunpy_farside.io.phase_maps:read_phase_map",
        ),
        Product(
            name="phase_map_5day",
            description="Far-side phase shifts cumulated over five days.",
            folder="Phase_Maps_5Day_Cum",
            prefix="CUM_PHASE",
            suffix=".fits",
            hours=(108, 12),
            reader="sunpy_farside.io.phase_maps:read_phase_map",
        ),
        Product(
            name="region_list",
            description="Strong far-side regions found by the SAR method.",
            folder="AR_Lists",
            prefix="AR_LIST",
            suffix=".txt",
            hours=(108, 12),
            reader="sunpy_farside.io.region_lists:read_region_list",
        ),
        Product(
            name="time_distance",
            description="Far-side phase shifts from 24 hours of data by the time-distance method.",
            folder=None,
            prefix="hmi.td_fsi_12h",
            suffix=".fits",
            hours=(12, 12),
            reader="sunpy_farside.io.time_distance:read_time_distance_map",
            stamp=".%Y%m%d_%H%M%S_TAI.data",
            holographic_scale=False,
            # docs/simulation.rst, maps with reversed sign.
            caveat="The rate of false detections in time-distance maps is not known, and is much "
            "higher than in holographic maps: with reversed sign, where no active region can be "
            "detected, 20 sequences have 5.7 significant regions each, with the true sign 4.9.",
        ),
        Product(
            name="gong",
            description="Far-side phase shifts from 24 hours of GONG's data, every 12 hours.",
            folder="fqo",
            prefix="mrfqo",
            suffix=".fits",
            hours=(12, 12),
            reader="sunpy_farside.io.gong:read_gong_map",
            stamp=_GONG_STAMP,
            archive="gong",
            end=_GONG_END,
            # Maps of less than 80 % of the 24 hours are not published: 2.4 hours at most.
            jitter=2.5,
        ),
        Product(
            name="gong_list",
            description="Far-side regions found by GONG, with the probability of each.",
            folder="f6x",
            prefix="mrf6x",
            suffix=".txt",
            hours=(12, 12),
            reader="sunpy_farside.io.gong_lists:read_gong_list",
            stamp=_GONG_STAMP,
            archive="gong",
            end=_GONG_END,
        ),
    )
}
# Header cards that distinguish maps of other origin.
_ORIGIN = ("telescop", "instrume", "detector", "wavelnth")


def product_of(header: Mapping) -> str:
    """
    Return the name of the product of a map from its header.

    Parameters
    ----------
    header : `dict` or `~sunpy.util.MetaDict`
        Header of the map.

    Returns
    -------
    `str`
        For a map without a product, ``"unknown"`` with its telescope and instrument, if given.

    Examples
    --------
    >>> from sunpy_farside.products import product_of
    >>> product_of({"fsprod": "phase_map"}), product_of({"telescop": "NSO-GONG"}), product_of({})
    ('phase_map', 'unknown (NSO-GONG)', 'unknown')
    """
    if header.get("fsprod"):
        return header["fsprod"]
    origin = " ".join(str(header[key]) for key in _ORIGIN if header.get(key))
    return f"unknown ({origin})" if origin else "unknown"


def file_product(name: str) -> Product | None:
    """
    Return the product that the name of a file belongs to.

    Parameters
    ----------
    name : `str`
        File name without folders.

    Returns
    -------
    `Product` or None
        None for any other name.

    Examples
    --------
    >>> from sunpy_farside.products import file_product
    >>> file_product("AR_LIST_2022.05.05_00:00:00.txt").name
    'region_list'
    """
    start = name.upper()
    return next((p for p in PRODUCTS.values() if start.startswith(p.prefix.upper())), None)
