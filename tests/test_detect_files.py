"""
Detection on the command line in folders and lists of files, some of them unusable.
"""

import csv
import gzip
import json
import shutil

import h5py
import numpy as np
import pytest
from commands import run
from map_files import publish_maps, published_name

from astropy.io import fits

from sunpy_farside import (
    FarsideDetection,
    FarsideSequence,
    cli,
    detect_seismic_strength,
    read_phase_map,
)
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.detection import neural
from sunpy_farside.detection.export import to_json, to_text


@pytest.fixture(scope="module")
def thirteen(tmp_path_factory, maps):
    """
    Write thirteen maps: three sequences.
    """
    folder = tmp_path_factory.mktemp("thirteen")
    publish_maps(folder, maps)
    return folder


@pytest.fixture
def folder(thirteen, tmp_path):
    return shutil.copytree(thirteen, tmp_path / "maps")


def dates(capsys):
    out, err = capsys.readouterr()
    return [record["date"][:13] for record in json.loads(out)] if out else [], err.splitlines()


def test_a_broken_file_costs_what_needs_it_and_is_named_once(folder, capsys):
    first, *_, last = sorted(folder.iterdir())
    first.write_text("<html></html>")
    last.write_bytes(last.read_bytes()[:5000])
    assert run("detect", folder, "--format", "json") == 1
    found, lines = dates(capsys)
    assert found == ["2022-05-04T00"]
    assert [line.count(path.name) for path, line in zip((first, last), lines, strict=False)] == [
        1,
        1,
    ]
    assert lines[2:] == [
        "sunpy-farside: 2 of 13 files could not be used, named above. The sequences "
        "without them are done."
    ]


def missing_of(capsys):
    """
    Return the missing maps of every date, and the lines of the standard error.
    """
    out, err = capsys.readouterr()
    return {
        record["date"][:13]: [text[:13] for text in record["missing_maps"]]
        for record in json.loads(out)
    }, err.splitlines()


def test_dates_with_missing_maps(folder, maps, capsys):
    (folder / published_name(maps[6].date)).unlink()
    assert run("detect", folder, "--format", "json") == 1
    found, lines = dates(capsys)
    assert found == []
    assert "Allow for that with --missing" in lines[-1]
    assert run("detect", folder, "--format", "json", "--missing", "1") == 0
    found, lines = missing_of(capsys)
    assert found == {
        date: ["2022-05-04T00"] for date in ("2022-05-03T12", "2022-05-04T00", "2022-05-04T12")
    }
    assert lines == []


def test_broken_files_are_missing_maps(folder, maps, capsys):
    (folder / published_name(maps[0].date)).write_text("<html></html>")
    (folder / published_name(maps[12].date)).write_text("<html></html>")
    assert run("detect", folder, "--format", "json", "--missing", "1") == 1
    found, lines = missing_of(capsys)
    assert found == {
        "2022-05-03T12": ["2022-05-01T00"],
        "2022-05-04T00": [],
        "2022-05-04T12": ["2022-05-07T00"],
    }
    assert "2 of 13 files" in lines[-1]


@pytest.mark.parametrize(("number", "code"), [("6", 2), ("-1", 2), ("1.5", 2)])
def test_numbers_of_missing_maps_are_checked(folder, number, code, capsys):
    with pytest.raises(SystemExit) as raised:
        run("detect", folder, f"--missing={number}")
    assert raised.value.code == code
    assert "missing" in capsys.readouterr().err


def test_written_detections_keep_missing_maps(folder, maps, tmp_path, capsys):
    (folder / published_name(maps[5].date)).unlink()
    some = sorted(folder.iterdir())[:10]
    output = tmp_path / "out"
    assert run("detect", *some, "--missing", "1", "--output", output) == 0
    assert "1 of 11 maps missing" in capsys.readouterr().out
    detection = FarsideDetection.read(output / "20220503_1200")
    assert detection.sequence.is_missing.tolist() == [k == 5 for k in range(11)]


