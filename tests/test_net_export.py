"""
Maps exported from JSOC's database, with a stand-in for the database and files from a loopback
server. The requests go through the client of sunpy.
"""

import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from commands import run
from time_distance_files import raw_name, write_sequence

import astropy.units as u
from astropy.time import Time

import sunpy.map
from sunpy.net import Fido
from sunpy.net import attrs as a
from sunpy.net.jsoc import jsoc

import sunpy_farside
from sunpy_farside.errors import SequenceError
from sunpy_farside.net.archive import fetch_files
from sunpy_farside.net.jsoc_export import EMAIL_VARIABLE

pytestmark = pytest.mark.usefixtures("only_loopback", "no_pause")

SERIES = "hmi.td_fsi_12h"
EMAIL = "me@there.edu"
PERIOD = a.Time("2023-05-01", "2023-05-03")
PRODUCT = a.farside.Product("time_distance")


class Database:
    """
    The parts of a `drms.Client` that sunpy's client uses, over the files of a folder.
    """

    def __init__(self, folder, url):
        self.dates = sorted(path.name.split(".")[2] for path in folder.iterdir())
        self.folder, self.url = folder, url
        self.exports, self.failure = [], None

    def __call__(self, email=None):
        self.email = email
        return self

    def pkeys(self, series):
        assert series == SERIES
        return ["T_REC"]

    def info(self, series):
        keywords = pd.DataFrame({"is_time": [True]}, index=["T_REC"])
        return SimpleNamespace(
            keywords=keywords, primekeys=["T_REC"], segments=pd.DataFrame(index=["data"])
        )

    def keys(self, series):
        return ["T_REC"]

    def _inside(self, records):
        start, end = re.fullmatch(r"hmi\.td_fsi_12h\[(.*)-(.*)\]", records).groups()
        first, last = (re.sub("[.:]", "", text) for text in (start, end))
        return [date for date in self.dates if first <= date <= last]

    def export(self, records, *, method, protocol, process):
        assert (method, protocol, process) == ("url", "fits", None)
        self.exports.append((self.email, self._inside(records)))
        names = [f"{SERIES}.{date}.data.fits" for date in self._inside(records)]
        return SimpleNamespace(
            wait=lambda **options: True,
            has_succeeded=lambda: True,
            method=method,
            protocol=protocol,
            status=0,
            data=pd.DataFrame({"filename": names}),
            request_url=self.url.rstrip("/"),
        )

    def query(self, records, **options):
        if self.failure is not None:
            raise self.failure
        text = [
            f"{date[:4]}.{date[4:6]}.{date[6:8]}_{date[9:11]}:{date[11:13]}:{date[13:]}"
            for date in self._inside(records)
        ]
        return pd.DataFrame({"T_REC": text, "CRLN0": np.zeros(len(text))})


@pytest.fixture
def files(tmp_path):
    folder = tmp_path / "jsoc"
    folder.mkdir()
    return write_sequence(folder, [(20, 15, 0.1)], number=12)


@pytest.fixture
def database(files, serve, monkeypatch):
    folder = files[0].parent
    database = Database(folder, serve(folder).url)
    monkeypatch.setattr(jsoc.drms, "Client", database)
    monkeypatch.setattr(jsoc.time, "sleep", lambda seconds: None)
    monkeypatch.delenv(EMAIL_VARIABLE, raising=False)
    return database


def test_search_finds_the_records_of_the_period(database):
    found = Fido.search(PERIOD, PRODUCT)
    (table,) = found
    assert len(table) == 5
    assert table["Product"][0] == "time_distance"
    # Times of record are in TAI: that of midnight is 37 seconds before it.
    assert table["Start Time"][0].isot == "2023-04-30T11:59:23.000"
    assert table["End Time"][-1].isot == "2023-05-03T11:59:23.000"
    assert table["url"][0].endswith("hmi.td_fsi_12h.20230501_000000_TAI.data.fits")
    assert len(Fido.search(a.Time("2023-06-01", "2023-06-02"), PRODUCT)[0]) == 0
    assert database.exports == []


def test_fetched_maps_are_those_of_the_export(database, files, tmp_path):
    found = Fido.search(PERIOD, PRODUCT, a.jsoc.Notify(EMAIL))
    fetched = Fido.fetch(found, path=tmp_path / "maps")
    assert fetched.errors == []
    assert [path.rpartition("/")[2] for path in fetched] == [path.name for path in files[:5]]
    for ours, theirs in zip(fetched, files, strict=False):
        assert sunpy.map.Map(ours).product == "time_distance"
        assert Path(ours).read_bytes() == theirs.read_bytes()
    ((email, dates),) = database.exports
    assert (email, len(dates)) == (EMAIL, 5)
    # What is there is not exported again.
    (tmp_path / "maps" / files[2].name).unlink()
    (tmp_path / "maps" / files[4].name).write_text("broken")
    assert len(Fido.fetch(found, path=tmp_path / "maps")) == 5
    assert [len(dates) for _, dates in database.exports] == [5, 1, 1]
    assert not [path for path in (tmp_path / "maps").iterdir() if path.name.startswith(".")]


