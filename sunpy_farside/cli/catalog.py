"""
The commands ``watch``, ``track`` and ``compare``: the catalog of a folder of maps.
"""

import numpy as np

from sunpy_farside.cli import arguments, values
from sunpy_farside.cli.output import complain, print_rows
from sunpy_farside.errors import FileFormatError
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.text import counted

__all__ = ["add_compare", "add_track", "add_watch"]


def add_watch(commands):
    """
    Add the command ``watch``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "watch",
        parents=[arguments.common()],
        help="update the catalog of a folder of phase maps",
        description="Run both methods on every sequence of a folder that has no results yet.",
    )
    parser.add_argument("folder", type=user_path, metavar="FOLDER", help="folder of phase maps")
    parser.add_argument(
        "--output", type=user_path, metavar="DIR", help="catalog (FOLDER/detections by default)"
    )
    arguments.add_model(parser)
    arguments.add_width(parser)
    arguments.add_map_product(parser)
    arguments.add_missing(parser)
    arguments.add_device(parser)
    parser.set_defaults(run=_watch)


def _watch(options):
    from sunpy_farside.catalog.watch import watch_folder

    output = options.output or options.folder / "detections"
    dates = watch_folder(
        options.folder,
        output,
        model=options.model,
        width=options.width,
        product=options.product,
        missing=options.missing,
        device=options.device,
    )
    if not dates:
        _check_maps(options.folder, options.product)
    print(f"{counted(len(dates), 'new date')}: {output}")
    for date in dates:
        print(f"  {date.isot[:16]}")


def _check_maps(folder, product):
    """
    Raise an error for a folder without maps.
    """
    from sunpy_farside.io.folders import count_maps, no_maps_text
    from sunpy_farside.products import PRODUCTS

    names = [product] if product else [n for n, item in PRODUCTS.items() if item.makes_sequences]
    if not any(count_maps(folder, name) for name in names):
        raise FileNotFoundError(no_maps_text(folder, product))


def add_track(commands):
    """
    Add the command ``track``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "track",
        parents=[arguments.common()],
        help="follow the regions of a catalog from date to date",
        description="Follow the regions of a catalog made by watch, and predict their arrival.",
    )
    parser.add_argument("catalog", type=user_path, metavar="DIR", help="output folder of watch")
    arguments.add_method(parser)
    parser.add_argument("--all", action="store_true", help="include tracks that are not persistent")
    arguments.add_format(parser)
    parser.set_defaults(run=_track)


def _track(options):
    from sunpy_farside.catalog.catalog import Catalog
    from sunpy_farside.catalog.update import update_tracks
    from sunpy_farside.detection.methods import METHODS

    tracks = update_tracks(options.catalog)[options.method].tracks
    _add_names(tracks, Catalog(options.catalog).names(options.method))
    shown = tracks if options.all else tracks[tracks["persistent"]]
    if options.format != "table":
        print_rows(shown, options.format)
        return
    print(
        f"{len(shown)} of {counted(len(tracks), 'track')} by the {METHODS[options.method].title}:"
    )
    if len(shown):
        print("\n".join(_track_table(shown).pformat(max_lines=-1, max_width=-1)))
    if len(shown) < len(tracks):
        number, reliability = (tracks.meta[name] for name in ("persistence", "reliability"))
        print(
            f"{len(tracks) - len(shown)} not shown are not persistent: fewer than {number} "
            f"detections, or a reliability below {reliability:g} (where it is not known: half of "
            "the detections or fewer are significant). Show them with --all."
        )


def _add_names(tracks, names):
    """
    Add the most frequent name of each source to a table of tracks.
    """
    for source in ("NOAA", "JSOC"):
        found = {}
        for row in names[names["source"] == source]:
            found.setdefault(str(row["designation"]), str(row["name"]))
        column = [found.get(name, "") for name in tracks["designation"].tolist()]
        tracks[source.lower()] = np.array(column, dtype=str)


