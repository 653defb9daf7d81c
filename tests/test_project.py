"""
Consistency of the project's files.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_oldest_versions_are_those_that_the_package_asks_for():
    run = [sys.executable, ROOT / ".ci" / "oldest.py"]
    made = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    assert (ROOT / "constraints-oldest.txt").read_text() == made


def test_there_is_one_license():
    license = (ROOT / "LICENSE").read_text()
    assert license == (ROOT / "licenses" / "LICENSE.rst").read_text()
    assert license.startswith("Copyright (c)")
