"""
Reports of an evaluation: text, picture, numbers.
"""

import json

import numpy as np
from matplotlib.figure import Figure

import sunpy_farside
from sunpy_farside.detection.seismic_strength import METHOD
from sunpy_farside.evaluation.comparison import PUBLISHED_RATE, compare_methods, rates_by
from sunpy_farside.evaluation.judged import BINS
from sunpy_farside.utils.files import whole_files

__all__ = ["summarise", "write_report"]

# What the rates are given by: column, bins, heading.
_GROUPS = {
    "flux": ([2e21, 5e21, 1e22, 2e22, np.inf], "Unsigned flux (Mx)"),
    "extent": ([0, 4, 6, 8, np.inf], "Distance of the polarities (deg)"),
    "latitude": ([0, 15, 30, 45, 72], "Latitude, north or south (deg)"),
    "distance": ([0, 20, 40, 60, 90], "Distance from the far side's centre (deg)"),
    "age": ([0, 3, 7, 14, np.inf], "Days since emergence"),
}


def summarise(judged):
    """
    The numbers of an evaluation.

    Parameters
    ----------
    judged : `~sunpy_farside.evaluation.judged.Judged`

    Returns
    -------
    `dict`
        Ready for JSON.
    """
    standard = judged.scores[METHOD]
    summary = {
        "version": sunpy_farside.__version__,
        "sequences": standard.n_sequences,
        "regions": len(standard.regions),
        "methods": {},
    }
    for name, scores in judged.scores.items():
        true, false = scores.counts(scores.threshold)
        item = {
            "threshold": scores.threshold,
            "true": true,
            "false": false,
            "true_positive_rate": true / max(len(scores.regions), 1),
            "false_discovery_rate": false / max(true + false, 1),
            "by": {
                column: [
                    {key: _number(value) for key, value in zip(row.colnames, row, strict=True)}
                    for row in rates_by(scores, column, np.array(edges))
                ]
                for column, (edges, _) in _GROUPS.items()
                if column in scores.regions.colnames
            },
        }
        if name in judged.pixels:
            pixels = judged.pixels[name]
            item["dice"] = pixels.dice
            item["calibration_error"] = pixels.calibration_error
        if name != METHOD:
            compared = compare_methods(scores, standard)
            item["against_standard"] = {
                "smallest": compared.pop("smallest"),
                **{key: vars(value) for key, value in compared.items()},
            }
        summary["methods"][name] = item
    return summary


def write_report(judged, folder):
    """
    Write a report: ``report.md``, ``report.png`` and ``report.json``.

    Parameters
    ----------
    judged : `~sunpy_farside.evaluation.judged.Judged`
    folder : path-like
        The files appear when they are whole.

    Returns
    -------
    `dict`
        The numbers (`summarise`).
    """
    summary = summarise(judged)
    with whole_files(folder) as partial:
        (partial / "report.json").write_text(json.dumps(summary, indent=2) + "\n")
        (partial / "report.md").write_text(_text(summary))
        _picture(judged).savefig(partial / "report.png", dpi=110)
    return summary


def _number(value):
    value = value.item()
    return value if np.isfinite(value) else None


def _text(summary):
    lines = [
        "# Evaluation",
        "",
        f"{summary['sequences']} sequences with {summary['regions']} true regions, "
        f"sunpy_farside {summary['version']}.",
        "",
        "| method | threshold | true | false | regions found | false among detections |",
        "|---|---|---|---|---|---|",
    ]
    methods = summary["methods"]
    for name, item in methods.items():
        lines.append(
            f"| {name} | {item['threshold']:g} | {item['true']:.0f} | {item['false']:.0f} | "
            f"{item['true_positive_rate']:.1%} | {item['false_discovery_rate']:.1%} |"
        )
    networks = {name: item for name, item in methods.items() if "against_standard" in item}
    if networks:
        lines += [
            "",
            "True detections for every one of the standard method, with 95 % bootstrap intervals:",
            "",
            "| network | at the standard method's false share | "
            f"at a false share of {PUBLISHED_RATE:.2%} | smallest from 1 to 20 % | Dice | "
            "calibration error |",
            "|---|---|---|---|---|---|",
        ]
    for name, item in networks.items():
        against = item["against_standard"]
        ratio, rate = against["smallest"]
        lines.append(
            f"| {name} | {_interval(against['at_standard'])} | "
            f"{_interval(against['at_published'])} | {ratio:.2f} (at {rate:.1%}) | "
            f"{item['dice']:.3f} | {item['calibration_error']:.3f} |"
        )
    for column, (_, heading) in _GROUPS.items():
        if all(column in item["by"] for item in methods.values()):
            lines += ["", f"Regions found, by {heading[0].lower()}{heading[1:]}:", ""]
            lines += _groups(methods, column)
    return "\n".join(lines) + "\n"


def _interval(item):
    return f"{item['value']:.2f} ({item['low']:.2f} to {item['high']:.2f})"


def _groups(methods, column):
    first = next(iter(methods.values()))["by"][column]
    lines = [
        "| | regions | " + " | ".join(methods) + " |",
        "|---|---|" + "---|" * len(methods),
    ]
    for index, row in enumerate(first):
        label = f"{row['low']:g} and more"
        if row["high"] is not None:
            label = f"{row['low']:g} to {row['high']:g}"
        rates = [item["by"][column][index]["true_positive_rate"] for item in methods.values()]
        cells = " | ".join("" if rate is None else f"{rate:.1%}" for rate in rates)
        lines.append(f"| {label} | {row['number']} | {cells} |")
    return lines


def _picture(judged):
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, scores in judged.scores.items():
        curve = scores.curve()
        false, true = curve["false_discovery_rate"], curve["true_positive_rate"]
        (line,) = left.plot(100 * false, 100 * true, label=name)
        true, false = scores.counts(scores.threshold)
        left.plot(
            100 * false / max(true + false, 1),
            100 * true / max(len(scores.regions), 1),
            "o",
            color=line.get_color(),
        )
    left.set(
        xlim=(0, 30),
        xlabel="False among detections (%)",
        ylabel="True regions found (%)",
        title="Dots: the methods' own thresholds",
    )
    left.legend(loc="lower right")
    right.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, pixels in judged.pixels.items():
        filled = pixels.number > 0
        number = pixels.number[filled]
        right.plot(
            pixels.probability[filled] / number, pixels.active[filled] / number, "o-", label=name
        )
    right.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel="Probability",
        ylabel="Share of pixels that are active",
        title=f"Reliability, pixels above {BINS[0]:g}",
    )
    right.legend(loc="lower right")
    return figure
