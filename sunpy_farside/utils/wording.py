"""
Words of messages for readers in Python and on the command line.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["argument_text", "command_line_words", "wording"]

_on_command_line = ContextVar("on_command_line", default=False)


@contextmanager
def command_line_words() -> Iterator[None]:
    """
    Compose messages within a ``with`` block for readers on the command line.
    """
    token = _on_command_line.set(True)
    try:
        yield
    finally:
        _on_command_line.reset(token)


def wording(python: str, command_line: str) -> str:
    """
    Return the part of a message that fits its reader.

    Parameters
    ----------
    python, command_line : `str`
        Words for readers who call functions, and for those who run ``sunpy-farside``.

    Returns
    -------
    `str`
    """
    return command_line if _on_command_line.get() else python


def argument_text(name: str, value: object = None) -> str:
    """
    Return an argument as a user gives it: ``missing=1`` in Python, ``--missing 1`` in a command.

    Parameters
    ----------
    name : `str`
        Name of the argument. The option of the command has the same name.
    value : optional
        None for a value of the user's choice. True for an option without a value.

    Returns
    -------
    `str`

    Examples
    --------
    >>> from sunpy_farside.utils.wording import argument_text, command_line_words
    >>> argument_text("missing", 1), argument_text("offline", True), argument_text("email")
    ('missing=1', 'offline=True', 'email=')
    >>> with command_line_words():
    ...     argument_text("missing", 1), argument_text("offline", True), argument_text("email")
    ('--missing 1', '--offline', '--email')
    """
    python = f"{name}=" if value is None else f"{name}={value}"
    bare = value is None or value is True
    return wording(python, f"--{name}" if bare else f"--{name} {value}")
