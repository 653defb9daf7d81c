"""
The daily bulletin: as JSON, as a page and as text.
"""

from sunpy_farside.bulletin.day import *
