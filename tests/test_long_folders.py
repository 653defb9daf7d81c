"""
Folders of a few months of maps, some of them broken in different ways.
"""

import json
import shutil
import warnings

import numpy as np
import pytest
from commands import run
from map_files import publish_maps, published_name
from reference_unet import small_model

from astropy.io import fits

from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside.cadence import complete_runs, steps_of_sequence
from sunpy_farside.catalog import read_catalog, update, watch_folder
from sunpy_farside.network import save_model
from sunpy_farside.simulation import simulate_maps

pytestmark = pytest.mark.usefixtures("quick_pictures")

NUMBER = 120


def write_web_page(path, data):
    path.write_text("<html>Not Found</html>")


def empty(path, data):
    path.write_bytes(b"")


def cut_short(path, data):
    path.write_bytes(path.read_bytes()[:100_000])


def write_degrees(path, data):
    fits.PrimaryHDU(np.rad2deg(data)).writeto(path, overwrite=True)


def write_no_data(path, data):
    fits.PrimaryHDU(np.full_like(data, np.nan)).writeto(path, overwrite=True)


def pad_with_zeros(path, data):
    fits.PrimaryHDU(np.where(np.arange(181)[:, None] < 60, data, 0)).writeto(path, overwrite=True)


def write_another_shape(path, data):
    fits.PrimaryHDU(data[:90]).writeto(path, overwrite=True)


# Five in a hundred, at the ends, side by side and apart.
BROKEN = {
    0: write_web_page,
    24: empty,
    25: cut_short,
    58: write_degrees,
    80: write_no_data,
    81: pad_with_zeros,
    119: write_another_shape,
}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """
    Return a folder of maps, of which some are broken, the broken files and the complete dates.
    """
    folder = tmp_path_factory.mktemp("months")
    maps = simulate_maps("2022-01-01", NUMBER, seed=3).maps
    publish_maps(folder, maps)
    broken = [folder / published_name(maps[number].date) for number in BROKEN]
    for path, (number, damage) in zip(broken, BROKEN.items(), strict=True):
        damage(path, maps[number].data)
    middles = complete_runs(set(range(NUMBER)) - set(BROKEN))
    return folder, broken, [maps[middle].date.isot for middle in middles]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    save_model(small_model(), path)
    return path


def test_the_broken_files_leave_complete_sequences():
    whole = set(range(NUMBER)) - set(BROKEN)
    middles = complete_runs(whole)
    assert len(middles) > NUMBER / 3
    assert all(whole.issuperset(steps_of_sequence(middle)) for middle in middles)


def test_detection_in_all_complete_sequences(published, weights, capsys):
    folder, broken, dates = published
    assert run("detect", folder, "--model", weights, "--format", "json") == 1
    out, err = capsys.readouterr()
    assert [record["date"] for record in json.loads(out)] == [date[:19] for date in dates]
    assert [err.count(path.name) for path in broken] == [1] * len(broken)
    lines = err.splitlines()
    assert f"{len(broken)} of {NUMBER} files could not be used" in lines[-1]
    assert len(lines) == len(broken) + 1


def test_a_catalog_of_all_complete_sequences(published, weights, tmp_path, monkeypatch):
    folder, broken, dates = published
    read, names = update.read_global_map, []

    def reading(path):
        names.append(path.name)
        return read(path)

    monkeypatch.setattr(update, "read_global_map", reading)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        made = watch_folder(folder, tmp_path, model=weights)
    assert [date.isot for date in made] == dates
    assert read_catalog(tmp_path).meta["dates"] == dates
    # Each file is read once, also the broken ones, and named once.
    assert len(names) == len(set(names)) == NUMBER
    assert all(item.category is SunpyUserWarning for item in caught)
    text = "\n".join(str(item.message) for item in caught)
    assert [text.count(path.name) for path in broken] == [1] * len(broken)
    assert len(caught) <= len(broken) + 1


def test_an_interrupted_catalog_goes_on(published, weights, tmp_path, monkeypatch):
    """
    Interrupt the reading halfway: what is done stays, and the rest is done the next time.
    """
    folder, broken, dates = published
    whole = shutil.copytree(folder, tmp_path / "maps")
    for path in broken:
        (whole / path.name).unlink()
    halfway = sorted(whole.iterdir())[NUMBER // 2].name
    read = update.read_global_map

    def interrupted(path):
        if path.name == halfway:
            raise KeyboardInterrupt
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(update, "read_global_map", interrupted)
        with pytest.raises(KeyboardInterrupt):
            watch_folder(whole, model=weights)
    done = read_catalog(whole / "detections").meta["dates"]
    assert 8 <= len(done) < len(dates)
    assert done == dates[: len(done)]
    rest = [date.isot for date in watch_folder(whole, model=weights)]
    assert rest == dates[len(done) :]
