"""
The command ``export``: a catalog for other programs.
"""

from sunpy_farside.cli import arguments
from sunpy_farside.utils.content import user_path

__all__ = ["add_export"]


def add_export(commands):
    """
    Add the command ``export``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "export",
        parents=[arguments.common()],
        help="write a catalog for other programs",
        description="Write the regions or tracks of a catalog as ECSV, VOTable, FITS, CSV, JSON "
        "or Parquet.",
    )
    parser.add_argument("catalog", type=user_path, metavar="DIR", help="output folder of watch")
    parser.add_argument(
        "file",
        type=user_path,
        metavar="FILE",
        help="its end selects the format: .ecsv, .vot, .fits, .csv, .json or .parquet",
    )
    parser.add_argument(
        "--table",
        choices=("regions", "tracks", "names", "numbers"),
        default="regions",
        help="regions of all dates, tracks, names of tracks by JSOC and NOAA, or numbers of every "
        "date (regions)",
    )
    arguments.add_method(parser, default=None)
    parser.set_defaults(run=_export)


def _export(options):
    from sunpy_farside.catalog.catalog import Catalog
    from sunpy_farside.catalog.catalog_export import write_table
    from sunpy_farside.detection.methods import NETWORK

    catalog, method = Catalog(options.catalog), options.method or NETWORK.name
    if options.table == "regions":
        catalog.write(options.file, options.method)
    elif options.table == "tracks":
        write_table(catalog.tracks[method].tracks, options.file)
    else:
        write_table(getattr(catalog, options.table)(method), options.file)
    print(options.file)
