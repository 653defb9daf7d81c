"""
The commands ``detect`` and ``demo``: active regions in maps, on disk, fetched or simulated.
"""

import sys
from pathlib import Path

import sunpy_farside
from sunpy_farside.cli import arguments
from sunpy_farside.cli.output import check_writable, save_maps
from sunpy_farside.utils.files import whole_files

__all__ = ["add_demo", "add_detect"]

_STACKS = (".h5", ".hdf5", ".sav")
_FITS = (".fits", ".fts", ".fit", ".fits.gz")
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
        parents=[arguments.common(), arguments.network(), arguments.archive()],
        help="detect active regions in phase maps",
        description="Detect active regions in eleven or more phase maps, on disk or fetched.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="phase-map FITS files, folders of them, or one HDF5 or IDL stack with --date",
    )
    parser.add_argument(
        "--time",
        type=arguments.time,
        help="fetch the eleven maps around this time and detect in them",
    )
    parser.add_argument(
        "--latest", action="store_true", help="fetch the newest eleven maps and detect in them"
    )
    parser.add_argument("--date", help="date of the middle map of a stack, which holds none")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write files and a picture here")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    parser.set_defaults(run=_detect)


def _detect(options):
    if bool(options.paths) + bool(options.time) + options.latest != 1:
        msg = "Expected one of: paths of maps, --time or --latest."
        raise arguments.UsageError(msg)
    if options.output:
        check_writable(options.output)
    if not options.paths:
        from sunpy_farside.net.archive import fetch_sequence

        options.paths = fetch_sequence(
            "latest" if options.latest else options.time,
            url=options.url,
            progress=sys.stderr.isatty(),
        )
    _report(_sequences(options), options)


def _sequences(options):
    from sunpy_farside.cadence import N_MAPS
    from sunpy_farside.sequence import FarsideSequence, find_sequences

    paths = _files(options.paths)
    stacks = [path for path in paths if path.suffix in _STACKS]
    if stacks:
        return [_stack_sequence(stacks, paths, options.date)]
    maps = [sunpy_farside.read_phase_map(path) for path in paths]
    if len(maps) <= N_MAPS:
        return [FarsideSequence(maps, width=options.width)]
    sequences = find_sequences(maps, width=options.width)
    if not sequences:
        msg = f"Expected {N_MAPS} consecutive maps, found none among {len(maps)}. Are some missing?"
        raise sunpy_farside.SequenceError(msg)
    return sequences


def _stack_sequence(stacks, paths, date):
    from sunpy_farside.sequence import FarsideSequence

    if len(paths) > 1:
        msg = f"Expected one stack at a time, found {len(paths)} files."
        raise arguments.UsageError(msg)
    if date is None:
        msg = f"{stacks[0]}: stacks hold no dates. Give that of the middle map with --date."
        raise arguments.UsageError(msg)
    stack = sunpy_farside.read_stack(stacks[0])
    if len(stack) > 1:
        msg = (
            f"{stacks[0]}: expected one sequence, found {len(stack)}. Choose one in Python: "
            "FarsideSequence.from_array(read_stack(path)[0], date)."
        )
        raise arguments.UsageError(msg)
    return FarsideSequence.from_array(stack[0], date)


def _files(paths):
    files = []
    for path in paths:
        if path.is_dir():
            inside = sorted(item for item in path.iterdir() if item.name.lower().endswith(_FITS))
            if not inside:
                msg = f"{path}: expected FITS files in this folder, found none."
                raise FileNotFoundError(msg)
            files += inside
        elif path.exists():
            files.append(path)
        else:
            msg = f"{path}: no such file or folder."
            raise FileNotFoundError(msg)
    return files


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
    parser.add_argument("--output", type=Path, metavar="DIR", default=Path("farside_demo"))
    parser.set_defaults(run=_demo)


def _demo(options):
    from sunpy_farside.sequence import FarsideSequence

    simulated = sunpy_farside.simulate_sequence(_DEMO_DATE, seed=_DEMO_SEED, width=options.width)
    maps = options.output / "maps"
    save_maps(simulated.sequence.maps, maps)
    print(f"Eleven simulated phase maps: {maps}\n")
    _report([FarsideSequence.from_files(_files([maps]), width=options.width)], options)
    print("\nActive regions that were put into the simulation's window:")
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
    from sunpy_farside.detection import detect_farside
    from sunpy_farside.detection.export import to_csv, to_json, to_text
    from sunpy_farside.network import choose_device, load_model

    try:
        device = choose_device(options.device)
    except ValueError as error:
        raise arguments.UsageError(error) from error
    model = load_model(options.model, device=device)
    detections = detect_farside(sequences, model, threshold=options.threshold)
    for detection in detections:
        if options.output:
            _write(detection, options.output)
    form = getattr(options, "format", "table")
    if form == "json":
        print(to_json(detections))
    elif form == "csv":
        print(to_csv(detections))
    else:
        print("\n\n".join(to_text(detection) for detection in detections))
        if options.output:
            print(f"\nFiles and pictures: {options.output}")


def _write(detection, output):
    from matplotlib.figure import Figure

    from sunpy_farside.detection.export import to_csv, to_json

    folder = output / detection.date.utc.strftime("%Y%m%d_%H%M")
    detection.write(folder)
    with whole_files(folder) as partial:
        (partial / "regions.csv").write_text(to_csv([detection]) + "\n")
        (partial / "regions.json").write_text(to_json([detection]) + "\n")
        figure = Figure(figsize=(6.4, 6), layout="constrained")
        detection.plot(figure.add_subplot(projection=detection.image))
        figure.savefig(partial / "detection.png", dpi=110)
