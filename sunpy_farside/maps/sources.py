"""
The factory `sunpy.map.Map`, with the sources of this package.
"""

from sunpy.map import Map

__all__ = ["Map"]