def _track_table(tracks):
    from astropy.table import Table

    from sunpy_farside.detection.flux import FLUX_COLUMNS, flux_text
    from sunpy_farside.detection.methods import method_of

    table = Table()
    table["designation"] = tracks["designation"]
    for name, column in (("first", "first_date"), ("last", "last_date")):
        table[name] = [text[:16] for text in tracks[column].isot]
    table["detections"] = [f"{row['n_detections']} of {row['n_possible']}" for row in tracks]
    table["reliability"] = np.round(tracks["reliability"], 2)
    table["persistent"] = np.where(tracks["persistent"], "yes", "no")
    table["lon [deg]"] = tracks["latest_position"].lon.deg.round(1)
    table["lat [deg]"] = tracks["latest_position"].lat.deg.round(1)
    unit = method_of(tracks).unit_symbol
    table[f"strength [{unit}]"] = tracks["latest_strength"].value.round(1)
    if np.isfinite(tracks["flux"]).any():
        table["flux [1e21 Mx]"] = [
            flux_text(*(row[name].to_value("Mx") for name in FLUX_COLUMNS)) for row in tracks
        ]
    table["east limb"] = [text[:16] for text in tracks["east_limb_arrival"].isot]
    table["sigma [d]"] = tracks["arrival_uncertainty"].to_value("d").round(2)
    for source in ("NOAA", "JSOC"):
        if any(tracks[source.lower()].tolist()):
            table[source] = tracks[source.lower()]
    return table


