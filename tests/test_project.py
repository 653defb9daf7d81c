"""
Consistency of the project's files.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_oldest_versions_are_those_that_the_package_asks_for():
    run = [sys.executable, ROOT / ".ci" / "oldest.py"]
    made = subprocess.run(run, check=True, capture_output=True, text=True).stdout
    assert (ROOT / "constraints-oldest.txt").read_text() == made


def test_there_is_one_license():
    license = (ROOT / "LICENSE").read_text()
    assert license == (ROOT / "licenses" / "LICENSE.rst").read_text()
    assert license.startswith("Copyright (c)")


# Stands for python3 and every program of an environment: writes its command to a file, and fails
# if it is the one that shall fail.
PROGRAM = """#!/bin/sh
call="$0${*:+ $*}"
echo "$call${PYTEST_ADDOPTS:+ with $PYTEST_ADDOPTS}" >> "$CALLS"
case "$call" in
  "$FAILING") exit 3;;
  *"-m venv"*)
    for last; do :; done
    mkdir -p "$last/bin"
    for name in python pip ruff codespell lint-imports mypy coverage sphinx-build; do
      cp "$0" "$last/bin/$name"
    done;;
esac
"""
ADDED = " with --cov --cov-report= --cov-fail-under=0"
FIRST = [
    ".venv/bin/ruff check .",
    ".venv/bin/ruff format --check .",
    ".venv/bin/codespell",
    ".venv/bin/lint-imports",
    ".venv/bin/mypy",
    ".venv/bin/coverage erase",
    ".venv/bin/python -m pytest -n 2" + ADDED,
    ".venv/bin/python -m pytest -n 2 -m slow --cov --cov-append --cov-report= --cov-fail-under=0",
    ".venv/bin/coverage report",
]
BESIDE = [
    ".venv-oldest/bin/python -m pytest -W ignore::pytest.PytestUnraisableExceptionWarning",
    ".venv-docs/bin/sphinx-build -W -b html docs docs/_build/html",
    ".venv-figures/bin/python -m pytest -c tests/figures/pytest.ini tests/figures",
]


@pytest.fixture
def ci(tmp_path, monkeypatch):
    """
    Run a copy of CI's script with stand-ins for all programs; return its result and its commands.
    """
    root, programs = tmp_path / "project", tmp_path / "bin"
    programs.mkdir()
    (root / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", root / ".ci")
    shutil.copy(ROOT / "README.md", root)
    (programs / "python3").write_text(PROGRAM)
    (programs / "python3").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(failing="none"):
        monkeypatch.setenv("FAILING", failing)
        done = subprocess.run([root / ".ci" / "run"], capture_output=True, text=True)
        return done, (tmp_path / "calls").read_text().splitlines()

    return run


def test_ci_runs_everything_and_measures_coverage(ci):
    done, calls = ci()
    assert done.returncode == 0, done.stderr
    assert [call for call in calls if call in FIRST] == FIRST
    assert [call for call in calls if call in BESIDE] == BESIDE
    # All is installed before anything runs.
    installed = [k for k, call in enumerate(calls) if "/pip install" in call]
    assert len(installed) == 4
    assert max(installed) < min(calls.index(call) for call in (*FIRST, *BESIDE))


@pytest.mark.parametrize("failing", [*FIRST[:5], FIRST[7], FIRST[8], *BESIDE])
def test_ci_fails_if_any_part_fails(ci, failing):
    done, calls = ci(failing)
    assert done.returncode == 3
    assert failing in calls
    if failing in BESIDE:
        # The rest has run to its end.
        assert FIRST[-1] in calls


def test_ci_fails_if_the_suite_fails(ci):
    done, calls = ci(FIRST[6].removesuffix(ADDED))
    assert done.returncode == 3
    assert FIRST[6] in calls
    assert FIRST[7] not in calls


def test_ci_runs_the_command_of_the_readme(ci, tmp_path):
    (tmp_path / "project" / "README.md").write_text("python -m pytest\n")
    done = subprocess.run([tmp_path / "project" / ".ci" / "run"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "another test command" in done.stdout
    assert not (tmp_path / "calls").exists()
