"""
The daily catalogue of a folder of phase maps.
"""

import json
import shutil
from functools import lru_cache
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from astropy.table import QTable
from astropy.time import Time

from sunpy.util.exceptions import warn_user

import sunpy_farside
from sunpy_farside.cadence import (
    CADENCE,
    MIDDLE,
    N_MAPS,
    complete_runs,
    step_numbers,
    step_time,
    steps_of_sequence,
)
from sunpy_farside.catalogue.stack import join_tables, stack_regions
from sunpy_farside.catalogue.tracking import RegionTracks, track_regions
from sunpy_farside.detection import COLUMNS, detect_farside, detect_seismic_strength
from sunpy_farside.errors import FileFormatError, SequenceError
from sunpy_farside.io.phase_maps import parse_file_name, read_phase_map
from sunpy_farside.network import FarsideModel, load_model
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.files import PARTIAL, whole_files

__all__ = ["METHODS", "find_runs", "read_catalogue", "update_tracks", "watch_folder"]

# What a catalogue is ranked by, for each of the methods in it.
METHODS = {"network": "integrated_probability", "standard": "seismic_strength"}
_CATALOGUE, _JSON = "catalogue.ecsv", "catalogue.json"
# Dates that are finished together: they cost one writing of the catalogue.
_CHUNK = 8


def watch_folder(folder, output=None, *, model=None, width=120, device="auto"):
    """
    Detect regions in all sequences of a folder that have no result yet.

    Parameters
    ----------
    folder : path-like
        Phase maps named ``PHASE_MAP_YYYY.MM.DD_HH:MM:SS.fits``, also in folders inside it.
    output : path-like, optional
        Folder of the catalogue, ``detections`` in ``folder`` by default. It gets

        - ``catalogue.ecsv`` and ``catalogue.json``: the regions of all dates, by the network and
          by the standard method (`read_catalogue`);
        - a picture of every date;
        - a folder ``tracks`` with the tracks of either method (`update_tracks`).
    model : `~sunpy_farside.network.model.FarsideModel`, `str` or path-like, optional
        The network, as for `~sunpy_farside.detection.neural.detect_farside`.
    width : `int`, optional
        Columns of the windows.
    device : `str` or `torch.device`, optional
        Where the network runs.

    Returns
    -------
    `list` of `~astropy.time.Time`
        The dates that are new.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    FileFormatError
        The catalogue is damaged.

    Notes
    -----
    A date is finished when it stands in the catalogue, which is written last and replaced as a
    whole. Whenever the work is broken off, the catalogue opens and holds every finished date; what
    was not finished is done the next time. A map that does not read costs the dates that need it:
    they are named in a warning, and tried again the next time. Two must not watch into one folder
    at the same time.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import sunpy_farside
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> sunpy_farside.watch_folder(folder)
    []
    """
    folder = Path(folder)
    if not folder.is_dir():
        msg = f"{folder}: no such folder."
        raise FileNotFoundError(msg)
    output = folder / "detections" if output is None else Path(output)
    for partial in output.glob(PARTIAL + "*"):
        # What a run that was killed left behind.
        shutil.rmtree(partial)
    catalogue = read_catalogue(output) if (output / _CATALOGUE).exists() else None
    done = set() if catalogue is None else set(catalogue.meta["dates"])
    due = [(date, paths) for date, paths in find_runs(folder) if date not in done]
    read = lru_cache(maxsize=2 * N_MAPS)(read_phase_map)
    new = []
    for first in range(0, len(due), _CHUNK):
        sequences = list(_read(due[first : first + _CHUNK], read, width))
        if sequences:
            if not isinstance(model, FarsideModel):
                model = load_model(model or "default", device=device)
            catalogue = _finish(sequences, model, catalogue, output)
            new += [sequence.date for sequence in sequences]
    if catalogue is not None:
        update_tracks(output)
    return new


def read_catalogue(folder, method=None):
    """
    Read the catalogue of a folder.

    Parameters
    ----------
    folder : path-like
        Where `watch_folder` puts its results.
    method : {"network", "standard"}, optional
        Regions by one method only, in the form that
        `~sunpy_farside.catalogue.tracking.track_regions` and
        `~sunpy_farside.catalogue.matching.match_dates` take.

    Returns
    -------
    `~astropy.table.QTable`
        One row per region, in order of date: ``date``, ``method``, ``model``, and the columns of
        `sunpy_farside.detection.regions.COLUMNS`. ``meta["dates"]`` holds all the dates, also
        those without a region, and ``meta["last_maps"]`` the dates of the last maps behind them.

    Raises
    ------
    FileNotFoundError
        There is no catalogue.
    FileFormatError
        The catalogue is damaged.
    ValueError
        There is no such method.

    Examples
    --------
    >>> import sunpy_farside
    >>> strong = sunpy_farside.read_catalogue("maps/detections", "network")  # doctest: +SKIP
    """
    path = Path(folder) / _CATALOGUE
    if method is not None and method not in METHODS:
        msg = f"Expected the method {' or '.join(METHODS)}, found {method!r}."
        raise ValueError(msg)
    if not path.exists():
        msg = f"{path}: no such file. watch_folder makes it."
        raise FileNotFoundError(msg)
    try:
        table = QTable.read(path)
        dates = table.meta["dates"]
        table = table["date", "method", "model", *COLUMNS]
    # The reader raises whatever the damage brings about.
    except Exception as error:
        msg = (
            f"{path}: expected a catalogue, found a file that does not read ({error}). Remove it "
            "and run the detection again."
        )
        raise FileFormatError(msg) from error
    if method is not None:
        table = table[np.asarray(table["method"]) == method]
        table.meta["strength"] = METHODS[method]
    table.meta["dates"] = dates
    # Sequences are always of eleven maps, and their date is that of the middle one.
    table.meta["last_maps"] = (Time(dates) + MIDDLE * CADENCE).isot.tolist() if dates else []
    return table


