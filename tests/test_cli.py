import csv
import json
import shutil
import subprocess
import sys

import h5py
import pytest
from commands import run
from list_files import region_list as region_list_text
from list_files import summary as summary_text
from map_files import publish_maps

from astropy.table import QTable

from sunpy_farside import FarsideDetection, cli, read_phase_map
from sunpy_farside.utils import transfer


def test_detect_prints_a_table(jsoc_files, capsys):
    assert run("detect", *jsoc_files) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Far side on 2022-05-05T00:00 UT, default: ")
    assert "lon [deg]" in out
    assert err == ""


def test_detect_takes_a_folder_and_writes_files(jsoc_files, tmp_path, capsys):
    assert run("detect", jsoc_files[0].parent, "--output", tmp_path / "out") == 0
    folder = tmp_path / "out" / "20220505_0000"
    assert sorted(path.name for path in folder.iterdir()) == [
        "detection.png",
        "image.fits",
        "maps.fits",
        "regions.csv",
        "regions.ecsv",
        "regions.json",
        "segments.fits",
    ]
    detection = FarsideDetection.read(folder)
    with (folder / "regions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(detection.regions)
    assert float(rows[0]["longitude"]) == pytest.approx(
        detection.regions["centroid"].lon.deg[0], abs=0.05
    )
    assert rows[0]["date"] == "2022-05-05T00:00:00"
    assert "Files and pictures" in capsys.readouterr().out


def test_json_and_csv_are_all_there_is_on_standard_output(jsoc_files, capsys):
    assert run("detect", *jsoc_files, "--format", "json", "--width", 140) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["date"] == "2022-05-05T00:00:00"
    assert record["model"] == "default"
    assert record["regions"][0]["label"] == 1
    assert run("detect", *jsoc_files, "--format", "csv") == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert rows[0]["label"] == "1"


def test_threshold_decides_what_is_significant(jsoc_files, capsys):
    run("detect", *jsoc_files, "--threshold", 0.001, "--format", "json")
    (record,) = json.loads(capsys.readouterr().out)
    assert all(region["significant"] for region in record["regions"])
    assert record["threshold"] == "0.001 deg2"


def test_more_than_eleven_maps_give_every_sequence(maps, tmp_path, capsys):
    publish_maps(tmp_path, maps)
    assert run("detect", tmp_path, "--format", "json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 3


def test_stacks_need_a_date(simulated, tmp_path, capsys):
    path = tmp_path / "stack.h5"
    with h5py.File(path, "w") as file:
        file["phases"] = simulated.sequence.data
    assert run("detect", path) == 2
    assert "--date" in capsys.readouterr().err
    assert run("detect", path, "--date", "2022-05-05") == 0
    assert "2022-05-05T00:00" in capsys.readouterr().out


def _ten(folder):
    next(folder.iterdir()).unlink()


def _html(folder):
    next(folder.iterdir()).write_text("<html></html>")


def _truncated(folder):
    path = next(folder.iterdir())
    path.write_bytes(path.read_bytes()[:5000])


def _empty(folder):
    for path in folder.iterdir():
        path.unlink()


def _gone(folder):
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("spoil", "messages"),
    [
        (_ten, ["found 10"]),
        (_html, ["web page", "found 10"]),
        (_truncated, ["cut short", "found 10"]),
        (_empty, ["found no file"]),
        (_gone, ["no such file or folder"]),
    ],
)
def test_bad_input_is_a_line_and_exit_code_1(jsoc_files, tmp_path, capsys, spoil, messages):
    folder = tmp_path / "maps"
    shutil.copytree(jsoc_files[0].parent, folder)
    spoil(folder)
    assert run("detect", folder, "--output", tmp_path / "out") == 1
    out, err = capsys.readouterr()
    assert out == ""
    for message, line in zip(messages, err.splitlines(), strict=True):
        assert message in line
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_debug_shows_where_an_error_comes_from(tmp_path, capsys):
    assert run("detect", tmp_path, "--debug") == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["detect", "a.fits", "--threshold", "-5"],
        ["detect", "a.fits", "--threshold=-5"],
        ["detect", "a.fits", "--threshold", "nan"],
        ["detect", "a.fits", "--threshold", "inf"],
        ["compare", "x", "list.txt", "--distance", "nan"],
        ["compare", "x", "list.txt", "--method", "magic"],
        ["simulate", "2022-05-05", "3", "--activity", "-1", "--output", "x"],
        ["simulate", "2022-05-05", "3", "--seed", "-1", "--output", "x"],
        ["simulate", "2022-05-05", "3.5", "--output", "x"],
        ["detect", "--time", "yesterday"],
        ["fetch", "2022-05-05"],
        ["simulate", "never", "3", "--output", "x"],
        ["detect", "a.fits", "--width", "121"],
        ["detect", "a.fits", "--width", "wide"],
        ["detect", "a.fits", "--format", "xml"],
        ["detect", "a.fits", "--threshold", "high"],
        ["simulate", "2022-05-05", "0", "--output", "x"],
        ["explode"],
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        run(*arguments)
    assert exit_.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_unknown_device_and_model(jsoc_files, capsys):
    assert run("detect", *jsoc_files, "--device", "abacus") == 2
    assert "auto, cuda, mps or cpu" in capsys.readouterr().err
    assert run("detect", *jsoc_files, "--model", "nothing") == 1
    assert "felipe2019" in capsys.readouterr().err


def test_output_that_cannot_be_written(jsoc_files, tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.touch()
    assert run("detect", *jsoc_files, "--output", blocked / "out") == 1
    assert str(blocked) in capsys.readouterr().err


def test_demo_runs_the_whole_chain(tmp_path, capsys):
    assert run("demo", "--output", tmp_path / "demo") == 0
    out = capsys.readouterr().out
    assert "Eleven simulated phase maps" in out
    assert "Simulated active regions in the window:" in out
    assert len(list((tmp_path / "demo" / "maps").iterdir())) == 11
    assert (tmp_path / "demo" / "20220505_0000" / "detection.png").stat().st_size > 10_000


def test_simulate_writes_maps_that_open_and_the_truth(tmp_path, capsys):
    arguments = ["simulate", "2022-05-01", 3, "--seed", 5, "--output", tmp_path / "sim"]
    assert run(*arguments) == 0
    files = sorted((tmp_path / "sim").glob("*.fits"))
    assert [path.name for path in files] == [
        "PHASE_MAP_2022.05.01_00_00_00.fits",
        "PHASE_MAP_2022.05.01_12_00_00.fits",
        "PHASE_MAP_2022.05.02_00_00_00.fits",
    ]
    assert read_phase_map(files[0]).product == "phase_map"
    truth = QTable.read(tmp_path / "sim" / "truth.ecsv")
    assert truth["flux"].unit == "Mx"


def test_info(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path))
    assert run("info", "--device", "cpu") == 0
    out = capsys.readouterr().out
    for word in ("torch", "device: cpu", "felipe2019", str(tmp_path)):
        assert word in out


def test_info_of_an_unknown_device(capsys):
    assert run("info", "--device", "abacus") == 2
    assert "abacus" in capsys.readouterr().err


def test_interruption_is_one_line(jsoc_files, capsys, monkeypatch):
    def interrupt(_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.detect, "_detect_files", interrupt)
    assert run("detect", *jsoc_files) == 130
    assert capsys.readouterr().err == "sunpy-farside: interrupted\n"


def test_module_runs_as_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "sunpy_farside", "--version"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert done.stdout.strip()


@pytest.fixture
def archive(jsoc_files, tmp_path, serve, monkeypatch, only_loopback):
    """
    Serve the eleven maps on the loopback address, with an empty cache.
    """
    folder = tmp_path / "served" / "Phase_Maps" / "2022"
    shutil.copytree(jsoc_files[0].parent, folder)
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path / "cache"))
    return serve(tmp_path / "served")


