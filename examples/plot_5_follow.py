"""
Follow a region to the east limb
================================

Regions on successive dates, linked into tracks, with the date at which they come into view.
"""

import matplotlib.pyplot as plt

import sunpy_farside
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.visualization import plot_tracks

# %%
# Twelve days of artificial maps, and a detection every 12 hours. False detections rarely return.

maps = simulate_maps("2022-05-01", 24, seed=13).maps
detections = sunpy_farside.detect_farside(sunpy_farside.find_sequences(maps))
tracks = sunpy_farside.track_regions(detections)
print(tracks)

# %%
# Persistent tracks are significant on enough successive dates.

persistent = tracks.tracks[tracks.tracks["persistent"]]
print(persistent["designation", "n_detections", "east_limb_arrival", "arrival_uncertainty"])

# %%
# The far side sweeps over the regions, which hardly move in Carrington longitude. A triangle marks
# the arrival.

figure = plt.figure(figsize=(9, 5), layout="constrained")
plot_tracks(tracks)
plt.show()
