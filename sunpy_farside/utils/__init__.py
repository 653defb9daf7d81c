"""
Files, tables and assignments.
"""
