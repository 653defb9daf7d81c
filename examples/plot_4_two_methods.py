"""
Two methods side by side
========================

The network and the standard method on the same eleven maps, and what both of them found.
"""

import matplotlib.pyplot as plt

import sunpy_farside
from sunpy_farside.visualization.artists import COLORS

sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=9).sequence
network = sunpy_farside.detect_farside(sequence)
standard = sunpy_farside.detect_seismic_strength(sequence)

# %%
# The standard method takes what is beyond -0.085 rad in the mean of the maps, and measures strength
# by phase times area: in millionths of a hemisphere times radian, reliable above 400.

print(standard.regions["label", "seismic_strength", "mean_phase", "significant"][:5])

# %%
# The same coordinates, and the same class of result: they can be drawn on top of each other. On the
# right, the regions of the network are orange.

figure = plt.figure(figsize=(10, 5), layout="constrained")
left, right = (
    figure.add_subplot(1, 2, number + 1, projection=detection.image)
    for number, detection in enumerate((network, standard))
)
network.plot(left)
standard.plot(right)
sunpy_farside.overplot_regions(
    network.regions[network.regions["significant"]], right, color=COLORS["first"]
)
plt.show()
