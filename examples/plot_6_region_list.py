"""
Compare with a region list of JSOC
==================================

JSOC publishes lists of the regions that the strong-active-region (SAR) method finds. Read one,
match it with a detection, and draw both.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import astropy.units as u

import sunpy_farside
from sunpy_farside.io import read_region_list

sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=9).sequence
detection = sunpy_farside.detect_farside(sequence)

# %%
# In place of a fetched file, write a list of simulated regions in JSOC's format.

text = """2022-05-05.0
        Far-Side Vantage:  CLon = 128.0, Lat =   3.8

Designation   Longitude   Latitude   Strength   Arrival   Days
              (degree)    (degree)

{rows}
"""
listed = sunpy_farside.detect_seismic_strength(sequence).regions[:3]
days = (listed["east_limb_arrival"] - detection.date).to_value("day").round(1)
arrivals = [f"{time.isot[:10]}.{int(time.mjd % 1 * 10)}" for time in detection.date + days * u.day]
rows = [
    f"FS-2022-{number:03d}  {row['centroid'].lon.deg:5.1f}  {row['centroid'].lat.deg:5.1f}  "
    f"{row['seismic_strength'].value:6.1f}  {arrival}  {day:4.1f}"
    for number, (row, arrival, day) in enumerate(zip(listed, arrivals, days, strict=True), start=1)
]
path = Path(tempfile.mkdtemp()) / "AR_LIST_2022.05.05_00_00_00.txt"
path.write_text(text.format(rows="\n".join(rows)))

# %%
# Read it. Positions are coordinates at the date of the list.

regions = read_region_list(path)
print(regions["designation", "seismic_strength", "east_limb_arrival"])

# %%
# Match one to one, within ten degrees. A real list is made from five days of data:
# compare it with the detection whose *last* map has its date.

matches = sunpy_farside.match_regions(detection.regions, regions)
print(matches["outcome", "designation", "separation"])

# %%
# The regions of a list have no outlines and are drawn as crosses with their designations.

figure = plt.figure(figsize=(6.4, 6), layout="constrained")
drawn = detection.plot()
sunpy_farside.overplot_regions(regions, drawn.axes)
plt.show()
