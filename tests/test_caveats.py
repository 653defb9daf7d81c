"""
Detections in maps of a product whose false detections are many and not counted warn of that.
"""

import warnings

import numpy as np
import pytest
from commands import run
from list_files import region_list
from reference_unet import small_model
from time_distance_files import write_sequence

import astropy.units as u
from astropy.time import Time

from sunpy.map import GenericMap
from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import FarsidePhaseMap, FarsideSequence, detect_farside, find_sequences
from sunpy_farside.catalog import watch_folder
from sunpy_farside.catalog.daily_run import run_day
from sunpy_farside.coordinates.far_side import disk_center_latitude, far_side_central_meridian
from sunpy_farside.coordinates.window import window_header
from sunpy_farside.detection import detect_seismic_strength
from sunpy_farside.evaluation.gaps import evaluate_real_gaps
from sunpy_farside.evaluation.real import evaluate_real
from sunpy_farside.evaluation.stored import evaluate_masks
from sunpy_farside.maps import phase_map_header
from sunpy_farside.network import save_model
from sunpy_farside.products import PRODUCTS

CAVEAT = PRODUCTS["time_distance"].caveat
MODEL = small_model()


def of_product(maps, product):
    return [FarsidePhaseMap(item.data, phase_map_header(item.date, product)) for item in maps]


@pytest.fixture(scope="module")
def sequences(maps):
    return find_sequences(of_product(maps, "time_distance"))


def given(call):
    with warnings.catch_warnings(record=True, action="always") as said:
        call()
    return [str(item.message) for item in said if item.category is SunpyUserWarning]


def by_network(maps):
    return detect_farside(maps, MODEL)


@pytest.mark.parametrize("detect", [by_network, detect_seismic_strength])
def test_once_a_call(detect, sequences):
    assert len(sequences) == 3
    assert given(lambda: detect(sequences)) == [CAVEAT]
    assert given(lambda: detect(sequences[0])) == [CAVEAT]
    assert given(lambda: list(detect(iter(sequences)))) == [CAVEAT]


def test_the_warning_points_to_the_call(sequences):
    for detect in (by_network, detect_seismic_strength):
        with pytest.warns(SunpyUserWarning) as said:
            detect(sequences[0])
        assert said[0].filename == __file__


def test_no_other_product_has_one(maps):
    assert {name for name, item in PRODUCTS.items() if item.caveat} == {"time_distance"}
    for product in ("phase_map", "gong", "something else"):
        sequence = FarsideSequence(of_product(maps[:11], product))
        assert given(lambda sequence=sequence: detect_farside(sequence, MODEL)) == []


@pytest.fixture
def folder(tmp_path):
    """
    Twelve maps with one strong region: two sequences.
    """
    folder = tmp_path / "output" / "maps"
    folder.mkdir(parents=True)
    write_sequence(folder, [(20, 15, 0.1)], number=12)
    return folder


@pytest.mark.usefixtures("quick_pictures")
def test_once_a_catalog(folder):
    assert given(lambda: watch_folder(folder, model=MODEL)) == [CAVEAT]
    # Nothing was detected: no warning either.
    assert given(lambda: watch_folder(folder, model=MODEL)) == []


@pytest.mark.usefixtures("quick_pictures")
def test_once_a_day(folder):
    def run():
        result = run_day(folder.parent, product="time_distance", offline=True, model=MODEL)
        assert set(result.latest) == {"network", "sar"}

    assert given(run) == [CAVEAT]
    # The latest date is detected again for its images.
    assert given(run) == [CAVEAT]


def test_once_an_evaluation(folder):
    maps = folder.parent / "maps"
    for day in ("2023-05-06.0", "2023-05-06.5"):
        date = Time(day[:10]) + float(day[10:]) * u.day
        meridian, latitude = far_side_central_meridian(date).deg, -disk_center_latitude(date).deg
        (maps / f"AR_LIST_{day}.txt").write_text(region_list(day, meridian, latitude))
    found = []
    models = {"small": MODEL, "again": MODEL}

    def evaluate():
        found.append(evaluate_real(models, maps, progress=False))

    assert given(evaluate) == [CAVEAT]
    assert len(found[0].dates) == 2
    assert given(lambda: evaluate_real_gaps(models, maps, most=0, progress=False)) == [CAVEAT]


def test_once_an_evaluation_with_masks(sequences):
    pairs = [
        (item, GenericMap(np.zeros((144, 120)), window_header(item.date, 120)))
        for item in sequences
    ]
    assert given(lambda: evaluate_masks({"small": MODEL}, pairs, progress=False)) == [CAVEAT]


@pytest.mark.filterwarnings("default:The rate of false detections")
def test_once_a_command(folder, tmp_path, capsys):
    save_model(MODEL, tmp_path / "small.safetensors")
    assert run("detect", folder, "--model", tmp_path / "small.safetensors") == 0
    out, err = capsys.readouterr()
    assert out.count("Far side on") == 2
    assert err == f"sunpy-farside: warning: {CAVEAT}\n"


@pytest.mark.filterwarnings("always:The rate of false detections")
def test_once_a_command_of_the_sar_method(folder, capsys):
    assert run("detect", folder, "--method", "sar") == 0
    out, err = capsys.readouterr()
    assert out.count("Far side on") == 2
    assert err == f"sunpy-farside: warning: {CAVEAT}\n"
