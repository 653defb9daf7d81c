"""
Catalogs that are damaged, of later releases, or of changed sources.
"""

import gzip
import re
import shutil
import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from catalog_store import change, stored
from map_files import save_map, save_maps, saved_path, stand_in_picture
from numpy.testing import assert_array_equal
from reference_unet import small_model

from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside.catalog import Catalog, database_schema, read_catalog, update
from sunpy_farside.catalog.database import DATABASE, Database
from sunpy_farside.catalog.reading import regions_table
from sunpy_farside.catalog.rows import REGION_FIELDS
from sunpy_farside.catalog.track_store import _FIELDS as TRACK_FIELDS
from sunpy_farside.catalog.update import update_tracks
from sunpy_farside.catalog.watch import watch_folder
from sunpy_farside.detection import COLUMNS
from sunpy_farside.errors import FileFormatError, FolderInUseError, NewerFormatError
from sunpy_farside.io.locks import only_run
from sunpy_farside.simulation import simulate_maps

pytestmark = pytest.mark.usefixtures("quick_pictures")

DATES = ["2022-05-03T12:00:00.000", "2022-05-04T00:00:00.000"]


MODEL = small_model()


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
        patch.setattr(update, "draw_date", stand_in_picture)
        watch_folder(folder, model=MODEL)
    return folder


@pytest.fixture
def folder(tmp_path, watched):
    return Path(shutil.copytree(watched, tmp_path / "maps"))


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


FIRST = f"(SELECT id FROM detections WHERE date = '{DATES[0]}' AND method = 'sar')"
DAMAGES = {
    "a region lost": [
        f"DELETE FROM members WHERE detection = {FIRST} AND label = 1",
        f"DELETE FROM regions WHERE detection = {FIRST} AND label = 1",
    ],
    "all regions lost": ["DELETE FROM members", "DELETE FROM regions"],
    "a region doubled": [
        f"INSERT INTO regions SELECT detection, 99, {', '.join(REGION_FIELDS[1:])} FROM regions "
        f"WHERE detection = {FIRST} AND label = 1",
    ],
    "a digit": [
        f"UPDATE regions SET longitude = longitude + 1e-9 WHERE detection = {FIRST} AND label = 1"
    ],
    "text in place of a number": [f"UPDATE regions SET area = 'x' WHERE detection = {FIRST}"],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_rows_are_noticed_and_made_again(folder, damage):
    output = folder / "detections"
    before = stored(output)
    change(output, *DAMAGES[damage])
    with pytest.raises(
        FileFormatError, match=r"lost, doubled or changed on 202.* Run watch or daily again"
    ):
        read_catalog(output)
    with pytest.raises(FileFormatError):
        update_tracks(output)
    assert watch(folder, message=r"[12] dates? made again \(rows lost, doubled or changed")
    assert stored(output) == before
    assert watch(folder) == []


@pytest.mark.parametrize("content", [b"web page " * 500, b"\x00" * 4000, None])
def test_a_catalog_that_does_not_read_is_kept_and_made_again(folder, content):
    output = folder / "detections"
    path = output / DATABASE
    before = stored(output)
    if content is None:
        # The first page is whole, the others are not.
        whole = path.read_bytes()
        content = whole[:4096] + bytes(reversed(whole[4096:]))
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="does not read"):
        read_catalog(output)
    assert watch(folder, message=r"does not read .* kept as catalogue\.damaged\.db") == DATES
    assert (output / "catalogue.damaged.db").read_bytes() == content
    assert stored(output) == before


def test_an_empty_file_is_an_empty_catalog(folder):
    output = folder / "detections"
    before = stored(output)
    (output / DATABASE).write_bytes(b"")
    with pytest.raises(FileFormatError, match="found version 0"):
        read_catalog(output)
    assert watch(folder) == DATES
    assert stored(output) == before


