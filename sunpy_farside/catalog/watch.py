"""
Catalog of a folder of phase maps, brought up to date.
"""

from typing import TYPE_CHECKING

from astropy.time import Time

from sunpy_farside.catalog.database import DATABASE
from sunpy_farside.catalog.former_catalog import FORMER_FILE
from sunpy_farside.catalog.map_runs import group_runs
from sunpy_farside.catalog.one_product import check_product
from sunpy_farside.catalog.update import update_catalog
from sunpy_farside.io.file_names import parse_file_name
from sunpy_farside.io.folders import find_phase_maps
from sunpy_farside.io.locks import only_run
from sunpy_farside.sequence.placing import check_missing
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.files import remove_partial
from sunpy_farside.utils.typing import PathLike

if TYPE_CHECKING:
    import torch

    from sunpy_farside.network import FarsideModel

__all__ = ["watch_folder"]


def watch_folder(
    folder: PathLike,
    output: PathLike | None = None,
    *,
    model: "FarsideModel | PathLike | None" = None,
    product: str | None = None,
    width: int = 120,
    missing: int = 0,
    device: "str | torch.device" = "auto",
) -> list[Time]:
    """
    Detect regions in all sequences of a folder that have no result yet, or an outdated one.

    Parameters
    ----------
    folder : path-like
        With the phase maps that `~sunpy_farside.io.folders.find_phase_maps` finds.
    output : path-like, optional
        Folder of the catalog, ``detections`` in ``folder`` by default. It gets

        - ``catalogue.db``: the regions of all dates, by the network and by the SAR method, and
          their tracks (`~sunpy_farside.catalog.catalog.Catalog`,
          `~sunpy_farside.catalog.reading.read_catalog`);
        - a picture of every date.
    model : `~sunpy_farside.network.model.FarsideModel`, `str` or path-like, optional
        The network, as for `~sunpy_farside.detection.neural.detect_farside`.
    width : `int`, optional
        Columns of the windows.
    missing : `int`, optional
        Largest number of the eleven maps of a date that may be missing, at most 5. None by
        default.
    device : `str` or `torch.device`, optional
        Device of the network.
    product : `str`, optional
        Product of the maps, as for `~sunpy_farside.io.folders.find_phase_maps`. Every product needs
        a folder ``output`` of its own.

    Returns
    -------
    `list` of `~astropy.time.Time`
        The new dates, and those whose result was replaced.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    FolderInUseError
        Another process is using ``output``.
    FarsideError
        The catalog in ``output`` is of another product.
    NewerFormatError
        A later release wrote the catalog.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        Dates are made again, maps do not read, or something was passed over.

    Notes
    -----
    The catalog records the sources of each date. A date is made again when one of its maps has
    changed, when the model, its weights, the width, the settings or the columns are others, and
    when its rows in the file are not those that were written. The earlier result is kept as
    superseded. Where maps are gone a date stays as it is: fewer maps never replace the result of
    more.

    A date is finished when it is in the catalog, to which it is added as a whole. After an
    interruption the catalog holds every finished date, and the others are done the next time. A
    map that does not read costs the dates that need it: they are named in a warning, and tried
    again the next time.

    With ``missing``, a date has a result as soon as enough of its maps are in the folder. That
    includes the newest dates, whose last maps are not yet published. A date is made again when one
    more of its maps arrives. A map that does not read is one of the missing.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.catalog import watch_folder
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> watch_folder(folder)
    []
    """
    check_missing(missing)
    folder = user_path(folder)
    output = folder / "detections" if output is None else user_path(output)
    paths = find_phase_maps(folder, product)
    runs = dict(group_runs(paths, missing))
    if not runs and not any((output / name).exists() for name in (DATABASE, FORMER_FILE)):
        return []
    with only_run(output):
        remove_partial(output)
        _, found = parse_file_name(paths[0].name) if paths else (None, None)
        if found is not None:
            check_product(output, found)
        new, _ = update_catalog(
            runs, folder, output, model=model, width=width, missing=missing, device=device
        )
    return new
