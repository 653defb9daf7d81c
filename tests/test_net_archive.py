"""
Fetching of the files of a range and of the eleven maps of a date.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from archive_files import TWELVE, write_maps

from sunpy.time import parse_time

import sunpy_farside
from sunpy_farside import fetch_sequence
from sunpy_farside.errors import SequenceError
from sunpy_farside.net import archive as archive_module
from sunpy_farside.net.archive import fetch_files
from sunpy_farside.products import PRODUCTS
from sunpy_farside.utils import transfer

pytestmark = pytest.mark.usefixtures("only_loopback")

FIRST = TWELVE[0]


def write_steps(folder, steps, shift=timedelta(0)):
    times = [FIRST + step * timedelta(hours=12) + shift for step in steps]
    write_maps(folder / "Phase_Maps" / "2022", times)


def names(paths):
    return [Path(path).name[10:26] for path in paths]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path / "cache {x}"))
    return tmp_path / "cache {x}"


def test_files_of_a_range_go_to_the_cache(archive, cache, serve):
    server = serve(archive)
    files = fetch_files("2022-05-03", "2022-05-04", progress=False)
    assert files.errors == []
    assert names(files) == ["2022.05.03_00_00", "2022.05.03_12_00", "2022.05.04_00_00"]
    assert {Path(path).parent for path in files} == {cache / "phase_map"}
    fetch_files("2022-05-03", "2022-05-04", progress=False)
    assert sum("fits" in path for path in server.requests.elements()) == 3


def test_files_go_to_a_folder_from_a_mirror(archive, tmp_path, serve, monkeypatch):
    server = serve(archive)
    monkeypatch.setenv("SUNPY_FARSIDE_JSOC_URL", "http://127.0.0.1:9/")
    files = fetch_files(
        "2022-05-03", "2022-05-04", folder=tmp_path / "here", url=server.url, progress=False
    )
    assert {Path(path).parent for path in files} == {tmp_path / "here"}


@pytest.mark.parametrize(
    "time", ["2022-05-05", "2022-05-04 18:01", "2022-05-05 06:00", parse_time("2022-05-05 03:00")]
)
def test_the_eleven_maps_of_a_date(archive, cache, serve, time):
    server = serve(archive)
    paths = fetch_sequence(time, progress=False)
    sequence = sunpy_farside.FarsideSequence.from_files(paths)
    assert sequence.date.isot == "2022-05-05T00:00:00.000"
    assert {path.parent for path in paths} == {cache / "phase_map"}
    # Eleven maps, the flat folder and the year's.
    assert sum(server.requests.values()) == 13


def test_a_cached_sequence_asks_for_nothing(archive, cache, serve):
    server = serve(archive)
    paths = fetch_sequence("2022-05-05", progress=False)
    server.requests.clear()
    assert fetch_sequence("2022-05-05", progress=False) == paths
    assert not server.requests
    fetch_sequence("2022-05-05 12:00", progress=False)
    assert sum("fits" in path for path in server.requests.elements()) == 1


def test_the_newest_sequence(archive, cache, serve):
    write_steps(archive, [13, 14, 15])
    serve(archive)
    paths = fetch_sequence(progress=False)
    assert names(paths)[5] == "2022.05.05_12_00"


def test_the_newest_sequence_of_a_living_archive(archive, cache, serve, monkeypatch):
    server = serve(archive)
    now = parse_time("2022-05-09 08:00")
    monkeypatch.setattr(archive_module, "_now", lambda: now)
    assert names(fetch_sequence("latest", progress=False))[5] == "2022.05.05_12_00"
    assert [path for path in server.requests if path.endswith("/")] == [
        "/Phase_Maps/",
        "/Phase_Maps/2022/",
    ]


def test_a_gap_is_named_with_the_nearest_sequence(archive, cache, serve):
    server = serve(archive)
    with pytest.raises(
        SequenceError,
        match=r"11 maps around 2022-05-07T00:00, found 8; missing: 2022-05-08T12:00, "
        r"2022-05-09T00:00, 2022-05-09T12:00. The nearest .* is 2022-05-05T12:00.",
    ):
        fetch_sequence("2022-05-07", progress=False)
    assert set(server.requests) == {"/Phase_Maps/", "/Phase_Maps/2022/"}


def test_a_hole_in_the_middle(archive, cache, serve):
    write_steps(archive, range(13, 30))
    serve(archive)
    with pytest.raises(SequenceError, match=r"missing: 2022-05-08T12:00. .* is 2022-05-05T12:00"):
        fetch_sequence("2022-05-07 12:00", progress=False)


def test_missing_maps_are_permitted(archive, cache, serve):
    write_steps(archive, range(13, 30))
    server = serve(archive)
    with pytest.raises(SequenceError, match=r"missing: 2022-05-08T12:00. .* missing=1\."):
        fetch_sequence("2022-05-07 12:00", progress=False)
    paths = fetch_sequence("2022-05-07 12:00", missing=1, progress=False)
    sequence = sunpy_farside.FarsideSequence.from_files(paths, missing=1)
    assert sequence.date.isot == "2022-05-07T12:00:00.000"
    assert sequence.times[sequence.is_missing].isot.tolist() == ["2022-05-08T12:00:00.000"]
    server.requests.clear()
    # Complete sequences in the cache need no request.
    fetch_sequence("2022-05-05", missing=2, progress=False)
    server.requests.clear()
    assert len(fetch_sequence("2022-05-05", missing=2, progress=False)) == 11
    assert not server.requests


def test_the_middle_map_may_be_missing(archive, cache, serve):
    next((archive / "Phase_Maps" / "2022").glob("*05.05_00*")).unlink()
    serve(archive)
    paths = fetch_sequence("2022-05-05", missing=1, progress=False)
    sequence = sunpy_farside.FarsideSequence.from_files(paths, missing=1)
    assert sequence.date.isot == "2022-05-05T00:00:00.000"
    assert sequence.is_missing[5]


def test_the_last_map_of_the_newest_sequence_exists(archive, cache, serve):
    # The archive has twelve maps without these.
    write_steps(archive, [13, 14])
    serve(archive)
    paths = fetch_sequence(missing=2, progress=False)
    assert names(paths)[-1] == "2022.05.09_12_00"
    assert len(paths) == 10
    sequence = sunpy_farside.FarsideSequence.from_files(paths, missing=2)
    assert sequence.date.isot == "2022-05-07T00:00:00.000"


def test_too_many_missing_maps_are_named(archive, cache, serve):
    serve(archive)
    with pytest.raises(SequenceError, match=r"nearest date with 9 of its maps is .* missing=4\."):
        fetch_sequence("2022-05-07 12:00", missing=2, progress=False)
    with pytest.raises(SequenceError, match="from 0 to 5"):
        fetch_sequence("2022-05-05", missing=6, progress=False)


def test_a_date_far_from_every_map(archive, cache, serve):
    serve(archive)
    with pytest.raises(SequenceError, match=r"found 0; missing: .* is 2022-05-05T00:00"):
        fetch_sequence("2012-05-07", progress=False)


@pytest.mark.parametrize("time", ["latest", "2022-05-05"])
def test_an_archive_without_a_sequence(tmp_path, cache, serve, time):
    write_steps(tmp_path / "archive", [0, 1, 2])
    server = serve(tmp_path / "archive")
    with pytest.raises(SequenceError, match=f"no such run at {server.url}"):
        fetch_sequence(time, progress=False)


def test_maps_a_little_off_the_hour_belong_to_it(tmp_path, cache, serve):
    write_steps(tmp_path / "archive", range(11), timedelta(seconds=40))
    serve(tmp_path / "archive")
    assert len(fetch_sequence("2022-05-05", progress=False)) == 11


def test_maps_off_the_cadence_do_not_count(archive, cache, serve):
    write_steps(archive, range(12), timedelta(hours=3))
    serve(archive)
    paths = fetch_sequence("2022-05-05", progress=False)
    assert {name[-5:] for name in names(paths)} == {"00_00", "12_00"}


def test_a_map_that_cannot_be_fetched(archive, cache, serve, monkeypatch):
    monkeypatch.setattr(transfer, "PAUSE", 0.01)
    server = serve(archive)
    server.fault = lambda handler, path: (
        "05.04_00" in path and (handler.answer("<html>", status=200) or True)
    )
    with pytest.raises(ConnectionError, match=r"could not fetch 1 of them.*05.04_00.*FITS"):
        fetch_sequence("2022-05-05", progress=False)
    assert len(list((cache / "phase_map").iterdir())) == 10


def test_a_sequence_of_lists_is_refused():
    with pytest.raises(ValueError, match="found the text 'region_list'"):
        fetch_sequence("2022-05-05", product="region_list")


def test_names_are_those_of_the_archive():
    assert PRODUCTS["phase_map_5day"].file_name(FIRST) == "CUM_PHASE_2022.05.02_12:00:00.fits"
    assert PRODUCTS["region_list"].file_name(FIRST) == "AR_LIST_2022.05.02_12:00:00.txt"