def test_a_corrected_map_is_noticed(folder, maps):
    output = folder / "detections"
    first = read_catalog(output, "sar")
    # The map belongs to the first date alone.
    save_map(folder, maps[0], 1.5)
    assert watch(folder, message=r"1 date made again \(other maps: 1\)") == DATES[:1]
    second = read_catalog(output, "sar")
    assert second.meta["dates"] == DATES
    for date, same in zip(DATES, (False, True), strict=True):
        old, new = (table[table["date"].isot == date] for table in (first, second))
        equal = len(old) == len(new) and (old["seismic_strength"] == new["seismic_strength"]).all()
        assert equal == same
    # The result is that of a folder which has had these maps from the start.
    watch(folder, output=folder.parent / "fresh")
    assert stored(output, names=False) == stored(folder.parent / "fresh", names=False)
    # The earlier result remains.
    sources = Catalog(output).sources(DATES[0])
    assert [source["status"] for source in sources] == ["superseded", "current"] * 2
    files = [source["files"]["PHASE_MAP_2022.05.01_00_00_00.fits"] for source in sources]
    assert files[0] == files[2] != files[1] == files[3]
    assert watch(folder) == []


def test_the_same_contents_are_the_same_maps(folder, maps):
    save_map(folder, maps[3])
    (folder / "2022").mkdir()
    for path in folder.glob("PHASE_MAP_2022.05.04*"):
        path.rename(folder / "2022" / path.name)
    assert watch(folder) == []
    (folder / "detections" / "maps.json").write_text("[")
    assert watch(folder) == []


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
    message = rf"2 dates made again \({reason}: 2\)"
    assert watch(folder, message=message, **options) == DATES
    watch(folder, output=folder.parent / "fresh", **options)
    same, fresh = (
        stored(path, names=False) for path in (folder / "detections", folder.parent / "fresh")
    )
    assert same == fresh
    assert watch(folder, **options) == []


def test_dates_whose_maps_are_gone_stay(folder):
    output = folder / "detections"
    for item in folder.glob("PHASE_MAP_2022.05.01_00*"):
        item.unlink()
    before = stored(output)
    assert watch(folder) == []
    assert stored(output) == before
    # Another model repeats the dates that have maps.
    assert watch(folder, small_model("other"), r"1 date made again") == DATES[1:]
    table = read_catalog(output, "network")
    assert table.meta["dates"] == DATES
    # A warning names the rows that are lost.
    change(output, *DAMAGES["a digit"])
    message = rf"lost, doubled or changed on {DATES[0]}, whose maps are gone.* kept as superseded"
    assert watch(folder, small_model("other"), message) == []
    assert read_catalog(output).meta["dates"] == DATES[1:]


def test_a_map_that_reads_no_more_costs_no_result(folder):
    output = folder / "detections"
    before = stored(output)
    broken = folder / "PHASE_MAP_2022.05.01_00_00_00.fits"
    broken.write_bytes(broken.read_bytes()[:3000])
    with pytest.warns(SunpyUserWarning) as caught:
        assert watch_folder(folder, model=MODEL) == []
    assert "made again (other maps: 1)" in str(caught[0].message)
    assert "2022-05-03T12:00 has no result" in str(caught[1].message)
    assert stored(output) == before


def place(folder, item, aside):
    """
    Move the file of a map out of the folder, or back.
    """
    path = saved_path(folder, item)
    source, target = (path, aside) if path.exists() else (aside, path)
    source.rename(target)


def test_dates_with_missing_maps_are_made_and_made_again(folder, maps, tmp_path):
    full = stored(folder / "detections", names=False)
    shutil.rmtree(folder / "detections")
    place(folder, maps[5], tmp_path / "aside")
    assert watch(folder) == []
    # The middle map of the first date; the dates before and after lack another map.
    assert watch(folder, missing=1) == DATES
    gappy = read_catalog(folder / "detections")
    assert gappy.meta["dates"] == DATES
    assert gappy["coverage"].max() == pytest.approx(10 / 11)
    assert watch(folder, missing=1) == []
    place(folder, maps[5], tmp_path / "aside")
    assert watch(folder, message=r"2 dates made again \(other maps: 2\)") == DATES
    assert stored(folder / "detections", names=False) == full


def test_new_dates_do_not_wait_for_their_last_maps(folder, maps):
    later = "2022-05-04T12:00:00.000", "2022-05-05T00:00:00.000"
    earlier = "2022-05-02T12:00:00.000", "2022-05-03T00:00:00.000"
    assert watch(folder, missing=2) == [*earlier, *later]
    save_map(folder, simulate_maps("2022-05-07", 1, seed=5).maps[0])
    made = [*later, "2022-05-05T12:00:00.000"]
    assert watch(folder, message=r"2 dates made again", missing=2) == made
    assert watch(folder, missing=2) == []
    assert watch(folder) == []


