"""
Store of sequences, and its examples for training.
"""

import pickle
import shutil
import time

import h5py
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from torch.utils.data import DataLoader

from astropy.time import Time

from sunpy_farside import FarsideSequence, read_phase_map
from sunpy_farside.cadence import step_numbers, step_time
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import window_longitudes
from sunpy_farside.datasets.fetch_sources import dated_files
from sunpy_farside.datasets.store import Store, write_store
from sunpy_farside.datasets.torch_dataset import StoredSequences
from sunpy_farside.errors import FileFormatError
from sunpy_farside.io import read_stack
from sunpy_farside.maps.windows import cut_globe
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.training.examples import SimulatedSequences

# The windows of the second half of these days cross longitude 0.
START, NUMBER, MISSING = "2022-05-08", 24, 20


@pytest.fixture(scope="module")
def simulated():
    return simulate_maps(START, NUMBER, seed=4)


@pytest.fixture(scope="module")
def stored(tmp_path_factory, simulated):
    """
    Write a store of 9 sequences, 4 of them for training; return it and its maps.
    """
    path = tmp_path_factory.mktemp("store") / "dataset.h5"
    first = int(step_numbers(simulated.maps[0].date)[0])
    maps = {first + k: item for k, item in enumerate(simulated.maps) if k != MISSING}
    dates = step_time(np.arange(first, first + NUMBER))
    rng = np.random.default_rng(1)
    middle = np.arange(first + 5, first + 14)
    active = rng.integers(0, 2, (9, 144, 180)).astype(float)
    active[:, :, :40] = np.nan

    def sequences(steps):
        assert steps == sorted(maps)
        return {
            "middle": middle,
            "frame_date": (step_time(middle + 27)).isot,
            "split": ["training"] * 4 + [""] * 2 + ["test"] * 3,
            "active": active,
            "left_out": [("2022-06-01T12:00", "no map of 2022-05-18T00:00")],
        }

    meridians = np.floor(far_side_central_meridian(dates).deg)
    phases = ((step, cut_globe(item)) for step, item in maps.items())
    write_store(path, first, meridians, phases, sequences, settings={"lag": "13.5 d"})
    return path, maps, active, middle


@pytest.mark.parametrize("width", [16, 120, 140, 180])
def test_sequences_are_those_of_the_maps(stored, width):
    path, maps, active, middle = stored
    own = StoredSequences(path, "training", alignment="per_map", width=width)
    comoving = StoredSequences(path, "training", alignment="common", width=width, unknown=np.nan)
    assert len(own) == len(comoving) == 4
    for k in (0, 3):
        sequence = FarsideSequence(
            [maps[step] for step in range(middle[k] - 5, middle[k] + 6)], width=width
        )
        assert_array_equal(own[k][0][0], sequence.data)
        assert_array_equal(comoving[k][0][0], sequence.comoving_data)
        first = 90 - width // 2
        assert_array_equal(comoving[k][1][0], active[k, :, first : first + width])
        again = own.sequence(k)
        assert again.date.isot == sequence.date.isot
        assert_array_equal(again.data, sequence.data)
        assert_array_equal(again.comoving_data, sequence.comoving_data)


def test_items_are_those_of_simulated_sequences(stored):
    path, *_ = stored
    target = {"kind": "field", "level": 30.0}
    expected = [part[:2] for part in SimulatedSequences(8, seed=1, target=target)[0]]
    found = StoredSequences(path, "test", mirror=True)[2]
    for here, there in zip(found, expected, strict=True):
        assert here.shape == there.shape
        assert here.dtype == there.dtype
    assert torch.equal(found[0][0].flip(-2).nan_to_num(9), found[0][1].nan_to_num(9))
    assert torch.equal(found[1][0].flip(-2), found[1][1])
    # Missing pixels count as quiet, and none are on the near side.
    assert (found[1][:, :, :10] == 0).all()
    single = StoredSequences(path, "test")[2]
    assert [part.shape[0] for part in single] == [1, 1]


