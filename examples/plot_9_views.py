"""
The far side as a disk, and from above the pole
===============================================

Maps of a detection are sunpy maps: they go wherever sunpy's projections go.
"""

import matplotlib.pyplot as plt

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy.map
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective

import sunpy_farside
from sunpy_farside.geometry import carrington_header

sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=9).sequence
detection = sunpy_farside.detect_farside(sequence)
date = detection.date

# %%
# From behind the Sun, at Earth's distance.

frame = HeliographicStonyhurst(obstime=date)
behind = SkyCoord(180 * u.deg, 0 * u.deg, 1 * u.AU, frame=frame)
disk = sunpy.map.make_fitswcs_header(
    (512, 512),
    SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=Helioprojective(observer=behind, obstime=date)),
    scale=[4, 4] * u.arcsec / u.pix,
)

# %%
# From above the north pole, with equal steps of latitude.

pole = carrington_header(date, (180, 180), first_longitude=0, first_latitude=-90) | {
    "ctype1": "CRLN-ARC",
    "ctype2": "CRLT-ARC",
    "crpix1": 90.5,
    "crpix2": 90.5,
    "crval1": 0.0,
    "crval2": 90.0,
    "naxis1": 180,
    "naxis2": 180,
}

figure = plt.figure(figsize=(10, 5), layout="constrained")
for number, (header, name) in enumerate([(disk, "From behind"), (pole, "From above the pole")]):
    view = detection.probability.reproject_to(header)
    axes = figure.add_subplot(1, 2, number + 1, projection=view)
    view.plot(axes=axes, cmap="cividis", norm=None, vmin=0, vmax=1, title=name)
    axes.set_facecolor("0.75")
    sunpy_farside.overplot_regions(detection, axes)
plt.show()
