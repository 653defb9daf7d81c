"""
Catalogs and tracks that earlier releases wrote as text.
"""

import re
import warnings

import numpy as np
import pytest
from catalog_store import stored, write_former
from map_files import save_maps, stand_in_picture
from numpy.testing import assert_array_equal
from reference_unet import small_model

import astropy.units as u
from astropy.table import QTable

from sunpy.util.exceptions import SunpyDeprecationWarning

import sunpy_farside
from sunpy_farside.catalog import Catalog, read_catalog, update
from sunpy_farside.catalog.database import DATABASE
from sunpy_farside.catalog.update import update_tracks
from sunpy_farside.catalog.watch import watch_folder
from sunpy_farside.detection import COLUMNS
from sunpy_farside.errors import FileFormatError, NewerFormatError
from sunpy_farside.simulation import simulate_maps

pytestmark = pytest.mark.usefixtures("quick_pictures")

DATES = ["2022-05-03T12:00:00.000", "2022-05-04T00:00:00.000"]
FORMER = ["catalogue.ecsv", "catalogue.json", "tracks"]
MODEL = small_model()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """
    Watch a folder of two dates once.
    """
    folder = tmp_path_factory.mktemp("watched") / "maps"
    folder.mkdir()
    save_maps(folder, simulate_maps("2022-05-01", 12, seed=4).maps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(update, "draw_date", stand_in_picture)
        watch_folder(folder, model=MODEL)
    return folder


@pytest.fixture
def output(tmp_path):
    return tmp_path / "catalog"


def watch(folder, output, message=None):
    """
    Watch a folder with one expected warning or none; return the dates that are made.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dates = [date.isot for date in watch_folder(folder, output, model=MODEL)]
    messages = [str(item.message) for item in caught]
    assert len(messages) == (message is not None), messages
    assert message is None or re.search(message, messages[0]), messages
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


def test_the_database_gives_the_same_tables(folder, output):
    write_former(folder / "detections", output)
    for method in (None, "network", "sar"):
        former, today = (
            read_catalog(output, method),
            read_catalog(folder / "detections", method),
        )
        assert former.meta == today.meta
        assert former.colnames == today.colnames
        assert len(former)
        for name in today.colnames:
            before, now = former[name], today[name]
            assert getattr(before, "unit", None) == getattr(now, "unit", None)
            if name == "centroid":
                assert_array_equal(before.obstime.isot, now.obstime.isot)
                assert before.separation(now).max() < 1e-9 * u.deg
            elif hasattr(now, "isot"):
                assert_array_equal(before.isot, now.isot)
                assert before.precision == now.precision
            else:
                assert_array_equal(np.asarray(before), np.asarray(now))


def test_an_earlier_catalog_is_taken_over_once(folder, output):
    write_former(folder / "detections", output)
    assert watch(folder, output) == []
    assert stored(output) == stored(folder / "detections")
    assert sorted(path.name for path in (output / "former").iterdir()) == FORMER
    assert not any((output / name).exists() for name in FORMER)
    assert watch(folder, output) == []
    # The files can still be read where they are now.
    assert len(read_catalog(output / "former")) == len(read_catalog(output))
    assert len(sunpy_farside.RegionTracks.read(output / "former" / "tracks" / "sar").tracks)


def test_an_interrupted_takeover_is_finished(folder, output):
    write_former(folder / "detections", output)
    (output / DATABASE).write_bytes((folder / "detections" / DATABASE).read_bytes())
    assert watch(folder, output) == []
    assert sorted(path.name for path in (output / "former").iterdir()) == FORMER


def test_tracks_keep_the_names_of_earlier_releases(folder, output):
    write_former(folder / "detections", output)
    place = output / "tracks" / "sar"
    tracks = sunpy_farside.RegionTracks.read(place)
    for table in (tracks.tracks, tracks.members):
        table["designation"] = [f"{name[:-3]}N99" for name in table["designation"].tolist()]
    tracks.write(place)
    now = update_tracks(output)["sar"]
    assert set(now.tracks["designation"]) == set(tracks.tracks["designation"])
    assert_array_equal(now.members["designation"], tracks.members["designation"])


def test_catalogs_of_releases_that_called_the_sar_method_standard(folder, output):
    write_former(folder / "detections", output, version=1, sar="standard")
    names = Catalog(folder / "detections").tracks["sar"].members["designation"].tolist()
    now = read_catalog(output, "sar")
    assert len(now) == len(names) > 0
    assert set(read_catalog(output)["method"]) == {"network", "sar"}
    with pytest.warns(SunpyDeprecationWarning, match="Use 'sar'"):
        assert len(read_catalog(output, "standard")) == len(now)
    assert update_tracks(output)["sar"].members["designation"].tolist() == names


def test_the_first_format(folder, output):
    without = ["coverage", "significant", "mean_phase"]
    write_former(folder / "detections", output, version=1, without=without)
    today = read_catalog(folder / "detections")
    table = read_catalog(output)
    assert table.colnames == ["date", "method", "model", *COLUMNS]
    assert np.isnan(table["mean_phase"]).all()
    assert table["mean_phase"].unit == u.rad
    assert np.isnan(table["coverage"]).all()
    assert table["significant"].dtype == bool
    assert not table["significant"].any()
    assert_array_equal(table["area"], today["area"])
    # Its sources are unknown.
    message = r"2 dates made again \(of an earlier release: 2\)"
    assert watch(folder, output, message) == DATES
    assert stored(output) == stored(folder / "detections")


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "centroid"])
def test_any_column_may_be_missing(folder, output, column):
    today = read_catalog(folder / "detections")
    if isinstance(today[column], type(today["date"])):
        pytest.skip("all releases wrote it")
    write_former(folder / "detections", output, version=1, without=[column])
    read = read_catalog(output)
    assert read.colnames == today.colnames
    assert getattr(read[column], "unit", None) == getattr(today[column], "unit", None)
    assert read[column].dtype.kind == today[column].dtype.kind
    values = np.asarray(read[column])
    assert (np.isnan(values) if values.dtype.kind == "f" else values == 0).all()


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_dates_are_not_taken_over(folder, output, damage):
    write_former(folder / "detections", output)
    edit(output / "catalogue.ecsv", DAMAGES[damage])
    with pytest.raises(
        FileFormatError, match=r"lost, doubled or changed on 202.* Run watch or daily again"
    ):
        read_catalog(output)
    assert watch(folder, output, "which are not taken over. The file is kept in former")
    assert stored(output) == stored(folder / "detections")


@pytest.mark.parametrize("text", ["", "web page", "# %ECSV 1.0\n# ---\n# meta: {", "\x00" * 4000])
def test_a_file_that_does_not_read_is_kept(folder, output, text):
    write_former(folder / "detections", output)
    (output / "catalogue.ecsv").write_text(text)
    with pytest.raises(FileFormatError, match="does not read"):
        read_catalog(output)
    assert watch(folder, output, "does not read .* kept in former") == DATES
    assert (output / "former" / "catalogue.ecsv").read_text() == text
    assert stored(output) == stored(folder / "detections")


@pytest.mark.parametrize("name", ["catalogue.ecsv", "tracks/network/members.ecsv"])
def test_later_formats_are_refused_and_kept(folder, output, name):
    write_former(folder / "detections", output)
    path = output / name
    path.write_text(re.sub("(?m)^(#.*)format: 2", r"\1format: 3", path.read_text(), count=1))
    newer = path.read_text()
    assert "format: 3" in newer
    with pytest.raises(NewerFormatError, match=r"found format 3 .*Update sunpy_farside"):
        watch_folder(folder, output, model=MODEL)
    with pytest.raises(NewerFormatError):
        update_tracks(output)
    assert path.read_text() == newer


TRACKS, MEMBERS = "tracks.ecsv", "members.ecsv"


@pytest.mark.parametrize("damage", ["last row lost", "row doubled", "a digit", "cut within a row"])
@pytest.mark.parametrize("name", [TRACKS, MEMBERS])
def test_damaged_tracks_are_refused_and_made_again(folder, output, name, damage):
    write_former(folder / "detections", output)
    place = output / "tracks" / "sar"
    edit(place / name, DAMAGES[damage])
    with pytest.raises(FileFormatError, match="Track the detections again"):
        sunpy_farside.RegionTracks.read(place)
    watch(folder, output, "Tracks are made again" if name == MEMBERS else None)
    assert stored(output) == stored(folder / "detections")


def test_tracks_of_other_members_are_refused(folder, output):
    write_former(folder / "detections", output)
    place = output / "tracks" / "sar"
    (place / MEMBERS).write_bytes((place.parent / "network" / MEMBERS).read_bytes())
    with pytest.raises(FileFormatError, match="tracks of others"):
        sunpy_farside.RegionTracks.read(place)


def test_tracks_of_earlier_releases(folder, output):
    write_former(folder / "detections", output)
    place = output / "tracks" / "sar"
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