def test_detect_at_a_time_fetches_into_the_cache(archive, capsys):
    assert run("detect", "--time", "2022-05-05", "--format", "json") == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["date"] == "2022-05-05T00:00:00"


def test_the_sar_method_detects_in_fetched_maps(archive, capsys):
    assert run("detect", "--latest", "--method", "sar", "--format", "json") == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert (record["date"], record["threshold"]) == ("2022-05-05T00:00:00", "400.0 uHem rad")


def test_a_gap_in_the_archive_names_the_nearest_date(archive, capsys):
    assert run("detect", "--time", "2022-05-06") == 1
    error = capsys.readouterr().err
    assert "missing: 2022-05-08T00:00, 2022-05-08T12:00" in error
    assert "nearest date with all its maps is 2022-05-05T00:00" in error


@pytest.mark.parametrize(
    ("asked", "date", "missing"),
    [
        (["--time", "2022-05-06"], "2022-05-06T00", ["2022-05-08T00", "2022-05-08T12"]),
        (["--time", "2022-05-04"], "2022-05-04T00", ["2022-05-01T12", "2022-05-02T00"]),
        # The last map of the newest sequence exists.
        (["--latest"], "2022-05-05T00", []),
    ],
)
def test_fetched_maps_may_be_missing(archive, capsys, asked, date, missing):
    assert run("detect", *asked, "--missing", "2", "--format", "json") == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["date"][:13] == date
    assert [text[:13] for text in record["missing_maps"]] == missing


