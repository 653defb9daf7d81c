"""
The catalog as an object, and its files for other programs.
"""

import json
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from map_files import save_maps, stand_in_picture
from numpy.testing import assert_array_equal
from reference_unet import small_model

import astropy.units as u
from astropy.table import Table

from sunpy_farside.catalog import Catalog, read_catalog, update
from sunpy_farside.catalog.numbers import NUMBER_COLUMNS, daily_numbers
from sunpy_farside.catalog.watch import watch_folder
from sunpy_farside.cli import main
from sunpy_farside.errors import FarsideError
from sunpy_farside.simulation import simulate_maps

DATES = ["2022-05-03T12:00:00.000", "2022-05-04T00:00:00.000"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("watched")
    save_maps(folder, simulate_maps("2022-05-01", 12, seed=4).maps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(update, "draw_date", stand_in_picture)
        watch_folder(folder, model=small_model())
    return folder / "detections"


@pytest.fixture(scope="module")
def catalog(folder):
    return Catalog(folder)


def test_dates_regions_and_tracks(catalog, folder):
    assert repr(catalog) == "<Catalog: 2 dates, 2022-05-03T12:00 to 2022-05-04T00:00>"
    assert catalog.dates.isot.tolist() == DATES
    whole = read_catalog(folder, "sar")
    assert_array_equal(catalog.detections("sar")["area"], whole["area"])
    part = catalog.regions("2022-05-04", "sar")
    assert_array_equal(part["area"], whole["area"][whole["date"].isot == DATES[1]])
    assert part.meta["dates"] == DATES[1:]
    assert set(catalog.regions("2022-05-04")["method"]) == {"network", "sar"}
    assert list(catalog.tracks) == ["network", "sar"]
    assert len(catalog.tracks["sar"].members) == len(whole)
    assert repr(Catalog(folder / "catalogue.db")) == repr(catalog)


def test_another_date_and_another_folder(catalog, folder):
    with pytest.raises(FarsideError, match="found 2022-05-05T00:00: see dates"):
        catalog.regions("2022-05-05")
    with pytest.raises(FileNotFoundError, match="watch_folder makes it"):
        Catalog(folder.parent)


def test_sources_of_a_date(catalog):
    network, sar = catalog.sources(DATES[0])
    assert (network["method"], sar["method"]) == ("network", "sar")
    assert (network["model"], sar["model"]) == ("small", "seismic_strength")
    assert network["status"] == "current"
    assert network["settings"]["width"] == 120
    assert network["weights"] == network["settings"]["weights"]
    assert len(network["files"]) == 11
    assert "PHASE_MAP_2022.05.01_00_00_00.fits" in network["files"]
    # The two dates share ten maps.
    other = catalog.sources(DATES[1])[0]["files"]
    assert len(network["files"].items() & other.items()) == 10


def test_picture(catalog):
    drawn = catalog.plot("sar")
    assert len(drawn.outlines) == len(catalog.tracks["sar"].tracks)
    plt.close("all")
    page = catalog._repr_html_()
    assert "&lt;Catalog: 2 dates" in page
    assert "data:image/png;base64," in page
    assert not plt.get_fignums()


@pytest.mark.parametrize("suffix", [".ecsv", ".vot", ".fits", ".csv"])
def test_files_read_without_this_package(catalog, tmp_path, suffix):
    path = tmp_path / f"regions{suffix}"
    catalog.write(path)
    code = (
        "import sys, warnings; from astropy.table import Table; "
        "warnings.simplefilter('error'); table = Table.read(sys.argv[1]); "
        "assert 'sunpy' not in sys.modules; print(len(table), table['longitude'][0])"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    number, longitude = done.stdout.split()
    whole = catalog.detections()
    assert int(number) == len(whole)
    assert float(longitude) == whole["centroid"].lon.deg[0]


def test_json(catalog, tmp_path):
    catalog.write(tmp_path / "regions.json", "sar")
    content = json.loads((tmp_path / "regions.json").read_text())
    whole = catalog.detections("sar")
    assert content["dates"] == DATES
    assert content["units"]["seismic_strength"] == "urad"
    assert len(content["rows"]) == len(whole) > 0
    for row, strength in zip(content["rows"], whole["seismic_strength"], strict=True):
        assert row["seismic_strength"] == strength.value
        assert row["integrated_probability"] is None


def test_parquet(catalog, tmp_path):
    path = tmp_path / "regions.parquet"
    pytest.importorskip("pyarrow")
    pandas = pytest.importorskip("pandas")
    catalog.write(path)
    frame = pandas.read_parquet(path)
    assert_array_equal(frame["longitude"], catalog.detections()["centroid"].lon.deg)


def test_parquet_without_pyarrow(catalog, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'sunpy_farside\[parquet\]'"):
        catalog.write(tmp_path / "regions.parquet")
    assert list(tmp_path.iterdir()) == []


def test_export(folder, tmp_path, capsys):
    files = [tmp_path / "regions.csv", tmp_path / "tracks.vot"]
    assert main(["export", str(folder), str(files[0])]) == 0
    assert main(["export", str(folder), str(files[1]), "--table", "tracks", "--method", "sar"]) == 0
    assert capsys.readouterr().out == f"{files[0]}\n{files[1]}\n"
    regions, tracks = map(Table.read, files)
    assert len(regions) == len(read_catalog(folder))
    stored = Catalog(folder).tracks["sar"].tracks
    assert np.asarray(tracks["designation"]).tolist() == stored["designation"].tolist()
    numbers = tmp_path / "numbers.json"
    assert main(["export", str(folder), str(numbers), "--table", "numbers"]) == 0
    assert len(json.loads(numbers.read_text())["rows"]) == 2
    assert main(["export", str(folder), str(tmp_path / "names.csv"), "--table", "names"]) == 0
    assert len(Table.read(tmp_path / "names.csv")) == 0
    capsys.readouterr()
    assert main(["export", str(folder), str(tmp_path / "regions.xls")]) == 1
    assert "ends in .ecsv, .vot, .fits" in capsys.readouterr().err


def test_tracks_and_matches_for_programs(folder, tmp_path, capsys):
    tracks = Catalog(folder).tracks["sar"].tracks
    line = ["track", str(folder), "--method", "sar", "--all", "--format"]
    assert main([*line, "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["designation"] for row in rows] == tracks["designation"].tolist()
    assert rows[0]["mean_longitude"] == tracks["mean_position"][0].lon.deg
    assert rows[0]["noaa"] == ""
    assert main([*line, "csv"]) == 0
    read = Table.read(capsys.readouterr().out, format="ascii.csv")
    assert read["designation"].tolist() == tracks["designation"].tolist()
    region_list = tmp_path / "AR_LIST_2022.05.06_12_00_00.txt"
    region_list.write_text(
        "                         2022-05-06.5\n"
        "        Far-Side Vantage:  CLon = 108.2, Lat =   3.6\n\n"
        "No Strong Active Regions (SARs) in the Sun's far hemisphere at this time.\n"
    )
    line = ["compare", str(folder), str(region_list), "--method", "sar", "--format", "json"]
    assert main(line) == 0
    content = json.loads(capsys.readouterr().out)
    assert {row["outcome"] for row in content["rows"]} == {"extra"}
    assert content["dates"] == DATES[1:]
    # The same catalog in the place of that of another product.
    products = ["compare", str(folder), "--with", str(folder), "--method", "sar"]
    assert main([*products, "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["outcome"] for row in rows} == {"matched"}
    assert main([*line, "--noaa", str(region_list)]) == 2
    assert "one after the other" in capsys.readouterr().err


def test_numbers(catalog):
    numbers = catalog.numbers("sar", days=14 * u.day, reliability=0.3)
    regions = catalog.detections("sar")
    assert numbers.colnames == list(NUMBER_COLUMNS)
    for row in numbers:
        here = regions[regions["date"] == row["date"]]
        strong = here[here["significant"]]
        assert row["n_regions"] == len(strong)
        assert u.isclose(row["strength"], strong["seismic_strength"].sum())
        ahead = here["east_limb_arrival"] - here["date"]
        soon = here["significant"] & (ahead > 0 * u.day) & (ahead <= 7 * u.day)
        assert u.isclose(row["strength_7_days"], here["seismic_strength"][soon].sum())
        counted = here["reliability"][
            (here["reliability"] >= 0.3) & (ahead > 0 * u.day) & (ahead <= 14 * u.day)
        ]
        assert row["probability"] == pytest.approx(1 - np.prod(1 - np.asarray(counted)))


def test_numbers_where_there_is_no_map_and_no_region(catalog):
    regions = catalog.detections("sar")
    regions = regions[regions["date"].isot == DATES[1]]
    # No region on the second date, and no map on the next two.
    regions.meta["dates"] = [*DATES, "2022-05-05T12:00:00.000"]
    numbers = daily_numbers(regions)
    assert_array_equal(
        numbers["date"].isot,
        [
            *DATES,
            "2022-05-04T12:00:00.000",
            *["2022-05-05T00:00:00.000"],
            "2022-05-05T12:00:00.000",
        ],
    )
    assert np.isnan(numbers["n_regions"]).tolist() == [False, False, True, True, False]
    assert numbers["n_regions"][[0, 4]].tolist() == [0, 0]
    assert numbers["probability"][[0, 4]].tolist() == [0, 0]
    assert np.isnan(numbers["strength"]).tolist() == [False, False, True, True, False]
    empty = regions[:0]
    empty.meta = {"dates": [], "strength": "seismic_strength"}
    assert len(daily_numbers(empty)) == 0
