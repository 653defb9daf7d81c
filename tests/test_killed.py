"""
Recovery of writers that die whenever a file moves into place or a transaction begins or ends.
"""

import subprocess
import sys
from pathlib import Path

import pytest

import sunpy_farside

# One process imports everything, and forks for every run: a fork dies at the n-th move, or before a
# transaction begins or ends, another one goes on, and must leave the files of a run without
# interruption.
SCRIPT = """
import hashlib, pathlib, shutil, sys, warnings
sys.path.insert(0, "tests")
warnings.simplefilter("ignore")
from forked_runs import DIED, run_forked
{job}

def content(path):
    if path.is_dir() or path.name == "maps.json":
        return None
    if path.suffix == ".db":
        from catalog_store import stored

        return stored(path.parent)
    return hashlib.sha256(path.read_bytes()).hexdigest()

def tree(folder):
    return {{str(path.relative_to(folder)): content(path) for path in sorted(folder.rglob("*"))}}

def start(name):
    folder = root / name
    if (root / "before").is_dir():
        shutil.copytree(root / "before", folder)
    else:
        folder.mkdir()
    return folder

root = pathlib.Path(sys.argv[1])
if "before" in globals():
    (root / "before").mkdir()
    assert run_forked(before, root / "before") == 0
whole = start("whole")
assert run_forked(job, whole) == 0
expected, moves = tree(whole), 0
while True:
    folder = start(f"killed at {{moves + 1}}")
    status = run_forked(job, folder, dies_at=moves + 1)
    if status == 0:
        break
    moves += 1
    assert status == DIED, (moves, status)
    assert run_forked(check, folder) == 0, moves
    assert run_forked(job, folder) == 0, moves
    found = tree(folder)
    assert found == expected, (moves, {{
        name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)
    }})
    shutil.rmtree(folder)
print("moves:", moves)
"""

DETECTION = """
import sunpy_farside
from sunpy_farside import FarsideDetection
from sunpy_farside.errors import FileFormatError

def write(folder, seed):
    sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=seed).sequence
    sunpy_farside.detect_seismic_strength(sequence).write(folder)

def before(folder):
    write(folder, 1)

def job(folder):
    write(folder, 2)

def check(folder):
    # A mixture is refused.
    try:
        FarsideDetection.read(folder)
    except FileFormatError as error:
        assert "files of" in str(error)
"""

SIMULATE = """
from sunpy_farside.cli import main

def job(folder):
    assert main(["simulate", "2022-05-01", "3", "--seed", "4", "--output", str(folder)]) == 0

def check(folder):
    # Another Sun does not come between.
    begun = bool(list(folder.glob("*.fits")))
    other = ["simulate", "2022-05-01", "3", "--seed", "5", "--output", str(folder)]
    assert main(other) == int(begun)
    if not begun:
        for path in folder.iterdir():
            path.unlink()
"""

MODEL = """
import torch
from sunpy_farside.network import FarsideModel, Normalization, UNet, load_model, save_model

def save(folder, seed):
    torch.manual_seed(seed)
    network = UNet(hidden=2)
    model = FarsideModel(
        network, "small", "common", Normalization("sequence"), 100.0, torch.device("cpu")
    )
    save_model(model, folder / "small.safetensors")

def before(folder):
    save(folder, 1)

def job(folder):
    save(folder, 2)

def check(folder):
    load_model(folder / "small.safetensors")
"""

WATCH = """
import numpy as np
import torch
from sunpy_farside.catalog import daily, read_catalog, update
from sunpy_farside.detection import neural
from sunpy_farside.network import FarsideModel, Normalization, UNet
from sunpy_farside.simulation import simulate_maps

torch.set_num_threads(1)
maps = simulate_maps("2022-05-01", 12, seed=4).maps

def draw(detections, folder):
    (folder / (detections[0].date.isot[:13] + ".png")).write_text("a picture")

update.draw_date = draw
# Each date has a batch of its own.
neural._BATCH = 1

def put(folder, item, factor=1):
    name = item.date.strftime("PHASE_MAP_%Y.%m.%d_%H_%M_%S.fits")
    item._new_instance(item.data * np.float32(factor), item.meta).save(
        folder / name, overwrite=True
    )

def watch(folder):
    torch.manual_seed(1)
    model = FarsideModel(
        UNet(hidden=2), "small", "common", Normalization("sequence"), 100.0, torch.device("cpu")
    )
    daily.watch_folder(folder, model=model)

def before(folder):
    for item in maps[:11]:
        put(folder, item)
    watch(folder)

def job(folder):
    # A date is new, and a map of the other is corrected.
    if not any(folder.glob("PHASE_MAP_2022.05.06_12*")):
        put(folder, maps[3], 1.1)
        put(folder, maps[11])
    watch(folder)

def check(folder):
    assert len(read_catalog(folder / "detections")) > 0
"""

# The run of a day, which also attaches the name in a region list.
DAILY = (
    WATCH[: WATCH.index("def watch(folder):")]
    + """
from archive_files import region_list
from sunpy_farside.catalog.daily_run import run_day

def run_once(folder):
    torch.manual_seed(1)
    model = FarsideModel(
        UNet(hidden=2), "small", "common", Normalization("sequence"), 100.0, torch.device("cpu")
    )
    run_day(folder, offline=True, model=model)

def before(folder):
    (folder / "maps").mkdir()
    for item in maps[:11]:
        put(folder / "maps", item)
    run_once(folder)
    place = read_catalog(folder, "sar")["centroid"][0]
    name, text = region_list(maps[10].date, place.lon.deg, place.lat.deg)
    (folder / "lists" / name).write_text(text)

def job(folder):
    if not any((folder / "maps").glob("PHASE_MAP_2022.05.06_12*")):
        put(folder / "maps", maps[3], 1.1)
        put(folder / "maps", maps[11])
    run_once(folder)

def check(folder):
    assert len(read_catalog(folder)) > 0
"""
)


@pytest.mark.parametrize(
    ("job", "moves"),
    [
        pytest.param(DETECTION, 4, id="detection"),
        pytest.param(SIMULATE, 4, id="simulate"),
        pytest.param(MODEL, 1, id="model"),
        # Two pictures, digests, and the steps of two dates and the tracks of two methods.
        pytest.param(WATCH, None, id="watch", marks=pytest.mark.slow),
        pytest.param(DAILY, None, id="daily", marks=pytest.mark.slow),
    ],
)
def test_killed_at_every_move(job, moves, tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(job=job), tmp_path],
        capture_output=True,
        text=True,
        cwd=Path(sunpy_farside.__file__).parents[1],
    )
    assert result.returncode == 0, result.stderr
    counted = int(result.stdout.rpartition("moves: ")[2])
    assert counted == moves or (moves is None and counted > 10)
