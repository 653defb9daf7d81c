"""
Comparison of the detections in one sequence with reference regions, and results of evaluations.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from astropy.table import Table

from sunpy_farside.coordinates.far_side import far_side_distance, separations
from sunpy_farside.detection import detect_farside, detect_seismic_strength
from sunpy_farside.detection.calibrated import plain
from sunpy_farside.detection.flux import FLUX_COLUMNS
from sunpy_farside.detection.reliability import FEATURES
from sunpy_farside.detection.seismic_strength import METHOD
from sunpy_farside.evaluation.calibration_bins import Pixels, flux_bins, reliability_bins
from sunpy_farside.evaluation.scores import Scores, cover, score_detections
from sunpy_farside.network import FarsideModel, load_model

__all__ = [
    "Case",
    "ComparedDetections",
    "EvaluationResult",
    "collect",
    "detect_all",
    "compare_detection",
    "load_models",
    "real_detections",
    "reference_flux",
    "score_method",
]


@dataclass(frozen=True)
class ComparedDetections:
    """
    Detections of a method in one sequence, compared with the reference regions.

    Attributes
    ----------
    measured : `~astropy.table.Table`
        One row per detection: ``strength`` (the quantity of the significance threshold, which is
        the reliability if the method has a threshold of the reliability), ``reliability``, the
        ``sunpy_farside.detection.reliability.FEATURES``, ``flux`` and its bounds in Mx, ``area`` in
        square degrees, ``longitude`` and ``latitude``, and ``distance`` from the far-side disk
        center in degrees.
    threshold : `float`
        Significance threshold of the strength.
    covers : array of `bool`, shape (n, m)
        True where one of the n detections covers one of the m reference regions.
    chance : `list` of arrays of `bool`, shape (n, m)
        ``covers`` for shifted reference regions, one array per shift.
    """

    measured: Table
    threshold: float
    covers: np.ndarray
    chance: list = field(default_factory=list)

    def select(self, chosen):
        """
        Return the comparison with a subset of the reference regions.

        Parameters
        ----------
        chosen : array of `bool`, shape (m,)
            True for the reference regions in the subset.

        Returns
        -------
        `ComparedDetections`
        """
        chance = [covers[:, chosen] for covers in self.chance]
        return replace(self, covers=self.covers[:, chosen], chance=chance)


@dataclass(frozen=True)
class Case:
    """
    Reference regions and detections of one sequence.

    Attributes
    ----------
    known : `~astropy.table.Table`
        Reference regions (`~sunpy_farside.evaluation.scores.score_detections`). The column
        ``large`` is True for regions above the size limit, inside and outside the window.
    found : `dict` of `ComparedDetections`
        Detections by name of the method.
    pixels : `dict` of `~sunpy_farside.evaluation.calibration_bins.Pixels`
        Comparison of the pixels by name of the network.
    """

    known: Table
    found: dict
    pixels: dict


@dataclass(frozen=True)
class EvaluationResult:
    """
    Result of an evaluation of several methods on the same sequences.

    Attributes
    ----------
    scores : `dict` of `~sunpy_farside.evaluation.scores.Scores`
        Scores by name of the method. The SAR method has the name ``"seismic_strength"``.
    pixels : `dict` of `~sunpy_farside.evaluation.calibration_bins.Pixels`
        Comparison of the pixels by name of the network.
    reliability : `dict` of `~astropy.table.Table`
        Tables of `~sunpy_farside.evaluation.calibration_bins.reliability_bins` by name of the
        method.
    chance : `dict` of `list` of `~sunpy_farside.evaluation.scores.Scores`
        Scores for shifted reference regions by name of the method, one per shift.
    flux : `dict` of `~astropy.table.Table`
        Tables of `~sunpy_farside.evaluation.calibration_bins.flux_bins` by name of the method.
        Empty if the fluxes of the reference regions are not known.
    """

    scores: dict[str, Scores]
    pixels: dict[str, Pixels]
    reliability: dict[str, Table]
    chance: dict[str, list[Scores]]
    flux: dict[str, Table] = field(default_factory=dict)


def detect_all(models, sequence, active, known, moved=()):
    """
    Detect regions in one sequence with all networks and the SAR method.

    Parameters
    ----------
    models : `dict` of `~sunpy_farside.network.model.FarsideModel`
        Networks by name.
    sequence : `~sunpy_farside.sequence.FarsideSequence`
    active : callable
        Function of a network's ``target`` that returns the mask of active pixels: an array with
        the shape of the window, above zero where the Sun is active and NaN where data are missing.
    known : `~astropy.table.Table`
        Reference regions, with the columns ``longitude`` and ``latitude`` in degrees.
    moved : iterable of `~astropy.table.Table`, optional
        Shifted reference regions, which measure the coverage by chance.

    Returns
    -------
    `Case`
    """
    found, pixels = {}, {}
    for name, model in models.items():
        detection = detect_farside(sequence, model)
        found[name] = compare_detection(detection, known, moved)
        mask = np.asarray(active(model.target), dtype=float)
        inside = np.isfinite(mask)
        pixels[name] = Pixels.of(detection.image.data[inside], mask[inside])
    found[METHOD] = compare_detection(detect_seismic_strength(sequence), known, moved)
    return Case(known, found, pixels)


def compare_detection(detection, known, moved=()):
    """
    Compare the regions of a detection with reference regions.

    Parameters
    ----------
    detection : `~sunpy_farside.detection.result.FarsideDetection`
    known : `~astropy.table.Table`
        Reference regions, with the columns ``longitude`` and ``latitude`` in degrees.
    moved : iterable of `~astropy.table.Table`, optional
        Shifted reference regions, which measure the coverage by chance.

    Returns
    -------
    `ComparedDetections`
    """
    regions = detection.regions
    cut = regions.meta["reliability_cut"]
    strength = regions.meta["strength"] if cut is None else "reliability"
    measured = Table()
    measured["strength"] = plain(regions[strength])
    for name in ("reliability", *FEATURES, *FLUX_COLUMNS, "area"):
        measured[name] = plain(regions[name])
    centroid = regions["centroid"]
    measured["distance"] = far_side_distance(centroid).deg if len(regions) else np.empty(0)
    measured["longitude"], measured["latitude"] = centroid.lon.deg, centroid.lat.deg
    threshold = detection.settings.significance_threshold.value if cut is None else cut

    def covers(table):
        outline = _segments_at(detection, table["longitude"], table["latitude"])
        return cover(measured["longitude"], measured["latitude"], table, outline)

    return ComparedDetections(
        measured, float(threshold), covers(known), [covers(table) for table in moved]
    )


def collect(cases):
    """
    Combine the cases of an evaluation to its result.

    Parameters
    ----------
    cases : `list` of `Case`

    Returns
    -------
    `EvaluationResult`
    """
    first = cases[0]
    scores, chance, reliability, flux = {}, {}, {}, {}
    for name in first.found:
        found = [case.found[name] for case in cases]
        scores[name], chance[name] = score_method(name, found, [case.known for case in cases])
        real = [real_detections(case, name) for case in cases]
        values = np.concatenate([item.measured["reliability"] for item in found])
        reliability[name] = reliability_bins(values, np.concatenate(real))
        if "flux" in first.known.colnames:
            interval = (
                np.concatenate([item.measured[column] for item in found]) for column in FLUX_COLUMNS
            )
            reference = np.concatenate([reference_flux(case, name) for case in cases])
            flux[name] = flux_bins(*interval, reference)
    pixels = {
        name: sum((case.pixels[name] for case in cases[1:]), first.pixels[name])
        for name in first.pixels
    }
    return EvaluationResult(scores, pixels, reliability, chance, flux)


def score_method(name, found, known):
    """
    Compute the scores of a method, with the reference regions and with shifted ones.

    Parameters
    ----------
    name : `str`
        Name of the method.
    found : sequence of `ComparedDetections`
        Detections, one item per sequence.
    known : sequence of `~astropy.table.Table`
        Reference regions, one table per sequence.

    Returns
    -------
    scores : `~sunpy_farside.evaluation.scores.Scores`
    chance : `list` of `~sunpy_farside.evaluation.scores.Scores`
        Scores for shifted reference regions, one per shift.
    """
    strengths = [item.measured["strength"] for item in found]
    shifts = [[item.covers for item in found], *zip(*(item.chance for item in found), strict=True)]
    scores, *chance = (
        score_detections(name, found[0].threshold, strengths, covers, known) for covers in shifts
    )
    return scores, chance


def load_models(models):
    """
    Load the networks of an evaluation.

    Parameters
    ----------
    models : `dict`
        Networks by name: a `~sunpy_farside.network.model.FarsideModel`, or an argument of
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
    Select the detections of a method that cover a reference region above the size limit.

    Parameters
    ----------
    case : `Case`
    method : `str`

    Returns
    -------
    array of `bool`, shape (n,)
        True also for detections that cover a large region outside the window.
    """
    large = np.asarray(case.known["large"], dtype=bool)
    return case.found[method].covers[:, large].any(axis=1)


def reference_flux(case, method):
    """
    Return the unsigned flux of the reference regions that belong to each detection of a method.

    A reference region above the size limit, inside or outside the window, belongs to the nearest of
    the detections that cover it. The flux of a detection is the sum over its regions, on the date
    of the middle map. So each region counts once, also where several detections cover a complex,
    and the fluxes of the detections add up to that of the regions that are found.

    Parameters
    ----------
    case : `Case`
        Its reference regions have a ``flux`` in Mx.
    method : `str`

    Returns
    -------
    array, shape (n,)
        In Mx. Zero for detections that cover no large region, and for those all of whose regions
        are nearer to another detection.
    """
    found, large = case.found[method], np.asarray(case.known["large"], dtype=bool)
    known, measured = case.known[large], found.measured
    if not len(measured) or not len(known):
        return np.zeros(len(measured))
    covers = found.covers[:, large]
    distance = separations(
        np.asarray(measured["longitude"])[:, np.newaxis],
        np.asarray(measured["latitude"])[:, np.newaxis],
        np.asarray(known["longitude"]),
        np.asarray(known["latitude"]),
    )
    owner = np.where(covers, distance, np.inf).argmin(axis=0)
    belongs = covers.any(axis=0)
    flux = np.asarray(known["flux"], dtype=float)[belongs]
    return np.bincount(owner[belongs], flux, minlength=len(measured))


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
