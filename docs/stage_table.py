"""
Make the tables of stages from the JSON file of ``benchmarks/stage_report.py``.
"""

import json
from pathlib import Path

from evaluation_tables import list_table

__all__ = ["stage_tables"]

_REPORT = Path(__file__).parent / "reports" / "stages.json"
# In the order in which a sequence passes them.
_STAGES = {
    "read": "read and check a map",
    "sequences": "check a sequence",
    "network": "normalize and compute the network",
    "regions": "segment, measure, rank",
    "csv": "print as CSV",
}
_ALL = "all stages"


def stage_tables():
    """
    Return the tables of the page as reStructuredText, by name.

    Returns
    -------
    `dict`
    """
    times = json.loads(_REPORT.read_text())["milliseconds"]
    total = sum(times[name] for name in _STAGES)
    stages = {title: times[name] for name, title in _STAGES.items()} | {_ALL: total}
    network = times["network"]
    comparison = [
        ["regions, with their tables and maps", times["tables"], times["regions"], "stage"],
        ["the simplest program", times["plain"], total, "stages"],
        ["the published network, as its code computes it", times["published"], network, "network"],
        ["a product of large matrices", times["product"], network, "network"],
    ]
    return {
        "stages": list_table(
            ["Stage", "ms", "Share"],
            [[title, f"{time:.1f}", f"{time / total:.0%}"] for title, time in stages.items()],
        ),
        "stage_ratios": list_table(
            ["In the same run", "ms", "Compared with"],
            [
                [title, f"{time:.1f}", f"{time / other:.2f} times the {name}"]
                for title, time, other, name in comparison
            ],
        ),
    }
