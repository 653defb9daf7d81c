"""
Recovery of writers that die at any of their writes.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sunpy_farside

# One process imports everything, and forks for every run: a fork dies at the n-th move, before a
# transaction begins or ends, or in the middle of any of its files; another one goes on, and must
# leave the files of a run without interruption.
SCRIPT = """
import hashlib, pathlib, shutil, sys, tempfile, warnings
root = pathlib.Path(sys.argv[1])
sys.path.insert(0, "tests")
warnings.simplefilter("ignore")
from forked_runs import DIED, DIED_WRITING, run_forked
{job}

# Files that depend on interruptions, or whose content does.
differ = globals().get("differ", ())
vary = globals().get("vary", ("maps.json",))
# Runs that may die in the middle of a file.
writing = globals().get("writing", True)

def content(path):
    if path.is_dir() or path.name in vary:
        return None
    if path.suffix == ".db":
        from catalog_store import stored

        return stored(path.parent)
    return hashlib.sha256(path.read_bytes()).hexdigest()

def tree(folder):
    return {{
        str(path.relative_to(folder)): content(path)
        for path in sorted(folder.rglob("*"))
        if path.relative_to(folder).parts[0] not in differ
    }}

def complete(folder, killed):
    assert run_forked(check, folder) == 0, killed
    assert run_forked(job, folder) == 0, killed
    found = tree(folder)
    assert found == expected, (killed, found.keys() ^ expected.keys(), {{
        name for name in found.keys() & expected.keys() if found[name] != expected[name]
    }})
    shutil.rmtree(folder)

def start(name):
    folder = root / name
    if (root / "before").is_dir():
        shutil.copytree(root / "before", folder)
    else:
        folder.mkdir()
    return folder

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
    complete(folder, moves)
