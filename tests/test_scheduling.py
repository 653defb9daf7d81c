"""
Commands with the workers of a scheduler of Dask: two processes on this machine.
"""

import logging
import os
import re
import shutil
import signal
import sys
import time
import warnings
from dataclasses import astuple
from pathlib import Path

import cloudpickle
import dask
import numpy as np
import pytest
from archive_files import region_list
from commands import LONGEST, run, start, wait_until
from distributed import LocalCluster
from map_files import publish_maps

from astropy.io import fits
from astropy.time import Time

import sunpy_farside
from sunpy_farside.cadence import step_numbers, step_time
from sunpy_farside.cli import scheduled_detection
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.datasets.store import write_store
from sunpy_farside.errors import SchedulerError
from sunpy_farside.evaluation import real as real_evaluation
from sunpy_farside.evaluation import simulated as simulated_evaluation
from sunpy_farside.evaluation import stored as stored_evaluation
from sunpy_farside.evaluation.simulated import simulated_cases
from sunpy_farside.maps.windows import cut_globe
from sunpy_farside.simulation import phases, simulate_maps
from sunpy_farside.utils import scheduling
from sunpy_farside.utils.scheduling import scheduled

# Workers cannot import the tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

OPTIONS = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": ":0"}
QUIET = {"silence_logs": logging.CRITICAL}


@pytest.fixture(scope="module")
def cluster():
    settings = {
        # One worker may die.
        "distributed.scheduler.allowed-failures": 1,
        "distributed.admin.system-monitor.gil.enabled": False,
    }
    with dask.config.set(settings), LocalCluster(n_workers=2, **OPTIONS, **QUIET) as cluster:
        yield cluster


@pytest.fixture
def address(cluster):
    cluster.wait_for_workers(2)
    return cluster.scheduler_address


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(scheduling, "_PATIENCE", 0.5)


@pytest.fixture
def many_parts(monkeypatch):
    monkeypatch.setattr(scheduled_detection, "_SIZE", 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """
    Write sixteen maps: six sequences.
    """
    folder = tmp_path_factory.mktemp("sixteen")
    publish_maps(folder, simulate_maps("2022-05-01", 16, seed=7).maps)
    return folder


@pytest.fixture
def observed(folder, tmp_path):
    """
    Add region lists to the maps: three of the six sequences are covered.
    """
    observed = shutil.copytree(folder, tmp_path / "observed")
    dates = step_time(step_numbers(Time("2022-05-06T12:00"))[0] + np.arange(3))
    for date in dates:
        middle = far_side_central_meridian(date).deg
        name, text = region_list(date, (middle + 10) % 360, 20)
        (observed / name.replace(":", "_")).write_text(text)
    return observed


@pytest.fixture
def store(tmp_path):
    """
    Write a dataset of three sequences for testing, with two active regions each.
    """
    maps = simulate_maps("2022-05-01", 13, seed=7).maps
    steps = step_numbers(Time([item.date for item in maps]))[0]
    active = np.zeros((3, 144, 180))
    active[:, 80:90, 70:80] = active[:, 50:60, 100:110] = 1

    def sequences(written):
        return {
            "middle": steps[5:8],
            "frame_date": step_time(steps[5:8] + 27).isot,
            "split": ["test"] * 3,
            "active": active,
            "left_out": [],
        }

    meridians = np.floor([far_side_central_meridian(item.date).deg for item in maps])
    phases = zip(steps, map(cut_globe, maps), strict=True)
    (tmp_path / "dataset").mkdir()
    write_store(tmp_path / "dataset" / "dataset.h5", steps[0], meridians, phases, sequences)
    return tmp_path / "dataset"


def contents(folder):
    """
    Return the contents of files, without what changes from run to run.
    """
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def error_of(capsys):
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "%|" not in line and line)
    return line


def numbers_of(case):
    """
    Return all the numbers of a case of an evaluation.
    """
    tables = [case.known, *(item.measured for item in case.found.values())]
    arrays = [np.asarray(table[name]) for table in tables for name in table.colnames]
    arrays += [part for item in case.found.values() for part in (item.covers, *item.chance)]
    return [*arrays, *(np.asarray(part) for item in case.pixels.values() for part in astuple(item))]


def test_cases_of_an_evaluation_are_the_same(address, monkeypatch, capsys):
    monkeypatch.setattr(simulated_evaluation, "_CHUNK", 1)
    models = {"default": "default"}
    there = simulated_cases(models, 3, scheduler=address)
    assert "| 3/3 [" in capsys.readouterr().err
    evaluate_case = simulated_evaluation._evaluate(models, "test", 120, None)
    for case, number in zip(there, range(3), strict=True):
        for first, second in zip(numbers_of(case), numbers_of(evaluate_case(number)), strict=True):
            np.testing.assert_array_equal(first, second)


