"""
Messages name options to readers on the command line, and arguments to readers in Python.
"""

import re
import shutil

import h5py
import numpy as np
import pytest
from commands import run
from map_files import publish_maps
from safetensors.torch import save_file
from torch import zeros

import sunpy_farside
from sunpy_farside.datasets.build import build_dataset
from sunpy_farside.io import read_stack
from sunpy_farside.network import load_model
from sunpy_farside.sequence import FarsideSequence

# Names that a reader on the command line cannot use.
PYTHON = {*sunpy_farside.__all__, "watch_folder", "save_model", "a.jsoc.Notify"}


class Case:
    """
    Wrong input, given to a command and to the function behind it.
    """

    def __init__(self, command, call, there, here):
        self.command = command
        self.call = call
        self.there = there
        self.here = here


def _ten_maps(folder, jsoc_files):
    for path in jsoc_files[1:]:
        shutil.copy(path, folder)
    return Case(
        ["detect", folder],
        lambda: FarsideSequence.from_files(folder.glob("*.fits")),
        "--missing 1.",
        "missing=1.",
    )


def _ten_of_a_stack(folder, jsoc_files):
    data = FarsideSequence.from_files(jsoc_files).data.copy()
    data[3] = np.nan
    path = folder / "stack.h5"
    with h5py.File(path, "w") as file:
        file["phases"] = data
    return Case(
        ["detect", path, "--date", "2022-05-05"],
        lambda: FarsideSequence.from_array(read_stack(path)[0], "2022-05-05"),
        "--missing 1.",
        "missing=1.",
    )


def _a_gap_in_the_archive(folder, jsoc_files):
    return Case(
        ["detect", "--time", "2022-05-06"],
        lambda: sunpy_farside.fetch_sequence("2022-05-06"),
        "--missing 2.",
        "missing=2.",
    )


def _a_map_without_a_date(folder, jsoc_files):
    path = folder / "map.fits"
    shutil.copy(jsoc_files[0], path)
    return Case(
        ["detect", path],
        lambda: sunpy_farside.read_phase_map(path),
        "Rename the file.",
        "Give it with time=.",
    )


def _no_catalog(folder, jsoc_files):
    return Case(
        ["track", folder],
        lambda: sunpy_farside.catalog.read_catalog(folder),
        "sunpy-farside watch makes it.",
        "watch_folder makes it.",
    )


def _no_address_for_magnetograms(folder, jsoc_files):
    days = "2022-05-19", "2022-05-20"
    return Case(
        ["build-dataset", "--start", days[0], "--end", days[1], "--output", folder],
        lambda: build_dataset(*days, folder, progress=False),
        "with --email, put the files there, or build without them with --offline.",
        "with email=, put the files there, or build without them with offline=True.",
    )


def _weights_without_settings(folder, jsoc_files):
    path = folder / "weights.safetensors"
    save_file({"weight": zeros(1)}, path)
    return Case(
        ["detect", *jsoc_files, "--model", path],
        lambda: load_model(path),
        "Write weights with sunpy-farside train.",
        "Write weights with save_model.",
    )


@pytest.fixture
def _archive(tmp_path, serve, jsoc_files, monkeypatch, only_loopback):
    """
    Serve the maps on the loopback address, with an empty cache and without an address for exports.
    """
    folder = tmp_path / "served" / "Phase_Maps" / "2022"
    shutil.copytree(jsoc_files[0].parent, folder)
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SUNPY_FARSIDE_JSOC_EMAIL", raising=False)
    serve(tmp_path / "served")


@pytest.mark.parametrize(
    "make",
    [
        _ten_maps,
        _ten_of_a_stack,
        _a_gap_in_the_archive,
        _a_map_without_a_date,
        _no_catalog,
        _no_address_for_magnetograms,
        _weights_without_settings,
    ],
)
@pytest.mark.usefixtures("_archive")
def test_remedies_are_given_in_the_words_of_the_reader(make, jsoc_files, tmp_path, capsys):
    folder = tmp_path / "input"
    folder.mkdir()
    case = make(folder, jsoc_files)
    assert run(*case.command) == 1
    error = capsys.readouterr().err
    assert case.there in error
    assert not re.search(r"\w=", error)
    assert not any(name in error for name in PYTHON)
    # The command is over: the function speaks to Python again.
    with pytest.raises((OSError, ValueError), match=re.escape(case.here)):
        case.call()


@pytest.mark.parametrize("make", [_ten_maps, _ten_of_a_stack, _a_gap_in_the_archive])
@pytest.mark.usefixtures("_archive")
def test_missing_maps_are_allowed_by_the_option_that_the_error_names(
    make, jsoc_files, tmp_path, capsys
):
    folder = tmp_path / "input"
    folder.mkdir()
    command = make(folder, jsoc_files).command
    run(*command)
    option = re.search(r"--missing \d", capsys.readouterr().err)[0].split()
    assert run(*command, *option) == 0
    assert "Far side on" in capsys.readouterr().out


def test_scattered_maps_are_no_sequence_in_the_words_of_the_command(maps, tmp_path, capsys):
    publish_maps(tmp_path, [*maps[:4], *maps[9:]])
    assert run("detect", tmp_path) == 1
    error = capsys.readouterr().err
    assert "found none among 8. Are some missing? Allow for that with --missing." in error
    with pytest.raises(ValueError, match="Use find_sequences"):
        FarsideSequence.from_files(tmp_path.iterdir())
