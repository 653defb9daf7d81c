"""
Outputs in notebooks that do not configure matplotlib.
"""

import os

import nbformat
import pytest
from nbclient import NotebookClient

SETUP = """
import matplotlib.pyplot as plt
import sunpy_farside as farside
from sunpy_farside import simulation, visualization

simulated = simulation.simulate_maps("2022-05-01", 14, seed=7)
sequences = farside.find_sequences(simulated.maps)
sequence = sequences[0]
detections = farside.detect_farside(sequences, device="cpu")
detection = detections[0]
tracks = farside.track_regions(detections)
"""
PLOTS = [
    "detection.plot()",
    "visualization.plot_sequence(sequence, detection=detection)",
    "farside.overplot_regions(detection, simulated.maps[-1])",
    "visualization.synchronic_view(simulated.maps[5], detection)",
    "visualization.plot_tracks(tracks)",
    # Other figures are shown as usual after the package's.
    "plt.plot([1, 2])",
    "detection.plot(); plt.tight_layout()",
    "detection.peek()",
]
OBJECTS = [
    "sequence",
    "detection",
    "detection.regions",
    "tracks",
    "sequence.maps[5]",
    "detection.image",
    "farside.load_model()",
    "simulated",
    "farside.simulate_sequence('2022-05-05', seed=1)",
    "farside.find_regions(detection.image)",
]


def run(*cells):
    """
    Run the cells of a notebook in a fresh kernel; return their outputs.
    """
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", extra_arguments=["--log-level=ERROR"]
    )
    client.execute(env=environment)
    return [cell.outputs for cell in notebook.cells]


@pytest.fixture(scope="module")
def outputs():
    cells = [SETUP, *PLOTS, *OBJECTS]
    return dict(zip(cells, run(*cells), strict=True))


def printed(outputs):
    return "".join(output.text for output in outputs if output.output_type == "stream")


def shown(outputs, kind):
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


@pytest.mark.parametrize("cell", PLOTS)
def test_every_plot_is_shown(outputs, cell):
    assert len(shown(outputs[cell], "image/png")) == 1
    assert "Warning" not in printed(outputs[cell])


@pytest.mark.parametrize("cell", OBJECTS)
def test_every_object_is_shown(outputs, cell):
    (text,) = shown(outputs[cell], "text/plain")
    # A one-line description, except of tables and sunpy's maps.
    assert text.startswith("<")
    assert "\n" not in text or shown(outputs[cell], "text/html")
    assert "Warning" not in printed(outputs[cell])
