"""
The commands ``detect`` and ``demo``: active regions in maps, on disk, fetched or simulated.
"""

import sys
from itertools import chain
from pathlib import Path

from tqdm import tqdm

import sunpy_farside
from sunpy_farside.cli import arguments, values
from sunpy_farside.cli.output import (
    check_writable,
    detection_text,
    printed_detections,
    write_detection_files,
)
from sunpy_farside.errors import SequenceError
from sunpy_farside.utils.content import user_path
from sunpy_farside.utils.text import counted

__all__ = ["add_demo", "add_detect"]

_STACKS = (".h5", ".hdf5", ".sav")
_WIDTH = 120
# Number of sequences up to which no progress is shown.
_FEW = 8
_DEMO_DATE, _DEMO_SEED = "2022-05-05", 9


def add_detect(commands):
    """
    Add the command ``detect``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "detect",
        parents=[arguments.common(), arguments.network(with_sar=True), arguments.archive()],
        help="detect active regions in phase maps",
        description="Detect active regions in eleven or more phase maps, on disk or fetched.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        type=user_path,
        metavar="PATH",
        help="phase-map FITS files, folders of them, or one HDF5 or IDL stack with --date; "
        "5-day maps with --method sar",
    )
    arguments.add_method(parser)
    parser.add_argument(
        "--time",
        type=values.time,
        help="fetch the eleven maps around this time and detect in them",
    )
    parser.add_argument(
        "--latest", action="store_true", help="fetch the newest eleven maps and detect in them"
    )
    parser.add_argument("--date", type=values.time, help="date of the middle map, for a stack")
    parser.add_argument(
        "--index",
        type=values.natural,
        metavar="N",
        help="which sequence of a stack of several, from 0",
    )
    arguments.add_map_product(parser, with_five_days=True)
    arguments.add_missing(parser)
    parser.add_argument(
        "--output", type=user_path, metavar="DIR", help="write files and a figure here"
    )
    arguments.add_format(parser)
    arguments.add_scheduler(parser)
    # Stacks have a width of their own. The SAR method has no model and no device.
    parser.set_defaults(run=_detect, width=None, middle=None, model=None, device=None)


def _detect(options):
    given = {"paths": options.paths, "--time": options.time, "--latest": options.latest}
    found = [name for name, value in given.items() if value]
    if len(found) != 1:
        both = " and ".join(found) or "none of them"
        msg = f"Expected one of: paths of maps, --time or --latest; found {both}. Give one."
        raise arguments.UsageError(msg)
    _check_method(options)
    if options.output:
        check_writable(options.output)
    if not options.paths:
        from sunpy_farside.cadence import MIDDLE, nearest_step, step_time
        from sunpy_farside.io.file_names import parse_file_name
        from sunpy_farside.net.archive import fetch_sequence

        options.paths = fetch_sequence(
            "latest" if options.latest else options.time,
            product=options.product or "phase_map",
            missing=options.missing,
            url=options.url,
            email=options.email,
            progress=sys.stderr.isatty(),
        )
        # Maps at the ends may be missing: the files alone would fit several sequences.
        last = parse_file_name(options.paths[-1].name)[0]
        middle = nearest_step(last) - MIDDLE if options.latest else nearest_step(options.time)
        options.middle = step_time(middle)
    _detect_files(options)


def _check_method(options):
    """
    Raise an error for options that do not go with the method; fill in the defaults of others.
    """
    if options.method == "sar":
        _leave_out(
            {"model": options.model, "device": options.device},
            "--method sar, which has no network. --threshold is its seismic strength in uHem rad",
        )
    if options.product == arguments.FIVE_DAYS:
        _check_five_days(options)
    options.model, options.device = options.model or "default", options.device or "auto"


def _check_five_days(options):
    if options.method != "sar":
        msg = (
            "Expected maps from 24 hours of data for the network, found 5-day maps. Detect in them "
            "with --method sar."
        )
        raise arguments.UsageError(msg)
    given = {"time": options.time, "latest": options.latest, "scheduler": options.scheduler}
    _leave_out(
        given | {"missing": options.missing or None},
        "5-day maps, which are detected one by one in files. 'sunpy-farside fetch START END "
        f"--product {arguments.FIVE_DAYS}' fetches them",
    )


def _leave_out(values, reason):
    """
    Raise an error if any of some options is given, by name: its value is neither None nor False.
    """
    given = [
        f"--{name}" for name, value in values.items() if value is not None and value is not False
    ]
    if given:
        msg = f"Expected no {' and no '.join(given)} with {reason}."
        raise arguments.UsageError(msg)


def _detect_files(options):
    from sunpy_farside.cli.five_day_maps import FiveDayFiles

    paths = _files(options.paths, options.product)
    if any(path.suffix.lower() in _STACKS for path in paths):
        if options.scheduler:
            msg = "Expected maps with --scheduler, found a stack, which is one sequence."
            raise arguments.UsageError(msg)
        _report([_stack_sequence(paths, options)], options)
        return
    given = {"date": options.date, "index": options.index}
    _leave_out(given, "phase maps: it is for a stack")
    files = _map_files(paths, options)
    if options.scheduler and len(files):
        from sunpy_farside.cli.scheduled_detection import detect_scheduled

        _print(detect_scheduled(files, options), len(files), options)
    else:
        _report(files, options)
    if files.unusable:
        rest = "other maps" if isinstance(files, FiveDayFiles) else "sequences without them"
        msg = (
            f"{files.unusable} of {counted(files.number, 'file')} could not be used, named above. "
            f"The {rest} are done."
        )
        raise SequenceError(msg)


def _map_files(paths, options):
    from sunpy_farside.cli.five_day_maps import FiveDayFiles, are_five_days
    from sunpy_farside.cli.maps import MapFiles

    width = options.width or _WIDTH
    if options.product is None and are_five_days(paths):
        options.product = arguments.FIVE_DAYS
    if options.product == arguments.FIVE_DAYS:
        _check_five_days(options)
        return FiveDayFiles(paths, width)
    return MapFiles(paths, width, options.product, options.missing, options.middle)


def _files(paths, product):
    from sunpy_farside.io.folders import find_phase_maps, no_maps_text

    files = []
    for path in values.matching_paths(paths):
        if not path.is_dir():
            files.append(path)
        elif inside := find_phase_maps(path, product):
            files += inside
        elif product is None and (inside := find_phase_maps(path, arguments.FIVE_DAYS)):
            files += inside
        else:
            raise FileNotFoundError(no_maps_text(path, product))
    return files


def _stack_sequence(paths, options):
    from sunpy_farside.io import read_stack
    from sunpy_farside.sequence import FarsideSequence

    path, *others = paths
    if others:
        msg = f"Expected one stack at a time, found {len(paths)} files."
        raise arguments.UsageError(msg)
    if options.date is None:
        msg = f"{path}: stacks hold no dates. Give that of the middle map with --date."
        raise arguments.UsageError(msg)
    stack = read_stack(path)
    index = 0 if options.index is None and len(stack) == 1 else options.index
    if index not in range(len(stack)):
        given = "none" if index is None else index
        wanted = f"from 0 to {len(stack) - 1}" if len(stack) > 1 else "0"
        msg = (
            f"{path}: expected --index {wanted}, as it has {counted(len(stack), 'sequence')}, "
            f"found {given}. --date is the date of the one that it chooses."
        )
        raise arguments.UsageError(msg)
    sequence = FarsideSequence.from_array(stack[index], options.date, missing=options.missing)
    width = options.width or sequence.width
    if width > sequence.width:
        msg = f"Expected a width of {sequence.width} at most, which {path} has, found {width}."
        raise arguments.UsageError(msg)
    return FarsideSequence(sequence.maps, width=width, missing=options.missing)


def add_demo(commands):
    """
    Add the command ``demo``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "demo",
        parents=[arguments.common(), arguments.network()],
        help="detect active regions in simulated maps",
        description="Simulate eleven phase maps, write them as JSOC would, and detect in them.",
    )
    parser.add_argument(
        "--output",
        type=user_path,
        metavar="DIR",
        default=Path("farside_demo"),
        help="folder of the simulated maps (farside_demo)",
    )
    parser.set_defaults(run=_demo, method="network")


