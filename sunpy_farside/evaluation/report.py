"""
Reports of evaluations.
"""

import json

import numpy as np
from matplotlib.figure import Figure

import sunpy_farside
from sunpy_farside.detection.seismic_strength import METHOD
from sunpy_farside.evaluation.calibration_bins import BINS
from sunpy_farside.evaluation.comparison import compare_methods, rates_by
from sunpy_farside.evaluation.report_text import GROUPS, report_text
from sunpy_farside.utils.files import whole_files
from sunpy_farside.visualization.labels import name_in_title

__all__ = ["summarize", "write_report"]

# Version of the layout of report.json.
_FORMAT = 3


def summarize(result):
    """
    Summarize the result of an evaluation.

    Parameters
    ----------
    result : `~sunpy_farside.evaluation.cases.EvaluationResult`

    Returns
    -------
    `dict`
        Values that JSON can represent.
    """
    sar = result.scores[METHOD]
    summary = {
        "format": _FORMAT,
        "version": sunpy_farside.__version__,
        "sequences": sar.n_sequences,
        "regions": len(sar.regions),
        "complexes": len(sar.complexes),
        "methods": {},
    }
    for name, scores in result.scores.items():
        counts = scores.counts(scores.threshold)
        item = {
            "threshold": scores.threshold,
            **counts._asdict(),
            "completeness": counts.found / max(scores.known(), 1),
            "false_discovery_rate": counts.false_discovery_rate,
            "reliability": _rows(result.reliability[name]),
            "by": {
                column: _rows(rates_by(scores, column, np.array(edges), result.chance[name]))
                for column, (edges, _) in GROUPS.items()
                if column in scores.regions.colnames
            },
        }
        if name in result.flux:
            item["flux"] = _rows(result.flux[name])
        if chance := result.chance[name]:
            item["by_chance"] = _by_chance(chance, scores.threshold)
        if name in result.pixels:
            pixels = result.pixels[name]
            item["dice"] = pixels.dice
            item["calibration_error"] = pixels.calibration_error
        if name != METHOD:
            compared = compare_methods(scores, sar)
            item["against_sar"] = {
                "smallest": compared.pop("smallest"),
                **{key: vars(value) for key, value in compared.items()},
            }
        summary["methods"][name] = item
    return summary


def write_report(result, folder):
    """
    Write a report: ``report.md``, ``report.png`` and ``report.json``.

    Parameters
    ----------
    result : `~sunpy_farside.evaluation.cases.EvaluationResult`
    folder : path-like
        Folder of the files, which appear once all are complete.

    Returns
    -------
    `dict`
        The summary (`summarize`).
    """
    summary = summarize(result)
    with whole_files(folder) as partial:
        (partial / "report.json").write_text(json.dumps(summary, indent=2) + "\n")
        (partial / "report.md").write_text(report_text(summary))
        _picture(result).savefig(partial / "report.png", dpi=110)
    return summary


def _by_chance(chance, threshold):
    """
    Return the rates by chance, which are means over the shifts of the reference regions.
    """
    counts = [scores.counts(threshold) for scores in chance]
    known = max(chance[0].known(), 1)
    return {
        "completeness": float(np.mean([item.found for item in counts])) / known,
        "false_discovery_rate": float(np.mean([item.false_discovery_rate for item in counts])),
    }


def _rows(table):
    return [
        {key: _number(value) for key, value in zip(row.colnames, row, strict=True)} for row in table
    ]


def _number(value):
    value = value.item()
    return value if np.isfinite(value) else None


def _picture(result):
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, scores in result.scores.items():
        curve = scores.curve()
        (line,) = left.plot(
            100 * curve["false_discovery_rate"],
            100 * curve["completeness"],
            label=name_in_title(name),
        )
        counts = scores.counts(scores.threshold)
        left.plot(
            100 * counts.false_discovery_rate,
            100 * counts.found / max(scores.known(), 1),
            "o",
            color=line.get_color(),
        )
    left.set(
        xlim=(0, 30),
        xlabel="False-discovery rate (%)",
        ylabel="Completeness (%)",
        title="Dots: significance thresholds",
    )
    left.legend(loc="lower right")
    right.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, table in result.reliability.items():
        right.plot(
            table["reliability"], table["real"], "o-", label=f"detections, {name_in_title(name)}"
        )
    for name, pixels in result.pixels.items():
        filled = pixels.number > 0
        number = pixels.number[filled]
        right.plot(
            pixels.probability[filled] / number,
            pixels.active[filled] / number,
            ".:",
            label=f"pixels above {BINS[0]:g}, {name_in_title(name)}",
        )
    right.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel="Reliability or probability",
        ylabel="Share of active pixels or real detections",
        title="Calibration",
    )
    right.legend(loc="upper left")
    return figure
