"""
Detections compared with reference regions, and the outcome of an evaluation.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from astropy.table import Table

from sunpy_farside.detection import detect_farside, detect_seismic_strength
from sunpy_farside.detection.reliability import FEATURES, plain
from sunpy_farside.detection.seismic_strength import METHOD
from sunpy_farside.evaluation.calibration_bins import Pixels, reliability_bins
from sunpy_farside.evaluation.scores import Scores, cover, judge
from sunpy_farside.network import FarsideModel, load_model
from sunpy_farside.utils.moved import moved_names

__all__ = [
    "Case",
    "Found",
    "Judged",
    "collect",
    "detect_all",
    "held_against",
    "load_models",
    "real_detections",
    "scores_of",
]

__getattr__ = moved_names(
    __name__,
    {
        "sunpy_farside.evaluation.calibration_bins": ["BINS", "Pixels", "reliability_bins"],
    },
)


@dataclass(frozen=True)
class Found:
    """
    Detections of a method in one sequence, compared with the reference regions.

    Attributes
    ----------
    measured : `~astropy.table.Table`
        One row per detection: ``strength``, by which the method calls it significant (its
        reliability where the method has a cut of that), ``reliability``, the
        `~sunpy_farside.detection.reliability.FEATURES`, ``longitude`` and ``latitude`` in degrees.
    threshold : `float`
        Strength from which a detection is significant.
    covers : array of `bool`, shape (n, m)
        Which of the m reference regions each detection covers.
    chance : `list` of arrays of `bool`, shape (n, m)
        The same with the reference regions moved elsewhere.
    """

    measured: Table
    threshold: float
    covers: np.ndarray
    chance: list = field(default_factory=list)

    def among(self, chosen):
        """
        Return the same with some of the reference regions.

        Parameters
        ----------
        chosen : array of `bool`, shape (m,)

        Returns
        -------
        `Found`
        """
        chance = [covers[:, chosen] for covers in self.chance]
        return replace(self, covers=self.covers[:, chosen], chance=chance)


@dataclass(frozen=True)
class Case:
    """
    Reference regions of one sequence, and its detections by every method.

    Attributes
    ----------
    known : `~astropy.table.Table`
        Reference regions (`~sunpy_farside.evaluation.scores.judge`), and whether each is ``large``
        enough to count, wherever it is.
    found : `dict` of `Found`
        By method.
    pixels : `dict` of `Pixels`
        By network.
    """

    known: Table
    found: dict
    pixels: dict


@dataclass(frozen=True)
class Judged:
    """
    Outcome of an evaluation.

    Attributes
    ----------
    scores : `dict`
        `~sunpy_farside.evaluation.scores.Scores` by method, those of the SAR method under
        ``"seismic_strength"``.
    pixels : `dict`
        `Pixels` by network.
    reliability : `dict`
        `reliability_bins` by method.
    chance : `dict`
        By method a `list` of scores, for every way in which the reference regions were moved
        elsewhere.
    """

    scores: dict[str, Scores]
    pixels: dict[str, Pixels]
    reliability: dict[str, Table]
    chance: dict[str, list[Scores]]


def detect_all(models, sequence, active, known, moved=()):
    """
    Detect regions in one sequence with every network and the SAR method.

    Parameters
    ----------
    models : `dict` of `~sunpy_farside.network.model.FarsideModel`
    sequence : `~sunpy_farside.sequence.FarsideSequence`
    active : callable
        Gives, of a network's target, the mask that its probability is of: array of the window's
        shape, NaN where nothing is known.
    known : `~astropy.table.Table`
        Reference regions, ``longitude`` and ``latitude`` in degrees among the columns.
    moved : iterable of `~astropy.table.Table`, optional
        The same regions elsewhere.

    Returns
    -------
    `Case`
    """
    found, pixels = {}, {}
    for name, model in models.items():
        detection = detect_farside(sequence, model)
        found[name] = held_against(detection, known, moved)
        mask = np.asarray(active(model.target), dtype=float)
        inside = np.isfinite(mask)
        pixels[name] = Pixels.of(detection.image.data[inside], mask[inside])
    found[METHOD] = held_against(detect_seismic_strength(sequence), known, moved)
    return Case(known, found, pixels)


def held_against(detection, known, moved=()):
    """
    Compare a detection with reference regions.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`
    known : `~astropy.table.Table`
        ``longitude`` and ``latitude`` of the reference regions in degrees.
    moved : iterable of `~astropy.table.Table`, optional
        The same regions elsewhere.

    Returns
    -------
    `Found`
    """
    regions = detection.regions
    cut = regions.meta["reliability_cut"]
    strength = regions.meta["strength"] if cut is None else "reliability"
    measured = Table()
    measured["strength"] = plain(regions[strength])
    for name in ("reliability", *FEATURES):
        measured[name] = plain(regions[name])
    centroid = regions["centroid"]
    measured["longitude"], measured["latitude"] = centroid.lon.deg, centroid.lat.deg
    threshold = detection.settings.significance_threshold.value if cut is None else cut

    def covers(table):
        outline = _segments_at(detection, table["longitude"], table["latitude"])
        return cover(measured["longitude"], measured["latitude"], table, outline)

    return Found(measured, float(threshold), covers(known), [covers(table) for table in moved])


def collect(cases):
    """
    Combine the outcomes of all sequences.

    Parameters
    ----------
    cases : `list` of `Case`

    Returns
    -------
    `Judged`
    """
    first = cases[0]
    scores, chance, reliability = {}, {}, {}
    for name in first.found:
        found = [case.found[name] for case in cases]
        scores[name], chance[name] = scores_of(name, found, [case.known for case in cases])
        real = [real_detections(case, name) for case in cases]
        values = np.concatenate([item.measured["reliability"] for item in found])
        reliability[name] = reliability_bins(values, np.concatenate(real))
    pixels = {
        name: sum((case.pixels[name] for case in cases[1:]), first.pixels[name])
        for name in first.pixels
    }
    return Judged(scores, pixels, reliability, chance)


def scores_of(name, found, known):
    """
    Score a method on all sequences, and once more for every way of moving the reference regions.

    Parameters
    ----------
    name : `str`
    found : sequence of `Found`
        Of every sequence.
    known : sequence of `~astropy.table.Table`
        Reference regions of every sequence.

    Returns
    -------
    scores : `~sunpy_farside.evaluation.scores.Scores`
    chance : `list` of `~sunpy_farside.evaluation.scores.Scores`
    """
    strengths = [item.measured["strength"] for item in found]
    ways = [[item.covers for item in found], *zip(*(item.chance for item in found), strict=True)]
    scores, *chance = (judge(name, found[0].threshold, strengths, way, known) for way in ways)
    return scores, chance


def load_models(models):
    """
    Load the networks of an evaluation.

    Parameters
    ----------
    models : `dict`
        By name, a loaded network or the argument of
        `~sunpy_farside.network.weights.load_model`.

    Returns
    -------
    `dict` of `~sunpy_farside.network.model.FarsideModel`
    """
    return {
        name: model if isinstance(model, FarsideModel) else load_model(model)
        for name, model in models.items()
    }


def real_detections(case, method):
    """
    Return which detections of a method have a region of the stated size within ten degrees.

    Parameters
    ----------
    case : `Case`
    method : `str`

    Returns
    -------
    array of `bool`, shape (n,)
        Regions beyond the edge of the window count here, smaller ones do not.
    """
    large = np.asarray(case.known["large"], dtype=bool)
    return case.found[method].covers[:, large].any(axis=1)


def _segments_at(detection, longitude, latitude):
    """
    Return the labels of the segments that contain positions, 0 for none.
    """
    segments = detection.segments
    pixels = detection.image.wcs.wcs_world2pix(longitude, latitude, 0)
    columns, rows = (np.rint(values).astype(int) for values in pixels)
    n_rows, n_columns = segments.shape
    inside = (rows >= 0) & (rows < n_rows) & (columns >= 0) & (columns < n_columns)
    found = np.zeros(len(rows), dtype=int)
    found[inside] = segments[rows[inside], columns[inside]]
    return found
