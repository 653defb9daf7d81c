"""
Far-side products of JSOC and of GONG through `~sunpy.net.Fido`.
"""

from sunpy_farside.net.client import *
from sunpy_farside.net.gong_client import *