shutil.rmtree(folder)
written = [path for path in whole.rglob("*") if path.is_file()] if writing else []
for size in sorted({{path.stat().st_size for path in written}} - {{0}}):
    folder = start("killed")
    if run_forked(job, folder, largest=size // 2) == DIED_WRITING:
        complete(folder, f"half of {{size}} bytes")
    else:
        # No file of this size is written anew.
        assert "before" in globals() or size < 1000
        shutil.rmtree(folder)
print("moves:", moves)
"""

DETECTION = """
import sunpy_farside
from sunpy_farside import FarsideDetection
from sunpy_farside.errors import FileFormatError

detections = [
    sunpy_farside.detect_seismic_strength(
        sunpy_farside.simulate_sequence("2022-05-05", seed=seed).sequence
    )
    for seed in (1, 2)
]

def before(folder):
    detections[0].write(folder)

def job(folder):
    detections[1].write(folder)

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

REPORT = """
kind = {!r}
import json
from PIL import Image
from archive_files import region_list
from map_files import save_maps
from sunpy_farside.cli import main
from sunpy_farside.evaluation import gaps, real, simulated
from sunpy_farside.simulation import simulate_maps

def results(folder):
    if kind == "simulated":
        result = simulated.evaluate_simulated({{}}, 2, progress=False)
        return simulated, "evaluate_simulated", result
    if kind == "missing":
        return gaps, "evaluate_gaps", gaps.evaluate_gaps({{}}, 1, most=1, progress=False)
    maps = simulate_maps("2022-05-01", 11, seed=7).maps
    save_maps(folder, maps)
    name, text = region_list(maps[-1].date, 100, 10)
    (folder / name).write_text(text)
    return real, "evaluate_real", real.evaluate_real({{}}, folder, progress=False)

options = {{"simulated": [], "missing": ["--missing", "1"], "real": ["--real", "maps"]}}[kind]
with tempfile.TemporaryDirectory() as folder:
    module, name, result = results(pathlib.Path(folder))
# The evaluation is over. Its report is at hand.
setattr(module, name, lambda *args, **kwargs: result)

def job(folder):
    assert main(["evaluate", *options, "--output", str(folder / "report")]) == 0

def check(folder):
    folder = folder / "report"
    if (folder / "report.json").exists():
        json.loads((folder / "report.json").read_text())
    if (folder / "report.md").exists():
        assert (folder / "report.md").read_text().endswith("\\n")
    if (folder / "report.png").exists():
        Image.open(folder / "report.png").load()
"""

STORE = """
import numpy as np
from sunpy_farside.cadence import step_time
from sunpy_farside.datasets.store import Store, write_store

def write(folder, seed):
    rng, steps = np.random.default_rng(seed), np.arange(100, 111)

    def sequences(written):
        return {
            "middle": [105],
            "frame_date": step_time([132]).isot,
            "split": ["training"],
            "active": rng.integers(0, 2, (1, 144, 180)).astype(float),
            "left_out": [],
        }

    phases = ((step, rng.normal(size=(144, 360))) for step in steps)
    write_store(folder / "dataset.h5", 100, np.arange(11), phases, sequences)

def before(folder):
    write(folder, 1)

def job(folder):
    write(folder, 2)

def check(folder):
    store = Store(folder / "dataset.h5")
    assert np.isfinite(store.cut(0)).all()
"""

TRAIN = """
import torch
from sunpy_farside.cli import main
from sunpy_farside.evaluation import calibration
from sunpy_farside.network import load_model
from sunpy_farside.training import data, fit

torch.set_num_threads(1)
# Another disk, from which files do not move in one step.
if pathlib.Path("/dev/shm").is_dir():
    tempfile.tempdir = "/dev/shm"
# Two epochs of one batch, and weights whose calibration is at hand.
data.EPOCH = 1
calibration.calibrate_network = lambda path, **options: load_model(path, device="cpu")
# In this process, which may be killed without leaving others behind.
simulate, number = fit.SimulatedData, 0
fit.SimulatedData = lambda recipe, workers: simulate(recipe, 0)
# A run that goes on keeps the checkpoint from which it does, and begins another log.
differ = "log", "epoch=0.ckpt"
# Checkpoints hold the path of their folder.
vary = "best.ckpt", "epoch=1.ckpt"
recipe = root / "tiny.toml"
recipe.write_text(
    'base = "default"\\nwidth = 32\\nvalidation = 8\\nbatch = 8\\nexamples = 16\\n'
    '[network]\\narchitecture = "coarse_unet"\\nhidden = 2\\n'
)

def job(folder):
    command = ["train", "--recipe", str(recipe), "--output", str(folder)]
    assert main([*command, "--accelerator", "cpu"]) == 0

def check(folder):
    for path in folder.glob("*.ckpt"):
        torch.load(path, weights_only=True)
    if (folder / "weights.safetensors").exists():
        load_model(folder / "weights.safetensors")
"""

WATCH = """
import numpy as np
import torch
from sunpy_farside.catalog import daily, read_catalog, update
from sunpy_farside.detection import neural
from sunpy_farside.network import FarsideModel, Normalization, UNet
from sunpy_farside.simulation import simulate_maps

torch.set_num_threads(1)
# A run takes long, and its files are written by what the other jobs use.
writing = False
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize(
    ("job", "moves"),
    [
        pytest.param(DETECTION, 4, id="detection"),
        pytest.param(SIMULATE, 4, id="simulate"),
        pytest.param(MODEL, 1, id="model"),
        pytest.param(STORE, 1, id="store"),
        pytest.param(REPORT.format("simulated"), 3, id="report", marks=pytest.mark.slow),
        pytest.param(REPORT.format("missing"), 2, id="missing", marks=pytest.mark.slow),
        pytest.param(REPORT.format("real"), 3, id="real", marks=pytest.mark.slow),
        # The best and the last checkpoint of two epochs, and the weights before and after their
        # calibration.
        pytest.param(TRAIN, 6, id="train", marks=pytest.mark.slow),
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
