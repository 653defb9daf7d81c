"""
Detect active regions and read the table
========================================

Turn eleven phase maps into a probability map and a table of active regions.
"""

import matplotlib.pyplot as plt

import sunpy_farside
from sunpy_farside.visualization import plot_sequence

# %%
# Simulate eleven maps with known active regions. For your own files, make the sequence with
# ``sunpy_farside.FarsideSequence.from_files(paths)``.

sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=9).sequence
detection = sunpy_farside.detect_farside(sequence)
print(detection)

# %%
# The most reliable region comes first. Positions are coordinates, and columns have units.

columns = ["label", "reliability", "area_uhem", "east_limb_arrival", "significant"]
print(detection.regions[columns])
print(detection.regions["centroid"][0])

# %%
# Draw the eleven maps, the date of the middle one in bold, with the significant regions outlined.
# In a single map a small region looks like the dark grains around it, but it is present in all
# maps.

figure = plt.figure(figsize=(10, 4.6), layout="constrained")
plot_sequence(sequence, detection=detection, figure=figure)

# %%
# Draw the detection. Outlines of regions that are not significant are dashed.

figure = plt.figure(figsize=(6.4, 6), layout="constrained")
detection.plot()
plt.show()
