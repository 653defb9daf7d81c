"""
Processes of commands that are interrupted, have a closed output, or have no home.
"""

import logging
import os
import signal
import sys
import threading
import warnings
from pathlib import Path

import pytest
from commands import LONGEST, start, wait_until

from sunpy_farside.utils import interruption

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


@pytest.fixture
def command(monkeypatch):
    """
    Let this process be the command, and restore what an interruption changes; return the ends.
    """
    ends, timers = [], []
    # A shell ignores it in what it runs in the background.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    changed = ((sys, "unraisablehook"), (threading, "excepthook"), (warnings, "showwarning"))
    for module, name in changed:
        monkeypatch.setattr(module, name, getattr(module, name))

    class Timer(threading.Timer):
        def start(self):
            timers.append(self)
            super().start()

    monkeypatch.setattr(threading, "Timer", Timer)
    monkeypatch.setattr(interruption, "is_command", lambda: True)
    monkeypatch.setattr(interruption, "_pressed", [])
    monkeypatch.setattr(interruption.os, "_exit", ends.append)
    yield ends
    for timer in timers:
        # Later it would end this process.
        timer.cancel()
        timer.join()
    signal.signal(signal.SIGINT, before)
    logging.disable(logging.NOTSET)


def press():
    signal.raise_signal(signal.SIGINT)


def test_first_press_interrupts_and_second_ends(command, capfd):
    with interruption.watched_interruptions() as interrupted:
        assert not interrupted()
        with pytest.raises(KeyboardInterrupt):
            press()
        assert interrupted()
        assert command == []
        # Here the stand-in of the end returns.
        with pytest.raises(KeyboardInterrupt):
            press()
    assert command == [130]
    assert capfd.readouterr().err == LINE


def test_cleaning_up_has_an_end(command, monkeypatch):
    monkeypatch.setattr(interruption, "_PATIENCE", 0.01)
    with interruption.watched_interruptions():
        with pytest.raises(KeyboardInterrupt):
            press()
        wait_until(lambda: command)
    assert command == [130]


def test_ignored_interruptions_stay_ignored(command):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interruption.watched_interruptions() as interrupted:
        press()
        assert not interrupted()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_other_programs_and_threads_handle_their_own_interruptions(command, monkeypatch):
    before, found = signal.getsignal(signal.SIGINT), []

    def watch():
        with interruption.watched_interruptions() as interrupted:
            found.append((signal.getsignal(signal.SIGINT), interrupted()))

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    monkeypatch.setattr(interruption, "is_command", lambda: False)
    watch()
    interruption._end_while_loading()
    assert found == [(before, False)] * 2
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interruption_while_loading_ends(command, monkeypatch, capfd):
    registered = []
    monkeypatch.setattr(interruption.atexit, "register", registered.append)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interruption._end_while_loading()
    press()
    assert command == [130]
    assert capfd.readouterr().err == LINE
    # At the exit, the code is that of an interruption only after one.
    (at_exit,) = registered
    at_exit()
    assert command == [130]
    interruption._pressed.append(True)
    at_exit()
    assert command == [130, 130]


def test_interruptions_are_held_back(command):
    if not hasattr(signal, "pthread_sigmask"):
        pytest.skip("no signal masks")
    with interruption.watched_interruptions() as interrupted:
        held = interruption.held_interruptions()
        held.__enter__()
        press()
        before = interrupted()
        with pytest.raises(KeyboardInterrupt):
            held.__exit__(None, None, None)
        assert (before, interrupted()) == (False, True)
