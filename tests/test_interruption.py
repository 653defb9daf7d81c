"""
Processes of commands that are interrupted, have a closed output, or have no home.
"""

import os
import signal
from pathlib import Path

import pytest
from commands import LONGEST, start, wait_until

LINE = "sunpy-farside: interrupted\n"
PROC = Path("/proc")

linux = pytest.mark.skipif(not (PROC / "self" / "maps").exists(), reason="looks into /proc")


def group(process):
    """
    Return the processes of a command's group that have not ended.
    """
    found = []
    for status in PROC.glob("[0-9]*/stat"):
        try:
            state, _, number = status.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(number) == process.pid and state not in "ZX":
            found.append(int(status.parent.name))
    return found


def has_loaded(name):
    """
    Return a function that checks whether a process has loaded a library.
    """

    def loaded(process):
        pid = getattr(process, "pid", process)
        try:
            return name in (PROC / str(pid) / "maps").read_text()
        except OSError:
            # It has just ended.
            return False

    return loaded


def has_worker(process):
    return sum(map(has_loaded("torch"), group(process))) > 1


@linux
@pytest.mark.parametrize(
    ("command", "ready"),
    [
        ("info --device cpu", has_loaded("numpy")),
        ("info --device cpu", has_loaded("torch")),
        pytest.param(
            "evaluate --number 400 --workers 1 --output {folder}",
            has_worker,
            marks=pytest.mark.slow,
        ),
        pytest.param("train --workers 1 --output {folder}", has_worker, marks=pytest.mark.slow),
    ],
    ids=["loading", "loading-torch", "evaluate", "train"],
)
def test_interruption_is_one_line_and_leaves_no_process(command, ready, tmp_path):
    process = start(*command.format(folder=tmp_path / "out").split())
    try:
        wait_until(lambda: ready(process) or process.poll() is not None)
        assert process.poll() is None, process.stderr.read()
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=LONGEST)
        # Each progress bar is one line.
        lines = [
            line for line in err.splitlines(keepends=True) if "%|" not in line and line.strip()
        ]
        assert (process.returncode, lines) == (130, [LINE])
        assert "Traceback" not in out
        wait_until(lambda: not group(process))
        assert list(tmp_path.rglob(".partial-*")) == []
    finally:
        for pid in group(process):
            os.kill(pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("command", ["--help", "simulate 2022-05-01 1 --output out"])
def test_output_that_nobody_reads_ends_quietly(command, tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    environment = {key: os.environ[key] for key in os.environ if key != "PYTHONUNBUFFERED"}
    process = start(*command.split(), stdout=writer, cwd=tmp_path, env=environment)
    os.close(writer)
    _, err = process.communicate(timeout=LONGEST)
    assert (process.returncode, err) == (141, "")


@pytest.mark.parametrize("home", [None, "/proc/nothing"])
def test_home_that_is_not_there(home):
    environment = {key: value for key, value in os.environ.items() if key != "HOME"}
    environment |= {} if home is None else {"HOME": home}
    process = start("--version", env=environment)
    out, err = process.communicate(timeout=LONGEST)
    assert (process.returncode, err) == (0, "")
    assert out.strip()
