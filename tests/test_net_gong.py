"""
Fetching of GONG's products, against real HTTP servers on the loopback address.
"""

import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from gong_files import write_gong_map

import astropy.units as u
from astropy.io import fits

import sunpy.map
from sunpy.net import Fido
from sunpy.net import attrs as a
from sunpy.util.exceptions import SunpyUserWarning

import sunpy_farside
from sunpy_farside import cli
from sunpy_farside.errors import SequenceError
from sunpy_farside.net import FarsideClient, GONGFarsideClient
from sunpy_farside.net.archive import fetch_files, fetch_sequence
from sunpy_farside.net.listing import ARCHIVES

pytestmark = pytest.mark.usefixtures("only_loopback", "no_pause")

RANGE = a.Time("2022-04-30", "2022-05-04")
GONG = a.farside.Product("gong")


@pytest.fixture(autouse=True)
def _any_pace(monkeypatch):
    monkeypatch.setattr(ARCHIVES["gong"].pace, "interval", 0)


@pytest.fixture(scope="module")
def archive(tmp_path_factory, simulated):
    """
    Eleven maps and a list in the dated folders of GONG.
    """
    root = tmp_path_factory.mktemp("gong")
    for phase_map in simulated.sequence.maps:
        folder = root / phase_map.date.strftime("fqo/%Y%m/mrfqo%y%m%d")
        folder.mkdir(parents=True, exist_ok=True)
        write_gong_map(folder, phase_map)
    folder = root / "f6x/202205/mrf6x220503"
    folder.mkdir(parents=True)
    (folder / "mrf6x220503t0000.txt").write_text(
        '"C. Long" "Lat"\n120.0 10.0 0 0.2 90 300 600 90 20220510\n'
    )
    return root


@pytest.fixture
def server(archive, serve, monkeypatch):
    server = serve(archive, "apache")
    monkeypatch.setenv("SUNPY_FARSIDE_GONG_URL", server.url)
    # JSOC has another address.
    monkeypatch.setenv("SUNPY_FARSIDE_JSOC_URL", "http://127.0.0.1:9/")
    return server


def names(files):
    return [Path(path).name for path in files]


def test_maps_of_a_range_are_found_in_their_folders(server):
    found = Fido.search(RANGE, GONG)[0]
    assert [url.rpartition("/")[2] for url in found["url"]] == [
        "mrfqo220502t1200.fits",
        "mrfqo220503t0000.fits",
        "mrfqo220503t1200.fits",
        "mrfqo220504t0000.fits",
    ]
    first = found[0]
    assert first["url"].startswith(f"{server.url}fqo/202205/mrfqo220502/")
    assert (first["Instrument"], first["Source"], first["Provider"]) == ("GONG", "NSO", "NSO")
    assert first["Start Time"].iso == "2022-05-02 00:00:00.000"
    assert first["End Time"].iso == "2022-05-03 00:00:00.000"
    assert first["Size"] == 160 * 1024 * u.byte
    # One request per month, the missing one too, and one per day that has a folder.
    assert server.requests == {
        "/fqo/202204/": 1,
        "/fqo/202205/": 1,
        "/fqo/202205/mrfqo220502/": 1,
        "/fqo/202205/mrfqo220503/": 1,
        "/fqo/202205/mrfqo220504/": 1,
    }


def test_fetched_maps_are_the_published_files_and_open(server, archive, tmp_path):
    files = Fido.fetch(Fido.search(RANGE, GONG), path=tmp_path, progress=False)
    assert files.errors == []
    for path in map(Path, files):
        (source,) = archive.rglob(path.name)
        assert path.read_bytes() == source.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", fits.verify.VerifyWarning)
            phase_map = sunpy.map.Map(path)
        assert type(phase_map) is sunpy_farside.FarsidePhaseMap
        assert phase_map.product == "gong"


def test_lists_are_fetched(server, tmp_path):
    found = Fido.search(RANGE, a.farside.Product("gong_list"), a.Instrument("GONG"))
    files = Fido.fetch(found, path=tmp_path, progress=False)
    assert names(files) == ["mrf6x220503t0000.txt"]
    assert len(sunpy_farside.io.read_gong_list(files[0])) == 1


@pytest.mark.parametrize("product", ["gong", "gong_list"])
def test_files_under_other_names_are_fetched_once(server, tmp_path, product):
    found = Fido.search(RANGE, a.farside.Product(product))
    for _ in range(2):
        files = Fido.fetch(found, path=tmp_path / "other_{file}", progress=False)
        assert len(files) == len(found[0])
        assert all(name.startswith("other_mrf") for name in names(files))
    contents = [path for path in server.requests.elements() if not path.endswith("/")]
    assert len(contents) == len(files)


def test_a_query_reaches_the_archive_that_has_the_product():
    assert Fido._check_registered_widgets(RANGE, GONG) == [GONGFarsideClient]
    assert Fido._check_registered_widgets(RANGE, GONG, a.Provider("NSO")) == [GONGFarsideClient]
    assert Fido._check_registered_widgets(RANGE, a.farside.Product("phase_map")) == [FarsideClient]
    for client in (FarsideClient, GONGFarsideClient):
        assert not client._can_handle_query(RANGE, GONG, a.Instrument("HMI"))


