import importlib
import itertools
import re
import shutil
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
from map_files import save_maps

import sunpy

import sunpy_farside
from sunpy_farside.catalog import read_catalog, watch_folder
from sunpy_farside.catalog.reading import CATALOG_COLUMNS
from sunpy_farside.catalog.track_columns import MEMBER_COLUMNS, TRACK_COLUMNS
from sunpy_farside.catalog.tracking import no_tracks
from sunpy_farside.simulation import simulate_maps

ROOT = Path(__file__).parents[1]


def test_the_code_of_the_readme_runs(jsoc_files, serve, only_loopback, tmp_path, monkeypatch):
    archive = tmp_path / "archive"
    shutil.copytree(jsoc_files[0].parent, archive / "Phase_Maps")
    serve(archive)
    monkeypatch.setitem(sunpy.config["downloads"], "download_dir", str(tmp_path / "downloads"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: None)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert blocks
    shutil.copytree(jsoc_files[0].parent, tmp_path / "farside_demo" / "maps")
    names = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert (tmp_path / "results" / "regions.ecsv").exists()
    assert len(names["files"]) == len(jsoc_files)
    plt.close("all")


def test_every_example_ends_with_a_picture():
    examples = sorted((ROOT / "examples").glob("*.py"))
    assert len(examples) > 8
    for path in examples:
        text = path.read_text()
        assert text.rstrip().endswith("plt.show()"), path.name
        assert path.name.startswith("plot_") or "needs the network" in text


def test_the_reference_has_every_public_name():
    pages = re.findall(r"automodapi:: (\S+)", (ROOT / "docs" / "reference.rst").read_text())
    described = {name for page in pages for name in importlib.import_module(page).__all__}
    assert set(sunpy_farside.__all__) - described == set()


def test_the_picture_of_the_house_is_true():
    """
    Compare the drawn layers with the checked ones, and with all packages.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = [item["layers"] for item in project["contracts"] if item["type"] == "layers"]
    checked = [re.findall(r"sunpy_farside\.(\w+)", layer) for layer in layers]
    page = (ROOT / "docs" / "contributing.rst").read_text()
    picture = page.split("code-block:: text")[1].split("There are")[0]
    drawn, number = {}, 0
    for line in picture.splitlines():
        if match := re.match(r"   (\d| )  (\w.*)", line):
            number = int(match[1]) if match[1].strip() else number
            names = re.split(r" {2,}", match[2])[0]
            drawn |= dict.fromkeys(re.findall(r"\w+", names), number)
    items = (ROOT / "sunpy_farside").iterdir()
    rooms = {item.stem for item in items if item.stem[0] not in "_." and item.name != "py.typed"}
    assert set(drawn) == rooms == {name for floor in checked for name in floor}
    heights = [[drawn[name] for name in floor] for floor in checked]
    assert all(min(upper) >= max(lower) for upper, lower in itertools.pairwise(heights))


def test_pages_name_no_function_that_is_not_there():
    pages = [*(ROOT / "docs").glob("*.rst"), *(ROOT / "docs" / "guides").glob("*.rst")]
    assert len(pages) > 12
    text = "\n".join(path.read_text() for path in pages)
    names = set(re.findall(r"sunpy_farside\.([a-z_]+)\(", text))
    assert len(names) > 5
    assert names <= set(sunpy_farside.__all__)


def test_the_files_that_the_contributing_page_names_are_there():
    page = (ROOT / "docs" / "contributing.rst").read_text()
    names = re.findall(r"``(sunpy_farside/[\w/.]+)``", page)
    assert len(names) >= 9
    assert [name for name in names if not (ROOT / name).is_file()] == []


def test_every_column_of_tracks_and_members_is_described():
    tracks = no_tracks("seismic_strength")
    assert tracks.tracks.colnames == list(TRACK_COLUMNS)
    assert tracks.members.colnames == list(MEMBER_COLUMNS)


def test_every_column_of_the_catalog_is_described(tmp_path):
    save_maps(tmp_path, simulate_maps("2022-05-01", 11, seed=9).maps)
    watch_folder(tmp_path, device="cpu")
    catalog = read_catalog(tmp_path / "detections")
    assert set(catalog.colnames) == set(CATALOG_COLUMNS)
