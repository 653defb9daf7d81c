"""
Regions over many dates: stacked, tracked, matched with lists, kept day by day.
"""

from sunpy_farside.catalogue.catalogue import Catalogue
from sunpy_farside.catalogue.daily import *
from sunpy_farside.catalogue.linking import link_regions
from sunpy_farside.catalogue.matching import *
from sunpy_farside.catalogue.noaa_matching import *
from sunpy_farside.catalogue.product_comparison import *
from sunpy_farside.catalogue.stack import *
from sunpy_farside.catalogue.tracking import *
