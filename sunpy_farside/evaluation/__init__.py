"""
Scores of methods against known regions.
"""
