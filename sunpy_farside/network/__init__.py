"""
The network: its layout, its weights, and what it says about stacks of phases.
"""

from sunpy_farside.network.coarse_unet import *
from sunpy_farside.network.model import *
from sunpy_farside.network.normalisation import *
from sunpy_farside.network.unet import *
from sunpy_farside.network.weights import *
