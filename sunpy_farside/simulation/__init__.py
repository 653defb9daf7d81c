"""
Simulation of phase maps with known active regions.
"""

from sunpy_farside.simulation.realization import *
