"""
Arguments that several commands share.
"""

import argparse

from sunpy.time import parse_time

__all__ = [
    "UsageError",
    "add_width",
    "archive",
    "common",
    "network",
    "positive",
    "time",
    "width",
]


class UsageError(ValueError):
    """
    The command was called wrongly.
    """


def common():
    """
    Parent of every command.

    Returns
    -------
    `argparse.ArgumentParser`
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")
    return parser


def network():
    """
    Parent of the commands that detect with one network.

    Returns
    -------
    `argparse.ArgumentParser`
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--model",
        default="default",
        help="default, felipe2019 (downloaded once), or a .safetensors or .pth file",
    )
    add_width(parser)
    parser.add_argument(
        "--threshold",
        type=float,
        help="integrated probability in square degrees of a significant region (the model's own)",
    )
    parser.add_argument(
        "--device", default="auto", help="auto, cpu, cuda, mps (auto: the fastest there is)"
    )
    return parser


def archive():
    """
    Parent of the commands that fetch.

    Returns
    -------
    `argparse.ArgumentParser`
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--url", help="base address of the archive or a mirror ($SUNPY_FARSIDE_JSOC_URL, else JSOC)"
    )
    return parser


def add_width(parser):
    """
    Add ``--width``.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.add_argument("--width", type=width, default=120, help="columns of the window (120)")


def width(text):
    """
    Type of ``--width``.

    Parameters
    ----------
    text : `str`

    Returns
    -------
    `int`

    Raises
    ------
    argparse.ArgumentTypeError
        The number is odd or no width of a window.
    """
    columns = int(text)
    if not 16 <= columns <= 180 or columns % 2:
        msg = f"expected an even width from 16 to 180, found {text}"
        raise argparse.ArgumentTypeError(msg)
    return columns


def positive(text):
    """
    Type of numbers of things.

    Parameters
    ----------
    text : `str`

    Returns
    -------
    `int`

    Raises
    ------
    argparse.ArgumentTypeError
        The number is below one.
    """
    number = int(text)
    if number < 1:
        msg = f"expected 1 or more, found {text}"
        raise argparse.ArgumentTypeError(msg)
    return number


def time(text):
    """
    Type of times.

    Parameters
    ----------
    text : `str`

    Returns
    -------
    `astropy.time.Time`

    Raises
    ------
    argparse.ArgumentTypeError
        The text is no time that SunPy knows.
    """
    try:
        return parse_time(text)
    except ValueError as error:
        msg = f"expected a time such as 2022-05-05T12:00, found {text}"
        raise argparse.ArgumentTypeError(msg) from error