def rows_of(folder, date):
    table = read_catalog(folder / "detections")
    return table[table["date"].isot == date]


def test_fewer_maps_do_not_replace_the_result_of_more(folder, maps):
    saved_path(folder, maps[0]).unlink()
    saved_path(folder, maps[4]).unlink()
    # A third date has nine maps.
    other = "2022-05-04T12:00:00.000"
    assert watch(folder, missing=2) == [other]
    assert [rows_of(folder, date)["coverage"].max() for date in DATES] == [1, 1]
    model = small_model("other")
    assert watch(folder, model, "1 date made again", missing=2) == [other]
    # Damaged rows are made again from the remaining maps.
    change(folder / "detections", *DAMAGES["a digit"])
    assert watch(folder, model, "rows lost", missing=2) == DATES[:1]
    assert rows_of(folder, DATES[0])["coverage"].max() == pytest.approx(9 / 11)


def watch_and_warn(folder, **kwargs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dates = [date.isot for date in watch_folder(folder, model=MODEL, **kwargs)]
    return dates, "\n".join(str(item.message) for item in caught)


def test_a_map_that_does_not_read_is_missing(folder, maps):
    broken = saved_path(folder, maps[0])
    whole = broken.read_bytes()
    broken.write_bytes(whole[:3000])
    # The result of all the maps stays.
    made, messages = watch_and_warn(folder, missing=1)
    assert DATES[0] not in made
    assert f"1 more dates have no result: {DATES[0][:16]}" in messages
    assert messages.count(broken.name) == 1
    assert rows_of(folder, DATES[0])["coverage"].max() == 1
    shutil.rmtree(folder / "detections")
    made, messages = watch_and_warn(folder, missing=1)
    assert DATES[0] in made
    assert f"more dates have a result: {DATES[0][:16]}" in messages
    assert messages.count(broken.name) == 1
    assert rows_of(folder, DATES[0])["coverage"].max() == pytest.approx(10 / 11)
    broken.write_bytes(whole)
    made, _ = watch_and_warn(folder, missing=1)
    assert DATES[0] in made
    assert rows_of(folder, DATES[0])["coverage"].max() == 1
    assert watch(folder, missing=1) == []


def test_new_columns_are_filled_where_the_maps_are(folder, monkeypatch):
    # As if the catalog had been written before the last column came.
    described = update.describe_run
    monkeypatch.setattr(
        update, "describe_run", lambda *args: described(*args) | {"columns": [*COLUMNS, "new"]}
    )
    assert watch(folder, message=r"made again \(other columns: 2\)") == DATES


def test_databases_of_later_releases_are_refused_and_kept(folder):
    output = folder / "detections"
    change(output, "PRAGMA user_version = 99")
    newer = (output / DATABASE).read_bytes()
    for function in (watch_folder, read_catalog, update_tracks):
        with pytest.raises(NewerFormatError, match=r"found version 99 .*Update sunpy_farside"):
            function(folder if function is watch_folder else output)
    assert (output / DATABASE).read_bytes() == newer
    assert not (output / "catalogue.damaged.db").exists()


def test_databases_of_earlier_releases_are_brought_up_to_date(folder, monkeypatch):
    # As if a later release had one more step.
    output = folder / "detections"
    before = stored(output)
    step = "CREATE TABLE scores (id INTEGER PRIMARY KEY);\nINSERT INTO scores VALUES (7);"
    monkeypatch.setattr(database_schema, "_STEPS", [*database_schema._STEPS, step])
    # To read leaves the file as it is.
    content = (output / DATABASE).read_bytes()
    assert len(read_catalog(output)) == len(before[1])
    assert (output / DATABASE).read_bytes() == content
    assert watch(folder) == []
    assert watch(folder) == []
    assert stored(output) == before
    with Database.opened(output) as database:
        assert database.connection.execute("SELECT id FROM scores").fetchall() == [(7,)]


def fields_of(database, table):
    return {name for _, name, *_ in database.connection.execute(f"PRAGMA table_info({table})")}


def test_every_column_of_tracks_has_a_field(folder):
    remedy = "append a step to sunpy_farside/catalog/database_schema.py that adds the field"
    with Database.opened(folder / "detections") as database:
        assert {*TRACK_FIELDS} <= fields_of(database, "tracks"), remedy


def test_a_new_column_of_regions_needs_no_step(folder, monkeypatch):
    output = folder / "detections"
    content, before = (output / DATABASE).read_bytes(), stored(output)
    monkeypatch.setattr(database_schema, "REGION_FIELDS", (*REGION_FIELDS, "new"))
    with Database.opened(output) as database:
        assert fields_of(database, "regions") == {"detection", *REGION_FIELDS, "new"}
    # To read leaves the file as it is.
    assert (output / DATABASE).read_bytes() == content
    for _ in range(2):
        with Database.opened(output, write=True) as database:
            assert "new" in fields_of(database, "regions")
            values = database.connection.execute("SELECT DISTINCT new FROM regions").fetchall()
            assert values == [(None,)]
    assert stored(output) == before


def test_a_column_of_a_later_release_is_refused(folder):
    output = folder / "detections"
    change(output, "ALTER TABLE regions ADD COLUMN later")
    newer = (output / DATABASE).read_bytes()
    for function in (watch_folder, read_catalog, update_tracks):
        with pytest.raises(NewerFormatError, match="found also later of a later release"):
            function(folder if function is watch_folder else output)
    assert (output / DATABASE).read_bytes() == newer


def test_fields_that_an_earlier_release_did_not_write(folder):
    # A step that adds a field leaves it NULL, whatever its kind.
    unknown = {4 + REGION_FIELDS.index(name) for name in ("area", "significant", "complex")}
    with Database.opened(folder / "detections") as database:
        whole = database.rows()
    rows = [tuple(None if k in unknown else x for k, x in enumerate(row)) for row in whole]
    table = regions_table(rows, DATES)
    assert np.isnan(table["area"]).all()
    assert not table["significant"].any()
    assert not table["complex"].any()
    assert_array_equal(table["depth"], regions_table(whole, DATES)["depth"])


def test_a_step_that_fails_changes_nothing(folder, monkeypatch):
    output = folder / "detections"
    before = stored(output)
    step = "CREATE TABLE scores (id INTEGER PRIMARY KEY);\nINSERT INTO nowhere VALUES (7);"
    monkeypatch.setattr(database_schema, "_STEPS", [*database_schema._STEPS, step])
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        watch(folder)
    monkeypatch.undo()
    assert stored(output) == before
    assert read_catalog(output).meta["dates"] == DATES


def test_a_catalog_reads_from_a_folder_that_cannot_be_written(folder):
    output = folder / "detections"
    mode = output.stat().st_mode
    before = len(read_catalog(output))
    output.chmod(0o555)
    try:
        assert len(read_catalog(output)) == before
    finally:
        output.chmod(mode)
    assert sorted(path.name for path in output.glob("catalog*")) == [DATABASE]


def test_tracks_follow_a_corrected_map(folder, maps):
    output = folder / "detections"
    save_map(folder, maps[11], 1.5)
    assert watch(folder, message="other maps: 1") == DATES[1:]
    watch(folder, output=folder.parent / "fresh")
    assert stored(output, names=False) == stored(folder.parent / "fresh", names=False)


def test_two_at_once(folder):
    output = folder / "detections"
    before = stored(output)
    message = r"found another one using it since 20\d\d-.* UTC\. Start again when it has ended"
    with only_run(output):
        with pytest.raises(FolderInUseError, match=message) as error:
            watch_folder(folder, model=MODEL)
        with pytest.raises(FolderInUseError):
            update_tracks(output)
    assert "expected no other process" in str(error.value)
    assert stored(output) == before
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


def test_maps_near_their_step(tmp_path, maps):
    # The date is the map's own, half a minute off the step, also in the next run.
    for item in maps[:11]:
        save_map(tmp_path, item, name="PHASE_MAP_%Y.%m.%d_%H_%M_30.fits")
    assert watch(tmp_path) == ["2022-05-03T12:00:30.000"]
    assert watch(tmp_path) == []
    save_map(tmp_path, maps[11], name="PHASE_MAP_%Y.%m.%d_%H_05_00.fits")
    assert watch(tmp_path, message=r"Passed over 1 map not of 00 or 12 UT") == []


def test_names_of_models_are_kept_whole(folder):
    name = "x" * 80
    watch(folder, small_model(name), "another model")
    assert set(read_catalog(folder / "detections", "network")["model"]) == {name}


def test_home(tmp_path, folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert watch("~/maps") == []
    assert read_catalog("~/maps/detections").meta["dates"] == DATES
