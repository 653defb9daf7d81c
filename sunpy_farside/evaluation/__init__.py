"""
Completeness and false-discovery rate of detection methods.
"""
