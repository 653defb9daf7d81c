"""
Measure the speed of the main tasks: ``python -m pytest benchmarks``.

Targets on two cores: 40 ms from maps in memory to a table, 5 s for the command on eleven files
from a cold start, an import at most 0.1 s longer than sunpy's own, 0.5 s to draw a detection into
a file, and 1.5 s for a strip of eleven maps.
"""

import subprocess
import sys

import matplotlib.pyplot as plt
import pytest

from sunpy_farside import FarsideSequence, detect_farside, load_model, simulate_sequence
from sunpy_farside.visualization import plot_sequence


@pytest.fixture(scope="module")
def maps():
    return simulate_sequence("2022-05-05", seed=2).sequence.maps


def test_maps_in_memory_to_table(benchmark, maps):
    model = load_model(device="cpu")
    benchmark(lambda: detect_farside(FarsideSequence(maps), model).regions)


def test_network_alone(benchmark, maps):
    model = load_model(device="cpu")
    stack = FarsideSequence(maps).comoving(model.columns)
    benchmark(model.predict, stack)


def test_command_from_a_cold_start(benchmark, maps, tmp_path):
    for item in maps:
        item.save(tmp_path / item.date.strftime("PHASE_MAP_%Y.%m.%d_%H_%M_%S.fits"))
    command = [sys.executable, "-m", "sunpy_farside", "detect", str(tmp_path)]
    benchmark.pedantic(
        subprocess.run, (command,), {"check": True, "capture_output": True}, rounds=5
    )


@pytest.mark.parametrize("code", ["import sunpy.map, sunpy.net", "import sunpy_farside"])
def test_import(benchmark, code):
    code = f"import sunpy.map, sunpy.net; {code}"
    benchmark.pedantic(subprocess.run, ([sys.executable, "-c", code],), {"check": True}, rounds=7)


def test_simulated_sequence(benchmark):
    benchmark(simulate_sequence, "2022-05-05", seed=1)


def test_picture_of_a_detection(benchmark, maps, tmp_path):
    detection = detect_farside(FarsideSequence(maps))

    def draw():
        figure = plt.figure(figsize=(7, 6))
        detection.plot()
        figure.savefig(tmp_path / "detection.png")
        plt.close(figure)

    benchmark(draw)


def test_strip_of_a_sequence(benchmark, maps, tmp_path):
    sequence = FarsideSequence(maps)

    def draw():
        figure = plt.figure(figsize=(10, 4.6))
        plot_sequence(sequence, figure=figure)
        figure.savefig(tmp_path / "sequence.png")
        plt.close(figure)

    benchmark(draw)