def test_maps_off_the_cadence_twice_or_of_another_product_are_named(folder, maps, tmp_path, capsys):
    off = folder / published_name(maps[3].date).replace("12:00:00", "15:00:00")
    off.write_bytes((folder / published_name(maps[3].date)).read_bytes())
    twice = tmp_path / published_name(maps[5].date)
    fits.PrimaryHDU(maps[5].data + 1e-3).writeto(twice)
    other = tmp_path / published_name(maps[2].date).replace("PHASE_MAP", "CUM_PHASE")
    other.write_bytes((folder / published_name(maps[2].date)).read_bytes())
    assert run("detect", folder, twice, other, "--format", "json") == 1
    found, lines = dates(capsys)
    assert found == ["2022-05-03T12", "2022-05-04T00", "2022-05-04T12"]
    text = "\n".join(lines)
    assert f"{off}: 2022-05-02T15:00 is off the 12 h cadence" in text
    assert f"{twice}: {folder / published_name(maps[5].date)} is of the same date" in text
    assert f"{other}: a map of phase_map_5day among maps of phase_map" in text
    assert "3 of 16 files" in lines[-1]
    assert len(lines) == 4


def test_a_map_without_data_in_its_window_is_named(folder, maps, capsys):
    data = maps[12].data.copy()
    longitude = np.arange(data.shape[1])
    meridian = far_side_central_meridian(maps[12].date).deg
    apart = np.abs((longitude - meridian + 180) % 360 - 180)
    data[:, apart < 100] = np.nan
    data[:, apart >= 100] = np.random.default_rng(1).normal(0, 0.05, (181, (apart >= 100).sum()))
    fits.PrimaryHDU(data).writeto(folder / published_name(maps[12].date), overwrite=True)
    assert run("detect", folder, "--format", "json") == 1
    found, lines = dates(capsys)
    assert found == ["2022-05-03T12", "2022-05-04T00"]
    assert published_name(maps[12].date) in lines[0]
    assert "found none" in lines[0]


def test_results_appear_as_they_are_made(folder, monkeypatch, capsys):
    """
    Keep the results that were made before an interruption, all but of batches in the network.
    """
    shown, last = [], max(folder.iterdir())
    read = cli.maps.read_global_map

    def reading(path):
        if path == last:
            shown.append(capsys.readouterr().out)
            raise KeyboardInterrupt
        return read(path)

    monkeypatch.setattr(neural, "_BATCH", 1)
    monkeypatch.setattr(neural, "_AHEAD", 1)
    monkeypatch.setattr(cli.maps, "read_global_map", reading)
    assert run("detect", folder, "--format", "json", "--output", folder / "out") == 130
    out, err = capsys.readouterr()
    records = json.loads(shown[0] + out)
    assert [record["date"][:13] for record in records] == ["2022-05-03T12"]
    assert [path.name for path in (folder / "out").iterdir()] == ["20220503_1200"]
    assert err == "sunpy-farside: interrupted\n"


def test_parts_make_one_csv_and_one_json(thirteen, monkeypatch, capsys):
    def output(form):
        assert run("detect", thirteen, "--format", form) == 0
        return capsys.readouterr().out

    together = output("csv"), output("json")
    monkeypatch.setattr(neural, "_BATCH", 1)
    assert (output("csv"), output("json")) == together
    rows = list(csv.DictReader(together[0].splitlines()))
    assert {row["date"][:13] for row in rows} <= {"2022-05-03T12", "2022-05-04T00", "2022-05-04T12"}
    assert len(rows) == sum(len(record["regions"]) for record in json.loads(together[1]))


def test_one_notion_of_the_maps_of_a_folder(thirteen, tmp_path, capsys):
    """
    Find files in subfolders, packed ones, capital letters and escaped colons, as watch does.
    """
    (tmp_path / "2022").mkdir()
    for number, path in enumerate(sorted(thirteen.iterdir())[:11]):
        target = tmp_path / "2022" / path.name
        if number % 3 == 0:
            target.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        elif number % 3 == 1:
            shutil.copy(path, target.with_suffix(".FITS"))
        else:
            shutil.copy(path, target.with_name(path.name.replace(":", "%3A")))
    assert run("detect", tmp_path, "--format", "json") == 0
    assert dates(capsys) == (["2022-05-03T12"], [])


