"""
The errors that this package raises for unusable input.

All are `FarsideError`, which is a `ValueError`, and each message says what was expected, what was
found and what to do about it.
"""

__all__ = [
    "FarsideError",
    "FileFormatError",
    "FolderInUseError",
    "NewerFormatError",
    "SequenceError",
    "WeightsError",
]


class FarsideError(ValueError):
    """
    Something that this package was given cannot be used.
    """


class FileFormatError(FarsideError):
    """
    A file does not hold what its reader expects.
    """


class SequenceError(FarsideError):
    """
    Maps do not form the sequence that a far-side detection needs.
    """


class WeightsError(FarsideError):
    """
    A network's weights cannot be found, read or trusted.
    """


class NewerFormatError(FileFormatError):
    """
    A file was written by a later release.
    """


class FolderInUseError(FarsideError):
    """
    Another run is at work in a folder that only one may change at a time.
    """
