"""
Compare with a region list of JSOC
==================================

JSOC publishes lists of the regions that the standard method finds. This reads one, and draws it
with what the network says.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import sunpy_farside
from sunpy_farside.io import read_region_list

sequence = sunpy_farside.simulate_sequence("2022-05-05", seed=9).sequence
detection = sunpy_farside.detect_farside(sequence)

# %%
# A list in JSOC's form, of artificial regions: in place of a file that was fetched.

text = """2022-05-05.0
        Far-Side Vantage:  CLon = 128.0, Lat =   3.8

Designation   Longitude   Latitude   Strength   Arrival   Days
              (degree)    (degree)

{rows}
"""
standard = sunpy_farside.detect_seismic_strength(sequence).regions[:3]
days = (standard["east_limb_arrival"] - detection.date).to_value("day")
rows = [
    f"FS-2022-{number:03d}  {row['centroid'].lon.deg:5.1f}  {row['centroid'].lat.deg:5.1f}  "
    f"{row['seismic_strength'].value:6.1f}  2022-05-05.0  {day:4.1f}"
    for number, (row, day) in enumerate(zip(standard, days, strict=True), start=1)
]
path = Path(tempfile.mkdtemp()) / "AR_LIST_2022.05.05_00_00_00.txt"
path.write_text(text.format(rows="\n".join(rows)))

# %%
# Positions are coordinates at the date of the list.

regions = read_region_list(path)
print(regions["designation", "seismic_strength", "east_limb_arrival"])

# %%
# One to one, within ten degrees: what both have, and what one alone has.

matches = sunpy_farside.match_regions(detection.regions, regions)
print(matches["outcome", "designation", "separation"])

# %%
# A table has no outlines: its regions are crosses with their designations.

figure = plt.figure(figsize=(6.4, 6), layout="constrained")
drawn = detection.plot()
sunpy_farside.overplot_regions(regions, drawn.axes)
plt.show()
