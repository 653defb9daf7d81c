"""
The whole Sun in one picture
============================

Combine the far-side probability map with a near-side magnetogram.
"""

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u

import sunpy.map

import sunpy_farside
from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.simulation.active_regions import unsigned_field
from sunpy_farside.visualization import synchronic_view

simulated = simulate_maps("2022-05-02T12:00", 11, seed=9)
sequence = sunpy_farside.FarsideSequence(simulated.maps)
detection = sunpy_farside.detect_farside(sequence)

# %%
# In place of a magnetogram, use the field of the simulated Sun. A full-disk map is rotated to the
# date of the detection; a synoptic map, like this one, keeps its longitudes.

header = carrington_header(detection.date, (181, 361), first_longitude=0, first_latitude=-90)
field = unsigned_field(simulated.sun, 0, np.arange(361), np.arange(-90, 91))
near_map = sunpy.map.Map(field, header | {"bunit": "G"})

# %%
# The east limb is in the middle, and regions move from left to right. The field is smoothed, so
# that less of it is white than in a magnetogram.

figure = plt.figure(figsize=(10, 4.2), layout="constrained")
synchronic_view(near_map, detection, field=40 * u.G)
plt.show()
