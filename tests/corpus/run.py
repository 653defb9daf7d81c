"""
Report of reading every file of the corpus in a process of its own.

``python tests/corpus/run.py FOLDER`` makes the files in a folder, reader by reader, and leaves
``report.json`` there. Names of readers after the folder choose some.
"""

import gc
import json
import os
import pickle
import resource
import select
import shutil
import signal
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

# A script finds only the modules beside it.
sys.path.append(str(Path(__file__).parents[1]))

from cases import ANY, DOUBTED, REFUSED, SAFE, SAME
from gong import gong_lists, gong_maps
from models import checkpoints, weights
from phase_maps import phase_maps
from stacks import stacks_hdf5, stacks_idl
from texts import recipes, region_lists, summaries
from time_distance import time_distance_maps

from sunpy.util.exceptions import SunpyUserWarning

from sunpy_farside import load_model, read_phase_map
from sunpy_farside.errors import FileFormatError, WeightsError
from sunpy_farside.io import read_gong_list, read_noaa_summary, read_region_list, read_stack
from sunpy_farside.training.recipe import load_recipe

SEED = 16
# Limits of the processor's time, and of all time if a reader waits.
SECONDS, WAIT = 20, 120
MEGABYTES = 500
OWN = (FileFormatError, WeightsError, OSError)


def _phases(path):
    item = read_phase_map(path)
    return item.date.isot, item.data


def _positions(path):
    item = read_phase_map(path)
    return item.date.isot, item.data, item.wcs.wcs.crval, item.wcs.wcs.crpix, item.wcs.wcs.cdelt


def _lists(path):
    table = read_region_list(path)
    names = list(table["designation"])
    arrival = table["east_limb_arrival"].mjd
    values = [table["centroid"].lon.deg, table["centroid"].lat.deg, table["seismic_strength"].value]
    return (names, *values, arrival, table.meta["lists"][0]["date"].isot)


def _gong_list(path):
    table = read_gong_list(path)
    names = ("phase_strength", "detection_probability", "area", "flux")
    return (
        list(table["noaa_numbers"]),
        table["centroid"].lon.deg,
        table["centroid"].lat.deg,
        *(np.asarray(table[name]) for name in names),
        table["return_date"].mjd,
    )


def _summary(path):
    table = read_noaa_summary(path)
    longitude = table["centroid"].lon.deg
    return (
        list(table["number"]),
        list(table["section"]),
        longitude,
        table["centroid"].lat.deg,
        table.meta["date"],
    )


def _model(path):
    model = load_model(path, device="cpu")
    settings = (model.alignment, model.normalization, model.target, model.columns, model.level)
    weights = [value.numpy() for value in model.network.state_dict().values()]
    return (repr(settings), model.deblend, model.threshold, *weights)


def _recipe(path):
    return (load_recipe(path).to_text(),)


def _stack(path):
    return (read_stack(path),)


# Functions that make the files, and functions that read them.
READERS = [
    (phase_maps, _phases),
    (time_distance_maps, _positions),
    (stacks_hdf5, _stack),
    (stacks_idl, _stack),
    (region_lists, _lists),
    (summaries, _summary),
    (weights, _model),
    (checkpoints, _model),
    (recipes, _recipe),
    (gong_maps, _positions),
    (gong_lists, _gong_list),
]


def _same(found, expected):
    return len(found) == len(expected) and all(map(_equal, found, expected))


def _equal(found, expected):
    if isinstance(found, np.ndarray):
        return found.shape == expected.shape and np.allclose(
            found, expected, rtol=1e-6, atol=1e-8, equal_nan=True
        )
    return found == expected


def _read(reader, path, expected):
    """
    Read a file; return the outcome and the message.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            found = reader(path)
        except OWN as error:
            outcome, text = "refused", f"{type(error).__name__}: {error}"
        # The corpus looks for any other error.
        except BaseException as error:
            outcome, text = "raised", f"{type(error).__name__}: {error}"
        else:
            outcome, text = ("same" if _same(found, expected) else "other"), ""
    foreign = [item for item in said if not issubclass(item.category, SunpyUserWarning)]
    if foreign:
        return "warned", f"{foreign[0].category.__name__}: {foreign[0].message}"
    if said and outcome in ("same", "other"):
        return "doubted", str(said[0].message)
    return outcome, text


def _apart(reader, path, expected):
    """
    Read a file in a process of its own; return the result of `_read`, seconds and megabytes.
    """
    start = time.monotonic()
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receive)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = _read(reader, path, expected)
        growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        with os.fdopen(send, "wb") as pipe:
            pickle.dump((*result, growth / 1024), pipe)
        os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as pipe:
        ready, _, _ = select.select([pipe], [], [], WAIT)
        content = pipe.read() if ready else b""
    if not ready:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - start
    if not ready:
        return "hung", f"longer than {WAIT} s", seconds, 0
    if status or not content:
        return "died", f"status {status}", seconds, 0
    outcome, text, growth = pickle.loads(content)
    return outcome, text, seconds, growth


ALLOWED = {
    SAME: {"same"},
    REFUSED: {"refused"},
    DOUBTED: {"doubted"},
    SAFE: {"same", "refused", "doubted"},
    ANY: {"same", "refused", "doubted", "other"},
}


def _entries(folder):
    return {str(path) for path in folder.rglob("*")}


def run(folder, chosen=()):
    """
    Make the corpus in a folder and read all of it; return a report by reader.
    """
    here = folder / "here"
    here.mkdir()
    # Nothing may appear where a reader runs.
    os.chdir(here)
    report = {}
    for number, (make, reader) in enumerate(READERS):
        if chosen and make.__name__ not in chosen:
            continue
        files = folder / make.__name__
        due = make(np.random.default_rng([SEED, number]), files)
        expected = reader(next(iter(due)))
        # Children do not collect, and so do not copy, the objects that exist now.
        gc.collect()
        gc.freeze()
        before = _entries(folder)
        faults, counts, worst = [], Counter(), [0.0, 0.0]
        for path, allowed in due.items():
            outcome, text, seconds, growth = _apart(reader, path, expected)
            counts[outcome] += 1
            worst = [max(worst[0], seconds), max(worst[1], growth)]
            if outcome not in ALLOWED[allowed] or growth > MEGABYTES:
                found = f"{outcome} in {seconds:.1f} s with {growth:.0f} MB ({text[:300]})"
                name = path.relative_to(files)
                faults.append(f"{name}: expected {allowed}, found {found}")
        report[make.__name__] = {
            "files": len(due),
            "outcomes": counts,
            "seconds": worst[0],
            "megabytes": worst[1],
            "left": sorted(_entries(folder) ^ before),
            "faults": faults,
        }
        shutil.rmtree(files)
    return report


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(run(folder, sys.argv[2:]), indent=1))
