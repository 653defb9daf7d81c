"""
Neural networks: layouts, weights and probability maps of stacks of phase maps.
"""

from sunpy_farside.network.coarse_unet import *
from sunpy_farside.network.layouts import *
from sunpy_farside.network.model import *
from sunpy_farside.network.normalisation import *
from sunpy_farside.network.unet import *
from sunpy_farside.network.weights import *
