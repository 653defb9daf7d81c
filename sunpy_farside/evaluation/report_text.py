"""
Text of the report of an evaluation.
"""

import numpy as np

from sunpy_farside.evaluation.comparison import PUBLISHED_RATE

__all__ = ["GROUPS", "report_text"]

# Columns of the reference regions by which the completeness is binned: edges of the bins, heading.
GROUPS = {
    "flux": ([2e21, 5e21, 1e22, 2e22, np.inf], "Unsigned flux (Mx)"),
    "extent": ([0, 4, 6, 8, np.inf], "Distance of the polarities (deg)"),
    "latitude": ([0, 15, 30, 45, 72], "Latitude, north or south (deg)"),
    "distance": ([0, 20, 40, 60, 90], "Distance from the far side's center (deg)"),
    "age": ([0, 3, 7, 14, np.inf], "Days since emergence"),
}


def report_text(summary):
    """
    Return the report of an evaluation in Markdown.

    Parameters
    ----------
    summary : `dict`
        From `~sunpy_farside.evaluation.report.summarize`.

    Returns
    -------
    `str`
    """
    methods = summary["methods"]
    networks = {name: item for name, item in methods.items() if "against_sar" in item}
    lines = [
        *_title(summary),
        *_scores(methods),
        *_chance(methods),
        *_against_sar(networks),
        *_reliability(methods),
        *_flux(methods),
        *_pixels(networks),
        *_completeness(methods),
    ]
    return "\n".join(lines) + "\n"


def _title(summary):
    return [
        "# Evaluation",
        "",
        f"{summary['sequences']} sequences with {summary['regions']} regions in "
        f"{summary['complexes']} complexes, sunpy_farside {summary['version']}.",
    ]


def _scores(methods):
    """
    Return lines with the detections at the significance threshold, by method.
    """
    return [
        "",
        "| method | threshold | complexes found | completeness | true | repeated | ignored | "
        "false | false-discovery rate |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {item['threshold']:.4g} | {item['found']:.0f} | "
            f"{item['completeness']:.1%} | {item['true']:.0f} | {item['repeated']:.0f} | "
            f"{item['ignored']:.0f} | {item['false']:.0f} | {item['false_discovery_rate']:.1%} |"
            for name, item in methods.items()
        ),
    ]


def _chance(methods):
    """
    Return lines with the rates by chance, by method.
    """
    if not any("by_chance" in item for item in methods.values()):
        return []
    return [
        "",
        "By chance, for reference regions shifted in longitude:",
        "",
        "| method | completeness | false-discovery rate |",
        "|---|---|---|",
        *(
            f"| {name} | {item['by_chance']['completeness']:.1%} | "
            f"{item['by_chance']['false_discovery_rate']:.1%} |"
            for name, item in methods.items()
        ),
    ]


def _against_sar(networks):
    """
    Return lines with the ratios of the networks to the SAR method.
    """
    if not networks:
        return []
    lines = [
        "",
        "Ratio to the SAR method, with 95 % bootstrap intervals:",
        "",
        "| network | | at the SAR method's false-discovery rate | at "
        f"{PUBLISHED_RATE:.2%} | smallest from 1 to 20 % |",
        "|---|---|---|---|---|",
    ]
    for name, item in networks.items():
        against = item["against_sar"]
        ratio, rate = against["smallest"]
        lines += [
            f"| {name} | true detections | {_interval(against['at_reference_rate'])} | "
            f"{_interval(against['at_published'])} | {ratio:.2f} (at {rate:.1%}) |",
            f"| | complexes found | {_interval(against['found_at_reference_rate'])} | "
            f"{_interval(against['found_at_published'])} | |",
        ]
    return lines


def _interval(item):
    return f"{item['value']:.2f} ({item['low']:.2f} to {item['high']:.2f})"


def _reliability(methods):
    """
    Return lines with the reliability and the share of real detections, by method and bin.
    """
    shown = {
        name: item["reliability"]
        for name, item in methods.items()
        if any(row["number"] for row in item["reliability"])
    }
    if not shown:
        return []
    lines = [
        "",
        "Mean reliability of the detections, share of real ones (number):",
        "",
        "| | " + " | ".join(shown) + " |",
        "|---|" + "---|" * len(shown),
    ]
    for index, rows in enumerate(zip(*shown.values(), strict=True)):
        cells = [
            f"{row['reliability']:.3f}: {row['real']:.3f} ({row['number']:.0f})"
            if row["number"]
            else ""
            for row in rows
        ]
        lines.append(f"| {index / 10:.1f} to {(index + 1) / 10:.1f} | " + " | ".join(cells) + " |")
    return lines


def _flux(methods):
    """
    Return lines that compare the estimated flux with that of the reference regions, by bin.
    """
    shown = {
        name: item["flux"]
        for name, item in methods.items()
        if any(row["number"] for row in item.get("flux", ()))
    }
    if not shown:
        return []
    lines = [
        "",
        "Mean flux of the regions divided by the mean estimate, share within the 68 % interval "
        "(number), by estimated flux (Mx):",
        "",
        "| | " + " | ".join(shown) + " |",
        "|---|" + "---|" * len(shown),
    ]
    for rows in zip(*shown.values(), strict=True):
        cells = [
            f"{row['ratio']:.2f}, {row['within']:.0%} ({row['number']})" if row["number"] else ""
            for row in rows
        ]
        lines.append(f"| {_bin_label(rows[0])} | " + " | ".join(cells) + " |")
    return lines


def _bin_label(row):
    if row["high"] is not None:
        return f"{row['low']:g} to {row['high']:g}"
    return f"{row['low']:g} and more" if row["low"] else "all"


def _pixels(networks):
    return [
        f"\n{name}: Dice coefficient of the pixels {item['dice']:.3f}, calibration error "
        f"{item['calibration_error']:.3f}."
        for name, item in networks.items()
    ]


def _completeness(methods):
    """
    Return lines with the completeness by properties of the reference regions.
    """
    lines = []
    for column, (_, heading) in GROUPS.items():
        if all(column in item["by"] for item in methods.values()):
            lines += [
                "",
                f"Completeness (by chance) by {heading[0].lower()}{heading[1:]}:",
                "",
                *_groups(methods, column),
            ]
    return lines


def _groups(methods, column):
    first = next(iter(methods.values()))["by"][column]
    lines = [
        "| | regions | " + " | ".join(methods) + " |",
        "|---|---|" + "---|" * len(methods),
    ]
    for index, row in enumerate(first):
        rows = [item["by"][column][index] for item in methods.values()]
        cells = " | ".join(_with_chance(item["completeness"], item["by_chance"]) for item in rows)
        lines.append(f"| {_bin_label(row)} | {row['number']} | {cells} |")
    return lines


def _with_chance(rate, chance):
    if rate is None:
        return ""
    return f"{rate:.1%}" if chance is None else f"{rate:.1%} ({chance:.0%})"
