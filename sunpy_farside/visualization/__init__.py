"""
Plots of maps, sequences, detections and tracks.
"""
