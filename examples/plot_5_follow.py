"""
Follow a region to the east limb
================================

Link regions on successive dates to tracks, and predict when they come into view.
"""

import matplotlib.pyplot as plt

import sunpy_farside
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.visualization import plot_tracks

# %%
# Simulate twelve days of maps and detect regions every 12 hours. False detections rarely return at
# the same place.

maps = simulate_maps("2022-05-01", 24, seed=13).maps
detections = sunpy_farside.detect_farside(sunpy_farside.find_sequences(maps))
tracks = sunpy_farside.track_regions(detections)
print(tracks)

# %%
# Persistent tracks have enough detections and are reliable enough. Arrivals have an uncertainty.

persistent = tracks.tracks[tracks.tracks["persistent"]]
print(persistent["designation", "n_detections", "east_limb_arrival", "arrival_uncertainty"])

# %%
# Regions hardly move in Carrington longitude while the far side passes over them. A triangle marks
# the arrival.

figure = plt.figure(figsize=(9, 5), layout="constrained")
plot_tracks(tracks)
plt.show()
