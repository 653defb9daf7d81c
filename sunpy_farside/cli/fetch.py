"""
The commands ``fetch`` and ``build-dataset``: files from the archives.
"""

import sys

from sunpy_farside.cli import arguments, values
from sunpy_farside.products import PRODUCTS
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.text import counted

__all__ = ["add_build_dataset", "add_fetch", "add_fetch_magnetograms"]


def add_fetch(commands):
    """
    Add the command ``fetch``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "fetch",
        parents=[arguments.common(), arguments.archive()],
        help="fetch far-side maps or region lists",
        description="Fetch the far-side files of a range of times, both ends included.",
    )
    parser.add_argument(
        "start", type=values.time, metavar="START", help="first time, such as 2022-05-05T12:00"
    )
    parser.add_argument("end", type=values.time, metavar="END", help="last time")
    parser.add_argument(
        "--product",
        choices=tuple(PRODUCTS),
        default="phase_map",
        help="product of the files (phase_map)",
    )
    parser.add_argument(
        "--output", type=user_path, metavar="DIR", help="output folder (the user's cache)"
    )
    parser.set_defaults(run=_fetch)


def _fetch(options):
    from sunpy_farside.net.archive import fetch_files

    if options.end < options.start:
        msg = f"Expected an end after the start, found {options.start.isot} to {options.end.isot}."
        raise arguments.UsageError(msg)
    files = fetch_files(
        options.start,
        options.end,
        product=options.product,
        folder=options.output,
        url=options.url,
        email=options.email,
        progress=sys.stderr.isatty(),
    )
    for path in files:
        print(path)
    if files.errors:
        number = counted(len(files) + len(files.errors), "file")
        msg = f"Could not fetch {len(files.errors)} of {number}. {files.errors[0].exception}"
        raise ConnectionError(msg)
    if not files:
        period = f"{options.start.isot} to {options.end.isot}"
        msg = f"The archive has no {options.product} from {period}."
        raise FileNotFoundError(msg)


def add_build_dataset(commands):
    """
    Add the command ``build-dataset``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "build-dataset",
        parents=[arguments.common(), arguments.archive()],
        help="build a training set of observed maps",
        description="Fetch phase maps, magnetograms and region summaries for a training set.",
    )
    parser.add_argument(
        "--start", type=values.time, required=True, help="first day of the magnetograms"
    )
    parser.add_argument(
        "--end", type=values.time, required=True, help="last day of the magnetograms"
    )
    parser.add_argument(
        "--output",
        type=user_path,
        metavar="DIR",
        required=True,
        help="folder of the fetched files and the training set",
    )
    parser.add_argument("--offline", action="store_true", help="use only the files in DIR")
    for name in ("validation", "test"):
        parser.add_argument(
            f"--{name}",
            type=values.time,
            nargs=2,
            metavar=("FIRST", "LAST"),
            help="first and last date (by share)",
        )
    parser.add_argument(
        "--gap",
        type=values.not_negative,
        default=27.3,
        help="days between the splits (27.3, one rotation)",
    )
    parser.set_defaults(run=_build_dataset)


def _build_dataset(options):
    import astropy.units as u

    from sunpy_farside.datasets.build import build_dataset

    store = build_dataset(
        options.start,
        options.end,
        options.output,
        email=options.email,
        url=options.url,
        offline=options.offline,
        progress=sys.stderr.isatty(),
        validation=options.validation,
        test=options.test,
        gap=options.gap * u.day,
    )
    print(store.summary())
    print(f"Training set: {store.path}")


def add_fetch_magnetograms(commands):
    """
    Add the command ``fetch-magnetograms``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "fetch-magnetograms",
        parents=[arguments.common()],
        help="fetch magnetograms from which to simulate active regions",
        description="Fetch HMI's synoptic magnetograms and reduce them to one small file.",
    )
    parser.add_argument(
        "--output", type=user_path, metavar="DIR", required=True, help="folder of the magnetograms"
    )
    parser.add_argument(
        "--first", type=values.positive, default=2096, help="first Carrington rotation (2096)"
    )
    parser.add_argument(
        "--last", type=values.positive, default=2251, help="last Carrington rotation (2251)"
    )
    parser.add_argument("--url", help="base address of the files (JSOC's)")
    parser.set_defaults(run=_fetch_magnetograms)


def _fetch_magnetograms(options):
    from sunpy_farside.datasets.fetch_magnetograms import fetch_magnetograms

    path = fetch_magnetograms(
        options.output,
        options.first,
        options.last,
        url=options.url,
        progress=sys.stderr.isatty(),
    )
    print(f"Magnetograms: {path}")