def _demo(options):
    from sunpy_farside.sequence import FarsideSequence
    from sunpy_farside.simulation.simulation_files import write_simulation

    simulated = sunpy_farside.simulate_sequence(_DEMO_DATE, seed=_DEMO_SEED, width=options.width)
    maps = options.output / "maps"
    write_simulation(simulated.sequence.maps, maps)
    print(f"Eleven simulated phase maps: {maps}\n")
    sequence = FarsideSequence.from_files(maps.glob("*.fits"), width=options.width)
    _report([sequence], options)
    print("\nSimulated active regions in the window:")
    print(_truth_text(simulated))


def _truth_text(simulated):
    import numpy as np

    regions = simulated.regions
    column, row = simulated.sequence.wcs.world_to_pixel(regions["centroid"])
    inside = (np.abs(column - simulated.sequence.width / 2) < simulated.sequence.width / 2) & (
        np.abs(row - 72) < 72
    )
    strong = regions[inside & (regions["flux"].value >= 2e21)]
    return "\n".join(
        f"  lon {region['centroid'].lon.deg:5.1f}  lat {region['centroid'].lat.deg:5.1f} deg   "
        f"flux {region['flux'].value:.1e} Mx"
        for region in strong
    )


def _report(sequences, options):
    from sunpy_farside.cli.detectors import detector

    number, found = len(sequences), iter(sequences)
    # Load the model only when there are maps: it takes a second or more.
    first = next(found)
    detect = detector(
        options.method, options.model, _device(options), options.threshold, options.width
    )
    _print(_texts(detect(chain([first], found)), options), number, options)


def _texts(detections, options):
    """
    Write the files of detections, and yield their texts.
    """
    form = getattr(options, "format", "table")
    for detection in detections:
        if options.output:
            write_detection_files(detection, options.output)
        yield detection_text(detection, form)


def _print(texts, number, options):
    """
    Print the texts of detections, with a progress bar if there are many.
    """
    form = getattr(options, "format", "table")
    quiet = number <= _FEW or not sys.stderr.isatty()
    with (
        tqdm(total=number, desc="Detecting", unit="map", disable=quiet) as progress,
        printed_detections(form) as add,
    ):
        for text in texts:
            add(text)
            progress.update()
    if form == "table" and options.output:
        print(f"\nFiles and pictures: {options.output}")


def _device(options):
    if options.method == "sar":
        return None
    from sunpy_farside.network import choose_device

    try:
        return choose_device(options.device)
    except ValueError as error:
        raise arguments.UsageError(error) from error
