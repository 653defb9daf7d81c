"""
The command ``sunpy-farside``.
"""

import argparse
import os
import sys
import traceback
import warnings

import sunpy_farside
from sunpy_farside.cli.arguments import UsageError
from sunpy_farside.cli.catalog import add_compare, add_track, add_watch
from sunpy_farside.cli.daily import add_daily
from sunpy_farside.cli.detect import add_demo, add_detect
from sunpy_farside.cli.export import add_export
from sunpy_farside.cli.fetch import add_build_dataset, add_fetch, add_fetch_magnetograms
from sunpy_farside.cli.info import add_info
from sunpy_farside.cli.simulate import add_simulate
from sunpy_farside.cli.train import add_calibrate, add_evaluate, add_train
from sunpy_farside.utils.interruption import INTERRUPTED, watched_interruptions
from sunpy_farside.utils.wording import command_line_words

__all__ = ["main"]

# In the order of the help.
_COMMANDS = (
    add_detect,
    add_fetch,
    add_daily,
    add_watch,
    add_track,
    add_compare,
    add_export,
    add_demo,
    add_simulate,
    add_train,
    add_calibrate,
    add_evaluate,
    add_build_dataset,
    add_fetch_magnetograms,
    add_info,
)
# Exit code of shells for a program that ends because nothing reads its output.
_BROKEN_PIPE = 141


def main(arguments=None):
    """
    Run the command.

    Parameters
    ----------
    arguments : `list` of `str`, optional
        Those of the command line by default.

    Returns
    -------
    `int`
        0 done, 1 failed on this input or on a part of it, 2 wrong usage, 130 interrupted,
        141 nothing reads the output any more.
    """
    with watched_interruptions() as interrupted:
        try:
            try:
                return _run(sys.argv[1:] if arguments is None else arguments)
            finally:
                # Fail here, not at the exit of Python, if the output cannot be written.
                print(end="", flush=True)
        except BrokenPipeError:
            return _stop_writing()
        except KeyboardInterrupt:
            return _fail("interrupted", False, INTERRUPTED)
        except BaseException:
            if interrupted():
                return _fail("interrupted", False, INTERRUPTED)
            raise


def _run(arguments):
    options = _parse(arguments)
    warnings.showwarning = _show_warning
    try:
        with command_line_words():
            options.run(options)
    except BrokenPipeError:
        raise
    except UsageError as error:
        return _fail(error, options.debug, 2)
    except (OSError, ValueError, RuntimeError, ImportError, MemoryError) as error:
        return _fail(error, options.debug, 1)
    return 0


def _parse(arguments):
    parser, commands = _parser()
    command = commands.choices.get(arguments[0]) if arguments else None
    if command is None:
        return parser.parse_args(arguments)
    # Paths may come before and after options, which subparsers do not allow by themselves.
    return command.parse_intermixed_args(arguments[1:])


def _stop_writing():
    """
    Discard further output that nothing reads, as after ``head``, and return the exit code.
    """
    # Python would otherwise report an error for the rest.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    return _BROKEN_PIPE


def _fail(error, debug, code):
    if debug:
        traceback.print_exc()
    print(f"sunpy-farside: {' '.join(str(error).split()) or type(error).__name__}", file=sys.stderr)
    return code


def _show_warning(message, category, *_args, **_kwargs):
    print(f"sunpy-farside: warning: {message}", file=sys.stderr)


def _parser():
    parser = argparse.ArgumentParser(
        prog="sunpy-farside",
        description="Active regions on the Sun's far side, from helioseismic phase maps.",
    )
    parser.add_argument("--version", action="version", version=sunpy_farside.__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add_command in _COMMANDS:
        add_command(commands)
    return parser, commands