def test_fetch_prints_the_files(archive, tmp_path, capsys):
    output = tmp_path / "fetched"
    assert run("fetch", "2022-05-05", "2022-05-05T12:00", "--output", output) == 0
    paths = capsys.readouterr().out.split()
    assert [path.rpartition("/")[2] for path in paths] == [
        "PHASE_MAP_2022.05.05_00_00_00.fits",
        "PHASE_MAP_2022.05.05_12_00_00.fits",
    ]
    assert run("fetch", "2021-01-01", "2021-01-02") == 1
    assert "no phase_map from" in capsys.readouterr().err
    assert run("fetch", "2022-05-05", "2022-05-04") == 2


def test_paths_or_a_time(jsoc_files, capsys):
    for arguments in ([], [*jsoc_files, "--latest"], ["--latest", "--time", "2022-05-05"]):
        assert run("detect", *arguments) == 2
        assert "--latest" in capsys.readouterr().err


@pytest.mark.filterwarnings("default:Could not read 1 solar region summary")
def test_watch_track_and_compare(maps, tmp_path, capsys):
    publish_maps(tmp_path, maps)
    assert run("watch", tmp_path) == 0
    assert capsys.readouterr().out.startswith("3 new dates")
    assert run("watch", tmp_path) == 0
    assert capsys.readouterr().out.startswith("0 new dates")
    catalog = tmp_path / "detections"
    assert run("track", catalog, "--all", "--method", "sar") == 0
    out, err = capsys.readouterr()
    assert "by the SAR method:" in out
    assert "strength [uHem rad]" in out
    assert err == ""
    assert run("track", catalog, "--all", "--method", "standard") == 0
    assert capsys.readouterr() == (
        out,
        "sunpy-farside: warning: --method standard is deprecated. Use --method sar.\n",
    )
    assert "designation" in out
    assert "--all" not in out
    number = int(out.split()[0])
    # Three dates are too few.
    assert run("track", catalog, "--method", "sar") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"0 of {number} tracks by the SAR method:")
    assert f"{number} not shown are not persistent: fewer than 5 detections" in out
    assert "--all" in out
    # The list of the last map of the second detection, of 2022-05-04.
    region_list = tmp_path / "AR_LIST_2022.05.06_12_00_00.txt"
    region_list.write_text(region_list_text("2022-05-06.5", 108.2, 3.6))
    assert run("compare", catalog, region_list) == 0
    assert capsys.readouterr().out.startswith("1 date: 0 matched, 0 missed, ")
    summary = tmp_path / "20220509SRS.txt"
    summary.write_text(summary_text("2022-05-09", due=["2990 S60    150"]))
    assert run("compare", catalog, "--noaa", summary, summary) == 0
    out = capsys.readouterr().out
    assert out.startswith("1 of 1 summary, 0 regions outside of the window: 0 matched, 1 missed")
    assert "12990" in out
    assert run("compare", catalog, region_list, "--noaa", summary) == 0
    out = capsys.readouterr().out
    assert out.startswith("1 date: ")
    assert "1 of 1 summary" in out
    # Paths may follow options, and patterns need no shell.
    assert run("compare", catalog, "--method", "sar", tmp_path / "AR_*.txt") == 0
    assert capsys.readouterr().out.startswith("1 date: ")
    empty = tmp_path / "AR_LIST_2022.05.04_12_00_00.txt"
    empty.touch()
    (tmp_path / "20220510SRS.txt").write_text("<html></html>")
    assert run("compare", catalog, empty, region_list, "--noaa", tmp_path / "*SRS.txt") == 1
    out, err = capsys.readouterr()
    assert out.startswith("1 date: ")
    assert "1 of 1 summary" in out
    first, second, last = err.splitlines()
    assert empty.name in first
    assert "20220510SRS.txt" in second
    assert "2 of 4 files" in last
    assert run("compare", catalog) == 2
    assert "--noaa" in capsys.readouterr().err
    assert run("compare", tmp_path / "nowhere", region_list) == 1
    assert "sunpy-farside watch makes it" in capsys.readouterr().err


def test_files_that_are_not_fetched_are_counted(archive, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(transfer, "PAUSE", 0.01)

    def fault(handler, path):
        gone = path.endswith("05_00:00:00.fits")
        if gone:
            handler.answer("", status=404)
        return gone

    archive.fault = fault
    assert run("fetch", "2022-05-05", "2022-05-05T12:00", "--output", tmp_path / "fetched") == 1
    out, err = capsys.readouterr()
    assert out.split() == [str(tmp_path / "fetched" / "PHASE_MAP_2022.05.05_12_00_00.fits")]
    assert "Could not fetch 1 of 2 files." in err
