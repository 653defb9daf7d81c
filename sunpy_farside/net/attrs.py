"""
Attributes of searches for far-side data, ``a.farside`` in `sunpy.net.attrs`.
"""

from sunpy.net.attr import SimpleAttr

from sunpy_farside.products import PRODUCTS

__all__ = ["Product"]


# Limit completion to the public names, as in sunpy's own modules of attrs.
def __dir__():
    return __all__


class Product(SimpleAttr):
    """
    Far-side product to search for.

    Parameters
    ----------
    value : {"phase_map", "phase_map_5day", "region_list", "time_distance", "gong", "gong_list"}
        From HMI: phase maps from 24 hours of Doppler data, phase maps from five days, strong
        regions found by the SAR method, or maps by the time-distance method. From GONG: phase maps
        from 24 hours, or regions.
    """

    def __init__(self, value):
        if value not in PRODUCTS:
            msg = f"Expected a product out of {', '.join(PRODUCTS)}, found {value!r}."
            raise ValueError(msg)
        super().__init__(value)