def test_truth_stands_in_the_window_of_the_middle_map(stored):
    path, _, active, middle = stored
    data = StoredSequences(path, "test")
    truth = data.truth(1)
    date = step_time(middle[7])
    assert data.dates[1].isot == date.isot
    assert truth.data.shape == (144, 120)
    assert truth.wcs.wcs.crval[0] == window_longitudes(date)[60].value
    assert truth.date.isot == date.isot
    assert_array_equal(truth.data, active[7, :, 30:150].astype(np.float32))


def test_what_a_store_knows(stored):
    path, _, _, middle = stored
    store = Store(path)
    assert len(store) == 9
    assert store.settings == {"lag": "13.5 d"}
    assert store.left_out == [("2022-06-01T12:00", "no map of 2022-05-18T00:00")]
    assert store.dates.isot.tolist() == step_time(middle).isot.tolist()
    assert store.frame_dates.isot[0] == step_time(middle[0] + 27).isot
    # Every map once, in a row for each date.
    assert store.phases.shape == (NUMBER, 144, 360)
    missing = np.isnan(store.phases).all(axis=(1, 2))
    assert np.flatnonzero(missing).tolist() == [MISSING]


def test_workers_read_for_themselves(stored):
    path, *_ = stored
    data = StoredSequences(path, "training", width=32)
    phases, _ = data[1]
    pickled = pickle.dumps(data)
    assert len(pickled) < 10_000
    assert torch.equal(pickle.loads(pickled)[1][0].nan_to_num(9), phases.nan_to_num(9))


def test_batches(stored):
    path, *_ = stored
    phases, active = next(iter(DataLoader(StoredSequences(path, "training"), batch_size=4)))
    assert phases.shape == (4, 1, 11, 144, 120)
    assert active.shape == (4, 1, 144, 120)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"split": "train"}, "training, validation, test, found 'train'"),
        ({"split": "validation"}, "found none"),
        ({"split": "test", "alignment": "other"}, "common or per_map"),
        ({"split": "test", "width": 182}, "found 182"),
        ({"split": "test", "width": 31}, "found 31"),
    ],
)
def test_wrong_options(stored, options, found):
    with pytest.raises(ValueError, match=found):
        StoredSequences(stored[0], **options)


