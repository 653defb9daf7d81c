"""
Measure the network and the command ``detect`` on a GPU, against the CPU of the same machine.

Run ``python benchmarks/measure_gpu.py --maps 600 --output gpu.json``. The maps are simulated by
workers of Dask. From 600 maps, the folder that is timed has ``--series`` maps, as in
``measure_growth.py``; from fewer, these. Without CUDA, everything runs on the CPU. Each part is
added to the output once it is complete, and one that fails does not end the others. Times are of
the wall: the network's are medians, and those of the commands are of one run each.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from unittest import mock

import dask
import numpy as np
import torch
from distributed import LocalCluster
from measure_growth import PERIOD, measure, write_maps
from measure_series import detect
from stages.series import BATCH as STAGE_BATCH
from stages.series import Series
from torch.utils.flop_counter import FlopCounterMode

from sunpy_farside import detect_farside, find_sequences, load_model
from sunpy_farside.cli import main as command
from sunpy_farside.io.phase_maps import read_global_map
from sunpy_farside.network import PACKAGED, FarsideModel, Normalization, UNet
from sunpy_farside.network import model as models

BATCHES = (1, 4, 8, 16, 32, 64, 256)
CPU_BATCHES = (8,)
# Maps of the archive.
ARCHIVE = 11_700
# Sequences whose probabilities and regions are compared.
COMPARED = 100
PUBLISHED = "published layout"
# Compilations, and seconds after which they are given up.
COMPILATIONS = ((32, "default"), (32, "reduce-overhead"), (256, "reduce-overhead"))
PATIENCE = 110


def networks(device):
    """
    Return the models of the package, and one of the published layout with random weights.
    """
    torch.manual_seed(1)
    parts = PUBLISHED, "common", Normalization(), 100.0, torch.device(device)
    packaged = {name: load_model(name, device=device) for name in PACKAGED}
    return packaged | {PUBLISHED: FarsideModel(UNet(), *parts)}


def precision(kind):
    """
    Return a context in which models convolve in TF32, PyTorch's default, or as the package does.
    """
    if kind == "package":
        return nullcontext()

    def default(device):
        flags = {"enabled": True, "deterministic": True, "allow_tf32": True}
        return torch.backends.cudnn.flags(**flags) if device.type == "cuda" else nullcontext()

    return mock.patch.object(models, "_single_precision", default)


def median(function, device, seconds=0.4):
    """
    Return the median time of a call in seconds, after three calls.
    """

    def once():
        start = time.perf_counter()
        function()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    first = [once() for _ in range(3)][-1]
    return statistics.median(once() for _ in range(max(3, min(200, int(seconds / first)))))


def rates(device):
    """
    Return the rates of products of large matrices in TFLOP/s, and of a copy in TB/s.
    """
    size = 8192 if device == "cuda" else 1024
    matrix = torch.randn(size, size, device=device)
    kinds = {"float32": (matrix, False), "tf32": (matrix, True), "bf16": (matrix.bfloat16(), False)}
    found = {}
    for name, (part, allowed) in kinds.items():
        torch.backends.cuda.matmul.allow_tf32 = allowed
        found[name] = 2e-12 * size**3 / median(lambda part=part: part @ part, device)
    torch.backends.cuda.matmul.allow_tf32 = False
    large = torch.randn(2**28 if device == "cuda" else 2**24, device=device)
    other = torch.empty_like(large)
    moved = 2 * large.numel() * large.element_size()
    found["copy"] = 1e-12 * moved / median(lambda: other.copy_(large), device)
    return found


def prepared(model, stacks):
    """
    Return the input of the layers of a network, on its device.
    """
    phases = torch.from_numpy(np.array(stacks, np.float32)).to(model.device)
    return model.normalization(phases, None), phases.isnan()


@torch.inference_mode()
def work(model, stacks):
    """
    Return the operations of a network per sequence, and the bytes that its layers read and write.
    """
    layers, moved = model._folded, []
    maps, missing = prepared(model, stacks[:2])

    def count(_module, inputs, output):
        moved.append(sum(item.numel() * item.element_size() for item in (*inputs, output)))

    inner = [item for item in layers.modules() if not list(item.children())]
    hooks = [item.register_forward_hook(count) for item in inner]
    with FlopCounterMode(display=False) as counter:
        layers(maps, missing)
    for hook in hooks:
        hook.remove()
    return {"operations": counter.get_total_flops() / 2, "bytes": sum(moved) / 2}


def graphed(function):
    """
    Return a function that repeats the computations of another one without PyTorch's overhead.
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            function()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        function()
    return graph.replay


