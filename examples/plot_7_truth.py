"""
A simulated sequence with known truth
=====================================

Where the network is right, where it is wrong, and what it cannot see.
"""

import matplotlib.pyplot as plt

import sunpy_farside

simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=9)
detection = sunpy_farside.detect_farside(simulated.sequence)

# %%
# The truth is where the smoothed unsigned field of the simulated Sun is above 30 G. The same seed
# always gives the same Sun.

truth = simulated.truth
print(f"{truth.data.sum():.0f} square degrees are active")

# %%
# Active pixels that have no probability are missed; probability outside of them is false.

figure = plt.figure(figsize=(6.4, 6), layout="constrained")
drawn = detection.plot()
drawn.axes.contour(truth.data, levels=[0.5], colors="#E69F00", linewidths=3, linestyles="dotted")
drawn.axes.set_title(f"{drawn.axes.get_title()}; dotted: truth")
plt.show()
