"""
The methods of the command ``detect``, and its choice of a sequence in a stack.
"""

import json

import h5py
import numpy as np
import pytest
from commands import run
from map_files import publish_maps

from astropy.io import fits

from sunpy_farside import (
    FarsideDetection,
    FarsideSequence,
    cli,
    detect_farside,
    detect_seismic_strength,
    find_sequences,
)
from sunpy_farside.detection.export import to_csv, to_json
from sunpy_farside.detection.methods import METHODS
from sunpy_farside.maps import FarsidePhaseMap, phase_map_header


@pytest.fixture(scope="module")
def folder(tmp_path_factory, maps):
    """
    Write twelve maps: two sequences.
    """
    folder = tmp_path_factory.mktemp("twelve")
    publish_maps(folder, maps[:12])
    return folder


@pytest.fixture
def cumulated(tmp_path, maps):
    """
    Write three 5-day maps, and return their folder and the maps.
    """
    folder = tmp_path / "cumulated"
    folder.mkdir()
    found = []
    for k in (10, 11, 12):
        data = np.mean([item.data for item in maps[k - 10 : k + 1]], axis=0).astype(np.float32)
        found.append(FarsidePhaseMap(data, phase_map_header(maps[k].date, "phase_map_5day")))
        name = maps[k].date.strftime("CUM_PHASE_%Y.%m.%d_%H:%M:%S.fits")
        fits.PrimaryHDU(data).writeto(folder / name)
    return folder, found


def test_names_are_those_of_the_methods():
    _, commands = cli._parser()
    (option,) = (item for item in commands.choices["detect"]._actions if item.dest == "method")
    assert list(option.choices) == list(METHODS)


def test_the_sar_method_gives_the_same_as_in_python(folder, maps, tmp_path, capsys):
    expected = detect_seismic_strength(find_sequences(maps[:12]))
    output = tmp_path / "out"
    assert run("detect", folder, "--method", "sar", "--format", "json", "--output", output) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(to_json(expected))
    assert run("detect", folder, "--method", "sar", "--format", "csv") == 0
    assert capsys.readouterr().out == to_csv(expected) + "\n"
    assert run("detect", folder, "--method", "sar") == 0
    assert capsys.readouterr().out.count("(seismic strength of 400 uHem rad or more)") == 2
    for detection in expected:
        again = FarsideDetection.read(output / detection.date.strftime("%Y%m%d_%H%M"))
        assert again.method is METHODS["sar"]
        np.testing.assert_array_equal(again.segments, detection.segments)
        assert (output / detection.date.strftime("%Y%m%d_%H%M") / "detection.png").exists()


def test_columns_are_those_of_the_network(folder, capsys):
    headings = set()
    for method in METHODS:
        assert run("detect", folder, "--method", method, "--format", "csv") == 0
        headings.add(capsys.readouterr().out.split("\n")[0])
    assert len(headings) == 1


def test_threshold_of_the_sar_method(folder, capsys):
    assert run("detect", folder, "--method", "sar", "--threshold", 5, "--format", "json") == 0
    for record in json.loads(capsys.readouterr().out):
        assert record["threshold"] == "5.0 uHem rad"
        assert record["regions"]
        for region in record["regions"]:
            assert region["significant"] == (region["seismic_strength"] >= 5)


def test_the_default_network_is_the_default(folder, maps, capsys):
    assert run("detect", folder, "--method", "network", "--format", "csv") == 0
    assert capsys.readouterr().out == to_csv(detect_farside(find_sequences(maps[:12]))) + "\n"


@pytest.mark.parametrize("given", [["--model", "measured"], ["--device", "cpu"]])
def test_the_sar_method_has_no_network(folder, given, tmp_path, capsys):
    output = tmp_path / "out"
    assert run("detect", folder, "--method", "sar", *given, "--output", output) == 2
    out, err = capsys.readouterr()
    assert f"Expected no {given[0]} with --method sar" in err
    assert "--threshold is its seismic strength" in err
    assert out == ""
    assert not output.exists()


