"""
Fetch maps with Fido
====================

Search JSOC's archive, download eleven phase maps and detect active regions in them. This example
needs the network and is not run here.
"""

import matplotlib.pyplot as plt

from sunpy.net import Fido
from sunpy.net import attrs as a

import sunpy_farside

# %%
# Importing the package adds the archive to Fido. The other products are ``"phase_map_5day"`` and
# ``"region_list"``.

found = Fido.search(a.Time("2022-05-02 12:00", "2022-05-07 12:00"), a.farside.Product("phase_map"))
print(found)

# %%
# The headers of downloaded files are completed, so that ``sunpy.map.Map(files)`` works too.

files = Fido.fetch(found)
detection = sunpy_farside.detect_farside(sunpy_farside.FarsideSequence.from_files(files))
figure = plt.figure(figsize=(6.4, 6), layout="constrained")
detection.plot()
plt.show()
