"""
What the command says to someone who tries it for the first time.
"""

import argparse
import re
from importlib import resources

import pytest
from commands import run
from map_files import publish_maps, save_maps

from sunpy_farside.catalog.database import DATABASE
from sunpy_farside.cli import _parser
from sunpy_farside.errors import FarsideError
from sunpy_farside.network import PACKAGED, choose_device

COMMANDS = _parser()[1].choices
ARGUMENTS = [
    pytest.param(command, action, id=f"{command} {action.option_strings or action.dest}")
    for command, parser in COMMANDS.items()
    for action in parser._actions
    if not isinstance(action, argparse._HelpAction)
]


def option(command, name):
    return next(item for item in COMMANDS[command]._actions if name in item.option_strings)


@pytest.mark.parametrize(("command", "action"), ARGUMENTS)
def test_every_argument_has_a_help_text_of_its_own(command, action):
    assert action.help
    assert not re.match("as for", action.help)
    # Positional arguments are in capitals, as in the descriptions.
    if not action.option_strings:
        name = action.metavar or action.dest
        assert name.isupper() or action.type is not None


def test_the_help_names_all_recipes_and_networks():
    folder = resources.files("sunpy_farside.training") / "recipes"
    for path in folder.iterdir():
        assert path.name.removesuffix(".toml") in option("train", "--recipe").help
    for command in ("detect", "watch", "daily", "evaluate"):
        for name in PACKAGED:
            assert name in option(command, "--model").help


@pytest.mark.parametrize(
    ("arguments", "span"),
    [
        (["daily", "--output", "x", "--alert-new", "7"], "from 0 to 1"),
        (["daily", "--output", "x", "--alert-new", "-1"], "from 0 to 1"),
        (["daily", "--output", "x", "--alert", "-1"], "0 or more"),
        (["simulate", "2022-05-05", "3", "--output", "x", "--activity", "5"], "from 0 to 1.2"),
        (["simulate", "2022-05-05", "3", "--output", "x", "--activity", "nan"], "from 0 to 1.2"),
        (["compare", "x", "y", "--distance", "0"], "from 0.1 to 180"),
        (["compare", "x", "y", "--distance", "200"], "from 0.1 to 180"),
    ],
)
def test_numbers_have_ranges(arguments, span, capsys):
    with pytest.raises(SystemExit) as error:
        run(*arguments)
    assert error.value.code == 2
    assert span in capsys.readouterr().err


@pytest.mark.parametrize("command", ["detect", "watch"])
def test_a_folder_of_another_product(command, maps, tmp_path, capsys):
    publish_maps(tmp_path, maps[:2])
    assert run(command, tmp_path, "--product", "gong") == 1
    error = capsys.readouterr().err
    assert "expected files of gong (mrfqoYYMMDDtHHMM.fits), found 2 files of phase_map." in error
    assert "Leave out --product, or give --product phase_map." in error


@pytest.mark.parametrize("command", ["detect", "watch"])
@pytest.mark.parametrize(("names", "found"), [([], "no file"), (["notes.txt"], "1 file of other")])
def test_a_folder_without_maps(command, names, found, tmp_path, capsys):
    for name in names:
        (tmp_path / name).touch()
    assert run(command, tmp_path) == 1
    error = capsys.readouterr().err
    assert f"found {found}" in error
    for pattern in ("PHASE_MAP_YYYY.MM.DD_HH:MM:SS.fits", "hmi.td_fsi_12h.YYYYMMDD_HHMMSS_TAI"):
        assert pattern in error


def test_a_run_of_the_day_without_maps_says_where_it_looked(tmp_path, maps, capsys):
    assert run("daily", "--output", tmp_path, "--offline") == 0
    out = capsys.readouterr().out
    assert f"looked for PHASE_MAP_YYYY.MM.DD_HH:MM:SS.fits in {tmp_path / 'maps'}" in out
    assert "without --offline" in out
    save_maps(tmp_path / "maps", maps[:2])
    assert run("daily", "--output", tmp_path, "--offline") == 0
    assert f"no sequence of eleven maps yet: 2 maps in {tmp_path}" in capsys.readouterr().out


@pytest.mark.parametrize("depth", ["detections", "maps/detections"])
def test_the_catalog_is_in_a_folder_below(depth, tmp_path, capsys):
    (tmp_path / depth).mkdir(parents=True)
    (tmp_path / depth / DATABASE).touch()
    assert run("track", tmp_path) == 1
    error = capsys.readouterr().err
    assert f"There is one in {tmp_path / depth}." in error
    assert "sunpy-farside watch makes it." in error


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ([], "found none of them"),
        (["map.fits", "--latest"], "found paths and --latest"),
        (["--latest", "--time", "2022-05-05"], "found --time and --latest"),
    ],
)
def test_paths_a_time_or_the_latest_maps(arguments, found, capsys):
    assert run("detect", *arguments) == 2
    assert found in capsys.readouterr().err


def test_devices_that_are_not_here_and_no_devices(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(FarsideError, match="'cuda', which is not available here"):
        choose_device("cuda")
    with pytest.raises(FarsideError, match=r"auto, cuda, mps or cpu, found .tpu"):
        choose_device("tpu")
