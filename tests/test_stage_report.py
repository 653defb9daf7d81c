"""
Table of stages of the documentation, from the results of airspeed velocity.
"""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _folders(monkeypatch):
    for name in ("docs", "benchmarks"):
        monkeypatch.syspath_prepend(ROOT / name)


def test_times_of_a_batch_become_milliseconds_per_sequence():
    from stage_report import report

    result = {
        "commit_hash": "abc",
        "params": {"cpu": "a processor", "machine": "a name"},
        "result_columns": ["params", "result"],
        "results": {
            "series.Series.time_read": [[], [0.016]],
            "series.Series.peakmem_all": [[], [1e9]],
            "series.Comparison.time_plain": [[], [0.8]],
            "series.Command.time_help": [[], [0.3]],
        },
    }
    assert report(result) == {
        "commit": "abc",
        "processor": "a processor",
        "milliseconds": {"read": 2.0, "plain": 100.0},
    }


def test_every_time_of_the_report_is_in_the_tables():
    from stage_table import stage_tables

    report = json.loads((ROOT / "docs" / "reports" / "stages.json").read_text())
    shown = re.findall(r"^     - ([\d.]+)$", "\n".join(stage_tables().values()), re.MULTILINE)
    times = report["milliseconds"].values()
    assert {f"{time:.1f}" for time in times} <= set(shown)
    assert len(shown) == len(times) + 1


def test_the_pages_show_the_tables():
    page = (ROOT / "docs" / "speed.rst").read_text()
    assert set(re.findall(r"include:: generated/(stage\w*).inc", page)) == {
        "stages",
        "stage_ratios",
    }
