"""
Test that no file makes a reader hang, swell, die, raise foreign errors or err in silence.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

READERS = [
    "phase_maps",
    "time_distance_maps",
    "stacks_hdf5",
    "stacks_idl",
    "region_lists",
    "summaries",
    "weights",
    "checkpoints",
    "recipes",
    "gong_maps",
    "gong_lists",
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    script = Path(__file__).with_name("run.py")
    subprocess.run([sys.executable, script, folder], check=True)
    return json.loads((folder / "report.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_every_file_reads_as_it_must(report, reader):
    found = report[reader]
    assert found["files"] >= 200
    assert found["left"] == []
    assert found["faults"] == []
