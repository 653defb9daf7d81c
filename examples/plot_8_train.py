"""
Train a network
===============

Train on far too few examples, to show the steps. ``sunpy-farside train`` makes the weights of the
package in the same way.
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
# A recipe determines the weights completely. Every example is simulated when it is needed: here 640
# instead of the recipe's 100,000, with 48 columns instead of 140.

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
# Lightning trains the network. Checkpoints and a log go to a folder, from which an interrupted run
# resumes. ``sunpy-farside train`` ends with a calibration; here the threshold is simply set.

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="lightning")
folder = tempfile.mkdtemp()
quiet = {"enable_progress_bar": False, "enable_model_summary": False}
module = fit(recipe, folder, workers=0, accelerator="cpu", **quiet)
model = trained_model(module, name="brief", threshold=100)
save_model(model, f"{folder}/brief.safetensors", recipe=recipe.to_text(), data="simulated maps")

# %%
# Load the new network by the path of its file, and compare it with the package's own; dotted
# outlines show where the Sun is active. It knows 48 columns and returns nothing outside them. A few
# seconds of training are enough for the large complex, whose neighbors it does not separate; it
# barely sees the small region in the south.

simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=9)
figure = plt.figure(figsize=(10, 5), layout="constrained")
for number, name in enumerate((f"{folder}/brief.safetensors", "default")):
    detection = sunpy_farside.detect_farside(simulated.sequence, name)
    axes = figure.add_subplot(1, 2, number + 1, projection=detection.image)
    detection.plot(axes)
    axes.contour(simulated.truth.data, levels=[0.5], colors="#E69F00", linestyles="dotted")
plt.show()
