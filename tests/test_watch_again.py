"""
Catalogues and tracks that are damaged, of other releases, or of changed sources.
"""

import gzip
import json
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from map_files import save_map, save_maps, saved_path, stand_in_picture
from numpy.testing import assert_array_equal
from reference_unet import small_model

import astropy.units as u
from astropy.table import QTable, Table

from sunpy.util.exceptions import SunpyUserWarning

import sunpy_farside
from sunpy_farside.catalogue import daily, read_catalogue
from sunpy_farside.catalogue.catalogue_files import Catalogue, write_catalogue_file
from sunpy_farside.catalogue.daily import update_tracks, watch_folder
from sunpy_farside.detection import COLUMNS
from sunpy_farside.errors import FileFormatError, FolderInUseError, NewerFormatError
from sunpy_farside.io.locks import only_run
from sunpy_farside.simulation import simulate_maps

pytestmark = pytest.mark.usefixtures("quick_pictures")

DATES = ["2022-05-03T12:00:00.000", "2022-05-04T00:00:00.000"]


MODEL = small_model()


@pytest.fixture
def no_tracks(monkeypatch):
    monkeypatch.setattr(daily, "_update_tracks", lambda *_: None)


@pytest.fixture(scope="module")
def maps():
    return simulate_maps("2022-05-01", 12, seed=4).maps


