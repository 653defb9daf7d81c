"""
Pictures of maps, sequences, detections and tracks.
"""
