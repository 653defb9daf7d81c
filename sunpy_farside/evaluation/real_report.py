"""
Reports of the benchmark on observed maps.
"""

import json

import numpy as np
from matplotlib.figure import Figure

import sunpy_farside
from sunpy_farside.evaluation.comparison import Interval
from sunpy_farside.evaluation.real import ANY
from sunpy_farside.utils.files import whole_files
from sunpy_farside.visualization.labels import name_in_title

__all__ = ["summarize_real", "write_real_report"]

# Version of the layout of report.json.
_FORMAT = 2
# Detections per date at which methods are compared.
_NUMBERS = (1, 2, 3, 4, 6, 8)


def summarize_real(benchmark):
    """
    Summarize a benchmark on observed maps.

    Parameters
    ----------
    benchmark : `~sunpy_farside.evaluation.real.RealBenchmark`

    Returns
    -------
    `dict`
        Values that JSON can represent. By source of the reference regions and by method, it has
        the rates at the significance threshold (``at_threshold``), at fixed numbers of detections
        per date (``at_numbers``) and at all thresholds (``curve``), and the numbers of complexes
        found above the first and above the second false detection.
    """
    summary = {
        "format": _FORMAT,
        "version": sunpy_farside.__version__,
        "first": benchmark.dates.min().isot,
        "last": benchmark.dates.max().isot,
        "sequences": len(benchmark.dates),
        "sources": {},
    }
    for source, methods in benchmark.scores.items():
        any_scores = next(iter(methods.values()))
        summary["sources"][source] = {
            "sequences": any_scores.n_sequences,
            "regions": len(any_scores.regions),
            "complexes": len(any_scores.complexes),
            "methods": {name: _method(benchmark, source, name) for name in methods},
        }
    return summary


def write_real_report(benchmark, folder):
    """
    Write a report: ``report.md``, ``report.png`` and ``report.json``.

    Parameters
    ----------
    benchmark : `~sunpy_farside.evaluation.real.RealBenchmark`
    folder : path-like
        Folder of the files, which appear once all are complete.

    Returns
    -------
    `dict`
        The summary (`summarize_real`).
    """
    summary = summarize_real(benchmark)
    with whole_files(folder) as partial:
        (partial / "report.json").write_text(json.dumps(summary, indent=2) + "\n")
        (partial / "report.md").write_text(_text(summary))
        _picture(summary).savefig(partial / "report.png", dpi=110)
    return summary


def _method(benchmark, source, name):
    scores = benchmark.scores[source][name]
    curve = benchmark.curve(source, name)
    rows = []
    for number in _NUMBERS:
        threshold = benchmark.threshold_for(source, name, number)
        if np.isfinite(threshold):
            rows.append(_plain(benchmark.at(source, name, threshold)))
    false, found = np.asarray(curve["false"]), np.asarray(curve["found"])
    return {
        "at_threshold": _plain(benchmark.at(source, name, scores.threshold)),
        "at_numbers": rows,
        "found_before_first_false": int(found[false < 1].max(initial=0)),
        "found_before_second_false": int(found[false < 2].max(initial=0)),
        "curve": {column: np.asarray(curve[column]).tolist() for column in curve.colnames},
    }


def _plain(figures):
    """
    Replace NaN by None, because JSON has no NaN.
    """
    plain = {}
    for key, value in figures.items():
        if isinstance(value, Interval):
            plain[key] = {name: _number(part) for name, part in vars(value).items()}
        else:
            plain[key] = _number(value)
    return plain


def _number(value):
    return float(value) if np.isfinite(value) else None


def _text(summary):
    lines = [
        "# Benchmark on observed maps",
        "",
        f"{summary['sequences']} sequences, {summary['first'][:16]} to {summary['last'][:16]}, "
        f"sunpy_farside {summary['version']}. Intervals of 95 % from a bootstrap of blocks of five "
        "days; by chance: for published regions shifted in longitude.",
    ]
    for source, item in summary["sources"].items():
        title = "All sources together" if source == ANY else source
        lines += [
            "",
            f"## {title}",
            "",
            f"{item['regions']} published regions in {item['complexes']} complexes, counted on "
            f"each of {item['sequences']} dates.",
            "",
            "| method | threshold | detections per date | matched | by chance | completeness | "
            "by chance |",
            "|---|---|---|---|---|---|---|",
        ]
        for name, method in item["methods"].items():
            lines.append(_row(f"**{name}**, at its significance threshold", method["at_threshold"]))
            lines += [_row(name, row) for row in method["at_numbers"]]
        lines.append("")
        lines += [
            f"{name}: {method['found_before_first_false']} complexes found above the first false "
            f"detection, {method['found_before_second_false']} above the second.  "
            for name, method in item["methods"].items()
        ]
    return "\n".join(lines) + "\n"


def _row(name, figures):
    return (
        f"| {name} | {figures['threshold']:.4g} | {figures['detections']:.2f} | "
        f"{_interval(figures['matched'])} | {_share(figures['matched_by_chance'])} | "
        f"{_interval(figures['completeness'])} | {_share(figures['completeness_by_chance'])} |"
    )


def _interval(item):
    if item["low"] is None:
        return _share(item["value"])
    return f"{_share(item['value'])} ({_share(item['low'])} to {_share(item['high'])})"


def _share(value):
    return "" if value is None else f"{value:.0%}"


def _picture(summary):
    sources = summary["sources"]
    figure = Figure(figsize=(11, 4 * len(sources)), layout="constrained")
    axes = figure.subplots(len(sources), 2, squeeze=False)
    for (left, right), (source, item) in zip(axes, sources.items(), strict=True):
        for name, method in item["methods"].items():
            curve, usual = method["curve"], method["at_threshold"]
            for panel, column in ((left, "matched"), (right, "completeness")):
                number = curve["detections"]
                (line,) = panel.plot(
                    number, 100 * np.array(curve[column]), label=name_in_title(name)
                )
                panel.plot(
                    number,
                    100 * np.array(curve[f"{column}_by_chance"]),
                    "--",
                    color=line.get_color(),
                    label=f"{name_in_title(name)}, by chance",
                )
                value = usual[column]["value"]
                if value is not None:
                    panel.plot(usual["detections"], 100 * value, "o", color=line.get_color())
        title = "All sources" if source == ANY else source
        left.set(ylabel="Matched detections (%)", title=title, ylim=(0, 103))
        right.set(ylabel="Completeness (%)", title=title, ylim=(0, 103))
        for panel in (left, right):
            panel.set(xlabel="Detections per date", xlim=(0, None))
        left.legend(fontsize="small")
    return figure