@pytest.fixture(scope="module")
def watched(tmp_path_factory, maps):
    """
    Watch a folder of two dates once.
    """
    folder = tmp_path_factory.mktemp("watched") / "maps"
    folder.mkdir()
    save_maps(folder, maps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(daily, "draw_date", stand_in_picture)
        watch_folder(folder, model=MODEL)
    return folder


@pytest.fixture
def folder(tmp_path, watched):
    return Path(shutil.copytree(watched, tmp_path / "maps"))


def contents(folder):
    """
    Return the contents of all files except the digests, which hold times.
    """
    return {
        str(path.relative_to(folder)): None if path.name == "maps.json" else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def watch(folder, model=MODEL, message=None, **kwargs):
    """
    Watch a folder with one expected warning or none; return the dates that are made.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dates = [date.isot for date in watch_folder(folder, model=model, **kwargs)]
    messages = [str(item.message) for item in caught]
    assert len(messages) == (message is not None), messages
    if message is not None:
        assert re.search(message, messages[0]), messages
        assert "\n" not in messages[0]
    return dates


def edit(path, change):
    """
    Change the rows of a table.
    """
    lines = path.read_text().splitlines()
    first = next(k for k, line in enumerate(lines) if not line.startswith("#")) + 1
    header, rows = lines[:first], lines[first:]
    changed = change(list(rows))
    assert changed != rows
    path.write_text("\n".join([*header, *changed]) + "\n")


def digit(rows):
    place = re.search(r"[1-8](?=[0-9]* )", rows[3][60:]).start() + 60
    rows[3] = f"{rows[3][:place]}{int(rows[3][place]) + 1}{rows[3][place + 1 :]}"
    return rows


DAMAGES = {
    "last row lost": lambda rows: rows[:-1],
    "row lost": lambda rows: rows[:2] + rows[3:],
    "row doubled": lambda rows: [*rows[:3], rows[2], *rows[3:]],
    "all rows lost": lambda _: [],
    "a date lost": lambda rows: [row for row in rows if row.startswith(DATES[0])],
    "rows swapped": lambda rows: [rows[1], rows[0], *rows[2:]],
    "cut within a row": lambda rows: [*rows[:-1], rows[-1][: len(rows[-1]) // 2]],
    "a digit": digit,
    "no number": lambda rows: [rows[0].replace("network", "net work x"), *rows[1:]],
    "another date": lambda rows: [rows[0].replace("2022", "2023"), *rows[1:]],
    "all doubled": lambda rows: rows + rows,
}


@pytest.mark.usefixtures("no_tracks")
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_rows_are_noticed_and_made_again(folder, damage):
    output = folder / "detections"
    before = contents(output)
    edit(output / "catalogue.ecsv", DAMAGES[damage])
    with pytest.raises(FileFormatError, match=r"lost, doubled or changed on 202.* Run watch again"):
        read_catalogue(output)
    with pytest.raises(FileFormatError):
        update_tracks(output)
    if damage == "another date":
        # One of its rows is of a date that has no maps.
        with pytest.warns(SunpyUserWarning) as caught:
            assert len(watch_folder(folder, model=MODEL)) == 1
        assert "2023-05-03T12:00:00.000, whose maps are gone" in str(caught[0].message)
        (output / "catalogue.damaged.ecsv").unlink()
    else:
        made = watch(folder, message=r"[12] dates are made again \(rows lost, doubled or changed")
        assert made
    assert contents(output) == before
    assert watch(folder) == []


@pytest.mark.usefixtures("no_tracks")
@pytest.mark.parametrize(
    "text", ["", "web page", "# %ECSV 1.0\n# ---\n# meta: {", "\x00" * 4000, None]
)
def test_a_catalogue_that_does_not_read_is_kept_and_made_again(folder, text):
    output = folder / "detections"
    path = output / "catalogue.ecsv"
    before = contents(output)
    # Cut short within the header, where there is no text.
    text = path.read_text()[:500] if text is None else text
    path.write_text(text)
    with pytest.raises(FileFormatError, match="does not read"):
        read_catalogue(output)
    assert watch(folder, message=r"does not read .* kept as catalogue\.damaged\.ecsv") == DATES
    assert (output / "catalogue.damaged.ecsv").read_text() == text
    (output / "catalogue.damaged.ecsv").unlink()
    assert contents(output) == before


@pytest.mark.usefixtures("no_tracks")
def test_a_corrected_map_is_noticed(folder, maps):
    output = folder / "detections"
    first = read_catalogue(output, "sar")
    # The map belongs to the first date alone.
    save_map(folder, maps[0], 1.5)
    assert watch(folder, message=r"1 dates are made again \(other maps: 1\)") == DATES[:1]
    second = read_catalogue(output, "sar")
    assert second.meta["dates"] == DATES
    for date, same in zip(DATES, (False, True), strict=True):
        old, new = (table[table["date"].isot == date] for table in (first, second))
        equal = len(old) == len(new) and (old["seismic_strength"] == new["seismic_strength"]).all()
        assert equal == same
    # The result is that of a folder which has had these maps from the start.
    watch(folder, output=folder.parent / "fresh")
    shutil.rmtree(output / "tracks")
    assert contents(output) == contents(folder.parent / "fresh")
    assert watch(folder) == []


@pytest.mark.usefixtures("no_tracks")
def test_the_same_contents_are_the_same_maps(folder, maps):
    save_map(folder, maps[3])
    (folder / "2022").mkdir()
    for path in folder.glob("PHASE_MAP_2022.05.04*"):
        path.rename(folder / "2022" / path.name)
    assert watch(folder) == []
    (folder / "detections" / "maps.json").write_text("[")
    assert watch(folder) == []


@pytest.mark.usefixtures("no_tracks")
@pytest.mark.parametrize(
    ("model", "width", "reason"),
    [
        (small_model("other"), 120, "another model"),
        (small_model(seed=2), 120, "other weights"),
        (small_model(threshold=50.0), 120, "other weights"),
        (MODEL, 110, "another width"),
    ],
)
def test_another_run_is_noticed(folder, model, width, reason):
    options = {"model": model, "width": width}
    message = rf"2 dates are made again \({reason}: 2\)"
    assert watch(folder, message=message, **options) == DATES
    watch(folder, output=folder.parent / "fresh", **options)
    shutil.rmtree(folder / "detections" / "tracks")
    assert contents(folder / "detections") == contents(folder.parent / "fresh")
    assert watch(folder, **options) == []


@pytest.mark.usefixtures("no_tracks")
def test_dates_whose_maps_are_gone_stay(folder):
    output = folder / "detections"
    path = output / "catalogue.ecsv"
    for item in folder.glob("PHASE_MAP_2022.05.01_00*"):
        item.unlink()
    before = path.read_text()
    assert watch(folder) == []
    assert path.read_text() == before
    # Another model repeats the dates that have maps.
    assert watch(folder, small_model("other"), r"1 dates are made again") == DATES[1:]
    table = read_catalogue(output, "network")
    assert table.meta["dates"] == DATES
    # A warning names the rows that are lost, and a copy is kept.
    edit(path, lambda rows: rows[1:])
    damaged = path.read_text()
    message = rf"lost, doubled or changed on {DATES[0]}, whose maps are gone.* kept as"
    assert watch(folder, small_model("other"), message) == []
    assert (output / "catalogue.damaged.ecsv").read_text() == damaged
    assert read_catalogue(output).meta["dates"] == DATES[1:]


@pytest.mark.usefixtures("no_tracks")
def test_a_map_that_reads_no_more_costs_no_result(folder):
    output = folder / "detections"
    before = (output / "catalogue.ecsv").read_bytes()
    broken = folder / "PHASE_MAP_2022.05.01_00_00_00.fits"
    broken.write_bytes(broken.read_bytes()[:3000])
    with pytest.warns(SunpyUserWarning) as caught:
        assert watch_folder(folder, model=MODEL) == []
    assert "made again (other maps: 1)" in str(caught[0].message)
    assert "2022-05-03T12:00 has no result" in str(caught[1].message)
    assert (output / "catalogue.ecsv").read_bytes() == before


def place(folder, item, aside):
    """
    Move the file of a map out of the folder, or back.
    """
    path = saved_path(folder, item)
    source, target = (path, aside) if path.exists() else (aside, path)
    source.rename(target)


def test_dates_with_missing_maps_are_made_and_made_again(folder, maps, tmp_path):
    full = contents(folder / "detections")
    shutil.rmtree(folder / "detections")
    place(folder, maps[5], tmp_path / "aside")
    assert watch(folder) == []
    # The middle map of the first date; the dates before and after lack another map.
    assert watch(folder, missing=1) == DATES
    gappy = read_catalogue(folder / "detections")
    assert gappy.meta["dates"] == DATES
    assert gappy["coverage"].max() == pytest.approx(10 / 11)
    assert watch(folder, missing=1) == []
    place(folder, maps[5], tmp_path / "aside")
    assert watch(folder, message=r"2 dates are made again \(other maps: 2\)") == DATES
    shutil.rmtree(folder / "detections" / "tracks")
    watch(folder)
    assert contents(folder / "detections") == full


@pytest.mark.usefixtures("no_tracks")
def test_new_dates_do_not_wait_for_their_last_maps(folder, maps):
    later = "2022-05-04T12:00:00.000", "2022-05-05T00:00:00.000"
    earlier = "2022-05-02T12:00:00.000", "2022-05-03T00:00:00.000"
    assert watch(folder, missing=2) == [*earlier, *later]
    save_map(folder, simulate_maps("2022-05-07", 1, seed=5).maps[0])
    made = [*later, "2022-05-05T12:00:00.000"]
    assert watch(folder, message=r"2 dates are made again", missing=2) == made
    assert watch(folder, missing=2) == []
    assert watch(folder) == []


def rows_of(folder, date):
    table = read_catalogue(folder / "detections")
    return table[table["date"].isot == date]


@pytest.mark.usefixtures("no_tracks")
def test_fewer_maps_do_not_replace_the_result_of_more(folder, maps):
    saved_path(folder, maps[0]).unlink()
    saved_path(folder, maps[4]).unlink()
    # A third date has nine maps.
    other = "2022-05-04T12:00:00.000"
    assert watch(folder, missing=2) == [other]
    assert [rows_of(folder, date)["coverage"].max() for date in DATES] == [1, 1]
    model = small_model("other")
    assert watch(folder, model, "1 dates are made again", missing=2) == [other]
    # Damaged rows are made again from the remaining maps.
    edit(folder / "detections" / "catalogue.ecsv", lambda rows: rows[1:])
    assert watch(folder, model, "rows lost", missing=2) == DATES[:1]
    assert rows_of(folder, DATES[0])["coverage"].max() == pytest.approx(9 / 11)


def watch_and_warn(folder, **kwargs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dates = [date.isot for date in watch_folder(folder, model=MODEL, **kwargs)]
    return dates, "\n".join(str(item.message) for item in caught)


@pytest.mark.usefixtures("no_tracks")
def test_a_map_that_does_not_read_is_missing(folder, maps):
    broken = saved_path(folder, maps[0])
    whole = broken.read_bytes()
    broken.write_bytes(whole[:3000])
    # The result of all the maps stays.
    made, messages = watch_and_warn(folder, missing=1)
    assert DATES[0] not in made
    assert f"{DATES[0][:16]} has no result" in messages
    assert rows_of(folder, DATES[0])["coverage"].max() == 1
    shutil.rmtree(folder / "detections")
    made, messages = watch_and_warn(folder, missing=1)
    assert DATES[0] in made
    assert f"{DATES[0][:16]} is made without 1 maps" in messages
    assert rows_of(folder, DATES[0])["coverage"].max() == pytest.approx(10 / 11)
    broken.write_bytes(whole)
    made, _ = watch_and_warn(folder, missing=1)
    assert DATES[0] in made
    assert rows_of(folder, DATES[0])["coverage"].max() == 1
    assert watch(folder, missing=1) == []


def former(path, without=()):
    """
    Write the catalogue in the first format.
    """
    table = QTable.read(path)
    table.meta = {"dates": table.meta["dates"], "version": "0.1"}
    table.remove_columns(list(without))
    table.write(path, overwrite=True)


@pytest.mark.usefixtures("no_tracks")
def test_catalogues_of_earlier_releases(folder):
    output = folder / "detections"
    path = output / "catalogue.ecsv"
    before = contents(output)
    today = read_catalogue(output)
    former(path, ["coverage", "significant", "mean_phase"])
    table = read_catalogue(output)
    assert table.colnames == ["date", "method", "model", *COLUMNS]
    assert np.isnan(table["mean_phase"]).all()
    assert table["mean_phase"].unit == u.rad
    assert np.isnan(table["coverage"]).all()
    assert table["significant"].dtype == bool
    assert not table["significant"].any()
    assert_array_equal(table["area"], today["area"])
    # Its sources are unknown.
    message = r"2 dates are made again \(of an earlier release: 2\)"
    assert watch(folder, message=message) == DATES
    assert contents(output) == before


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "centroid"])
def test_any_column_may_be_missing(watched, tmp_path, column):
    today = read_catalogue(watched / "detections")
    if isinstance(today[column], type(today["date"])):
        pytest.skip("all releases wrote it")
    table = today.copy()
    table.remove_column(column)
    write_catalogue_file(Catalogue(table, dict.fromkeys(DATES)), tmp_path / "catalogue.ecsv")
    read = read_catalogue(tmp_path)
    assert read.colnames == today.colnames
    assert getattr(read[column], "unit", None) == getattr(today[column], "unit", None)
    assert read[column].dtype.kind == today[column].dtype.kind
    values = np.asarray(read[column])
    assert (np.isnan(values) if values.dtype.kind == "f" else values == 0).all()


@pytest.mark.usefixtures("no_tracks")
def test_new_columns_are_filled_where_the_maps_are(folder, monkeypatch):
    # As if the catalogue had been written before the last column came.
    described = daily.describe_run
    monkeypatch.setattr(
        daily, "describe_run", lambda *args: described(*args) | {"columns": [*COLUMNS, "new"]}
    )
    assert watch(folder, message=r"made again \(other columns: 2\)") == DATES


@pytest.mark.parametrize("name", ["catalogue.ecsv", "tracks/network/members.ecsv"])
def test_newer_formats_are_refused_and_kept(folder, name):
    output = folder / "detections"
    path = output / name
    path.write_text(re.sub("(?m)^(#.*)format: 2", r"\1format: 3", path.read_text(), count=1))
    newer = path.read_text()
    assert "format: 3" in newer
    with pytest.raises(NewerFormatError, match=r"found format 3 .*Update sunpy_farside"):
        watch_folder(folder, model=MODEL)
    with pytest.raises(NewerFormatError):
        update_tracks(output)
    assert path.read_text() == newer
    assert not (output / "catalogue.damaged.ecsv").exists()


TRACKS, MEMBERS = "tracks.ecsv", "members.ecsv"


@pytest.mark.parametrize("lost", [(TRACKS,), (MEMBERS,), (TRACKS, MEMBERS, "tracks.vot"), None])
def test_tracks_that_were_broken_off_are_made(folder, lost):
    output = folder / "detections"
    before = contents(output)
    place = output / "tracks" / "sar"
    if lost is None:
        shutil.rmtree(output / "tracks")
    for name in lost or ():
        (place / name).unlink()
    assert watch(folder) == []
    assert contents(output) == before


@pytest.mark.parametrize("damage", ["last row lost", "row doubled", "a digit", "cut within a row"])
@pytest.mark.parametrize("name", [TRACKS, MEMBERS])
def test_damaged_tracks_are_refused_and_made_again(folder, name, damage):
    output = folder / "detections"
    before = contents(output)
    place = output / "tracks" / "sar"
    edit(place / name, DAMAGES[damage])
    with pytest.raises(FileFormatError, match="Track the detections again"):
        sunpy_farside.RegionTracks.read(place)
    watch(folder, message="Tracks are made again" if name == MEMBERS else None)
    assert contents(output) == before


def test_tracks_of_other_members_are_refused(folder):
    place = folder / "detections" / "tracks" / "sar"
    shutil.copy(place.parent / "network" / MEMBERS, place)
    with pytest.raises(FileFormatError, match="tracks of others"):
        sunpy_farside.RegionTracks.read(place)


def test_tracks_follow_a_corrected_map(folder, maps):
    output = folder / "detections"
    save_map(folder, maps[11], 1.5)
    assert watch(folder, message="other maps: 1") == DATES[1:]
    watch(folder, output=folder.parent / "fresh")
    assert contents(output) == contents(folder.parent / "fresh")


def test_tracks_of_earlier_releases(folder):
    place = folder / "detections" / "tracks" / "sar"
    today = sunpy_farside.RegionTracks.read(place)
    for name in (TRACKS, MEMBERS):
        table = QTable.read(place / name)
        for key in ("format", "rows", "members"):
            table.meta.pop(key, None)
        table.remove_column("reliability")
        table.write(place / name, overwrite=True)
    tracks = sunpy_farside.RegionTracks.read(place)
    assert tracks.tracks.colnames == today.tracks.colnames
    assert tracks.members.colnames == today.members.colnames
    assert np.isnan(tracks.members["reliability"]).all()
    assert_array_equal(tracks.tracks["designation"], today.tracks["designation"])


def test_two_at_once(folder):
    output = folder / "detections"
    before = contents(output)
    message = r"found another at work there since 20\d\d-.* UTC\. Start again when it has ended"
    with only_run(output):
        with pytest.raises(FolderInUseError, match=message) as error:
            watch_folder(folder, model=MODEL)
        with pytest.raises(FolderInUseError):
            update_tracks(output)
    assert "expected to be the only run" in str(error.value)
    assert contents(output) == before
    assert watch(folder) == []


def test_a_killed_run_holds_no_lock(folder):
    output = folder / "detections"
    code = (
        "import filelock, os, sys\n"
        "lock = filelock.FileLock(sys.argv[1])\n"
        "lock.acquire()\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, output / ".lock"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout.readline() == b"locked\n"
        with pytest.raises(FolderInUseError):
            watch_folder(folder, model=MODEL)
        process.kill()
    assert watch(folder) == []


@pytest.mark.usefixtures("no_tracks")
@pytest.mark.parametrize("name", ["catalogue.json", "catalogue.vot", "catalogue.csv"])
def test_companions_are_made_again(folder, name):
    output = folder / "detections"
    before = contents(output)
    (output / name).unlink()
    assert watch(folder) == []
    assert contents(output) == before
    (output / "catalogue.json").write_text(json.dumps({"source": "another"}))
    assert watch(folder) == []
    assert contents(output) == before


def test_companions_are_the_catalogue(watched):
    catalogue = read_catalogue(watched / "detections")
    assert len(catalogue)
    for name in ("catalogue.vot", "catalogue.csv"):
        table = Table.read(watched / "detections" / name)
        assert_array_equal(table["longitude"], catalogue["centroid"].lon.deg)
        assert_array_equal(table["date"], catalogue["date"].isot)
        assert_array_equal(table["method"], catalogue["method"])


@pytest.mark.usefixtures("no_tracks")
def test_maps_under_any_name(tmp_path, maps):
    folder = tmp_path / "maps"
    (tmp_path / "disk").mkdir()
    folder.mkdir()
    for number, item in enumerate(maps):
        save_map(folder, item)
        path = saved_path(folder, item)
        if number == 0:
            (path.parent / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        if number == 1:
            path.rename(path.with_suffix(".FITS"))
        if number == 2:
            path.rename(path.parent / item.date.strftime("PHASE_MAP_%Y.%m.%d_%H%%3A%M%%3A%S.fits"))
        if number > 8:
            path.rename(tmp_path / "disk" / path.name)
    (folder / "2022").symlink_to(tmp_path / "disk")
    assert watch(folder) == DATES
    assert watch(folder) == []


@pytest.mark.usefixtures("no_tracks")
def test_maps_near_their_step(tmp_path, maps):
    # The date is the map's own, half a minute off the step, also in the next run.
    for item in maps[:11]:
        save_map(tmp_path, item, name="PHASE_MAP_%Y.%m.%d_%H_%M_30.fits")
    assert watch(tmp_path) == ["2022-05-03T12:00:30.000"]
    assert watch(tmp_path) == []
    save_map(tmp_path, maps[11], name="PHASE_MAP_%Y.%m.%d_%H_05_00.fits")
    assert watch(tmp_path, message=r"passed over 1 maps not of 00 or 12 UT") == []


@pytest.mark.usefixtures("no_tracks")
def test_names_of_models_are_kept_whole(folder):
    name = "x" * 80
    watch(folder, small_model(name), "another model")
    assert set(read_catalogue(folder / "detections", "network")["model"]) == {name}


def test_home(tmp_path, folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert watch("~/maps") == []
    assert read_catalogue("~/maps/detections").meta["dates"] == DATES
