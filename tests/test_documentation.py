import importlib
import itertools
import re
import shutil
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt

import sunpy

import sunpy_farside

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


def test_the_picture_of_the_architecture_is_true():
    """
    The modules of every floor stand on it, and the floors in the order that is checked.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (layers,) = [item["layers"] for item in project["contracts"] if item["type"] == "layers"]
    floors = [re.findall(r"sunpy_farside\.(\w+)", layer) for layer in layers]
    page = (ROOT / "docs" / "contributing.rst").read_text()
    picture = page.split("code-block:: text")[1].split("There are")[0]
    # Modules stand in two columns, each with what it does to its right.
    drawn = [re.findall(r"\w+", f"{line[3:21]} {line[40:53]}") for line in picture.splitlines()]
    where = {name: number for number, names in enumerate(drawn) for name in names}
    assert set(where) == {name for floor in floors for name in floor}
    places = [[where[name] for name in floor] for floor in floors]
    assert all(max(upper) < min(lower) for upper, lower in itertools.pairwise(places))


def test_pages_name_no_function_that_is_not_there():
    pages = [*(ROOT / "docs").glob("*.rst"), *(ROOT / "docs" / "guides").glob("*.rst")]
    assert len(pages) > 12
    text = "\n".join(path.read_text() for path in pages)
    names = set(re.findall(r"sunpy_farside\.([a-z_]+)\(", text))
    assert len(names) > 5
    assert names <= set(sunpy_farside.__all__)
