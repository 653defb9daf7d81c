"""
The daily bulletin: as JSON, as a page and as text.
"""

from sunpy_farside.bulletin.day import *
from sunpy_farside.bulletin.document import *
from sunpy_farside.bulletin.overlay import *
from sunpy_farside.bulletin.page import *
from sunpy_farside.bulletin.pictures import *
from sunpy_farside.bulletin.plain_text import *
from sunpy_farside.bulletin.schema import *
from sunpy_farside.bulletin.write import *