def test_rows_and_templates_are_fetched_like_other_products(database, files, tmp_path):
    found = Fido.search(PERIOD, PRODUCT, a.jsoc.Notify(EMAIL))
    template = str(tmp_path / "{product}" / "of_{file}")
    (path,) = Fido.fetch(found[0][2], path=template)
    assert path == str(tmp_path / "time_distance" / f"of_{files[2].name}")
    again = Fido.fetch(found[0][2:3], path=template, overwrite="unique")
    assert again[0] == path.replace(".fits", "_1.fits")


def test_address_may_come_from_the_environment_and_is_asked_for_in_one_line(
    database, tmp_path, monkeypatch
):
    found = Fido.search(PERIOD, PRODUCT)
    with pytest.raises(ValueError, match=r"address that is registered with JSOC") as caught:
        Fido.fetch(found, path=tmp_path)
    assert "\n" not in str(caught.value)
    monkeypatch.setenv(EMAIL_VARIABLE, EMAIL)
    assert len(Fido.fetch(found, path=tmp_path)) == 5
    assert database.exports[0][0] == EMAIL


def test_address_does_not_disturb_other_products(database):
    client = sunpy_farside.FarsideClient
    assert client._can_handle_query(PERIOD, a.farside.Product("phase_map"), a.jsoc.Notify(EMAIL))
    assert not client._can_handle_query(PERIOD, a.jsoc.Series(SERIES), a.jsoc.Notify(EMAIL))


def test_files_that_are_no_maps_are_named_and_the_others_kept(database, files, tmp_path, capsys):
    files[1].write_text("<html></html>")
    files[3].unlink()
    found = Fido.search(PERIOD, PRODUCT, a.jsoc.Notify(EMAIL))
    fetched = sunpy_farside.FarsideClient().fetch(found[0], path=tmp_path / "maps")
    kept = [files[k].name for k in (0, 2, 4)]
    assert [path.rpartition("/")[2] for path in fetched] == kept
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == kept
    assert "parfive" not in capsys.readouterr().err
    messages = [str(error.exception) for error in fetched.errors]
    assert len(messages) == 2
    assert any("does not read" in text and files[1].name in text for text in messages)


def test_failures_of_the_database_are_one_line(database, tmp_path):
    found = Fido.search(PERIOD, PRODUCT, a.jsoc.Notify(EMAIL))
    database.failure = RuntimeError("no such\nanswer")
    with pytest.raises(ConnectionError, match=r"JSOC to answer for hmi.*no such answer") as caught:
        sunpy_farside.FarsideClient().search(PERIOD, PRODUCT)
    assert "\n" not in str(caught.value)
    fetched = sunpy_farside.FarsideClient().fetch(found[0], path=tmp_path / "maps")
    assert len(fetched.errors) == 5
    assert "Check that me@there.edu is registered" in str(fetched.errors[0].exception)


def test_eleven_maps_of_a_date(database, tmp_path):
    paths = sunpy_farside.fetch_sequence(
        "2023-05-03 12:00", product="time_distance", folder=tmp_path, email=EMAIL, progress=False
    )
    sequence = sunpy_farside.FarsideSequence.from_files(paths)
    assert abs(sequence.date - Time("2023-05-03T12:00", scale="tai")) < 1 * u.s
    count = len(database.exports)
    again = sunpy_farside.fetch_sequence(
        "2023-05-03 12:00", product="time_distance", folder=tmp_path
    )
    assert again == paths
    assert len(database.exports) == count
    with pytest.raises(SequenceError, match=r"found 9; missing: .* nearest date .* 2023-05-04T00"):
        sunpy_farside.fetch_sequence("2023-05-05", product="time_distance", folder=tmp_path)


@pytest.mark.filterwarnings("default:The rate of false detections")
def test_commands_fetch_and_detect(database, files, tmp_path, capsys, monkeypatch):
    options = ["--product", "time_distance", "--email", EMAIL]
    output = tmp_path / "maps"
    assert run("fetch", "2023-05-01", "2023-05-02", *options, "--output", output) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [str(output / path.name) for path in files[:3]]
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path / "cache"))
    assert run("detect", "--time", "2023-05-03 12:00", *options) == 0
    out, err = capsys.readouterr()
    assert "Far side on 2023-05-03T11:59 UT" in out
    assert "time-distance maps is not known" in err
    monkeypatch.setenv("SUNPY_FARSIDE_CACHE", str(tmp_path / "empty"))
    assert run("fetch", "2023-05-01", "2023-05-02", "--product", "time_distance") == 1
    error = capsys.readouterr().err
    assert "address that is registered" in error
    assert error.endswith("Give it with --email, or set SUNPY_FARSIDE_JSOC_EMAIL.\n")
    with pytest.raises(ValueError, match=r"Give it with email=, search with a\.jsoc\.Notify"):
        fetch_files("2023-05-01", "2023-05-02", product="time_distance", folder=tmp_path)


def test_searching_alone_leaves_the_folder_empty(database, tmp_path):
    result = fetch_files(
        "2023-06-01", "2023-06-02", product="time_distance", folder=tmp_path / "maps"
    )
    assert len(result) == 0
    assert not (tmp_path / "maps").exists()


def test_name_of_the_files_is_that_of_jsoc():
    date = Time("2023-05-01T12:00", scale="tai")
    name = sunpy_farside.products.PRODUCTS["time_distance"].file_name(date.to_datetime())
    assert name == raw_name(date)
