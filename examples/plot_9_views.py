"""
The far side from behind, from the side and from above
======================================================

Detection images are SunPy maps, so they can be reprojected to any view.
"""

import matplotlib.pyplot as plt

import astropy.units as u
from astropy.coordinates import SkyCoord

import sunpy.map
from sunpy.coordinates import HeliographicStonyhurst, Helioprojective

import sunpy_farside
from sunpy_farside.coordinates.far_side import far_side_central_meridian
from sunpy_farside.coordinates.window import carrington_header
from sunpy_farside.visualization.artists import halo

sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=9).sequence
detection = sunpy_farside.detect_farside(sequence)
date = detection.date

# %%
# First as a disk, seen from behind the Sun and from above the east limb of Earth's disk, which is
# then the central meridian. Everything behind the limb of such a view is left out.


def seen_from(longitude):
    observer = SkyCoord(
        longitude * u.deg, 0 * u.deg, 1 * u.AU, frame=HeliographicStonyhurst(obstime=date)
    )
    return sunpy.map.make_fitswcs_header(
        (512, 512),
        SkyCoord(0 * u.arcsec, 0 * u.arcsec, frame=Helioprojective(observer=observer)),
        scale=[4, 4] * u.arcsec / u.pix,
    )


def draw(view, axes, name):
    view.plot(axes=axes, cmap="cividis", norm=None, vmin=0, vmax=1, title=name)
    axes.set_facecolor("0.75")
    sunpy_farside.overplot_regions(detection, axes)


figure = plt.figure(figsize=(10, 5), layout="constrained")
views = [(180, "From behind"), (-90, "From over the east limb")]
for number, (longitude, name) in enumerate(views):
    view = detection.image.reproject_to(seen_from(longitude))
    axes = figure.add_subplot(1, 2, number + 1, projection=view)
    draw(view, axes, name)
    view.draw_grid(axes=axes, grid_spacing=30 * u.deg, color="white", alpha=0.4, annotate=False)

# %%
# Then from above the north pole, with equal steps of latitude, to 60 degrees south of the equator.
# The far-side central meridian points down.

meridian = far_side_central_meridian(date).deg
pole = carrington_header(date, (150, 300), first_longitude=0, first_latitude=-90) | {
    "ctype1": "CRLN-ARC",
    "ctype2": "CRLT-ARC",
    "crpix1": 150.5,
    "crpix2": 150.5,
    "crval1": meridian + 180,
    "crval2": 90.0,
    "naxis1": 300,
    "naxis2": 150,
}

figure = plt.figure(figsize=(8, 4.6), layout="constrained")
view = detection.image.reproject_to(pole)
axes = figure.add_subplot(projection=view)
draw(view, axes, "From above the north pole")
for axis in axes.coords:
    axis.set_ticks(spacing=30 * u.deg)
    axis.set_ticks_visible(False)
    axis.set_ticklabel_visible(False)
    axis.set_axislabel("")
middle = round(meridian / 30) * 30
marks = [(middle + away, -50, f"{(middle + away) % 360} deg") for away in (-60, -30, 0, 30, 60)]
marks += [(meridian + 75, latitude, f"{latitude:+d} deg") for latitude in (-30, 0, 30, 60)]
for longitude, latitude, text in marks:
    x, y = view.wcs.wcs_world2pix(longitude, latitude, 0)
    axes.text(
        x, y, text, ha="center", va="center", fontsize="small", color="white", path_effects=halo(1)
    )
plt.show()
