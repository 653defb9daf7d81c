"""
Detect active regions and read the table
========================================

Eleven maps go in; a map of probability and a table of regions come out.
"""

import matplotlib.pyplot as plt

import sunpy_farside
from sunpy_farside.visualization import plot_sequence

# %%
# Eleven artificial maps with known active regions. Of your own files, make the sequence with
# ``sunpy_farside.FarsideSequence.from_files(paths)``.

sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=9).sequence
detection = sunpy_farside.detect_farside(sequence)
print(detection)

# %%
# The strongest region comes first. Positions are coordinates, and columns have units.

columns = ["label", "integrated_probability", "area_uhem", "east_limb_arrival", "significant"]
print(detection.regions[columns])
print(detection.regions["centroid"][0])

# %%
# The eleven maps, the middle one in bold, with what the network calls significant. In a single map
# the region is hardly more than one of the dark grains; it is there in all of them.

figure = plt.figure(figsize=(10, 4.6), layout="constrained")
plot_sequence(sequence, detection=detection, figure=figure)

# %%
# The detection. Weak regions are dashed.

figure = plt.figure(figsize=(6.4, 6), layout="constrained")
detection.plot()
plt.show()
