"""
Train a network
===============

A network on far too few examples, to show the steps. The weights of the package are made in the
same way by ``sunpy-farside train``.
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
# A recipe is all that decides about the weights. Every example is simulated when it is needed: here
# 640 instead of the recipe's 100,000, of 48 columns instead of 140.

recipe = replace(
    load_recipe("default"),
    width=48,
    examples=640,
    batch=8,
    learning_rate=1e-2,
    validation=16,
)
print(recipe.to_text())

# %%
# Lightning trains it; checkpoints and a log go to a folder, and an interrupted run goes on from
# there. ``sunpy-farside train`` ends with choosing the threshold, here it is simply set.

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="lightning")
folder = tempfile.mkdtemp()
quiet = {"enable_progress_bar": False, "enable_model_summary": False}
module = fit(recipe, folder, workers=0, accelerator="cpu", **quiet)
model = trained_model(module, name="brief", threshold=100)
save_model(model, f"{folder}/brief.safetensors", recipe=recipe.to_text(), data="simulated maps")

# %%
# It is used like any other, by the path of its file. What it sees, next to the package's own
# network; dotted is where the Sun is active. It knows 48 columns and tells nothing outside them.
# Some seconds of training are enough for the large region, of which it does not part the
# neighbours; the small one in the south it barely sees.

simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=9)
figure = plt.figure(figsize=(10, 5), layout="constrained")
for number, name in enumerate((f"{folder}/brief.safetensors", "default")):
    detection = sunpy_farside.detect_farside(simulated.sequence, name)
    axes = figure.add_subplot(1, 2, number + 1, projection=detection.image)
    detection.plot(axes)
    axes.contour(simulated.truth.data, levels=[0.5], colors="#E69F00", linestyles="dotted")
plt.show()
