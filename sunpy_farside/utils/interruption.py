"""
Interruption of the command ``sunpy-farside`` and its processes by Ctrl-C.
"""

import atexit
import logging
import os
import signal
import sys
import threading
import warnings
from contextlib import contextmanager

from sunpy_farside.utils.command import is_command

__all__ = ["INTERRUPTED", "held_interruptions", "watched_interruptions"]

# The exit code of shells for commands that Ctrl-C ends.
INTERRUPTED = 128 + signal.SIGINT
_LINE = b"sunpy-farside: interrupted\n"
# Seconds for cleaning up, after which the command ends without it.
_PATIENCE = 5.0
# Not empty when Ctrl-C was pressed.
_pressed: list[bool] = []


@contextmanager
def watched_interruptions():
    """
    Raise `KeyboardInterrupt` on Ctrl-C in a ``with`` block, or end the process if this fails.

    Libraries may suppress the exception or raise another one: any error after Ctrl-C is treated as
    an interruption. Child processes are ended first. After some seconds, or at a second Ctrl-C, the
    process ends without cleanup. The handling of Ctrl-C changes only in the command
    ``sunpy-farside``, not in other programs.

    Yields
    ------
    callable
        Function that returns True after Ctrl-C was pressed.
    """
    if not is_command() or threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    pid = os.getpid()

    def interrupt(_number, _frame):
        if os.getpid() != pid:
            # A copy of this process: the original ends it.
            return
        if _pressed:
            _end()
        _pressed.append(True)
        _be_quiet()
        timer = threading.Timer(_PATIENCE, _end)
        timer.daemon = True
        timer.start()
        _end_children()
        raise KeyboardInterrupt

    # Where it is ignored, as of what a shell runs in the background, it stays so.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)
    yield lambda: bool(_pressed)


@contextmanager
def held_interruptions():
    """
    Hold Ctrl-C back within a ``with`` block, and for good in the processes started there.

    A new process takes a while to load what lets it leave Ctrl-C to the one that started it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _be_quiet():
    """
    Suppress the errors and warnings of everything that is interrupted.
    """
    sys.unraisablehook = threading.excepthook = lambda _error: None
    warnings.showwarning = lambda *_arguments, **_options: None
    logging.disable()


def _end_children():
    # An import would fail where Ctrl-C comes in the middle of the very same one.
    multiprocessing = sys.modules.get("multiprocessing")
    for child in getattr(multiprocessing, "active_children", list)():
        child.terminate()


def _end():
    _end_children()
    # Not through sys.stderr, which may be in the middle of a line.
    os.write(2, _LINE)
    os._exit(INTERRUPTED)


def _end_while_loading():
    """
    End the process with one line on Ctrl-C, if it runs the command ``sunpy-farside``.

    Loading what the command needs takes seconds, in which nothing has to be cleaned up. Processes
    that the command has started leave Ctrl-C to it. Any other program is left alone.
    """
    if not is_command() or threading.current_thread() is not threading.main_thread():
        return
    from multiprocessing import parent_process

    if parent_process() is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    elif signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda _number, _frame: _end())
        # The function that is registered first runs last.
        atexit.register(_exit_as_interrupted)


def _exit_as_interrupted():
    # Where C code was interrupted, Python would end by the signal itself.
    if _pressed:
        os._exit(INTERRUPTED)


_end_while_loading()
