"""
Evaluation of methods on observed maps, with published regions as reference.
"""

from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

import astropy.units as u
from astropy.table import Table
from astropy.time import Time

from sunpy_farside.catalog.map_runs import find_runs
from sunpy_farside.coordinates.window import window_longitudes
from sunpy_farside.detection import detect_farside, detect_seismic_strength
from sunpy_farside.detection.caveats import caveats_once
from sunpy_farside.detection.seismic_strength import METHOD
from sunpy_farside.evaluation.cases import compare_detection, load_models, score_method
from sunpy_farside.evaluation.comparison import intervals
from sunpy_farside.evaluation.published import SOURCES, read_published_regions
from sunpy_farside.evaluation.reference_regions import move_regions
from sunpy_farside.evaluation.scores import Scores
from sunpy_farside.io.phase_maps import read_phase_map
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.scheduling import scheduled

__all__ = ["ANY", "RealBenchmark", "evaluate_real"]

# All sources together.
ANY = "any"
# Sequences at smaller distances have maps in common, and their results are correlated.
_BLOCK = 5 * u.day
_SAMPLES = 1000
# Sequences that a worker evaluates together.
_CHUNK = 10


@dataclass(frozen=True)
class RealBenchmark:
    """
    Scores of methods on observed maps.

    Attributes
    ----------
    dates : `~astropy.time.Time`
        Dates of the middle maps of the sequences.
    covered : `dict` of array of `bool`
        True for the sequences that a source covers, by name of the source (``ANY`` or one of
        ``sunpy_farside.evaluation.published.SOURCES``). ``ANY`` covers a sequence if JSOC's list or
        NOAA's regions that crossed the east limb do.
    scores : `dict` of `dict` of `~sunpy_farside.evaluation.scores.Scores`
        Scores by source and method, on the sequences that the source covers.
    chance : `dict` of `dict` of `list` of `~sunpy_farside.evaluation.scores.Scores`
        Scores for reference regions shifted in longitude by source and method, one per shift.
    """

    dates: Time
    covered: dict
    scores: dict[str, dict[str, Scores]]
    chance: dict[str, dict[str, list[Scores]]]

    def at(self, source, method, threshold):
        """
        Return the rates of a method at a threshold, and the rates by chance.

        Parameters
        ----------
        source, method : `str`
        threshold : `float`

        Returns
        -------
        `dict`
            ``threshold``; ``detections`` per date; ``matched``, the share of the detections that
            cover a reference region; ``completeness``, the share of the complexes that are found;
            ``matched_by_chance`` and ``completeness_by_chance``, the same shares for shifted
            reference regions. ``matched`` and ``completeness`` are
            `~sunpy_farside.evaluation.comparison.Interval`, from a bootstrap of blocks of five
            days (NaN at the ends for fewer than two blocks).
        """
        scores = self.scores[source][method]
        chance = self.chance[source][method]
        value = _shares(scores, threshold)
        samples = [_shares(scores, threshold, weights) for weights in self._samples(source)]
        _, matched, completeness = intervals(value, samples)
        elsewhere = np.mean([_shares(item, threshold) for item in chance], axis=0)
        return {
            "threshold": float(threshold),
            "detections": value[0],
            "matched": matched,
            "matched_by_chance": float(elsewhere[1]),
            "completeness": completeness,
            "completeness_by_chance": float(elsewhere[2]),
        }

    def curve(self, source, method):
        """
        Return the rates of a method at all thresholds.

        Parameters
        ----------
        source, method : `str`

        Returns
        -------
        `~astropy.table.Table`
            One row per threshold, in decreasing order: ``threshold``, ``detections`` per date,
            numbers of ``found`` complexes and of ``false`` detections, ``matched``,
            ``completeness``, ``matched_by_chance`` and ``completeness_by_chance`` (`at`).
        """
        scores = self.scores[source][method]
        curve = scores.curve()
        table = Table()
        table["threshold"] = curve["threshold"]
        table["detections"] = curve["detections"] / scores.n_sequences
        table["found"], table["false"] = curve["found"], curve["false"]
        table["matched"] = _matched(curve)
        table["completeness"] = curve["completeness"]
        elsewhere = [item.curve() for item in self.chance[source][method]]
        table["matched_by_chance"] = np.mean([_matched(item) for item in elsewhere], axis=0)
        table["completeness_by_chance"] = np.mean(
            [item["completeness"] for item in elsewhere], axis=0
        )
        return table

    def threshold_for(self, source, method, number):
        """
        Return the threshold at which a method has a given number of detections per date.

        Parameters
        ----------
        source, method : `str`
        number : `float`
            Detections per date, without ignored ones.

        Returns
        -------
        `float`
            Infinity if the method has fewer detections at every threshold.
        """
        curve = self.curve(source, method)
        enough = np.flatnonzero(curve["detections"] >= number - 1e-9)
        return float(curve["threshold"][enough[0]]) if len(enough) else np.inf

    def _samples(self, source):
        """
        Yield the weights of the sequences in bootstrap samples of whole blocks.
        """
        dates = self.dates[self.covered[source]]
        block = np.floor((dates - self.dates[0]).to_value(u.day) / _BLOCK.to_value(u.day))
        _, block = np.unique(block, return_inverse=True)
        number = block.max(initial=-1) + 1
        rng = np.random.default_rng(0)
        if number > 1:
            for _ in range(_SAMPLES):
                yield np.bincount(rng.integers(number, size=number), minlength=number)[block]