@pytest.mark.slow
def test_reports_of_evaluations_are_the_same(address, tmp_path, folder):
    for extra in (["--number", 11], ["--number", 3, "--missing", 1]):
        outputs = [tmp_path / f"{name}{len(extra)}" for name in ("here", "there")]
        for output, more in zip(outputs, ([], ["--scheduler", address]), strict=True):
            assert run("evaluate", *extra, "--output", output, *more) == 0
        assert contents(outputs[0]) == contents(outputs[1])


@pytest.fixture
def single_pieces(monkeypatch):
    for module in (real_evaluation, simulated_evaluation, stored_evaluation):
        monkeypatch.setattr(module, "_CHUNK", 1)


@pytest.mark.parametrize("option", ["--real", "--data"])
def test_reports_of_other_evaluations_are_the_same(
    option, address, observed, store, single_pieces, tmp_path, monkeypatch, capsys
):
    # The workers are in another folder.
    monkeypatch.chdir(tmp_path)
    given = {"--real": observed, "--data": store}[option].name
    found = []
    for name, more in (("here", []), ("there", ["--scheduler", address])):
        assert run("evaluate", option, given, "--output", name, *more) == 0
        found.append((capsys.readouterr().out, contents(tmp_path / name)))
    assert found[0] == found[1]
    assert "3 sequences" in found[0][0]


@pytest.mark.parametrize("option", ["--real", "--data"])
def test_evaluations_without_sequences_fail_alike(option, address, observed, tmp_path, capsys):
    for path in sorted(observed.glob("PHASE_MAP*"))[10:]:
        path.unlink()
    found = []
    for more in ([], ["--scheduler", address]):
        assert run("evaluate", option, observed, "--output", tmp_path / "report", *more) == 1
        found.append(capsys.readouterr().err.splitlines()[-1])
    assert found[0] == found[1]
    assert f"sunpy-farside: {observed}" in found[0]


@pytest.mark.parametrize(("method", "form"), [("network", "table"), ("sar", "csv")])
def test_detections_are_the_same(address, many_parts, folder, method, form, capsys):
    command = ["detect", folder, "--method", method, "--format", form]
    assert run(*command) == 0
    here = capsys.readouterr()
    assert run(*command, "--scheduler", address) == 0
    assert capsys.readouterr() == here


def test_written_detections_are_the_same(address, folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(scheduled_detection, "_SIZE", 1)
    paths = sorted(folder.iterdir())[:12]
    for name, more in (("here", []), ("there", ["--scheduler", address])):
        assert run("detect", *paths, "--output", tmp_path / name, *more) == 0
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert capsys.readouterr().out.rstrip().endswith(f"Files and pictures: {tmp_path / 'there'}")


@pytest.mark.parametrize("sun", ["drawn", "measured"])
def test_simulated_maps_are_the_same(address, sun, tmp_path, monkeypatch):
    monkeypatch.setattr(phases, "_SPAN", 5)
    command = ["simulate", "2022-05-01", 13, "--sun", sun, "--output"]
    assert run(*command, tmp_path / "here") == 0
    assert run(*command, tmp_path / "there", "--scheduler", address) == 0
    assert len(contents(tmp_path / "there")) == 14
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_broken_maps_are_named_once(address, many_parts, folder, tmp_path, capsys):
    maps = shutil.copytree(folder, tmp_path / "maps")
    paths = sorted(maps.iterdir())
    # One of them is in several parts, one in no sequence.
    paths[1].write_bytes(paths[1].read_bytes()[:5000])
    paths[14].write_text("<html></html>")
    paths[5].rename(maps / "PHASE_MAP_2022.05.03_15:00:00.fits")
    command = ["detect", maps, "--format", "json", "--missing", "1"]
    assert run(*command) == 1
    here = capsys.readouterr()
    assert run(*command, "--scheduler", address) == 1
    assert capsys.readouterr() == here
    assert "2022-05" in here.out
    assert here.err.count("could not be used") == 1
    for path in (paths[1], paths[14]):
        assert here.err.count(path.name) == 1


def test_files_without_sequences_are_explained_alike(address, folder, tmp_path, capsys):
    maps = shutil.copytree(folder, tmp_path / "maps")
    for path in sorted(maps.iterdir())[3::4]:
        path.write_text("<html></html>")
    assert run("detect", maps) == 1
    here = capsys.readouterr()
    assert run("detect", maps, "--scheduler", address) == 1
    assert capsys.readouterr() == here
    assert "Expected 11 consecutive maps" in here.err


def test_warnings_of_workers_are_shown_once(address, many_parts, folder, tmp_path, capsys):
    maps = shutil.copytree(folder, tmp_path / "maps")
    path = sorted(maps.iterdir())[3]
    with fits.open(path, mode="update") as hdus:
        hdus[0].header["DATE-OBS"] = "2021-05-01T00:00:00"
    found = []
    for more in ([], ["--scheduler", address]):
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            assert run("detect", maps, *more) == 0
        found.append(capsys.readouterr())
    assert found[0] == found[1]
    assert f"sunpy-farside: warning: {path}: the name gives" in found[0].err


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="uses /proc")
def test_a_worker_that_cannot_see_the_maps_is_named(address, folder, tmp_path, monkeypatch, capsys):
    shutil.copytree(folder, tmp_path / "maps")
    monkeypatch.chdir(tmp_path)
    # The same path leads to other folders in other processes.
    output = Path("/proc/self/cwd/out")
    assert run("detect", "/proc/self/cwd/maps", "--scheduler", address) == 1
    assert re.search(r"found a worker, tcp://\S+, that cannot read /proc/self/", error_of(capsys))
    assert run("detect", folder, "--output", output, "--scheduler", address) == 1
    assert re.search(rf"on the worker tcp://\S+: {output}: expected the folder", error_of(capsys))
    assert not (tmp_path / "out").exists()


