"""
Runs in forks of this process, which may die at the n-th of their writes.
"""

import os
import signal
import sqlite3
import sys
import traceback

# Exit code of a run that died.
DIED = 9
# The same of a run that died in the middle of a file. Windows has no such signal, and no forks.
DIED_WRITING = -getattr(signal, "SIGXFSZ", 0)


def run_forked(function, *arguments, dies_at=None, largest=None):
    """
    Run a function in a fork of this process, and return its exit code.

    The fork dies when the n-th file moves into place, once the n-th copy of a file exists without
    content, or before the n-th transaction begins or ends: all are counted together. Or it dies
    while it writes a file, of which as many bytes remain as the largest file may have.
    """
    return wait_for(start_forked(function, *arguments, dies_at=dies_at, largest=largest))


def start_forked(function, *arguments, dies_at=None, largest=None):
    """
    Start a run as `run_forked` does, and return the number of its process.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        if largest is not None:
            _limit_files(largest)
        _count_writes(dies_at)
        function(*arguments)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def wait_for(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _limit_files(largest):
    import resource

    # Not the compiled modules of packages.
    sys.dont_write_bytecode = True
    # Python ignores the signal and raises an error instead.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))


def _count_writes(dies_at):
    replace, sendfile, connect, writes = os.replace, os.sendfile, sqlite3.connect, 0

    def count():
        nonlocal writes
        writes += 1
        if writes == dies_at:
            os._exit(DIED)

    def move(*args, **kwargs):
        count()
        return replace(*args, **kwargs)

    def copy(*args):
        count()
        return sendfile(*args)

    class Connection(sqlite3.Connection):
        def execute(self, statement, *args):
            if statement.startswith(("BEGIN", "COMMIT")):
                count()
            return super().execute(statement, *args)

    os.replace = os.rename = move
    os.sendfile = copy
    sqlite3.connect = lambda *args, **kwargs: connect(*args, factory=Connection, **kwargs)
