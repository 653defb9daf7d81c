"""
Regions over many dates: stacked, tracked, matched with lists, kept day by day.
"""

from sunpy_farside.catalog.catalog import Catalog
from sunpy_farside.catalog.linking import link_regions
from sunpy_farside.catalog.map_runs import *
from sunpy_farside.catalog.matching import *
from sunpy_farside.catalog.noaa_matching import *
from sunpy_farside.catalog.product_comparison import *
from sunpy_farside.catalog.reading import read_catalog
from sunpy_farside.catalog.region_stack import *
from sunpy_farside.catalog.tracking import *
from sunpy_farside.catalog.update import update_tracks
from sunpy_farside.catalog.watch import *