@caveats_once()
def evaluate_real(models, folder, *, width=120, scheduler=None, progress=True):
    """
    Evaluate networks and the SAR method with JSOC's region lists and NOAA's summaries.

    Parameters
    ----------
    models : `dict`
        Networks by name: a `~sunpy_farside.network.model.FarsideModel`, or an argument of
        `~sunpy_farside.network.weights.load_model`.
    folder : path-like
        Folder, searched recursively, of phase maps (``PHASE_MAP_*.fits``), region lists
        (``AR_LIST_*.txt``) and solar region summaries (``*SRS*``).
    width : `int`, optional
        Number of columns of the windows.
    scheduler : `str`, optional
        Address of a scheduler of Dask whose workers do the work. The models are then names or
        absolute paths, and every worker can read the folder at its absolute path.
    progress : `bool`, optional
        If True, show a progress bar.

    Returns
    -------
    `RealBenchmark`

    Raises
    ------
    FileNotFoundError
        The folder has no lists and no summaries.
    ValueError
        No sequence of eleven maps is covered by a source.
    SchedulerError
        The scheduler or its workers cannot do the work.

    Warns
    -----
    sunpy.util.exceptions.SunpyUserWarning
        The maps are of a product whose rate of false detections is not known.

    Notes
    -----
    The rules are those of `sunpy_farside.evaluation.scores`. Published regions of all sizes count,
    and regions less than ten degrees apart form one complex. A list of JSOC is made
    from five days of data, and is compared with the sequence whose last map has its date. JSOC's
    lists are made with the SAR method, mostly from the data of the same maps, and favor this
    method. NOAA's summaries are independent of the maps.

    No source is complete. When the Sun is active, many regions are covered by chance: compare each
    rate with the rate for shifted regions.
    """
    runs, arguments = list(find_runs(folder)), (models, folder, width)
    if scheduler:
        names = [f"sequence of {date}" for date, _ in runs]
        found = scheduled(scheduler, _evaluate, arguments, runs, names, size=_CHUNK)
    else:
        found = map(_evaluate(*arguments), runs)
    bar = tqdm(found, total=len(runs), desc="Evaluating", unit="sequence", disable=not progress)
    cases = [case for case in bar if case is not None]
    if not cases:
        msg = (
            f"{folder}: expected eleven consecutive phase maps with a region list of the last "
            f"map's date, or with NOAA's summaries of the twelve days after, found {len(runs)} "
            "runs of eleven maps and none of them covered. Add maps, lists or summaries."
        )
        raise ValueError(msg)
    return _collect(cases)


def _evaluate(models, folder, width):
    """
    Return the function that returns date, reference regions and detections of a run.
    """
    published, loaded = read_published_regions(folder), load_models(models)

    def evaluate_run(run):
        _, paths = run
        sequence = FarsideSequence([read_phase_map(path) for path in paths], width=width)
        known = published.on(sequence)
        if not known.meta["sources"]:
            return None
        return sequence.date, known, _detect(loaded, sequence, known)

    return evaluate_run


def _detect(models, sequence, known):
    moved = move_regions(known, window_longitudes(sequence.date, sequence.width).value)
    found = {
        name: compare_detection(detect_farside(sequence, model), known, moved)
        for name, model in models.items()
    }
    found[METHOD] = compare_detection(detect_seismic_strength(sequence), known, moved)
    return found


def _collect(cases):
    dates, known, found = zip(*cases, strict=True)
    covered, scores, chance = {}, {}, {}
    for source in (ANY, *SOURCES):
        wanted = SOURCES[:2] if source == ANY else (source,)
        here = np.array([bool(set(wanted) & set(table.meta["sources"])) for table in known])
        if not here.any():
            continue
        covered[source] = here
        chosen = np.flatnonzero(here)
        rows = [
            np.isin(known[k]["source"], SOURCES if source == ANY else (source,)) for k in chosen
        ]
        tables = [known[k][mask] for k, mask in zip(chosen, rows, strict=True)]
        scores[source], chance[source] = {}, {}
        for method in found[0]:
            items = [found[k][method].select(mask) for k, mask in zip(chosen, rows, strict=True)]
            scores[source][method], chance[source][method] = score_method(method, items, tables)
    return RealBenchmark(Time(list(dates)), covered, scores, chance)


def _shares(scores, threshold, weights=None):
    """
    Return detections per date, the share of matched detections, and the completeness.
    """
    counts = scores.counts(threshold, weights)
    right = counts.true + counts.repeated
    number = right + counts.false
    known = scores.known(weights)
    n_sequences = scores.n_sequences if weights is None else np.sum(weights)
    return (
        number / n_sequences,
        right / number if number else np.nan,
        counts.found / known if known else np.nan,
    )


def _matched(curve):
    return 1 - curve["false"] / np.maximum(curve["detections"], 1e-9)
