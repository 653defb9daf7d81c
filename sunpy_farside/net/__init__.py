"""
Far-side products of JSOC through `~sunpy.net.Fido`.
"""

from sunpy_farside.net.client import *
