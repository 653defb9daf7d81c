"""
Draw regions on a near-side magnetogram, a week later
=====================================================

Far-side detections are drawn where rotation has brought them.
"""

import matplotlib.pyplot as plt
import numpy as np

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy.map
from sunpy.coordinates import Helioprojective, get_earth

import sunpy_farside
from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.simulation import simulate_maps
from sunpy_farside.simulation.active_regions import unsigned_field

# %%
# Detect regions in simulated maps.

simulated = simulate_maps("2022-05-02T12:00", 11, seed=28)
detection = sunpy_farside.detect_farside(sunpy_farside.FarsideSequence(simulated.maps))

# %%
# In place of an HMI magnetogram, use the simulated Sun a week later: the smoothed unsigned field of
# its regions as seen from Earth.

days = 7
later = detection.date + days * u.day
header = carrington_header(later, (181, 361), first_longitude=0, first_latitude=-90)
field = unsigned_field(simulated.sun, days, np.arange(361), np.arange(-90, 91))
frame = Helioprojective(observer=get_earth(later), obstime=later)
disk = sunpy.map.make_fitswcs_header(
    (512, 512),
    SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=frame),
    scale=[4, 4] * u.arcsec / u.pix,
    unit=u.G,
)
near_map = sunpy.map.Map(field, header).reproject_to(disk)

# %%
# Any map works: the full disk, a cutout or a synoptic map. Differential rotation moves the regions
# to the date of the map. Regions still behind the limb are left out, or dotted with
# ``hidden=True``.

figure = plt.figure(figsize=(7, 5.8), layout="constrained")
axes = figure.add_subplot(projection=near_map)
image = near_map.plot(axes=axes, cmap="gray", vmin=0, vmax=80, norm=None)
near_map.draw_limb(axes=axes, color="white")
sunpy_farside.overplot_regions(detection, axes)
axes.set_facecolor("black")
axes.set_title(f"Found {detection.date.isot[:10]}, drawn on {later.isot[:10]}")
figure.colorbar(image, ax=axes, label="Smoothed unsigned field [G]", shrink=0.8)
plt.show()
