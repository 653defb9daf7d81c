"""
Check that the folder of a catalog is of one product.
"""

from pathlib import Path

from sunpy_farside.catalog.database import DATABASE, Database
from sunpy_farside.errors import FarsideError, FileFormatError, NewerFormatError

__all__ = ["check_product"]


def check_product(output: Path, product: str) -> None:
    """
    Raise an error if a folder holds the catalog of another product.

    Parameters
    ----------
    output : `~pathlib.Path`
        Folder of the catalog, which need not exist.
    product : `str`
        Product of the maps of a run.

    Raises
    ------
    FarsideError
        The catalog is of another product.
    NewerFormatError
        A later release wrote the catalog.
    """
    if not (output / DATABASE).exists():
        return
    try:
        with Database.opened(output, write=True) as database:
            products = database.products()
    except NewerFormatError:
        raise
    except FileFormatError:
        # The update reports it, and makes the catalog again.
        return
    others = [other for other in products if other != product]
    if others:
        msg = (
            f"{output}: expected maps of {' and '.join(others)}, of which the catalog in this "
            f"folder is, found maps of {product}. Choose those maps, or another folder."
        )
        raise FarsideError(msg)
