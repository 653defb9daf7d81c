"""
Files that appear whole or not at all, also when the process dies.
"""

import os
import signal
import subprocess
import sys
import time

import pytest

from sunpy_farside.utils import files
from sunpy_farside.utils.files import PARTIAL, remove_partial, whole_files

# Only that module: all of the package takes seconds to import.
SCRIPT = f"""
import os, runpy, sys
whole_files = runpy.run_path({files.__file__!r})["whole_files"]
with whole_files(sys.argv[1]) as partial:
    (partial / "a").write_text("new")
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(9)
"""


@pytest.fixture
def writer(tmp_path):
    """
    Start a process that is writing into a folder.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def partials(folder):
    return list(folder.rglob(PARTIAL + "*"))


def write(folder, **contents):
    with whole_files(folder) as partial:
        for name, text in contents.items():
            (partial / name).write_text(text)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, None])
def test_next_run_removes_what_a_killed_one_left(tmp_path, writer, number):
    if number is None:
        writer.stdin.close()
    else:
        writer.send_signal(number)
    writer.wait()
    assert partials(tmp_path)
    write(tmp_path, b="mine")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_what_another_process_is_writing_stays(tmp_path, writer):
    (theirs,) = partials(tmp_path)
    os.utime(theirs, (0, 0))
    write(tmp_path, b="mine")
    remove_partial(tmp_path.parent)
    assert partials(tmp_path) == [theirs]
    assert (theirs / "files" / "a").read_text() == "new"


def test_remove_partial_goes_into_folders(tmp_path, writer):
    writer.kill()
    writer.wait()
    remove_partial(tmp_path.parent)
    assert not partials(tmp_path)
    remove_partial(tmp_path / "nowhere")


def test_folders_without_a_lock_go_when_they_are_old(tmp_path):
    # Earlier releases made them so; another process may be about to lock a young one.
    old, young = tmp_path / (PARTIAL + "old"), tmp_path / (PARTIAL + "young")
    for folder in (old, young):
        folder.mkdir()
        (folder / "a.fits").write_text("")
    os.utime(old, (time.time() - 3600,) * 2)
    write(tmp_path)
    assert partials(tmp_path) == [young]


def test_nothing_else_is_removed(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "a").write_text("")
    (tmp_path / (PARTIAL + "file")).write_text("")
    (tmp_path / (PARTIAL + "link")).symlink_to(tmp_path / "kept")
    os.utime(tmp_path / "kept", (0, 0))
    write(tmp_path)
    assert (tmp_path / (PARTIAL + "file")).exists()
    assert (tmp_path / (PARTIAL + "link") / "a").exists()


def fail(folder):
    with whole_files(folder) as partial:
        (partial / "a").write_text("new")
        raise KeyError


def test_an_error_changes_nothing(tmp_path):
    write(tmp_path, a="old")
    with pytest.raises(KeyError):
        fail(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_order_in_which_files_move(tmp_path, monkeypatch):
    moved = []
    replace = os.replace

    def follow(source, target):
        moved.append(target.name)
        replace(source, target)

    monkeypatch.setattr(os, "replace", follow)
    with whole_files(tmp_path, last="b") as partial:
        for name in "cba":
            (partial / name).write_text("")
    assert moved == ["a", "c", "b"]


def test_a_folder_taken_away_before_it_is_locked(tmp_path, monkeypatch):
    make = files.tempfile.mkdtemp
    made = []

    def taken_at_first(**kwargs):
        made.append(make(**kwargs))
        if len(made) == 1:
            os.rmdir(made[0])  # noqa: PTH106
        return made[-1]

    monkeypatch.setattr(files.tempfile, "mkdtemp", taken_at_first)
    write(tmp_path, a="new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