def test_home_and_patterns(thirteen, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(thirteen))
    monkeypatch.chdir(tmp_path)
    assert run("detect", "~/PHASE_MAP_2022.05.0[1-6]*", "--output=~/results", "--format=json") == 0
    assert dates(capsys)[0] == ["2022-05-03T12", "2022-05-04T00"]
    assert (thirteen / "results" / "20220503_1200").is_dir()
    assert list(tmp_path.iterdir()) == []
    shutil.rmtree(thirteen / "results")
    assert run("detect", "~/*.fit") == 1
    assert f"{thirteen}/*.fit: no such file or folder" in capsys.readouterr().err


def test_home_of_the_cache_and_of_writers(tmp_path, monkeypatch, detection):
    from sunpy_farside.utils.cache import cache_folder

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", "~/cached")
    monkeypatch.chdir(tmp_path)
    assert cache_folder("models") == tmp_path / "cached" / "models"
    detection.write("~/written")
    assert (tmp_path / "written" / "image.fits").exists()
    assert type(detection).read("~/written").model == detection.model
    assert not (tmp_path / "~").exists()


def test_one_path_where_a_list_is_expected():
    with pytest.raises(TypeError, match="a list of 11 files, found the text"):
        FarsideSequence.from_files("*.fits")


def test_options_may_stand_between_paths(jsoc_files, capsys):
    half, rest = jsoc_files[:5], jsoc_files[5:]
    assert run("detect", *half, "--format", "json", *rest) == 0
    assert dates(capsys)[0] == ["2022-05-05T00"]


def test_width_of_a_stack(simulated, tmp_path, capsys):
    path = tmp_path / "stack.h5"
    with h5py.File(path, "w") as file:
        file["phases"] = simulated.sequence.data
    command = ["detect", path, "--date", "2022-05-05", "--format", "json"]
    extents = []
    for options in ([], ["--width", 60]):
        assert run(*command, *options, "--output", tmp_path / f"out{len(options)}") == 0
        capsys.readouterr()
        (image,) = (tmp_path / f"out{len(options)}").rglob("image.fits")
        extents.append(fits.getdata(image).shape)
    assert extents == [(144, 120), (144, 60)]
    assert run(*command, "--width", 140) == 2
    assert "a width of 120 at most" in capsys.readouterr().err


def test_one_spelling_of_the_unit_of_strength(simulated):
    detection = detect_seismic_strength(simulated.sequence, threshold=300)
    assert "(seismic strength of 300 uHem rad or more)" in to_text(detection)
    (record,) = json.loads(to_json([detection]))
    assert record["threshold"] == "300.0 uHem rad"
    for text in (to_text(detection), to_json([detection])):
        assert "urad" not in text
        assert "1e-06" not in text


def test_names_without_a_date_or_a_product(thirteen, tmp_path, capsys):
    for number, path in enumerate(sorted(thirteen.iterdir())[:11]):
        read_phase_map(path).save(tmp_path / f"{number}.fits")
    assert run("detect", *tmp_path.iterdir(), "--format", "json") == 0
    assert dates(capsys)[0] == ["2022-05-03T12"]


def test_no_map_can_be_used(folder, tmp_path, capsys):
    path = tmp_path / "map.fits"
    path.write_text("<html></html>")
    assert run("detect", path) == 1
    first, last = dates(capsys)[1]
    assert "web page" in first
    assert last.endswith("Expected phase maps, found none that can be used in 1 file.")
    assert run("detect", *folder.iterdir(), "--product", "time_distance") == 1
    *others, last = dates(capsys)[1]
    assert len(others) == 13
    assert all("a map of phase_map among maps of time_distance" in line for line in others)
    assert last.endswith("found none that can be used in 13 files.")


def test_one_stack_at_a_time(simulated, tmp_path, capsys):
    for name in ("a.h5", "b.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            file["phases"] = simulated.sequence.data
    assert run("detect", tmp_path / "a.h5", tmp_path / "b.h5", "--date", "2022-05-05") == 2
    assert "Expected one stack at a time, found 2 files." in capsys.readouterr().err