def test_files_that_are_no_stores(stored, tmp_path):
    with pytest.raises(FileNotFoundError, match="build-dataset"):
        Store(tmp_path / "nothing.h5")
    (tmp_path / "text.h5").write_text("text")
    with pytest.raises(FileFormatError, match="does not read"):
        Store(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["phases"] = [1]
    with pytest.raises(FileFormatError, match="another HDF5 file"):
        Store(tmp_path / "other.h5")
    (tmp_path / "short.h5").write_bytes(stored[0].read_bytes()[:100_000])
    with pytest.raises(FileFormatError, match="does not read"):
        Store(tmp_path / "short.h5")


def _drop(name):
    def change(file):
        del file[name]

    return change


def _replace(name, make, **options):
    def change(file):
        values = make(file[name][...])
        del file[name]
        if values is not None:
            file.create_dataset(name, data=values, **options)

    return change


def _attribute(name, value):
    def change(file):
        file.attrs[name] = value

    return change


def _external(file):
    shape, kind = file["phases"].shape, file["phases"].dtype
    del file["phases"]
    file.create_dataset("phases", shape, kind, external="/etc/passwd")


def _never_written(file):
    shape = file["phases"].shape
    del file["phases"]
    file.create_dataset("phases", shape, "<f4")


def _huge(file):
    del file["phases"]
    file.create_dataset("phases", (1_000_000, 144, 360), "<f4")


def _group(file):
    del file["middle"]
    file.create_group("middle")


@pytest.mark.parametrize(
    "change",
    [
        *map(_drop, ("phases", "active", "middle", "meridian", "split", "frame_date", "left_out")),
        _replace("phases", lambda values: values[1:]),
        _replace("phases", lambda values: values[:, 1:]),
        _replace("phases", lambda values: values.astype(">f4")),
        _replace("phases", lambda values: values.astype("f8")),
        _replace("phases", lambda values: values, compression="gzip"),
        _replace("active", lambda values: values[1:]),
        _replace("active", lambda values: values.astype(float)),
        _replace("middle", lambda values: values + 100),
        _replace("middle", lambda values: values - 100),
        _replace("middle", lambda values: values[1:]),
        _replace("middle", lambda values: values.astype(float)),
        _replace("split", lambda values: values[1:]),
        _replace("split", lambda values: np.array([b"sometimes"] * len(values))),
        _replace("split", lambda values: np.array([b"\xff\xfe"] * len(values))),
        _replace("split", lambda values: np.zeros(len(values))),
        _replace("frame_date", lambda values: np.array([b"yesterday"] * len(values))),
        _replace("left_out", lambda values: np.array([1.0])),
        _attribute("settings", "{"),
        _attribute("settings", 5),
        _attribute("first_step", "one"),
        _attribute("first_step", [1, 2]),
        _external,
        _never_written,
        _huge,
        _group,
    ],
)
def test_stores_with_something_else_in_them(stored, tmp_path, change):
    path = tmp_path / "dataset.h5"
    shutil.copy(stored[0], path)
    Store(path)
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(FileFormatError, match=r"dataset\.h5"):
        Store(path)


def test_a_store_in_the_users_home(stored, monkeypatch):
    monkeypatch.setenv("HOME", str(stored[0].parent))
    assert len(Store("~/dataset.h5")) == 9


def test_real_maps_give_the_published_stack(real_data, tmp_path):
    files = dated_files(real_data / "jsoc/farside/Phase_Maps/2022")
    steps = step_numbers(Time(list(files.values())))[0]
    middle = [steps[5], steps[6]]

    def sequences(_written):
        return {
            "middle": middle,
            "frame_date": step_time(middle).isot,
            "split": ["test"] * 2,
            "active": np.zeros((2, 144, 180)),
            "left_out": [],
        }

    meridians = np.floor(far_side_central_meridian(step_time(steps)).deg)
    maps = (
        (step, cut_globe(read_phase_map(path))) for step, path in zip(steps, files, strict=True)
    )
    write_store(tmp_path / "dataset.h5", steps[0], meridians, maps, sequences)
    data = StoredSequences(tmp_path / "dataset.h5", "test", alignment="per_map")
    published = read_stack(real_data / "farnet2/20220505_00_20220505_12.h5")
    assert data.dates.isot.tolist() == ["2022-05-05T00:00:00.000", "2022-05-05T12:00:00.000"]
    for k in range(2):
        assert_array_equal(data[k][0][0], published[k])


@pytest.mark.slow
def test_eight_years_are_small_and_quick(tmp_path):
    first, number, pairs = 110696, 6200, 3066
    rng = np.random.default_rng(1)
    globe = rng.normal(0, 0.05, (144, 360)).astype(np.float32)

    def sequences(steps):
        middle = first + 10 + 2 * np.arange(pairs)
        return {
            "middle": middle,
            "frame_date": step_time(middle).isot,
            "split": ["training"] * pairs,
            "active": np.zeros((pairs, 144, 180), dtype=np.float32),
            "left_out": [],
        }

    path = tmp_path / "dataset.h5"
    meridians = np.arange(number) * 7 % 360
    write_store(path, first, meridians, ((first + k, globe) for k in range(number)), sequences)
    assert path.stat().st_size < 6e9
    data = StoredSequences(path, "training")
    times = []
    for chosen in rng.integers(0, pairs, (20, 30)):
        start = time.perf_counter()
        batch = torch.utils.data.default_collate([data[int(k)] for k in chosen])
        times.append(time.perf_counter() - start)
    assert batch[0].shape == (30, 1, 11, 144, 120)
    # Ignore the load of other processes.
    assert min(times) < 0.02
