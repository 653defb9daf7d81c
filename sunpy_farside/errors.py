"""
The errors that this package raises for unusable input.

All are `ValueError`, and each message says what was expected, what was found and
what to do about it.
"""

__all__ = ["FileFormatError", "SequenceError", "WeightsError"]


class FileFormatError(ValueError):
    """
    A file does not hold what its reader expects.
    """


class SequenceError(ValueError):
    """
    Maps do not form the sequence that a far-side detection needs.
    """


class WeightsError(ValueError):
    """
    A network's weights cannot be found, read or trusted.
    """
