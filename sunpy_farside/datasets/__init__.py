"""
Training sets of observed data: phase maps, magnetograms, masks and their store.
"""
