"""
Measure how the time and the memory of a folder of maps grow with the number of maps.

Run ``python benchmarks/measure_growth.py --folder FOLDER`` on a folder of simulated maps, such as
that of ``measure_series.py``. Its first 600 maps are written as JSOC publishes them. They cover
eleven rotations of the Sun, so that the same maps fit the dates 300 days later, and stand for the
years after. Each number of maps runs in a process of its own, with the network alone before and
after it. The figures are milliseconds per map, and the largest memory of the process in MB.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from astropy.io import fits

from sunpy_farside.io.file_names import parse_file_name

NUMBERS = (40, 60, 730, 1500, 3000)
PERIOD = 600
SERIES = Path(__file__).with_name("measure_series.py")


def write_maps(source, folder, number):
    """
    Write the first maps of a folder, and link them to the dates after them.
    """
    paths = sorted(source.glob("*.fits"))[:PERIOD]
    folder.mkdir()
    for k in range(number):
        path = paths[k % PERIOD]
        date = datetime.fromisoformat(parse_file_name(path.name)[0].isot)
        date += timedelta(days=k // PERIOD * PERIOD / 2)
        target = folder / date.strftime("PHASE_MAP_%Y.%m.%d_%H:%M:%S.fits")
        if k < PERIOD:
            fits.PrimaryHDU(fits.getdata(path)).writeto(target)
            paths[k] = target
        else:
            os.link(path, target)


def measure(task, folder, device="auto"):
    command = [sys.executable, SERIES, "--folder", folder, "--device", device, "--task", task]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--numbers", type=int, nargs="+", default=NUMBERS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder.parent) as temporary:
        everything = Path(temporary, "everything")
        write_maps(options.folder, everything, max(options.numbers))
        paths = sorted(everything.iterdir())
        for number in options.numbers:
            folder = Path(temporary, str(number))
            folder.mkdir()
            for path in paths[:number]:
                os.link(path, folder / path.name)
            network = [measure("network", options.folder)]
            found = measure("series", folder)
            network.append(measure("network", options.folder))
            print(json.dumps({"maps": number, "series": found, "network": network}), flush=True)


if __name__ == "__main__":
    main()
