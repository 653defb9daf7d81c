"""
Arguments shared by several commands.
"""

import argparse
import sys

from sunpy_farside.cli.values import named_or_path, natural, not_negative, width
from sunpy_farside.products import PRODUCTS
from sunpy_farside.utils.content import user_path

__all__ = [
    "FIVE_DAYS",
    "MODELS",
    "UsageError",
    "add_device",
    "add_format",
    "add_map_product",
    "add_method",
    "add_missing",
    "add_model",
    "add_scheduler",
    "add_width",
    "archive",
    "common",
    "network",
]


# Product of the maps that the SAR method takes one by one.
(FIVE_DAYS,) = (name for name, item in PRODUCTS.items() if item.is_map and not item.makes_sequences)
MODELS = "network: default, measured, felipe2019 (downloaded once), a .safetensors or .pth file"


class UsageError(ValueError):
    """
    Wrong usage of a command.
    """


def common():
    """
    Return the parent parser of every command.

    Returns
    -------
    `argparse.ArgumentParser`
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def network(with_sar=False):
    """
    Return the parent parser of the commands that detect with one network.

    Parameters
    ----------
    with_sar : `bool`, optional
        If True, describe the threshold of the SAR method, too.

    Returns
    -------
    `argparse.ArgumentParser`
    """
    parser = argparse.ArgumentParser(add_help=False)
    add_model(parser)
    add_width(parser)
    default = "its reliability decides where the model is calibrated, else the model's own"
    sar = "; with --method sar, seismic strength in uHem rad (400)" if with_sar else ""
    parser.add_argument(
        "--threshold",
        type=not_negative,
        help="integrated probability in square degrees from which a region is significant (by "
        f"default, {default}){sar}",
    )
    add_device(parser)
    return parser


def archive():
    """
    Return the parent parser of the commands that fetch.

    Returns
    -------
    `argparse.ArgumentParser`
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "--url",
        help="base address of the archive or a mirror ($SUNPY_FARSIDE_JSOC_URL, else JSOC; for "
        "GONG's products $SUNPY_FARSIDE_GONG_URL, else NSO)",
    )
    parser.add_argument(
        "--email", help="address registered for JSOC's exports ($SUNPY_FARSIDE_JSOC_EMAIL)"
    )
    return parser


def add_model(parser):
    """
    Add the option ``--model``.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.add_argument(
        "--model", type=named_or_path, default="default", help=f"{MODELS} (default)"
    )


def add_device(parser):
    """
    Add the option ``--device``.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.add_argument(
        "--device",
        default="auto",
        help="device of the network: auto, the fastest one, cpu, cuda or mps (auto)",
    )


def add_width(parser):
    """
    Add the option ``--width``.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.add_argument("--width", type=width, default=120, help="columns of the window (120)")


def add_map_product(parser, with_five_days=False):
    """
    Add the option ``--product`` with the products of maps that sequences are made of.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    with_five_days : `bool`, optional
        If True, accept 5-day maps, which need the SAR method.
    """
    names = [name for name, item in PRODUCTS.items() if item.makes_sequences]
    more = f"; {FIVE_DAYS} with --method sar" if with_five_days else ""
    parser.add_argument(
        "--product",
        choices=[*names, FIVE_DAYS] if with_five_days else names,
        help=f"product of the maps ({', else '.join(names)}){more}",
    )


def add_missing(parser, text="maps that may be missing from a sequence (0)"):
    """
    Add the option ``--missing``.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    text : `str`, optional
        Help of the option.
    """
    parser.add_argument(
        "--missing",
        type=_missing,
        default=0,
        metavar="N",
        help=f"{text}, at most five",
    )


def _missing(text):
    from sunpy_farside.cadence import MOST_MISSING

    number = natural(text)
    if number > MOST_MISSING:
        msg = f"expected {MOST_MISSING} missing maps at most, found {text}"
        raise argparse.ArgumentTypeError(msg)
    return number


def add_scheduler(parser):
    """
    Add the option ``--scheduler``.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="let the workers of this scheduler of Dask do the work, such as tcp://host:8786",
    )


def add_sun(parser):
    """
    Add the options that choose the model of the simulated Sun.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.add_argument(
        "--sun",
        choices=("drawn", "measured"),
        help="model of the simulated Sun: the one of the package's weights, or measured noise and "
        "a calibrated phase (drawn, unless the recipe names another)",
    )
    parser.add_argument(
        "--magnetograms",
        type=user_path,
        metavar="DIR",
        help="output of fetch-magnetograms: also simulate observed regions (--sun measured)",
    )


def sun_settings(options):
    """
    Return the model of the simulated Sun that `add_sun` chose.

    Parameters
    ----------
    options : `argparse.Namespace`

    Returns
    -------
    `dict` or `None`
        Arguments of `~sunpy_farside.simulation.suns.load_sun`; `None` without a choice.

    Raises
    ------
    UsageError
        There are magnetograms for a model that uses none.
    """
    if options.magnetograms is None:
        return {"kind": options.sun} if options.sun else None
    if options.sun == "drawn":
        msg = "Expected --sun measured with --magnetograms, found --sun drawn."
        raise UsageError(msg)
    return {"kind": "measured", "magnetograms": str(options.magnetograms)}


def add_method(parser, default="network"):
    """
    Add the option ``--method``.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    default : `str`, optional
        None for both methods.
    """
    parser.add_argument(
        "--method",
        type=_method,
        choices=("network", "sar"),
        default=default,
        help=f"regions of the network or of the SAR method ({default or 'both'})",
    )


def add_format(parser):
    """
    Add the option ``--format``.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
    """
    parser.add_argument(
        "--format",
        choices=("table", "json", "csv"),
        default="table",
        help="table for readers, json or csv for programs (table)",
    )


def _method(text):
    if text != "standard":
        return text
    print(
        "sunpy-farside: warning: --method standard is deprecated. Use --method sar.",
        file=sys.stderr,
    )
    return "sar"
