"""
Keep the figures of airspeed velocity that the documentation shows.

Run ``python benchmarks/stage_report.py .asv/results/MACHINE/RESULT.json`` after ``asv run`` with
``--set-commit-hash``. It writes ``docs/reports/stages.json``, of which the build of the
documentation makes the table of stages.
"""

import argparse
import json
from pathlib import Path

from stages.series import BATCH

REPORT = Path(__file__).parents[1] / "docs" / "reports" / "stages.json"


def report(result):
    """
    Return the times of asv's result in milliseconds of processor time per sequence.
    """
    column = result["result_columns"].index("result")
    times = {}
    for name, values in result["results"].items():
        _, group, function = name.split(".")
        if group in ("Series", "Comparison") and function.startswith("time_"):
            (seconds,) = values[column]
            times[function.removeprefix("time_")] = round(1e3 * seconds / BATCH, 3)
    # Nothing else of the machine: its name is not for publication.
    return {
        "commit": result["commit_hash"],
        "processor": result["params"]["cpu"],
        "milliseconds": times,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("result", type=Path)
    found = report(json.loads(parser.parse_args().result.read_text()))
    REPORT.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