def _double(marker):
    def double(item):
        if marker.suffix == ".always" or not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return 2 * item

    return double


def _fail_at(number):
    def function(item):
        if item == number:
            warnings.warn("about to fail", RuntimeWarning, stacklevel=1)
            msg = "no such luck"
            raise KeyError(msg)
        return item

    return function


def _warn_of(text):
    def function(item):
        warnings.warn(f"{text} {item % 2}", UserWarning, stacklevel=1)
        return item

    return function


def numbered(count):
    return range(count), [f"number {k}" for k in range(count)]


def test_work_that_fails_is_named(address):
    found = scheduled(address, _fail_at, (3,), *numbered(6), size=2)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(SchedulerError, match=r"^number 3, on the worker tcp://.*no such luck"):
        next(found)


def test_equal_warnings_of_workers_are_given_once(address):
    with warnings.catch_warnings(record=True, action="always") as said:
        assert list(scheduled(address, _warn_of, ("number",), *numbered(6))) == list(range(6))
    assert [str(item.message) for item in said] == ["number 0", "number 1"]


def test_work_that_is_no_longer_wanted_is_canceled(cluster, address):
    found = scheduled(address, _fail_at, (-1,), *numbered(300))
    assert next(found) == 0
    assert len(cluster.scheduler.tasks) > 100
    found.close()
    wait_until(lambda: not cluster.scheduler.tasks)


def test_another_version_is_refused(address, folder, monkeypatch, capsys):
    monkeypatch.setattr(sunpy_farside, "__version__", "99.0")
    assert run("detect", folder, "--scheduler", address) == 1
    line = error_of(capsys)
    assert "Expected sunpy_farside 99.0 on every worker, found " in line
    assert "and 1 others. Install the same version" in line


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        ({"n_workers": 0}, "found none. Start some with 'dask worker inproc://"),
        ({"n_workers": 1, "threads_per_worker": 2}, "found 2 threads in inproc://"),
    ],
)
def test_unsuitable_workers(workers, message, impatient, folder, capsys):
    options = OPTIONS | {"host": None} | workers
    with LocalCluster(processes=False, **options, **QUIET) as cluster:
        assert run("detect", folder, "--scheduler", cluster.scheduler_address) == 1
    assert message in error_of(capsys)


@pytest.mark.parametrize("wrong", ["tcp://127.0.0.1:9", "nonsense://127.0.0.1:9", "nowhere"])
def test_a_scheduler_that_does_not_answer(wrong, impatient, folder, capsys):
    start = time.monotonic()
    assert run("detect", folder, "--scheduler", wrong) == 1
    line = error_of(capsys)
    assert f"Expected a scheduler of Dask at {wrong}, found none" in line
    assert "Start one with 'dask scheduler'" in line
    assert time.monotonic() - start < LONGEST / 10


def test_dask_is_an_extra(folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert run("detect", folder, "--scheduler", "tcp://127.0.0.1:9") == 1
    assert "pip install 'sunpy_farside[distributed]'" in error_of(capsys)


@pytest.mark.slow
def test_interruption_cancels_the_work(cluster, address, tmp_path):
    command = ["evaluate", "--number", "4000", "--scheduler", address]
    process = start(*command, "--output", tmp_path / "out")
    wait_until(lambda: len(cluster.scheduler.tasks) > 100 or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=LONGEST)
    lines = [line for line in err.splitlines() if "%|" not in line and line.strip()]
    assert (process.returncode, lines) == (130, ["sunpy-farside: interrupted"])
    wait_until(lambda: not cluster.scheduler.tasks)


def test_a_piece_of_a_worker_that_dies_goes_to_another(address, tmp_path):
    found = scheduled(address, _double, (tmp_path / "killed",), *numbered(7), size=2)
    assert list(found) == [0, 2, 4, 6, 8, 10, 12]
    assert (tmp_path / "killed").exists()


@pytest.mark.slow
def test_work_that_kills_every_worker_is_named(address, tmp_path):
    with pytest.raises(SchedulerError, match=r"number 0 to number 1: every worker .* 2 in all"):
        list(scheduled(address, _double, (tmp_path / "x.always",), *numbered(2), size=2))
