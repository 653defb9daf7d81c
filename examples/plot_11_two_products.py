"""
Compare two products of the same dates
======================================

Maps of HMI and of GONG show the same Sun with different noise. A region in both is more
reliable than one that only one of them shows. Here, two simulations of the same active regions
with different noise take the place of the two instruments.
"""

import matplotlib.pyplot as plt

import sunpy_farside
from sunpy_farside.catalog import compare_products
from sunpy_farside.visualization.artists import COLORS

simulated = [
    sunpy_farside.simulate_sequence("2022-05-05", seed=12, noise_seed=noise) for noise in (1, 2)
]
detections = [sunpy_farside.detect_farside(item.sequence) for item in simulated]

# %%
# Detections within ten degrees of each other match, one to one. The joint reliability is the
# larger of the two for a region in both products, and lower than its own for a region alone:
# `~sunpy_farside.catalog.product_comparison.joint_reliability` has the rule and how it was
# measured. With real maps, `~sunpy_farside.catalog.reading.read_catalog` gives the two tables.

table = compare_products(*detections)
for name in ("first", "second", "joint"):
    table[f"{name}_reliability"].info.format = ".2f"
columns = ["outcome", "first_reliability", "second_reliability", "joint_reliability"]
print(table[columns])

# %%
# The simulation has the real regions: those alone are noise more often.

known = simulated[0].regions
known = known[known["flux"].value >= 2e21]
for outcome in ("matched", "alone"):
    part = table[table["outcome"] == outcome]["centroid"]
    real = sunpy_farside.match_regions(part, known["centroid"]).meta["matched"]
    print(f"{outcome}: {real} of {len(part)} regions are real")

# %%
# Circles mark regions in both products, squares regions alone. Their size grows with the joint
# reliability.

figure = plt.figure(figsize=(10, 5), layout="constrained")
for number, (detection, title) in enumerate(zip(detections, ("First", "Second"), strict=True)):
    axes = figure.add_subplot(1, 2, number + 1, projection=detection.image)
    detection.plot(axes)
    axes.set_title(f"{title} product")
    for outcome, marker in (("matched", "o"), ("alone", "s")):
        part = table[table["outcome"] == outcome]
        column, row = detection.image.wcs.world_to_pixel(part["centroid"])
        size = 50 + 250 * part["joint_reliability"]
        axes.scatter(column, row, size, marker=marker, fc="none", ec=COLORS["first"], lw=1.5)
plt.show()
