"""
Make the tables of the evaluation from the JSON files of ``sunpy-farside evaluate``.
"""

import json
from pathlib import Path

__all__ = ["evaluation_tables", "list_table"]

_FOLDER = Path(__file__).parent / "reports"
_NAMES = {"default": "default network", "seismic_strength": "SAR method"}
_GROUPS = {
    "flux": ("Unsigned flux (1e21 Mx)", 1e21),
    "latitude": ("Latitude, north or south (deg)", 1),
    "distance": ("Distance from the far-side disk center (deg)", 1),
}


def evaluation_tables():
    """
    Return the tables of the page as reStructuredText, by name.

    Returns
    -------
    `dict`
    """
    test = json.loads((_FOLDER / "evaluation.json").read_text())
    noise = json.loads((_FOLDER / "noise.json").read_text())
    methods = test["methods"]
    tables = {
        "results": list_table(
            [
                "Method",
                "Significant from",
                "Complexes found",
                "True",
                "Repeated",
                "Ignored",
                "False",
                "FDR",
            ],
            [_result(name, item) for name, item in methods.items()],
        ),
        "ratios": _ratios(methods["default"]["against_sar"]),
        "reliability": list_table(
            ["Reliability", *(f"{_NAMES[name]}: real (number)" for name in methods)],
            [_bin(k, methods) for k in range(10)],
        ),
        "flux_estimates": _flux(methods),
        "noise": _noise(noise),
        "gaps": _gaps(),
        "real_gaps": _real_gaps(),
    }
    for column, (heading, unit) in _GROUPS.items():
        rows = [_group(k, methods, column, unit) for k in range(len(_first(methods, column)))]
        names = [f"{_NAMES[name]} (by chance)" for name in methods]
        tables[column] = list_table([heading, "Regions", *names], rows)
    return tables


def _first(methods, column):
    return next(iter(methods.values()))["by"][column]


def _result(name, item):
    sar = name == "seismic_strength"
    start = f"S = {item['threshold']:g} uHem rad" if sar else f"reliability {item['threshold']:.2f}"
    counts = [f"{item[key]:.0f}" for key in ("true", "repeated", "ignored", "false")]
    found = f"{item['completeness']:.1%} (by chance {item['by_chance']['completeness']:.0%})"
    return [_NAMES[name], start, found, *counts, f"{item['false_discovery_rate']:.1%}"]


def _ratios(against):
    rate = against["reference_rate"]["value"]
    headings = ["", f"At the SAR method's FDR, {rate:.1%}", "At an FDR of 3.75 %"]
    kinds = {"True detections": "at_", "Complexes found": "found_at_"}
    rows = [
        [name, *(_interval(against[f"{kind}{key}"]) for key in ("reference_rate", "published"))]
        for name, kind in kinds.items()
    ]
    ratio, where = against["smallest"]
    text = f"Between 1 and 20 % the ratio of true detections is never below {ratio:.2f}"
    return list_table(headings, rows) + f"\n{text} (at {where:.1%}).\n"


def _interval(item):
    return f"{item['value']:.2f} ({item['low']:.2f} to {item['high']:.2f})"


def _bin(k, methods):
    cells = []
    for item in methods.values():
        part = item["reliability"][k]
        cells.append(
            f"{part['reliability']:.3f}: {part['real']:.3f} ({part['number']:.0f})"
            if part["number"]
            else ""
        )
    return [f"{k / 10:.1f} to {(k + 1) / 10:.1f}", *cells]


def _flux(methods):
    """
    Compare estimated fluxes with those of the regions, by bins of the estimate.
    """
    rows = []
    for parts in zip(*(item["flux"] for item in methods.values()), strict=True):
        low, high = parts[0]["low"], parts[0]["high"]
        label = f"{low / 1e21:g} and more" if low else "all"
        if high is not None:
            label = f"{low / 1e21:g} to {high / 1e21:g}"
        cells = [
            f"{part['ratio']:.2f}, {part['within']:.0%} ({part['number']})"
            if part["number"]
            else ""
            for part in parts
        ]
        rows.append([label, *cells])
    names = [f"{_NAMES[name]}: ratio, within (number)" for name in methods]
    return list_table(["Estimated flux (1e21 Mx)", *names], rows)


def _group(k, methods, column, unit):
    first = _first(methods, column)[k]
    label = f"{first['low'] / unit:g} and more"
    if first["high"] is not None:
        label = f"{first['low'] / unit:g} to {first['high'] / unit:g}"
    cells = [
        f"{part['completeness']:.0%} ({part['by_chance']:.0%})" if part["number"] else ""
        for part in (item["by"][column][k] for item in methods.values())
    ]
    return [label, str(first["number"]), *cells]


def _noise(noise):
    found = {name: f"{item['false']:.0f}" for name, item in noise["methods"].items()}
    return (
        f"In {noise['sequences']} sequences of noise alone {found['default']} regions of the "
        f"network are significant, and {found['seismic_strength']} of the SAR method.\n"
    )


def _gaps():
    test, noise = (
        json.loads((_FOLDER / f"{name}.json").read_text())["methods"]
        for name in ("gaps", "gaps_noise")
    )
    rows = []
    for name, results in test.items():
        for missing, (item, quiet) in enumerate(zip(results, noise[name], strict=True)):
            bins = [part for part in item["reliability"] if part["number"]]
            number = sum(part["number"] for part in bins)
            mean, real = (
                sum(part["number"] * part[key] for part in bins) / number
                for key in ("reliability", "real")
            )
            rows.append(
                [
                    _NAMES[name],
                    str(missing),
                    f"{item['kept']:.1%} of {item['significant_in_full']}",
                    str(item["new_false"]),
                    f"{item['false_discovery_rate']:.1%}",
                    f"{item['completeness']:.1%}",
                    f"{mean:.3f}: {real:.3f}",
                    f"{quiet['sequences_with_any']} of {quiet['sequences']}",
                ]
            )
    headings = ["Method", "Missing", "Kept", "New and false", "FDR", "Completeness"]
    return list_table([*headings, "Mean reliability: real", "Sequences of noise with any"], rows)


def _real_gaps():
    report = json.loads((_FOLDER / "gaps_real.json").read_text())
    rows = [
        [
            _NAMES[name],
            str(missing),
            str(item["sequences"]),
            f"{item['kept']:.1%}",
            str(item["new"]),
        ]
        for name, results in report["methods"].items()
        for missing, item in enumerate(results)
    ]
    return list_table(["Method", "Missing", "Choices", "Kept", "New"], rows)


def list_table(headings, rows):
    """
    Return a table of text in reStructuredText.

    Parameters
    ----------
    headings : `list` of `str`
    rows : `list` of `list` of `str`

    Returns
    -------
    `str`
    """
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [headings, *rows]:
        lines += [f"   {'*' if k == 0 else ' '} - {cell}" for k, cell in enumerate(row)]
    return "\n".join(lines) + "\n"
