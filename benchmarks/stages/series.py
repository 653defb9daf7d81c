"""
Processor times of the stages of a folder of maps, for airspeed velocity.

Run ``asv run --config benchmarks/asv.conf.json --python same --show-stderr`` for the working tree.
Every figure is for 8 sequences, a batch of the network; that of the reading is for 8 maps. With
``--set-commit-hash $(git rev-parse HEAD)``, asv keeps the figures, of which ``stage_report.py``
makes the table of the documentation.
"""

import time
from pathlib import Path

from astropy.io import fits
from astropy.time import Time

BATCH = 8
# Rows and columns of matrices whose product has the operations of the default network for a batch.
_PRODUCT = 1470


class Series:
    """
    Stages from 18 files, as JSOC publishes them, to the tables of 8 sequences.
    """

    # Processor times depend less on what else runs.
    timer = time.process_time
    warmup_time = 0.5

    def setup_cache(self):
        from sunpy_farside.simulation import simulate_maps

        for item in simulate_maps("2013-01-01", BATCH + 10, seed=1).maps:
            name = item.date.strftime("PHASE_MAP_%Y.%m.%d_%H:%M:%S.fits")
            fits.PrimaryHDU(item.data).writeto(name)
        return Path.cwd()

    setup_cache.timeout = 600

    def setup(self, folder):
        from sunpy_farside import find_sequences, load_model
        from sunpy_farside.coordinates.earth import remember_earth
        from sunpy_farside.detection import neural
        from sunpy_farside.detection.export import to_csv
        from sunpy_farside.io.phase_maps import read_global_map
        from sunpy_farside.sequence import FarsideSequence

        self.paths = sorted(folder.glob("*.fits"))
        self.read, self.make, self.write = read_global_map, FarsideSequence, to_csv
        self.maps = [read_global_map(path) for path in self.paths]
        remember_earth(Time([item.time for item in self.maps]))
        sequences = find_sequences(self.maps)
        model = load_model(device="cpu")
        stacks = [item.comoving(model.columns) for item in sequences]
        settings = neural.network_settings(model)
        parts = sequences, stacks, model.predict(stacks)
        self.predict = lambda: model.predict(stacks)
        self.finish = lambda: list(neural._finish(*parts, model, settings))
        self.detections = self.finish()

    def time_read(self, folder):
        for path in self.paths[:BATCH]:
            self.read(path)

    def time_sequences(self, folder):
        for first in range(BATCH):
            self.make(self.maps[first : first + 11])

    def time_network(self, folder):
        self.predict()

    def time_regions(self, folder):
        self.finish()

    def time_tables(self, folder):
        for detection in self.finish():
            _ = detection.regions, detection.image

    def time_csv(self, folder):
        for detection in self.detections:
            self.write([detection])

    def peakmem_all(self, folder):
        self.predict()
        self.finish()


class Comparison:
    """
    The same 8 sequences in the simplest program, and limits of the network.
    """

    timer = time.process_time
    warmup_time = 0.5

    def setup_cache(self):
        return Series().setup_cache()

    setup_cache.timeout = 600

    def setup(self, folder):
        import torch

        from sunpy_farside import FarsideSequence, detect_farside, read_phase_map
        from sunpy_farside.network import UNet

        self.paths = sorted(folder.glob("*.fits"))
        self.make, self.detect, self.read = FarsideSequence, detect_farside, read_phase_map
        unet, stacks = UNet().eval(), torch.randn(BATCH, 11, 144, 120)
        self.published = torch.inference_mode()(lambda: unet(stacks).sigmoid())
        self.matrix = torch.randn(_PRODUCT, _PRODUCT)

    def time_plain(self, folder):
        # Eleven maps are read for every sequence, one after the other.
        for first in range(BATCH):
            maps = [self.read(path) for path in self.paths[first : first + 11]]
            self.detect(self.make(maps))

    def time_published(self, folder):
        # The published network as its code computes it, with batch norms by themselves.
        self.published()

    def time_product(self, folder):
        self.matrix @ self.matrix


class Command:
    """
    Commands from a cold start, as a whole process.
    """

    timer = time.perf_counter
    number, repeat = 1, 3

    def setup_cache(self):
        return Series().setup_cache()

    setup_cache.timeout = 600

    def _run(self, *arguments):
        import subprocess
        import sys

        command = [sys.executable, "-m", "sunpy_farside", *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def time_help(self, folder):
        self._run("--help")

    def time_detect(self, folder):
        self._run("detect", *map(str, sorted(folder.glob("*.fits"))[:11]))
