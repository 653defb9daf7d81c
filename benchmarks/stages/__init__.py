"""
Benchmarks of airspeed velocity.
"""
