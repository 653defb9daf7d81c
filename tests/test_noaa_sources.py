"""
The commands that compare with NOAA's summaries take files, folders and tarballs of them.
"""

import gzip
import tarfile

import pytest
from commands import run
from list_files import summary
from map_files import save_maps
from reference_unet import small_model

from sunpy_farside.catalog.daily_run import run_day
from sunpy_farside.catalog.watch import watch_folder

DAYS = ("2022-05-09", "2022-05-10")


def _files(folder):
    paths = []
    for day in DAYS:
        paths.append(folder / f"{day.replace('-', '')}SRS.txt")
        paths[-1].write_text(summary(day, due=["2990 S60    150"]))
    return paths


def _folder(folder):
    _files(folder)
    return [folder]


def _other_case(folder):
    for path in _files(folder):
        path.rename(path.with_name(path.name.lower()))
    return [folder]


def _packed(folder):
    for path in _files(folder):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    return [folder]


def _tarball(folder):
    path = folder / "2022_SRS.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for item in _files(folder):
            archive.add(item, item.name)
            item.unlink()
    return [path]


def _folder_of_a_tarball(folder):
    return [_tarball(folder)[0].parent]


SOURCES = [_files, _folder, _other_case, _packed, _tarball, _folder_of_a_tarball]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory, maps):
    folder = tmp_path_factory.mktemp("maps")
    save_maps(folder, maps[:11])
    watch_folder(folder, model=small_model())
    return folder / "detections"


@pytest.fixture
def srs(tmp_path):
    folder = tmp_path / "srs"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("source", SOURCES)
def test_compare(source, catalog, srs, capsys):
    assert run("compare", catalog, "--noaa", *source(srs)) == 0
    out, err = capsys.readouterr()
    assert out.startswith("2 of 2 summaries, ")
    assert "12990" in out
    assert err == ""


@pytest.mark.parametrize("source", SOURCES)
def test_daily(source, srs, tmp_path):
    result = run_day(tmp_path / "output", offline=True, noaa=source(srs))
    assert result.notes == ()
    assert result.summary.meta["date"] == "2022-05-10T00:00:00.000"
    assert result.summary["number"].tolist() == [12990]


@pytest.mark.filterwarnings("default:Could not read 1 solar region summary")
def test_broken_days_are_named_and_the_others_compared(catalog, srs, capsys):
    _files(srs)
    (srs / "20220511SRS.txt").write_bytes(bytes(60))
    assert run("compare", catalog, "--noaa", srs) == 1
    out, err = capsys.readouterr()
    assert out.startswith("2 of 2 summaries, ")
    warning, last = err.splitlines()
    assert "20220511SRS.txt" in warning
    assert "1 of 3 files could not be used" in last
    assert run("daily", "--output", srs / "output", "--offline", "--noaa", srs) == 0
    assert "20220511SRS.txt" in (srs / "output" / "daily.log").read_text()


@pytest.mark.parametrize("command", [["compare"], ["daily", "--offline", "--output"]])
def test_a_folder_without_summaries_is_named(command, catalog, srs, tmp_path, capsys):
    place = catalog if command == ["compare"] else tmp_path / "output"
    assert run(*command, place, "--noaa", srs) == 1
    error = capsys.readouterr().err
    assert f"found none in {srs}" in error
    (srs / "README").touch()
    assert run(*command, place, "--noaa", srs / "README") == 1
    assert "found no date of issue" in capsys.readouterr().err
