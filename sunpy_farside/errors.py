"""
Errors of this package for unusable input.

All are `FarsideError`, a `ValueError`. Each message names the expected input, the input found and
a remedy.
"""

__all__ = [
    "FarsideError",
    "FileFormatError",
    "FolderInUseError",
    "NewerFormatError",
    "NoCommonDatesError",
    "SchedulerError",
    "SequenceError",
    "WeightsError",
]


class FarsideError(ValueError):
    """
    Input that this package cannot use.
    """


class FileFormatError(FarsideError):
    """
    File without the content expected by its reader.
    """


class SequenceError(FarsideError):
    """
    Maps that do not form a sequence.
    """


class WeightsError(FarsideError):
    """
    Weights of a network that cannot be found, read or trusted.
    """


class NewerFormatError(FileFormatError):
    """
    File written by a later release.
    """


class FolderInUseError(FarsideError):
    """
    Folder in use by another run, where only one at a time may write.
    """


class NoCommonDatesError(FarsideError):
    """
    Detections and lists of which none belong together.
    """


class SchedulerError(FarsideError):
    """
    Scheduler or workers of Dask that cannot do the work.
    """
