"""
Effect of missing maps on detections.
"""

import json
from collections import defaultdict
from itertools import combinations

import numpy as np
from tqdm.auto import tqdm

from astropy.table import Table

import sunpy_farside
from sunpy_farside.cadence import N_MAPS
from sunpy_farside.catalog.map_runs import find_runs
from sunpy_farside.catalog.matching import match_positions
from sunpy_farside.detection import detect_farside, detect_seismic_strength
from sunpy_farside.detection.caveats import caveats_once
from sunpy_farside.detection.seismic_strength import METHOD
from sunpy_farside.evaluation.calibration_bins import reliability_bins
from sunpy_farside.evaluation.cases import (
    Case,
    compare_detection,
    load_models,
    real_detections,
    score_method,
)
from sunpy_farside.evaluation.scores import DISTANCE
from sunpy_farside.evaluation.simulated import reference_regions, simulated_case
from sunpy_farside.sequence import FarsideSequence
from sunpy_farside.utils.files import whole_files
from sunpy_farside.utils.scheduling import scheduled

__all__ = ["evaluate_gaps", "evaluate_real_gaps", "remove_maps", "write_gaps_report"]

_POSITION = ("longitude", "latitude")
# Simulated sequences that a worker evaluates together.
_CHUNK = 5


def remove_maps(sequence, positions):
    """
    Return a sequence without some of its maps.

    Parameters
    ----------
    sequence : `~sunpy_farside.sequence.FarsideSequence`
    positions : iterable of `int`
        Positions of the maps in the sequence, from 0 to 10, at most five.

    Returns
    -------
    `~sunpy_farside.sequence.FarsideSequence`
        Sequence of the same date without these maps.

    Examples
    --------
    >>> import sunpy_farside
    >>> from sunpy_farside.evaluation.gaps import remove_maps
    >>> sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=1).sequence
    >>> remove_maps(sequence, [0, 5]).is_missing.nonzero()[0]
    array([0, 5])
    """
    gone = set(positions)
    maps = [item for position, item in enumerate(sequence) if position not in gone]
    return FarsideSequence(maps, width=sequence.width, missing=len(gone), date=sequence.date)


def evaluate_gaps(
    models, number=300, *, most=2, kind="test", width=120, seed=0, scheduler=None, progress=True
):
    """
    Compare detections in simulated sequences with those after maps are removed at random.

    Parameters
    ----------
    models : `dict`
        By name, a loaded network or the argument of `~sunpy_farside.network.weights.load_model`.
    number : `int`, optional
        Number of sequences.
    most : `int`, optional
        Largest number of maps that are removed; each sequence is also evaluated with fewer.
    kind : {"test", "noise", "validation", "validation_noise"}, optional
        Set of sequences (`~sunpy_farside.evaluation.simulated.simulated_case`).
    width : `int`, optional
        Columns of the window.
    seed : `int`, optional
        Seed of the choice of maps.
    scheduler : `str`, optional
        Address of a scheduler of Dask whose workers do the work. The models are then names or
        absolute paths.
    progress : `bool`, optional
        If True, show a progress bar.

    Returns
    -------
    `dict`
        Ready for JSON: the number of ``sequences`` and, by method, a list of results for 0, 1, ...
        missing maps:

        - ``significant``: significant regions;
        - ``kept``: share of those of the full sequences that have a significant one within ten
          degrees, one to one;
        - ``new``: significant regions without such a partner, and ``new_false``, those of them
          that are false;
        - ``true``, ``repeated``, ``ignored``, ``false``, ``false_discovery_rate``,
          ``completeness``: as in `sunpy_farside.evaluation.scores`;
        - ``sequences_with_any``: sequences with a significant region;
        - ``reliability``: `~sunpy_farside.evaluation.calibration_bins.reliability_bins`.

    Raises
    ------
    SchedulerError
        The scheduler or its workers cannot do the work.
    """
    numbers, arguments = range(number), (models, most, kind, width, seed)
    if scheduler:
        names = [f"simulated sequence {number}" for number in numbers]
        found = scheduled(scheduler, _remove_at_random, arguments, numbers, names, size=_CHUNK)
    else:
        found = map(_remove_at_random(*arguments), numbers)
    bar = tqdm(found, total=number, desc="Evaluating", unit="sequence", disable=not progress)
    cases = list(zip(*bar, strict=True))
    methods = {
        name: [_result(name, parts, cases[0]) for parts in cases] for name in (*models, METHOD)
    }
    return _summary(f"simulated ({kind})", number, methods)


def _remove_at_random(models, most, kind, width, seed):
    """
    Return the function that returns the cases of a number, without 0, 1, ... maps.
    """
    models = load_models(models)

    def evaluate_number(number):
        simulated = simulated_case(number, kind=kind, width=width)
        known = reference_regions(simulated)
        order = np.random.default_rng([seed, number]).permutation(N_MAPS)
        sequences = (
            remove_maps(simulated.sequence, order[:missing].tolist()) for missing in range(most + 1)
        )
        return [Case(known, _found(models, sequence, known), {}) for sequence in sequences]

    return evaluate_number


