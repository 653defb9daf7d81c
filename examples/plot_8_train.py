"""
Train a small network
=====================

A network far too small, on far too few examples, to show the steps. The weights of the package are
made in the same way by ``sunpy-farside train``.
"""

import logging
import tempfile
import warnings
from dataclasses import replace

import matplotlib.pyplot as plt

import sunpy_farside
from sunpy_farside.network import save_model
from sunpy_farside.training.fit import fit, trained_model
from sunpy_farside.training.recipe import load_recipe

# %%
# A recipe is all that decides about the weights. Every example is simulated when it is needed.

recipe = replace(
    load_recipe("default"),
    examples=560,
    batch=8,
    learning_rate=2e-2,
    hidden=4,
    width=32,
    validation=8,
)
print(recipe.to_text())

# %%
# Lightning trains it; checkpoints and a log go to a folder, and an interrupted run goes on from
# there.

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="lightning")
folder = tempfile.mkdtemp()
module = fit(recipe, folder, workers=0, accelerator="cpu", enable_progress_bar=False)
model = trained_model(module, name="small", threshold=100)
save_model(model, f"{folder}/small.safetensors", recipe=recipe.to_text(), data="simulated maps")

# %%
# It is used like any other, by the path of its file. What it sees, next to the package's own
# network: it begins to tell the active region, but its probability is above 0.01 everywhere, and
# one region fills the window.

simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=9)
figure = plt.figure(figsize=(10, 5), layout="constrained")
for number, name in enumerate((f"{folder}/small.safetensors", "default")):
    detection = sunpy_farside.detect_farside(simulated.sequence, name)
    detection.plot(figure.add_subplot(1, 2, number + 1, projection=detection.probability))
plt.show()
