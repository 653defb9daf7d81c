"""
Deprecated name of the module `sunpy_farside.network.normalization`.
"""

from sunpy_farside.utils.moved import moved_names

__getattr__ = moved_names(
    __name__, {"sunpy_farside.network.normalization": {"Normalisation": "Normalization"}}
)
