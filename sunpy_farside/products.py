"""
The products: what is published, where it is, and how it is read.
"""

from dataclasses import dataclass

__all__ = ["PRODUCTS", "Product", "product_of"]


@dataclass(frozen=True)
class Product:
    """
    One kind of far-side file.

    Attributes
    ----------
    name : `str`
        As in `a.farside.Product <sunpy_farside.net.attrs.Product>` and in maps' headers.
    description : `str`
        One sentence for Fido's list of attributes.
    folder, prefix, suffix : `str`
        Folder of the archive, and how the names of the files in it begin and end.
    hours : (`float`, `float`)
        Hours of data before and after the time in a file's name.
    reader : `str`
        Module and function that reads a file: ``"module:function"``.
    """

    name: str
    description: str
    folder: str
    prefix: str
    suffix: str
    hours: tuple
    reader: str

    @property
    def is_map(self):
        """
        Whether files are phase maps in FITS.
        """
        return self.suffix == ".fits"


# JSOC documents the lengths, 24 hours and five days, but not where in them the time in the name
# is. In the middle of the 24 hours, as documented for the MDI far-side maps that these continue
# [soi.stanford.edu/data/full_farside/link_info.html]; cumulated maps end with the 24 hours of
# the newest map.
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
            reader="sunpy_farside.io.region_lists:read_ar_list",
        ),
    )
}
# Cards by which maps of no product of ours are told apart.
_ORIGIN = ("telescop", "instrume", "detector", "wavelnth")


def product_of(header):
    """
    Return the name of the product that a map belongs to.

    Parameters
    ----------
    header : `dict` or `~sunpy.util.MetaDict`

    Returns
    -------
    `str`
        Of a map that names no product, where it comes from, or ``"unknown"``.

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
