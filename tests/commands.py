"""
Commands run in this process and in processes of their own.
"""

import signal
import subprocess
import sys
import time

from sunpy_farside import cli

# Seconds after which something hangs, on the slowest machine.
LONGEST = 300


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def start(*arguments, **options):
    """
    Start the command as a shell does: in a process group of its own, with Ctrl-C at work.
    """
    command = [sys.executable, "-m", "sunpy_farside", *map(str, arguments)]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    # Pipelines and some CI start their children with Ctrl-C ignored.
    return subprocess.Popen(
        command,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


def wait_until(condition):
    end = time.monotonic() + LONGEST
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