def update_tracks(folder):
    """
    Follow the regions of a catalogue, going on with earlier tracks.

    Parameters
    ----------
    folder : path-like
        Where `watch_folder` puts its results. Its folder ``tracks`` gets a folder of
        `~sunpy_farside.catalogue.tracking.RegionTracks` for each method.

    Returns
    -------
    `dict`
        The tracks by either method. Regions keep the names that they have.

    Raises
    ------
    FileNotFoundError
        There is no catalogue.
    FileFormatError
        The catalogue or the tracks are damaged.

    Examples
    --------
    >>> import sunpy_farside
    >>> tracks = sunpy_farside.update_tracks("maps/detections")["network"]  # doctest: +SKIP
    """
    result = {}
    for method in METHODS:
        place = Path(folder) / "tracks" / method
        earlier = RegionTracks.read(place) if place.is_dir() else None
        result[method] = track_regions(read_catalogue(folder, method), earlier)
        result[method].write(place)
    return result


def find_runs(folder):
    """
    Find every complete run of eleven phase maps in a folder, by the files' names.

    Parameters
    ----------
    folder : path-like
        With maps in folders inside it, too.

    Yields
    ------
    date : `str`
        Of the middle map.
    paths : `list` of `~pathlib.Path`
        The eleven files.
    """
    files = {}
    for path in sorted(Path(folder).rglob("*.fits")):
        time, product = parse_file_name(path.name)
        if product == "phase_map" and time is not None:
            step, near = step_numbers(time)
            if near:
                # A map may lie in two folders.
                files.setdefault(int(step), path)
    for middle in complete_runs(files):
        yield step_time(middle).isot, [files[step] for step in steps_of_sequence(middle)]


def _read(due, read, width):
    for date, paths in due:
        try:
            yield FarsideSequence([read(path) for path in paths], width=width)
        except (FileFormatError, SequenceError, OSError) as error:
            warn_user(f"{date[:16]} has no result: {error}")


def _finish(sequences, model, catalogue, output):
    """
    Detect, and write what comes out, the catalogue last.
    """
    found = {
        "network": detect_farside(sequences, model),
        "standard": detect_seismic_strength(sequences),
    }
    parts = [] if catalogue is None else [catalogue]
    for method, detections in found.items():
        part = stack_regions(detections)
        part["method"] = np.full(len(part), method, dtype="U8")
        part["model"] = np.full(len(part), detections[0].model, dtype="U64")
        parts.append(part)
    dates = sorted({date for part in parts for date in part.meta["dates"]})
    when = Time([date for part in parts for date in part["date"].isot] or dates)
    when = when if any(map(len, parts)) else when[:0]
    catalogue = join_tables(parts, when, ["method", "model", *COLUMNS])
    catalogue = catalogue[np.argsort(catalogue["date"].mjd, kind="stable")]
    catalogue.meta = {"dates": dates, "version": sunpy_farside.__version__}
    with whole_files(output) as partial:
        for pair in zip(*found.values(), strict=True):
            _draw(pair, partial / f"{pair[0].date.isot[:16].replace(':', '')}.png")
        (partial / _JSON).write_text(json.dumps(_plain(catalogue), indent=1))
    with whole_files(output) as partial:
        catalogue.write(partial / _CATALOGUE)
    return catalogue


def _draw(detections, path):
    figure = Figure(figsize=(10.5, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    for number, detection in enumerate(detections, start=1):
        axes = figure.add_subplot(1, len(detections), number, projection=detection.image)
        detection.plot(axes)
    figure.savefig(path, dpi=100)


def _plain(catalogue):
    """
    The catalogue as plain numbers and strings.
    """
    columns = {}
    for name in catalogue.colnames:
        values = catalogue[name]
        if name == "centroid":
            columns["longitude"] = values.lon.deg.round(3).tolist()
            columns["latitude"] = values.lat.deg.round(3).tolist()
        elif isinstance(values, Time):
            columns[name] = values.isot.tolist()
        else:
            values = getattr(values, "value", values).tolist()
            # JSON knows no NaN.
            columns[name] = [None if value != value else value for value in values]
    rows = zip(*columns.values(), strict=True)
    return {
        **catalogue.meta,
        "units": {
            name: str(catalogue[name].unit)
            for name in catalogue.colnames
            if getattr(catalogue[name], "unit", None)
        },
        "regions": [dict(zip(columns, row, strict=True)) for row in rows],
    }