@torch.inference_mode()
def layer_times(model, stacks, device, peak, operations):
    """
    Return the times per sequence in milliseconds of the layers alone, with their input at hand.
    """
    maps, missing = prepared(model, stacks)
    found = {}
    with models._single_precision(model.device):
        seconds = {"layers": median(lambda: model._folded(maps, missing), device)}
        if device == "cuda":
            seconds["graph"] = median(graphed(lambda: model._folded(maps, missing)), device)
    for name, value in seconds.items():
        found[name] = 1e3 * value / len(stacks)
        found[f"{name}, share of peak"] = 1e-12 * operations * len(stacks) / value / peak
    return found


def network_times(device, stacks, peaks):
    """
    Return the times of networks for batches of several sizes, in single precision and TF32.
    """
    found = {}
    for name, model in networks(device).items():
        if name == "measured":
            continue
        counted = work(model, stacks)
        rows = []
        for batch in BATCHES if device == "cuda" else CPU_BATCHES:
            many = np.concatenate([stacks] * (batch // len(stacks) + 1))[:batch]
            for kind in ("package", "tf32") if device == "cuda" else ("package",):
                if device == "cuda":
                    torch.cuda.empty_cache()
                    torch.cuda.reset_peak_memory_stats()
                with precision(kind):
                    seconds = median(partial(model.predict, many, batch=batch), device)
                    peak = peaks["tf32" if kind == "tf32" else "float32"]
                    times = layer_times(model, many, device, peak, counted["operations"])
                row = {"batch": batch, "precision": kind, "predict": 1e3 * seconds / batch}
                row |= {"sequences per second": batch / seconds} | times
                if device == "cuda":
                    row["GPU memory in MB"] = torch.cuda.max_memory_allocated() / 2**20
                rows.append(row)
                print(device, name, _short(row), flush=True)
        found[name] = counted | {"rows": rows}
    return found


@torch.inference_mode()
def compiled_times(device):
    """
    Print the times of the layers of the default network as torch.compile compiles them.
    """
    model = load_model(device=device)
    for batch, mode in COMPILATIONS if device == "cuda" else ((2, "default"),):
        stacks = np.random.default_rng(1).normal(-0.02, 0.05, (batch, 11, 144, 140))
        maps, missing = prepared(model, stacks)
        with models._single_precision(model.device):
            expected = model._folded(maps, missing).sigmoid()
            start = time.perf_counter()
            fast = torch.compile(model._folded, mode=mode, dynamic=False)
            found = fast(maps, missing).sigmoid()
            row = {"mode": mode, "batch": batch, "compilation in s": time.perf_counter() - start}
            row["layers"] = 1e3 * median(partial(fast, maps, missing), device) / batch
        print(json.dumps(row | differences(found.cpu(), expected.cpu())), flush=True)
        torch.compiler.reset()


def compiled(device):
    """
    Return the times with torch.compile, measured in a process of its own that may be ended.
    """
    task = [sys.executable, __file__, "--compiled", "--device", device]
    try:
        done = subprocess.run(task, stdout=subprocess.PIPE, timeout=PATIENCE, check=False)
        end, output = f"exit code {done.returncode}", done.stdout
    except subprocess.TimeoutExpired as expired:
        end, output = f"given up after {PATIENCE} s", expired.stdout or b""
    return {"end": end, "rows": [json.loads(line) for line in output.decode().splitlines()]}


def differences(found, expected):
    """
    Return how much probabilities differ.
    """
    found, expected = map(np.asarray, (found, expected))
    return {
        "largest": float(np.abs(found - expected).max()),
        "equal pixels": float((found == expected).mean()),
    }


def probabilities(device, stacks):
    """
    Return differences of probabilities between devices, precisions and batches.
    """
    found, here = {}, networks("cpu")
    for name, model in networks(device).items():
        expected, single = here[name].predict(stacks), model.predict(stacks)
        rows = {f"{device} and CPU": differences(single, expected)}
        with precision("tf32"):
            rows["TF32 and CPU"] = differences(model.predict(stacks), expected)
        for batch in BATCHES if device == "cuda" else (1, 4):
            again = model.predict(stacks[:batch], batch=batch)
            rows[f"batches of {batch} and the package's"] = differences(again, single[:batch])
        rows["once more"] = differences(model.predict(stacks), single)
        alone = np.concatenate([model.predict(stack) for stack in stacks[:8]])
        rows["alone and with others"] = differences(alone, single[:8])
        found[name] = rows
        for key, row in rows.items():
            print(f"{name}, {key}:", _short(row), flush=True)
    return found


def compare_tables(found, expected):
    """
    Return how many tables of regions are equal, and how much the others differ.
    """
    pairs = list(zip(found, expected, strict=True))
    tables = [(one.regions, other.regions) for one, other in pairs]
    same = [(one, other) for one, other in tables if len(one) == len(other)]
    reliabilities = [
        np.abs(np.subtract(one["reliability"], other["reliability"])).max(initial=0)
        for one, other in same
    ]
    apart = [one["centroid"].separation(other["centroid"]).deg for one, other in same if len(one)]
    return {
        "sequences": len(pairs),
        "regions": sum(len(other) for _, other in tables),
        "tables of another length": len(pairs) - len(same),
        "tables with other significant regions": sum(
            not np.array_equal(one["significant"], other["significant"]) for one, other in same
        ),
        "equal tables": sum(_equal(one, other) for one, other in same),
        "pixels of other segments": int(
            sum(np.count_nonzero(one.segments != other.segments) for one, other in pairs)
        ),
        "largest difference of a reliability": float(max(reliabilities, default=0)),
        "largest distance of a region in deg": float(max(map(np.max, apart), default=0)),
    }


def _equal(one, other):
    numbers = ("reliability", "integrated_probability", "peak_probability", "area", "depth")
    return all(np.array_equal(one[name], other[name], equal_nan=True) for name in numbers)


def tables(device, sequences):
    """
    Return differences of the tables of regions between devices and precisions.
    """
    found = {}
    for name in PACKAGED:
        expected = list(detect_farside(iter(sequences), load_model(name, device="cpu")))
        model = load_model(name, device=device)
        rows = {}
        for kind in ("package", "tf32"):
            with precision(kind):
                rows[kind] = compare_tables(detect_farside(iter(sequences), model), expected)
            print(f"{name}, {kind}:", _short(rows[kind]), flush=True)
        found[name] = rows
    return found


def series_times(device, folder, number):
    """
    Return the time and the memory of the command on a folder, and the time of the whole archive.
    """
    found = {}
    for where in dict.fromkeys((device, "cpu")):
        found[where] = measure("series", folder, where)
        found[where]["maps"] = number
        found[where]["archive in s"] = found[where]["wall"] * (ARCHIVE - 10) / 1e3
        print("one process,", where, _short(found[where]), flush=True)
    return found


def scheduled_times(device, folder, number, cluster):
    """
    Return the time of the command with one worker per processor.
    """
    found = {}
    address = cluster.scheduler_address
    for where in dict.fromkeys((device, "cpu")):
        # The first run loads the package in every worker.
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            detect(folder, "--device", where, "--scheduler", address)
            seconds.append(time.perf_counter() - start)
        each = seconds[1] / (number - 10)
        found[where] = {
            "workers": len(cluster.workers),
            "first run in s": seconds[0],
            "second run in s": seconds[1],
            "wall": 1e3 * each,
            "archive in s": each * (ARCHIVE - 10),
        }
        print("workers,", where, _short(found[where]), flush=True)
    return found


def stage_times(folder):
    """
    Return the times of the stages per sequence in milliseconds of one process on the CPU.
    """
    stages = Series()
    before = Path.cwd()
    folder.mkdir()
    os.chdir(folder)
    try:
        stages.setup(stages.setup_cache())
    finally:
        os.chdir(before)
    names = [name for name in dir(stages) if name.startswith("time_")]
    found = {
        name.removeprefix("time_"): 1e3 * median(partial(getattr(stages, name), folder), "cpu")
        for name in names
    }
    found = {name: value / STAGE_BATCH for name, value in found.items()}
    print("stages in ms:", _short(found), flush=True)
    return found


def machine(device):
    names = ("torch", "numpy", "astropy", "sunpy")
    found = {name: importlib.metadata.version(name) for name in names}
    found |= {"python": platform.python_version(), "processors": os.cpu_count()}
    found["threads"] = torch.get_num_threads()
    if device == "cuda":
        found["GPU"] = torch.cuda.get_device_name()
        found["cuDNN"] = torch.backends.cudnn.version()
    return found


def _short(row):
    return ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in row.items()
    )


@contextmanager
def started(number):
    """
    Start a cluster of workers on this machine.
    """
    before = dict(os.environ)
    # By default, workers return memory to the system at once and take it again, which costs half of
    # their time.
    only = dask.config.set({"distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1}})
    settings = {"n_workers": number, "threads_per_worker": 1, "dashboard_address": None}
    with only, LocalCluster(**settings) as cluster:
        # Dask leaves the variables of the workers in this process and those that it starts.
        os.environ.clear()
        os.environ.update(before)
        yield cluster


class Report:
    """
    Results in a file, written anew after each part.
    """

    def __init__(self, path):
        self.path, self.found, self.start = path, {}, time.perf_counter()

    def add(self, name, function, *arguments):
        try:
            self.found[name] = function(*arguments)
        # What is not measured here is measured by no other run of a borrowed machine.
        except Exception as error:
            traceback.print_exc()
            self.found[name] = {"failed": str(error)}
        self.path.write_text(json.dumps(self.found, indent=1) + "\n")
        print(f"-- {name}: {time.perf_counter() - self.start:.1f} s\n", flush=True)
        return self.found[name]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--maps", type=int, default=PERIOD)
    parser.add_argument("--series", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--output", type=Path)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compiled", action="store_true")
    options = parser.parse_args()
    device = options.device
    if options.compiled:
        compiled_times(device)
        return
    report = Report(options.output)
    report.add("machine", machine, device)
    with tempfile.TemporaryDirectory() as folder, started(options.workers) as cluster:
        simulated, everything = Path(folder, "simulated"), Path(folder, "everything")
        address = ["--scheduler", cluster.scheduler_address]
        number = max(options.maps, options.series) if options.maps >= PERIOD else options.maps

        def simulate():
            arguments = ["simulate", "2012-01-01", str(options.maps), "--output", str(simulated)]
            assert command([*arguments, *address]) == 0
            write_maps(simulated, everything, number)
            return {"maps": options.maps, "written": number}

        report.add("simulation", simulate)
        paths = sorted(simulated.glob("*.fits"))[: COMPARED + 10]
        sequences = find_sequences([read_global_map(path) for path in paths])
        stacks = np.stack([item.comoving(140) for item in sequences])
        places = dict.fromkeys((device, "cpu"))
        peaks = {where: report.add(f"rates, {where}", rates, where) for where in places}
        for where in places:
            print(_short(peaks[where]))
            report.add(f"network, {where}", network_times, where, stacks, peaks[where])
        report.add("probabilities", probabilities, device, stacks)
        report.add("tables", tables, device, sequences)
        report.add("series", series_times, device, everything, number)
        report.add("workers", scheduled_times, device, everything, number, cluster)
        report.add("stages", stage_times, Path(folder, "stages"))
    print(_short(report.add("torch.compile", compiled, device)))


if __name__ == "__main__":
    main()