def test_files_go_to_the_cache_and_are_fetched_once(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path))
    for _ in range(2):
        files = fetch_files("2022-05-03", "2022-05-04", product="gong", progress=False)
        assert names(files) == [
            "mrfqo220503t0000.fits",
            "mrfqo220503t1200.fits",
            "mrfqo220504t0000.fits",
        ]
    assert {Path(path).parent for path in files} == {tmp_path / "gong"}
    assert sum("fits" in path for path in server.requests.elements()) == 3


def test_the_eleven_maps_of_a_date(server, tmp_path):
    files = fetch_sequence("2022-05-05", product="gong", folder=tmp_path, progress=False)
    assert names(files)[::10] == ["mrfqo220502t1200.fits", "mrfqo220507t1200.fits"]
    assert len(files) == 11
    requests = server.requests.total()
    assert fetch_sequence("2022-05-05", product="gong", folder=tmp_path, progress=False) == files
    assert server.requests.total() == requests
    with pytest.raises(SequenceError, match=r"missing: 2022-05-08T00:00"):
        fetch_sequence("2022-05-05T12:00", product="gong", folder=tmp_path, progress=False)


def test_the_command_fetches_and_detects(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path))
    options = ["--product", "gong", "--device", "cpu"]
    assert cli.main(["detect", "--time", "2022-05-05", *options]) == 0
    assert "2022-05-05T00:00" in capsys.readouterr().out
    assert cli.main(["fetch", "2022-05-03", "2022-05-03", "--product", "gong_list"]) == 0
    assert capsys.readouterr().out.endswith("mrf6x220503t0000.txt\n")
    assert cli.main(["detect", "--time", "2028-05-05", *options]) == 1
    assert "2027-01-01" in capsys.readouterr().err
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert cli.main(["fetch", "2028-05-03", "2028-05-04", "--product", "gong"]) == 1
    warning, error = capsys.readouterr().err.splitlines()
    assert "ends on 2027-01-01" in warning
    assert "has no gong" in error


def test_requests_are_apart(server, tmp_path, monkeypatch):
    interval = 0.05
    monkeypatch.setattr(ARCHIVES["gong"].pace, "interval", interval)
    begun = []

    def note(handler, path):
        begun.append(time.monotonic())
        return False

    server.fault = server.head_fault = note
    fetch_files("2022-05-02", "2022-05-04", product="gong", folder=tmp_path, progress=False)
    # A month, three days and four files, each with a request for its headers.
    assert len(begun) > 8
    assert begun[-1] - begun[0] > 0.9 * interval * (len(begun) - 1)


def test_later_dates_are_answered_with_the_end_of_the_product(server, tmp_path):
    with pytest.warns(SunpyUserWarning, match="ends on 2027-01-01"):
        found = Fido.search(a.Time("2028-01-01", "2028-01-03"), GONG)
    assert len(found[0]) == 0
    assert not server.requests
    with pytest.raises(SequenceError, match="end of the product gong on 2027-01-01"):
        fetch_sequence("2028-01-01", product="gong", folder=tmp_path, progress=False)


def test_dates_before_the_first_map_cost_no_request(server):
    assert len(Fido.search(a.Time("2001-01-01", "2006-05-12"), GONG)[0]) == 0
    assert not server.requests


def test_a_blocked_address_is_reported(server, tmp_path):
    def block(handler, path):
        handler.answer("<html>blocked</html>", status=403)
        return True

    server.fault = server.head_fault = block
    with pytest.raises(ConnectionError, match=r"403.*SUNPY_FARSIDE_GONG_URL"):
        GONGFarsideClient().search(RANGE, GONG)


@pytest.mark.parametrize("content", [b"<html>not here</html>", b"", b"SIMPLE  = and no more"])
def test_a_wrong_file_is_no_download(server, tmp_path, content):
    found = Fido.search(RANGE, GONG)
    server.fault = lambda handler, path: (
        path.endswith("503t1200.fits") and not handler.answer(content)
    )
    files = Fido.fetch(found, path=tmp_path, progress=False)
    assert len(files) == 3
    assert "mrfqo220503t1200.fits" in str(files.errors[0].exception)
    assert sorted(names(tmp_path.iterdir())) == sorted(names(files))


def test_a_query_of_real_files(real_data, tmp_path, serve, monkeypatch):
    for path in (real_data / "gong").iterdir():
        folder = tmp_path / "archive/fqo/201403" / path.name[:11]
        folder.mkdir(parents=True)
        (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("SUNPY_FARSIDE_GONG_URL", serve(tmp_path / "archive").url)
    found = Fido.search(a.Time("2014-03-01", "2014-03-10"), GONG)
    files = Fido.fetch(found, path=tmp_path / "fetched", progress=False)
    assert files.errors == []
    maps = [sunpy_farside.io.read_gong_map(path) for path in files]
    assert np.diff([item.date.mjd for item in maps]).round().tolist() == [2, 4]