def test_five_day_maps(cumulated, tmp_path, capsys):
    folder, maps = cumulated
    expected = json.loads(to_json(detect_seismic_strength(maps, width=100)))
    command = ["--method", "sar", "--format", "json", "--width", 100]
    assert run("detect", folder, *command, "--output", tmp_path / "out") == 0
    assert json.loads(capsys.readouterr().out) == expected
    again = FarsideDetection.read(tmp_path / "out" / maps[0].date.strftime("%Y%m%d_%H%M"))
    assert again.sequence.product == "phase_map_5day"
    assert run("detect", *sorted(folder.iterdir())[::-1], *command) == 0
    assert json.loads(capsys.readouterr().out) == expected
    # Among other maps, they have to be asked for.
    publish_maps(folder, [maps[0]])
    assert run("detect", folder, *command, "--product", "phase_map_5day") == 0
    assert json.loads(capsys.readouterr().out) == expected


def test_five_day_maps_that_are_broken(cumulated, capsys):
    folder, maps = cumulated
    broken = min(folder.iterdir())
    broken.write_text("<html></html>")
    assert run("detect", folder, "--method", "sar", "--format", "json") == 1
    out, err = capsys.readouterr()
    assert [record["date"][:13] for record in json.loads(out)] == [
        item.date.isot[:13] for item in maps[1:]
    ]
    first, last = err.splitlines()
    assert broken.name in first
    assert last.endswith("1 of 3 files could not be used, named above. The other maps are done.")
    for path in folder.iterdir():
        path.write_text("<html></html>")
    assert run("detect", folder, "--method", "sar") == 1
    assert "found none that can be used in 3 files" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--method", "network"], "Detect in them with --method sar"),
        (["--method", "sar", "--missing", "1"], "Expected no --missing with 5-day maps"),
        (["--method", "sar", "--scheduler", "tcp://a:1"], "Expected no --scheduler with 5-day"),
    ],
)
def test_five_day_maps_are_no_sequences(cumulated, given, message, capsys):
    folder, _ = cumulated
    for named in ([folder], sorted(folder.iterdir()), [folder, "--product", "phase_map_5day"]):
        assert run("detect", *named, *given) == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("given", [["--latest"], ["--time", "2022-05-05"]])
def test_five_day_maps_are_fetched_by_fetch(given, capsys):
    assert run("detect", *given, "--method", "sar", "--product", "phase_map_5day") == 2
    error = capsys.readouterr().err
    assert f"Expected no {given[0]} with 5-day maps" in error
    assert "'sunpy-farside fetch START END --product phase_map_5day'" in error


@pytest.fixture
def stack(tmp_path, maps):
    """
    Write three sequences into one file.
    """
    path = tmp_path / "stack.h5"
    with h5py.File(path, "w") as file:
        file["phases"] = np.stack([item.data for item in find_sequences(maps)])
    return path


@pytest.mark.parametrize("index", [0, 2])
def test_a_sequence_of_a_stack(stack, maps, index, capsys):
    sequence = find_sequences(maps)[index]
    command = ["detect", stack, "--date", sequence.date.isot, "--method", "sar"]
    assert run(*command, "--format", "csv", "--index", index) == 0
    alone = FarsideSequence.from_array(sequence.data, sequence.date)
    assert capsys.readouterr().out == to_csv([detect_seismic_strength(alone)]) + "\n"


def test_an_index_is_needed_and_in_range(stack, tmp_path, capsys):
    command = ["detect", stack, "--date", "2022-05-05"]
    for given, found in (([], "none"), (["--index", 3], "3")):
        assert run(*command, *given) == 2
        text = f"{stack}: expected --index from 0 to 2, as it has 3 sequences, found {found}."
        assert text in capsys.readouterr().err
    with h5py.File(stack, "r+") as file:
        data = file["phases"][:1]
        del file["phases"]
        file["phases"] = data
    assert run(*command, "--index", 1) == 2
    assert "expected --index 0, as it has 1 sequence, found 1." in capsys.readouterr().err
    assert run(*command, "--index", 0) == 0
    assert "Far side on 2022-05-05T00:00" in capsys.readouterr().out


@pytest.mark.parametrize("given", [["--index", "0"], ["--date", "2022-05-05"]])
def test_options_of_stacks_do_not_go_with_maps(folder, given, capsys):
    assert run("detect", folder, *given) == 2
    assert f"Expected no {given[0]} with phase maps" in capsys.readouterr().err
