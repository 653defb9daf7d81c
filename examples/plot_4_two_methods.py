"""
Compare two methods
===================

Detect regions in the same eleven maps with the network and with the strong-active-region (SAR)
method.
"""

import matplotlib.pyplot as plt

import sunpy_farside
from sunpy_farside.visualization.artists import COLORS

sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=9).sequence
network = sunpy_farside.detect_farside(sequence)
sar = sunpy_farside.detect_seismic_strength(sequence)

# %%
# The SAR method selects pixels with a mean phase shift below -0.085 rad. Its seismic strength is
# the phase integrated over the area, in rad times millionths of a hemisphere, significant from 400
# on.

print(sar.regions["label", "seismic_strength", "mean_phase", "significant"][:5])

# %%
# Both results have the same class and the same coordinates, so that one can be drawn over the
# other. On the right, the regions of the network are orange.

figure = plt.figure(figsize=(10, 5), layout="constrained")
left, right = (
    figure.add_subplot(1, 2, number + 1, projection=detection.image)
    for number, detection in enumerate((network, sar))
)
network.plot(left)
sar.plot(right)
sunpy_farside.overplot_regions(
    network.regions[network.regions["significant"]], right, color=COLORS["first"]
)
plt.show()