def add_compare(commands):
    """
    Add the command ``compare``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "compare",
        parents=[arguments.common()],
        help="match a catalog with region lists, NOAA's summaries or another product",
        description="Match the regions of a catalog made by watch with published lists, or with "
        "those of another product.",
    )
    parser.add_argument("catalog", type=user_path, metavar="DIR", help="output folder of watch")
    parser.add_argument("lists", type=user_path, nargs="*", metavar="LIST", help="AR_LIST_*.txt")
    parser.add_argument(
        "--noaa",
        type=user_path,
        nargs="+",
        default=[],
        metavar="SRS",
        help="NOAA's summaries (*SRS.txt, folders or tarballs of them): regions due to return or "
        "new at the east limb, to match earlier detections",
    )
    parser.add_argument(
        "--with",
        dest="other",
        type=user_path,
        metavar="DIR2",
        help="output folder of watch for another product, such as maps of GONG",
    )
    arguments.add_method(parser)
    parser.add_argument(
        "--distance",
        type=values.between(0.1, 180),
        default=10,
        help="largest distance of a match in degrees, from 0.1 to 180 (10)",
    )
    arguments.add_format(parser)
    parser.set_defaults(run=_compare)


def _compare(options):
    import astropy.units as u

    from sunpy_farside.catalog.matching import match_dates
    from sunpy_farside.catalog.noaa_matching import match_summaries
    from sunpy_farside.catalog.product_comparison import compare_products
    from sunpy_farside.catalog.reading import read_catalog
    from sunpy_farside.io.noaa import read_noaa_summaries
    from sunpy_farside.io.region_lists import read_region_list

    if not (options.lists or options.noaa or options.other):
        msg = (
            "Expected region lists, NOAA's summaries after --noaa or another catalog after "
            "--with, found none."
        )
        raise arguments.UsageError(msg)
    given = bool(options.lists) + bool(options.noaa) + bool(options.other)
    if options.format != "table" and given > 1:
        msg = (
            f"Expected one thing to compare with for --format {options.format}, found {given}. "
            "Compare with one after the other."
        )
        raise arguments.UsageError(msg)
    detected = read_catalog(options.catalog, options.method)
    distance = options.distance * u.deg
    lists, unusable = _usable(options.lists, read_region_list)
    if lists:
        table = read_region_list([path for path, _ in lists])
        matches = match_dates(detected, table, distance=distance)
        _print_matches(matches, counted(len(matches.meta["dates"]), "date"), options.format)
    summaries, others = _days(options.noaa, read_noaa_summaries)
    if summaries is not None:
        matches = match_summaries(detected, summaries, distance=distance)
        used = f"{len(matches.meta['summaries'])} of "
        used += counted(len(summaries.meta["dates"]), "summary")
        heading = f"{used}, {counted(matches.meta['outside'], 'region')} outside of the window"
        _print_matches(matches, heading, options.format)
    if options.other:
        other = read_catalog(options.other, options.method)
        compared = compare_products(detected, other, distance=distance)
        if options.format == "table":
            _print_products(compared)
        else:
            print_rows(compared, options.format)
    if unusable or others:
        number = len(lists) + unusable + others
        number += len(summaries.meta["dates"]) if summaries is not None else 0
        msg = f"{unusable + others} of {counted(number, 'file')} could not be used, named above."
        raise FileFormatError(msg)


def _usable(patterns, read):
    """
    Return pairs of path and table for the readable files, and the number of the others.
    """
    tables, unusable = [], 0
    for path in values.matching_paths(patterns):
        try:
            tables.append((path, read(path)))
        except (OSError, ValueError) as error:
            unusable += 1
            complain(error if str(path) in str(error) else f"{path}: {error}")
    return tables, unusable


def _days(patterns, read):
    """
    Return a table of solar region summaries, if any reads, and the number of the others.
    """
    if not patterns:
        return None, 0
    try:
        table = read(values.matching_paths(patterns))
    except FileFormatError as error:
        complain(error)
        return None, 1
    # A warning names them.
    return table, len(table.meta["broken"])


def _print_matches(matches, heading, form):
    from sunpy_farside.catalog.matching import OUTCOMES

    if form != "table":
        print_rows(matches, form)
        return
    counts = ", ".join(f"{matches.meta[outcome]} {outcome}" for outcome in OUTCOMES)
    print(f"{heading}: {counts}")
    if len(matches):
        print("\n".join(_match_table(matches).pformat(max_lines=-1, max_width=-1)))


def _match_table(matches):
    from astropy.table import Table

    table = Table()
    if "summary" in matches.colnames:
        table["summary"] = [text[:10] for text in matches["summary"].isot]
        table["section"] = matches["section"]
    table["date"] = [text[:16] for text in matches["date"].isot]
    table["outcome"] = matches["outcome"]
    table["designation"] = matches["designation"]
    table["lon [deg]"] = matches["centroid"].lon.deg.round(1)
    table["lat [deg]"] = matches["centroid"].lat.deg.round(1)
    table["apart [deg]"] = matches["separation"].to_value("deg").round(1)
    table["strength"] = matches["detected_strength"].value.round(1)
    table["listed"] = matches["reference_strength"].value.round(0)
    return table


def _print_products(compared):
    """
    Print a comparison of two products, significant regions alone.
    """
    from astropy.table import Table

    shown = compared[compared["first_significant"] | compared["second_significant"]]
    number = compared.meta
    print(
        f"{counted(len(number['dates']), 'date')}: "
        f"{counted(number['matched'], 'region')} in both products, "
        f"{number['first_alone']} in the first and {number['second_alone']} in the second alone; "
        f"{len(shown)} significant in one or both:"
    )
    table = Table()
    table["date"] = [text[:16] for text in shown["date"].isot]
    table["outcome"] = shown["outcome"]
    table["lon [deg]"] = shown["centroid"].lon.deg.round(1)
    table["lat [deg]"] = shown["centroid"].lat.deg.round(1)
    table["apart [deg]"] = shown["separation"].to_value("deg").round(1)
    for name in ("first", "second", "joint"):
        table[name] = np.round(shown[f"{name}_reliability"], 2)
    if len(table):
        print("\n".join(table.pformat(max_lines=-1, max_width=-1)))
