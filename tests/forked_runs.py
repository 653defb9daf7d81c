"""
Runs in forks of this process, which may die at the n-th of their writes.
"""

import os
import sqlite3
import traceback

# Exit code of a run that died.
DIED = 9


def run_forked(function, *arguments, dies_at=None):
    """
    Run a function in a fork of this process, and return its exit code.

    The fork dies when the n-th file moves into place, or before the n-th transaction begins or
    ends: all are counted together.
    """
    return wait_for(start_forked(function, *arguments, dies_at=dies_at))


def start_forked(function, *arguments, dies_at=None):
    """
    Start a run as `run_forked` does, and return the number of its process.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        _count_writes(dies_at)
        function(*arguments)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def wait_for(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _count_writes(dies_at):
    replace, connect, writes = os.replace, sqlite3.connect, 0

    def count():
        nonlocal writes
        writes += 1
        if writes == dies_at:
            os._exit(DIED)

    def move(*args, **kwargs):
        count()
        return replace(*args, **kwargs)

    class Connection(sqlite3.Connection):
        def execute(self, statement, *args):
            if statement.startswith(("BEGIN", "COMMIT")):
                count()
            return super().execute(statement, *args)

    os.replace = os.rename = move
    sqlite3.connect = lambda *args, **kwargs: connect(*args, factory=Connection, **kwargs)
