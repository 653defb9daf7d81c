"""
Measure what a scheduler of Dask with two workers costs, against commands without.

Run ``python benchmarks/measure_scheduler.py --folder FOLDER``. The maps are simulated once and stay
in the folder. The figures are seconds of processor time of whole processes: the command without a
scheduler, and the command, the scheduler and the workers together, after a first run in which the
workers load the package. Sizes are in bytes per piece of work.
"""

import argparse
import json
import pickle
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

DETECT, EVALUATE, SIMULATE = 90, 20, 80


def commands(folder, output):
    """
    Return the commands and their numbers of sequences or maps.
    """
    return {
        "detect": (["detect", folder, "--format", "csv"], DETECT - 10),
        "evaluate": (["evaluate", "--number", EVALUATE, "--output", output / "report"], EVALUATE),
        "simulate": (["simulate", "2012-01-01", SIMULATE, "--output", output / "maps"], SIMULATE),
    }


def run(*arguments):
    """
    Return the processor time of a command.
    """
    command = [sys.executable, "-m", "sunpy_farside", *map(str, arguments)]
    before = _time(resource.getrusage(resource.RUSAGE_CHILDREN))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, check=True, **quiet)
    return _time(resource.getrusage(resource.RUSAGE_CHILDREN)) - before


def _time(usage):
    return usage.ru_utime + usage.ru_stime


def measure(folder):
    """
    Print the processor times of all commands.
    """
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "tcp://127.0.0.1:18786"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = subprocess.Popen([*dask, "--port", "18786", "--dashboard-address", ":0"], **quiet)
    workers = [
        subprocess.Popen([*worker, "--nthreads", "1", "--no-nanny"], **quiet) for _ in range(2)
    ]
    output = Path(tempfile.mkdtemp())

    def spent():
        times = [psutil.Process(process.pid).cpu_times() for process in (scheduler, *workers)]
        return [time.user + time.system for time in times]

    try:
        for name, (command, number) in commands(folder, output).items():
            there = [*command, "--scheduler", "tcp://127.0.0.1:18786"]
            run(*there)
            before = spent()
            client = run(*there)
            parts = [after - first for after, first in zip(spent(), before, strict=True)]
            found = {
                "number": number,
                "without": run(*command),
                "client": client,
                "scheduler": parts[0],
                "workers": sum(parts[1:]),
            }
            print(name, json.dumps(found), flush=True)
    finally:
        for process in (*workers, scheduler):
            process.terminate()
            process.wait()
        shutil.rmtree(output)


def sizes(folder):
    """
    Return the bytes that a piece of ``detect`` and ``evaluate`` sends and returns.
    """
    from sunpy_farside.cli.maps import MapFiles
    from sunpy_farside.cli.scheduled_detection import _SIZE
    from sunpy_farside.detection import detect_farside
    from sunpy_farside.detection.export import to_csv
    from sunpy_farside.evaluation.simulated import _CHUNK, _evaluate

    part = MapFiles(sorted(Path(folder).glob("*.fits")), 120).parts(_SIZE)[0]
    texts = [to_csv([item]) for item in detect_farside(iter(part))]
    evaluate_case = _evaluate({"default": "default"}, "test", 120, None)
    cases = [evaluate_case(number) for number in range(_CHUNK)]
    pieces = {"detect, sent": part, "detect, returned": texts, "evaluate, returned": cases}
    return {name: len(pickle.dumps(piece)) for name, piece in pieces.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    folder = parser.parse_args().folder
    if len(list(folder.glob("*.fits"))) != DETECT:
        run("simulate", "2012-01-01", DETECT, "--output", folder)
    measure(folder)
    print("bytes", json.dumps(sizes(folder)))


if __name__ == "__main__":
    main()
