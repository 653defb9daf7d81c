import shutil

import matplotlib.pyplot as plt
import numpy as np
import pytest
from catalog_store import stored
from map_files import save_map, save_maps, saved_path
from numpy.testing import assert_array_equal
from reference_unet import small_model

import astropy.units as u

from sunpy.util.exceptions import SunpyUserWarning

import sunpy_farside
from sunpy_farside.catalog import read_catalog, stack_regions
from sunpy_farside.catalog.date_pictures import draw_date
from sunpy_farside.catalog.update import update_tracks
from sunpy_farside.catalog.watch import watch_folder
from sunpy_farside.detection import COLUMNS
from sunpy_farside.network import save_model
from sunpy_farside.simulation import simulate_maps

pytestmark = pytest.mark.usefixtures("quick_pictures")

DATES = [f"2022-05-{day}:00:00.000" for day in ("03T12", "04T00", "04T12", "05T00")]


@pytest.fixture(scope="module")
def maps():
    return simulate_maps("2022-05-01", 14, seed=4).maps


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_model(small_model(), path)
    return path


def test_the_picture_of_a_date(tmp_path, detection, simulated):
    draw_date([detection, sunpy_farside.detect_seismic_strength(simulated.sequence)], tmp_path)
    (path,) = tmp_path.iterdir()
    assert path.name == "2022-05-05T0000.png"
    assert plt.imread(path).std() > 0.1


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "maps"
    path.mkdir()
    return path


def test_both_methods_run_over_every_sequence(folder, maps, weights):
    save_maps(folder, maps)
    assert [date.isot for date in watch_folder(folder, model=weights)] == DATES
    output = folder / "detections"
    catalog = read_catalog(output)
    assert catalog.meta["dates"] == DATES
    assert catalog.colnames == ["date", "method", "model", *COLUMNS]
    assert set(catalog["model"]) <= {"small", "seismic_strength"}
    assert (np.diff(catalog["date"].mjd) >= 0).all()
    assert len(list(output.glob("*.png"))) == 4
    # The SAR method's part equals its own results.
    found = sunpy_farside.detect_seismic_strength(sunpy_farside.find_sequences(maps))
    expected = stack_regions(found)
    part = read_catalog(output, "sar")
    assert len(part)
    assert_array_equal(part["seismic_strength"], expected["seismic_strength"])
    assert part["seismic_strength"].unit == u.urad
    assert_array_equal(part["centroid"].lon, expected["centroid"].lon)
    assert_array_equal(part["centroid"].obstime.isot, part["date"].isot)


def test_only_new_dates_are_done(folder, maps, weights):
    save_maps(folder, maps[:12])
    assert len(watch_folder(folder, model=weights)) == 2
    output = folder / "detections"
    first = read_catalog(output)
    before = {path: path.stat().st_mtime_ns for path in output.glob("*.png")}
    assert watch_folder(folder, model=weights) == []
    save_maps(folder, maps[12:])
    assert [date.isot for date in watch_folder(folder, model=weights)] == DATES[2:]
    assert before == {path: path.stat().st_mtime_ns for path in before}
    both = read_catalog(output)
    assert both.meta["dates"] == DATES
    assert_array_equal(both["seismic_strength"][: len(first)], first["seismic_strength"])


def test_bit_by_bit_equals_at_once(folder, maps, weights, tmp_path):
    for number in (11, 13, 14):
        save_maps(folder, [m for m in maps[:number] if not saved_path(folder, m).exists()])
        watch_folder(folder, tmp_path / "slowly", model=weights)
    watch_folder(folder, tmp_path / "at once", model=weights)
    assert stored(tmp_path / "slowly") == stored(tmp_path / "at once")


def test_late_maps_equal_at_once(folder, maps, weights, tmp_path):
    # The second map arrives last, and the first is corrected.
    save_map(folder, maps[0], 1.5)
    save_maps(folder, maps[2:])
    watch_folder(folder, tmp_path / "slowly", model=weights)
    names = update_tracks(tmp_path / "slowly")["sar"].tracks["designation"].tolist()
    save_map(folder, maps[1])
    watch_folder(folder, tmp_path / "slowly", model=weights)
    save_map(folder, maps[0])
    with pytest.warns(SunpyUserWarning, match="other maps: 1"):
        watch_folder(folder, tmp_path / "slowly", model=weights)
    watch_folder(folder, tmp_path / "at once", model=weights)
    slowly, at_once = (stored(tmp_path / name, names=False) for name in ("slowly", "at once"))
    assert slowly == at_once
    # Tracks keep the designations that they got before their first detections were known.
    assert set(names) <= set(update_tracks(tmp_path / "slowly")["sar"].tracks["designation"])


def test_regions_keep_their_names(folder, maps, weights):
    save_maps(folder, maps[:12])
    watch_folder(folder, model=weights)
    first = update_tracks(folder / "detections")["sar"]
    save_maps(folder, maps[12:])
    watch_folder(folder, model=weights)
    second = update_tracks(folder / "detections")["sar"]
    assert_array_equal(
        second.members["designation"][: len(first.members)], first.members["designation"]
    )
    assert second.members.meta["dates"] == DATES


def test_maps_in_yearly_folders_count_once(folder, maps, weights):
    save_maps(folder, maps[:11])
    (folder / "2022").mkdir()
    save_maps(folder / "2022", maps[5:12])
    # Other products are ignored.
    shutil.copy(saved_path(folder, maps[0]), folder / "CUM_PHASE_2022.05.01_00_00_00.fits")
    (folder / "notes.txt").write_text("")
    assert len(watch_folder(folder, model=weights)) == 2


def test_a_map_that_does_not_read_costs_its_dates_only(folder, maps, weights):
    save_maps(folder, maps)
    broken = saved_path(folder, maps[0])
    whole = broken.read_bytes()
    broken.write_bytes(whole[:3000])
    with pytest.warns(SunpyUserWarning, match="2022-05-03T12:00 has no result"):
        assert [date.isot for date in watch_folder(folder, model=weights)] == DATES[1:]
    broken.write_bytes(whole)
    assert [date.isot for date in watch_folder(folder, model=weights)] == DATES[:1]
    assert read_catalog(folder / "detections").meta["dates"] == DATES


def test_gaps_and_empty_folders(folder, maps, weights):
    assert watch_folder(folder, model=weights) == []
    assert not (folder / "detections").exists()
    save_maps(folder, [*maps[:5], *maps[6:]])
    assert watch_folder(folder, model=weights) == []
    with pytest.raises(FileNotFoundError, match="no such folder"):
        watch_folder(folder / "nowhere")


def test_no_catalog_and_no_such_method(folder, maps, weights):
    save_maps(folder, maps[:11])
    watch_folder(folder, model=weights)
    with pytest.raises(FileNotFoundError, match="watch_folder makes it"):
        read_catalog(folder)
    with pytest.raises(FileNotFoundError, match="watch_folder makes it"):
        update_tracks(folder)
    with pytest.raises(ValueError, match="network or sar"):
        read_catalog(folder / "detections", "other")
