"""
Short texts and pictures by which objects are shown in an interpreter and in a notebook.
"""

import html
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

import sunpy_farside
from sunpy_farside.net.client import FarsideClient
from sunpy_farside.net.gong_client import GONGFarsideClient
from sunpy_farside.network import load_model

MODEL = r"<FarsideModel 'default': CoarseUNet, alignment 'common', significant from .* deg2, .*>"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("maps", r"<SimulatedMaps: 3 maps, 2022-05-01T00:00 to 2022-05-02T00:00>"),
        ("simulated", r"<SimulatedSequence: 2022-05-05T00:00, \d+ regions on the whole Sun>"),
        ("detection", r"<FarsideDetection: 2022-05-05T00:00, default: \d+ regions, \d+ signif.*>"),
        ("model", MODEL),
        ("artists", r"<Artists: 1 images, \d+ outlines, \d+ markers, \d+ labels, \d+ lines>"),
    ],
)
@pytest.mark.usefixtures("close_figures")
def test_texts(name, expected, simulated, detection):
    item = {
        "maps": lambda: sunpy_farside.simulation.simulate_maps("2022-05-01", 3, seed=1),
        "simulated": lambda: simulated,
        "detection": lambda: detection,
        "model": lambda: load_model("default", device="cpu"),
        "artists": detection.plot,
    }[name]()
    assert re.fullmatch(expected, repr(item))


@pytest.mark.parametrize("name", ["sequence", "detection"])
def test_pictures_in_notebooks(name, simulated, detection):
    item = simulated.sequence if name == "sequence" else detection
    page = item._repr_html_()
    assert page.startswith(f"<pre>{html.escape(repr(item))}</pre>")
    assert "data:image/png;base64," in page
    # The picture is not one of pyplot's, which a notebook would show a second time.
    assert not plt.get_fignums()


@pytest.mark.usefixtures("close_figures")
def test_peek_shows_a_figure_of_its_own(simulated, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf()))
    simulated.sequence.peek()
    (figure,) = shown
    assert len(figure.axes) >= 11


@pytest.mark.parametrize(
    ("client", "address"),
    [(FarsideClient, "jsoc.stanford.edu"), (GONGFarsideClient, "farside.nso.edu")],
)
def test_clients_name_the_page_about_their_data(client, address):
    assert address in client().info_url


def test_the_truth_of_simulated_maps_is_where_the_field_is_strong():
    simulated = sunpy_farside.simulation.simulate_maps("2022-05-01", 1, seed=1)
    truth, field = simulated.truth("2022-05-01").data, simulated.field("2022-05-01").data
    assert set(np.unique(truth)) == {0, 1}
    assert field[truth == 1].mean() > 10 * field[truth == 0].mean()