@caveats_once()
def evaluate_real_gaps(models, folder, *, most=2, width=120, scheduler=None, progress=True):
    """
    Compare detections in observed sequences with those after maps are removed.

    Parameters
    ----------
    models, most, width, progress
        As for `evaluate_gaps`.
    folder : path-like
        Folder with phase maps (`~sunpy_farside.catalog.map_runs.find_runs`).
    scheduler : `str`, optional
        As for `evaluate_gaps`. Every worker can read the folder at its absolute path.

    Returns
    -------
    `dict`
        As `evaluate_gaps`, from every way of removing 0, 1, ... maps, without what needs reference
        regions.

    Raises
    ------
    SchedulerError
        The scheduler or its workers cannot do the work.
    """
    runs, arguments = list(find_runs(folder)), (models, most, width)
    if scheduler:
        names = [f"sequence of {date}" for date, _ in runs]
        found = scheduled(scheduler, _remove_in_all_ways, arguments, runs, names)
    else:
        found = map(_remove_in_all_ways(*arguments), runs)
    bar = tqdm(found, total=len(runs), desc="Evaluating", unit="sequence", disable=not progress)
    results = defaultdict(list)
    for of_sequences in zip(*bar, strict=True):
        parts = [case for cases, _ in of_sequences for case in cases]
        full = [reference for cases, reference in of_sequences for _ in cases]
        for name in (*models, METHOD):
            results[name].append(_changes(name, parts, full))
    return _summary("observed", len(runs), dict(results))


def _remove_in_all_ways(models, most, width):
    """
    Return the function that returns the cases of a run without 0, 1, ... maps, and the full case.
    """
    models = load_models(models)
    nothing = Table({"longitude": [], "latitude": [], "complex": np.array([], int), "large": []})

    def case(sequence):
        return Case(nothing, _found(models, sequence, nothing), {})

    def evaluate_run(run):
        sequence = FarsideSequence.from_files(run[1], width=width)
        full = case(sequence)
        return [
            (
                [case(remove_maps(sequence, gone)) for gone in combinations(range(N_MAPS), number)],
                full,
            )
            for number in range(most + 1)
        ]

    return evaluate_run


def write_gaps_report(summary, folder):
    """
    Write the results of `evaluate_gaps` or `evaluate_real_gaps`: ``report.json``, ``report.md``.

    Parameters
    ----------
    summary : `dict`
    folder : path-like
    """
    with whole_files(folder) as partial:
        (partial / "report.json").write_text(json.dumps(summary, indent=2) + "\n")
        (partial / "report.md").write_text(_text(summary))


def _summary(source, number, methods):
    return {
        "version": sunpy_farside.__version__,
        "source": source,
        "sequences": number,
        "methods": methods,
    }


def _found(models, sequence, known):
    detections = {name: detect_farside(sequence, model) for name, model in models.items()}
    detections[METHOD] = detect_seismic_strength(sequence)
    return {name: compare_detection(item, known) for name, item in detections.items()}


def _result(name, cases, full):
    """
    Return the results of a method for one number of missing maps.
    """
    found = [case.found[name] for case in cases]
    scores, _ = score_method(name, found, [case.known for case in cases])
    counts = scores.counts(scores.threshold)
    real = np.concatenate([real_detections(case, name) for case in cases])
    bins = reliability_bins(np.concatenate([part.measured["reliability"] for part in found]), real)
    return {
        **_changes(name, cases, full),
        **counts._asdict(),
        "false_discovery_rate": counts.false_discovery_rate,
        "completeness": counts.found / max(scores.known(), 1),
        "reliability": [
            {key: float(row[key]) for key in bins.colnames if np.isfinite(row[key])} for row in bins
        ],
    }


def _changes(name, cases, full):
    """
    Return how the significant regions of sequences differ from those of the full sequences.
    """
    before, kept, after, new_false = [], [], [], []
    for case, reference in zip(cases, full, strict=True):
        first, second = (_significant(item.found[name]) for item in (reference, case))
        positions = (part[0][column] for part in (first, second) for column in _POSITION)
        index, partner, _ = match_positions(*positions, DISTANCE)
        alone = np.ones(len(second[0]), dtype=bool)
        alone[partner] = False
        before.append(len(first[0]))
        kept.append(len(index))
        after.append(len(second[0]))
        new_false.append(int((alone & ~second[1].any(axis=1)).sum()))
    before, kept, after = (np.array(item) for item in (before, kept, after))
    return {
        "sequences": len(cases),
        "significant": int(after.sum()),
        "significant_in_full": int(before.sum()),
        "kept": float(kept.sum() / max(before.sum(), 1)),
        "new": int((after - kept).sum()),
        "new_false": int(np.sum(new_false)),
        "sequences_with_any": int((after > 0).sum()),
    }


def _significant(found):
    """
    Return the measurements of the significant regions, and which reference regions they cover.
    """
    chosen = np.asarray(found.measured["strength"]) >= found.threshold
    return found.measured[chosen], found.covers[chosen]


def _text(summary):
    lines = [
        "# Missing maps",
        "",
        f"{summary['sequences']} sequences, {summary['source']}, sunpy_farside "
        f"{summary['version']}. Kept: significant regions of the full sequences that stay "
        "significant.",
        "",
        "| method | missing | significant | kept | new | new and false | false | "
        "false-discovery rate | completeness |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, results in summary["methods"].items():
        for missing, item in enumerate(results):
            judged = ["", "", "", ""]
            if "false" in item:
                judged = [
                    f"{item['new_false']}",
                    f"{item['false']:.0f}",
                    f"{item['false_discovery_rate']:.1%}",
                    f"{item['completeness']:.1%}",
                ]
            cells = [
                name,
                f"{missing}",
                f"{item['significant']}",
                f"{item['kept']:.1%}",
                f"{item['new']}",
                *judged,
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
