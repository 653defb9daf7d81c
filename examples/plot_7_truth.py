"""
Check a detection against the truth
===================================

In simulated maps the truth is known: see where the network is right and what it misses.
"""

import matplotlib.pyplot as plt

import sunpy_farside

simulated = sunpy_farside.simulate_sequence("2022-05-05", seed=9)
detection = sunpy_farside.detect_farside(simulated.sequence)

# %%
# A pixel is active where the smoothed unsigned field of the simulated Sun is above 30 G. The same
# seed always gives the same realization.

truth = simulated.truth
print(f"{truth.data.sum():.0f} square degrees are active")

# %%
# Active pixels without probability are missed; probability far from active pixels is false.

figure = plt.figure(figsize=(6.4, 6), layout="constrained")
drawn = detection.plot()
drawn.axes.contour(truth.data, levels=[0.5], colors="#E69F00", linewidths=3, linestyles="dotted")
drawn.axes.set_title(f"{drawn.axes.get_title()}; dotted: truth")
plt.show()
