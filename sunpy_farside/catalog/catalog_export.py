"""
Tables for other programs.
"""

import json

import sunpy_farside
from sunpy_farside.errors import FarsideError
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.tables import plain_table, write_plain

__all__ = ["FORMATS", "plain_rows", "table_to_json", "write_table"]

# Suffixes of the files and the formats that they select.
FORMATS = {
    ".ecsv": "ECSV",
    ".vot": "VOTable",
    ".fits": "FITS",
    ".csv": "CSV",
    ".json": "JSON",
    ".parquet": "Parquet",
}
_FORMAT = 3


def write_table(table, path):
    """
    Write a table of this package in a format that other programs read.

    Parameters
    ----------
    table : `~astropy.table.Table`
        Table of regions, tracks, matches or daily numbers.
    path : path-like
        Its suffix selects the format: ``.ecsv``, ``.vot`` (VOTable), ``.fits``, ``.csv``, ``.json``
        or ``.parquet``, which needs pyarrow. A file of that name is replaced.

    Raises
    ------
    FarsideError
        There is no such format.
    ModuleNotFoundError
        pyarrow is not installed.

    Notes
    -----
    Positions are columns of longitude and latitude, and times are texts in UTC
    (`~sunpy_farside.utils.tables.plain_table`).

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import sunpy_farside
    >>> from sunpy_farside.catalog.catalog_export import write_table
    >>> simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=1)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "regions.json"
    >>> write_table(simulated.regions, path)
    >>> "longitude" in path.read_text()
    True
    """
    path = user_path(path)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        msg = f"{path}: expected a name that ends in {', '.join(FORMATS)}, found {suffix!r}."
        raise FarsideError(msg)
    with whole_files(path.parent) as partial:
        target = partial / path.name
        if suffix == ".json":
            target.write_text(table_to_json(table) + "\n")
        elif suffix == ".parquet":
            _write_parquet(table, target)
        else:
            write_plain(table, target)


def table_to_json(table):
    """
    Return a table as JSON.

    Parameters
    ----------
    table : `~astropy.table.Table`

    Returns
    -------
    `str`
        An object with the ``rows``, the ``units`` of their fields, the ``dates`` of a catalog,
        also those without a region, and the ``version`` of this package. NaN, which JSON does not
        have, is null.
    """
    plain = plain_table(table)
    content = {
        "format": _FORMAT,
        "version": sunpy_farside.__version__,
        "units": {name: str(plain[name].unit) for name in plain.colnames if plain[name].unit},
    }
    if "dates" in table.meta:
        content["dates"] = list(table.meta["dates"])
    return json.dumps(content | {"rows": plain_rows(plain)}, indent=1)


def plain_rows(plain):
    """
    Return the rows of a plain table.

    Parameters
    ----------
    plain : `~astropy.table.Table`
        Table from `~sunpy_farside.utils.tables.plain_table`.

    Returns
    -------
    `list` of `dict`
        One `dict` per row, with None for NaN.
    """
    columns = [
        [None if value != value else value for value in plain[name].tolist()]
        for name in plain.colnames
    ]
    return [dict(zip(plain.colnames, row, strict=True)) for row in zip(*columns, strict=True)]


def _write_parquet(table, path):
    try:
        import pyarrow  # noqa: F401
    except ModuleNotFoundError as error:
        msg = (
            f"{path.name}: Parquet needs pyarrow. Install it with "
            "pip install 'sunpy_farside[parquet]'."
        )
        raise ModuleNotFoundError(msg) from error
    plain_table(table).write(path, format="parquet")
