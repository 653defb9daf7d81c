"""
The command ``sunpy-farside``.
"""

import argparse
import sys
import traceback
import warnings

import sunpy_farside
from sunpy_farside.cli.arguments import UsageError
from sunpy_farside.cli.catalogue import add_compare, add_track, add_watch
from sunpy_farside.cli.detect import add_demo, add_detect
from sunpy_farside.cli.fetch import add_build_dataset, add_fetch
from sunpy_farside.cli.info import add_info
from sunpy_farside.cli.simulate import add_simulate
from sunpy_farside.cli.train import add_calibrate, add_evaluate, add_train

__all__ = ["main"]

# In the order of the help.
_COMMANDS = (
    add_detect,
    add_fetch,
    add_watch,
    add_track,
    add_compare,
    add_demo,
    add_simulate,
    add_train,
    add_calibrate,
    add_evaluate,
    add_build_dataset,
    add_info,
)


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
        0 done, 1 failed on this input, 2 wrong usage.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    warnings.showwarning = _show_warning
    try:
        options.run(options)
    except UsageError as error:
        return _fail(error, options.debug, 2)
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        return _fail(error, options.debug, 1)
    except KeyboardInterrupt:
        return _fail("interrupted", False, 130)
    return 0


def _fail(error, debug, code):
    if debug:
        traceback.print_exc()
    print(f"sunpy-farside: {' '.join(str(error).split())}", file=sys.stderr)
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
    return parser
