"""
Sources of the dates of a catalog: maps, model, settings.
"""

import inspect
import json
import os
from dataclasses import fields
from pathlib import Path

from sunpy_farside.cadence import N_MAPS
from sunpy_farside.detection import COLUMNS, detect_seismic_strength
from sunpy_farside.detection.methods import NETWORK, SAR
from sunpy_farside.detection.neural import network_settings
from sunpy_farside.detection.sar_calibration import sar_flux, sar_reliability
from sunpy_farside.network.schemas import FORMER_ALIGNMENTS
from sunpy_farside.utils.digests import digest

__all__ = ["MapDigests", "describe_run", "n_missing"]

# Attributes of a model that do not change its results.
_INCIDENTAL = ("network", "name", "device", "license", "metadata")


def describe_run(model, width):
    """
    Describe the sources of a date other than its maps.

    Parameters
    ----------
    model : `~sunpy_farside.network.model.FarsideModel`
    width : `int`
        Columns of the windows.

    Returns
    -------
    `dict`
        Plain numbers and strings, as JSON has them: two runs whose descriptions are equal give the
        same results.
    """
    options = inspect.signature(detect_seismic_strength).parameters
    described = {
        "model": model.name,
        "weights": _model_digest(model),
        "width": width,
        NETWORK.name: network_settings(model).to_header(),
        SAR.name: {
            **{name: str(options[name].default) for name in ("phase", "threshold")},
            "reliability": sar_reliability().to_dict(),
            "flux": None if sar_flux() is None else sar_flux().to_dict(),
        },
        "columns": list(COLUMNS),
    }
    # Tuples are lists there.
    return json.loads(json.dumps(described))


def _model_digest(model):
    described = {
        item.name: getattr(model, item.name)
        for item in fields(model)
        if item.name not in _INCIDENTAL
    }
    # Digests keep the words of the first format, so that the dates of catalogs remain valid, and
    # those of weights without a flux what they were before there was one.
    if described["flux"] is None:
        described.pop("flux")
    alignment = described.pop("alignment")
    former = {present: name for name, present in FORMER_ALIGNMENTS.items()}
    described["frames"] = former[alignment]
    normalization = repr(described.pop("normalization"))
    described["normalisation"] = normalization.replace("Normalization", "Normalisation", 1)
    weights = sorted(model.network.state_dict().items())
    return digest(
        repr((type(model.network).__name__, model.network.settings)),
        json.dumps(described, sort_keys=True, default=repr),
        *(
            part
            for name, values in weights
            for part in (name, values.detach().cpu().numpy().tobytes())
        ),
    )


def n_missing(maps):
    """
    Return the number of maps that were missing from a sequence.

    Parameters
    ----------
    maps : `str`
        Digest from `MapDigests.of_files`.

    Returns
    -------
    `int`

    Examples
    --------
    >>> from sunpy_farside.catalog.sources import n_missing
    >>> n_missing("b593e3d1f0d40a11"), n_missing("b593e3d1f0d40a11:9")
    (0, 2)
    """
    _, _, number = maps.partition(":")
    return N_MAPS - int(number or N_MAPS)


class MapDigests:
    """
    Digests of the contents of files, which are read again only when they may have changed.

    Parameters
    ----------
    path : path-like
        A JSON file that keeps the digests from run to run. Without it, or where it is damaged,
        all the files are read.
    folder : path-like
        Where the files are.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sunpy_farside.catalog.sources import MapDigests
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> (folder / "a.fits").write_text("phases")
    6
    >>> MapDigests(folder / "digests.json", folder).of_files([folder / "a.fits"])
    'b593e3d1f0d40a11:1'
    """

    def __init__(self, path, folder):
        self._folder = Path(folder)
        self._before = _read_json(path)
        self._now = {}

    def of_files(self, paths):
        """
        Return one digest of the contents of several files.

        Parameters
        ----------
        paths : `list` of `pathlib.Path`
            The files of a sequence.

        Returns
        -------
        `str`
            Of fewer than eleven files it ends in their number.
        """
        text = digest(*(self._of_file(path) for path in paths))
        return text if len(paths) == N_MAPS else f"{text}:{len(paths)}"

    def by_name(self, paths):
        """
        Return the digests of several files by their names.

        Parameters
        ----------
        paths : iterable of `pathlib.Path`

        Returns
        -------
        `dict`
        """
        return {path.name: self._of_file(path) for path in paths}

    @property
    def changed(self):
        """
        Whether any digest differs from the kept ones.
        """
        return self._now != self._before

    def to_json(self):
        """
        Return the text that keeps the digests.

        Returns
        -------
        `str`
        """
        return json.dumps(self._now)

    def _of_file(self, path):
        name = os.path.relpath(path, self._folder)
        if name not in self._now:
            try:
                state = path.stat()
                # A copy may keep the modification time of its source, but not the change time.
                marks = [state.st_size, state.st_mtime_ns, state.st_ctime_ns]
                before = self._before.get(name)
                if not (isinstance(before, list) and before[:-1] == marks):
                    before = [*marks, digest(path.read_bytes())]
            except OSError:
                # The reader of the file reports the reason.
                return "unreadable"
            self._now[name] = before
        return self._now[name][-1]


def _read_json(path):
    try:
        content = json.loads(Path(path).read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
