"""
Search of a folder for phase maps.
"""

import os
import shutil

import pytest

from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside.io.folders import find_phase_maps

NAME = "PHASE_MAP_2022.05.{:02d}_00:00:00.fits"


def names(folder, **kwargs):
    return [path.name for path in find_phase_maps(folder, **kwargs)]


@pytest.mark.parametrize(
    "name",
    [
        "PHASE_MAP_2022.05.05_00:00:00.fits",
        "PHASE_MAP_2022.05.05_00_00_00.FITS",
        "PHASE_MAP_2022.05.05_00_00_00.fits.gz",
        "PHASE_MAP_2022.05.05_00_00_00.FITS.GZ",
        "PHASE_MAP_2022.05.05_00%3A00%3A00.fits",
        "PHASE_MAP_2022.05.05_00+00+00.fits",
        "PHASE_MAP_2022.05.05_00 00 00.fits",
        "phase_map_20220505_000000.fts",
        "PHASE_MAP_2022.05.05_00_00_00 (1).fits",
    ],
)
def test_names_that_are_found(tmp_path, name):
    (tmp_path / name).touch()
    assert names(tmp_path) == [name]


def test_order_of_date_through_folders_and_links(tmp_path):
    folder, elsewhere = tmp_path / "maps", tmp_path / "disk" / "2022"
    (folder / "2021").mkdir(parents=True)
    elsewhere.mkdir(parents=True)
    (elsewhere / NAME.format(4)).touch()
    (folder / "2021" / NAME.format(3)).touch()
    (folder / NAME.format(5)).touch()
    (folder / "2022").symlink_to(elsewhere)
    # Links that are circular, and two links to one place.
    (folder / "2021" / "up").symlink_to(folder)
    (elsewhere / "self").symlink_to(elsewhere)
    (folder / "again").symlink_to(elsewhere)
    assert names(folder) == [NAME.format(day) for day in (3, 4, 5)]


def test_what_is_hidden_or_of_another_kind_is_no_matter(tmp_path):
    (tmp_path / ".partial-x").mkdir()
    (tmp_path / ".partial-x" / NAME.format(5)).touch()
    (tmp_path / "._PHASE_MAP_2022.05.05_00:00:00.fits").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "CUM_PHASE_2022.05.05_00:00:00.fits").touch()
    assert names(tmp_path) == []
    assert names(tmp_path, product="phase_map_5day") == ["CUM_PHASE_2022.05.05_00:00:00.fits"]


def test_one_line_counts_what_was_passed_over(tmp_path):
    for name in ("map.fits", "other.FITS", "MAGNETOGRAM_2022.05.05_00:00:00.fits"):
        (tmp_path / name).touch()
    (tmp_path / NAME.format(1)).mkdir()
    os.mkfifo(tmp_path / NAME.format(2))
    (tmp_path / NAME.format(3)).symlink_to(tmp_path / "nowhere")
    (tmp_path / "2021").symlink_to(tmp_path / "no disk")
    (tmp_path / NAME.format(5)).touch()
    with pytest.warns(SunpyUserWarning) as caught:
        assert names(tmp_path) == [NAME.format(5)]
    (message,) = (str(item.message) for item in caught)
    assert "\n" not in message
    assert "passed over 6 " in message
    assert "no date in the name: 2" in message
    assert "no name of a phase map: 1" in message
    assert "a broken link: 2" in message
    assert "no file: 1" in message


def test_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    (tmp_path / "2021").mkdir()
    (tmp_path / NAME.format(5)).touch()
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("2021"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.warns(SunpyUserWarning, match=r"a folder that cannot be read: 1\), 2021\."):
        assert names(tmp_path) == [NAME.format(5)]


def test_a_date_counts_once(tmp_path):
    for year in ("a", "b"):
        (tmp_path / year).mkdir()
    (tmp_path / "a" / NAME.format(5)).write_bytes(b"one")
    shutil.copy(tmp_path / "a" / NAME.format(5), tmp_path / "b")
    assert len(find_phase_maps(tmp_path)) == 1
    (tmp_path / "b" / NAME.format(5)).write_bytes(b"two")
    with pytest.warns(SunpyUserWarning, match="another file of a date: 1"):
        (path,) = find_phase_maps(tmp_path)
    assert path.parent.name == "a"


def test_no_such_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        find_phase_maps(tmp_path / "nowhere")


def test_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / NAME.format(5)).touch()
    assert names("~/maps") == [NAME.format(5)]


def test_two_files_of_a_date_that_cannot_be_compared(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / NAME.format(5)).write_text("a map")

    def refuse(*_args, **_kwargs):
        raise PermissionError

    assert len(find_phase_maps(tmp_path)) == 1
    monkeypatch.setattr("filecmp.cmp", refuse)
    with pytest.warns(SunpyUserWarning, match="another file of a date: 1"):
        assert len(find_phase_maps(tmp_path)) == 1
