"""
Pictures of maps, sequences, detections and tracks.
"""

from sunpy_farside.visualization.animation import *
from sunpy_farside.visualization.globe import *
from sunpy_farside.visualization.overplot import *
from sunpy_farside.visualization.panels import *
from sunpy_farside.visualization.synchronic import *
from sunpy_farside.visualization.track_plot import *
