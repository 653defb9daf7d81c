"""
Compare simulated maps with real ones
=====================================

The weights of the package are trained on simulated maps alone, so these must resemble real maps.
Dots are statistics measured on 31 real maps of April and May 2022.
"""

import matplotlib.pyplot as plt
import numpy as np

import sunpy_farside
from sunpy_farside.simulation.statistics import map_statistics

# %%
# Simulate twelve sequences of a moderately active Sun and measure them.

sequences = [
    sunpy_farside.simulate_sequence("2022-04-15", seed=seed).sequence for seed in range(12)
]
table = map_statistics(sequences)
table["mean"].info.format = table["scatter"].info.format = ".3f"
print(table)

# %%
# The distribution of phase shifts has a tail on the negative side: the active regions. Maps one
# step apart share half of their data. The correlation that remains further apart is mostly due to
# active regions; it scatters by 0.1 between realizations, and the dots are a single Sun's.

found = dict(zip(table["statistic"], table["mean"], strict=True))
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
phases = np.concatenate([sequence.data.ravel() for sequence in sequences])
left.hist(phases[np.isfinite(phases)], bins=120, color="0.4", log=True, density=True)
left.set(xlabel="Phase shift (rad)", ylabel="Density", title="All phases")

lags = [1, 2, 3, 5, 8]
middle.plot(lags, [found[f"correlation {lag} apart"] for lag in lags], color="0.4")
middle.plot([1, 2], [0.56, 0.25], "o", color="black", label="measured")
middle.set(xlabel="Steps of 12 hours", ylabel="Correlation", ylim=(0, 0.7), title="In time")
middle.legend()

parts = ["center", "sides", "high latitudes"]
widths = [found[f"half correlation in longitude, {part} (deg)"] for part in parts]
right.bar(parts, widths, color="0.7")
right.plot(parts, [5, 6, 8], "o", color="black", label="measured")
right.set(ylabel="Half correlation in longitude (deg)", title="In space")
right.legend()
plt.show()
