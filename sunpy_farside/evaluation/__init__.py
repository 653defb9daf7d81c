"""
Truth against detections: matches, curves, reports.
"""

from sunpy_farside.evaluation.matching import *
