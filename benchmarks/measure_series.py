"""
Measure a folder of maps against the network alone, the plain way and the processor's limit.

Run ``python benchmarks/measure_series.py --maps 730 --folder FOLDER`` for a simulated year. The
maps are simulated once and stay in the folder. Each task runs in a process of its own, the tasks
take turns, and the quickest of the repeats counts. The figures are milliseconds of processor time
and of wall time per sequence, and the largest memory of the process in MB.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np

# Sequences of the tasks that take a long time.
FEW = 24
BATCH = 8


def detect(*arguments):
    """
    Run the command ``detect``, and discard its lines.
    """
    from sunpy_farside.cli import main

    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        assert main(["detect", *map(str, arguments), "--format", "csv"]) == 0


def series(folder, paths, device):
    """
    Detect in the whole folder with the command.
    """
    detect(*paths[:11], "--device", device)
    return len(paths) - 10, lambda: detect(folder, "--device", device)


def plain(_folder, paths, device):
    """
    Read eleven maps for every sequence, and detect in one sequence after the other.
    """
    from sunpy_farside import FarsideSequence, detect_farside, read_phase_map

    def run(number):
        for first in range(number):
            maps = [read_phase_map(path) for path in paths[first : first + 11]]
            detect_farside(FarsideSequence(maps), device=device)

    run(1)
    number = min(FEW, len(paths) - 10)
    return number, lambda: run(number)


def network(_folder, paths, device):
    """
    Compute the probabilities of as many stacks as the folder has sequences, 240 at most.
    """
    from sunpy_farside import load_model

    model, stacks = load_model(device=device), _stacks(140)
    model.predict(stacks)
    batches = min(-(-(len(paths) - 10) // BATCH), 30)
    return batches * BATCH, lambda: [model.predict(stacks) for _ in range(batches)]


def published(_folder, _paths, _device):
    """
    Compute the published network as its code does, with batch norms by themselves.
    """
    import torch

    from sunpy_farside.network import UNet

    unet, stacks = UNet().eval(), torch.from_numpy(_stacks(120))

    @torch.inference_mode()
    def run():
        for _ in range(FEW // BATCH):
            unet(stacks).sigmoid()

    run()
    return FEW, run


def product(_folder, _paths, _device):
    """
    Compute a product of large matrices, of as many operations as the default network's.
    """
    import torch

    size = 2048
    number = 2 * size**3 / 0.794e9
    matrix = torch.randn(size, size)
    matrix @ matrix
    return number, lambda: matrix @ matrix


TASKS = {task.__name__: task for task in (series, plain, network, published, product)}


def _stacks(width):
    random = np.random.default_rng(1)
    return random.normal(-0.02, 0.05, (BATCH, 11, 144, width)).astype(np.float32)


def _run_task(name, folder, device):
    paths = sorted(folder.glob("*.fits"))
    number, function = TASKS[name](folder, paths, device)
    wall, processor = time.perf_counter(), time.process_time()
    function()
    return {
        "processor": 1e3 * (time.process_time() - processor) / number,
        "wall": 1e3 * (time.perf_counter() - wall) / number,
        "memory": _largest_memory(),
    }


def _largest_memory():
    """
    Return the largest memory of this process in MB.
    """
    # Unlike VmHWM, ru_maxrss is never less than that of the process that started this one.
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--maps", type=int, default=110)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--task", choices=TASKS)
    options = parser.parse_args()
    if options.task:
        print(json.dumps(_run_task(options.task, options.folder, options.device)))
        return
    if len(list(options.folder.glob("*.fits"))) != options.maps:
        command = ["simulate", "2012-01-01", str(options.maps), "--output", str(options.folder)]
        subprocess.run([sys.executable, "-m", "sunpy_farside", *command], check=True)
    found = {name: [] for name in TASKS}
    for _ in range(options.repeats):
        for name in TASKS:
            command = [sys.executable, __file__, "--folder", str(options.folder)]
            command += ["--device", options.device, "--task", name]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found[name].append(json.loads(done.stdout))
    best = {
        name: {key: round(min(run[key] for run in runs), 2) for key in runs[0]}
        for name, runs in found.items()
    }
    print(json.dumps(best, indent=1))


if __name__ == "__main__":
    main()
