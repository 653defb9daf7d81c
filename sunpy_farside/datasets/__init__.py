"""
Training data from the real Sun: maps, magnetograms, masks and their store.
"""
