"""
Neural networks: layouts, weights and probability maps of stacks of phase maps.
"""

from sunpy_farside.network.coarse_unet import *
from sunpy_farside.network.folding import *
from sunpy_farside.network.layouts import *
from sunpy_farside.network.model import *
from sunpy_farside.network.normalization import *
from sunpy_farside.network.unet import *
from sunpy_farside.network.weights import *
from sunpy_farside.utils.moved import moved_names

__getattr__ = moved_names(
    __name__, {"sunpy_farside.network.normalization": {"Normalisation": "Normalization"}}
)
