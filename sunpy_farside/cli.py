"""
The command ``sunpy-farside``.
"""

import argparse
import platform
import sys
import traceback
import warnings
from importlib.metadata import version
from pathlib import Path

import sunpy_farside
from sunpy_farside.files import whole_files

__all__ = ["main"]

_STACKS = (".h5", ".hdf5", ".sav")
_FITS = (".fits", ".fts", ".fit", ".fits.gz")
_DEMO_DATE, _DEMO_SEED = "2022-05-05", 9


class _UsageError(ValueError):
    """
    The command was called wrongly.
    """


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
    except _UsageError as error:
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
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show where an error comes from")
    network = argparse.ArgumentParser(add_help=False)
    network.add_argument(
        "--model",
        default="default",
        help="default, felipe2019 (downloaded once), or a .safetensors or .pth file",
    )
    network.add_argument("--width", type=_width, default=120, help="columns of the window (120)")
    network.add_argument(
        "--threshold",
        type=float,
        help="integrated probability in square degrees of a significant region (the model's own)",
    )
    network.add_argument(
        "--device", default="auto", help="auto, cpu, cuda, mps (auto: the fastest there is)"
    )
    archive = argparse.ArgumentParser(add_help=False)
    archive.add_argument(
        "--url", help="base address of the archive or a mirror ($SUNPY_FARSIDE_JSOC_URL, else JSOC)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    detect = commands.add_parser(
        "detect",
        parents=[common, network, archive],
        help="detect active regions in phase maps",
        description="Detect active regions in eleven or more phase maps, on disk or fetched.",
    )
    detect.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="phase-map FITS files, folders of them, or one HDF5 or IDL stack with --date",
    )
    detect.add_argument(
        "--time", type=_time, help="fetch the eleven maps around this time and detect in them"
    )
    detect.add_argument(
        "--latest", action="store_true", help="fetch the newest eleven maps and detect in them"
    )
    detect.add_argument("--date", help="date of the middle map of a stack, which holds none")
    detect.add_argument("--output", type=Path, metavar="DIR", help="write files and a picture here")
    detect.add_argument("--format", choices=("table", "json", "csv"), default="table")
    detect.set_defaults(run=_detect)

    fetch = commands.add_parser(
        "fetch",
        parents=[common, archive],
        help="fetch far-side maps or region lists",
        description="Fetch JSOC's far-side files of a range of times, both ends included.",
    )
    fetch.add_argument("start", type=_time)
    fetch.add_argument("end", type=_time)
    fetch.add_argument(
        "--product", choices=("phase_map", "phase_map_5day", "region_list"), default="phase_map"
    )
    fetch.add_argument("--output", type=Path, metavar="DIR", help="the user's cache by default")
    fetch.set_defaults(run=_fetch)

    watch = commands.add_parser(
        "watch",
        parents=[common],
        help="keep the catalogue of a folder of phase maps",
        description="Run both methods over every sequence of a folder that has no result yet.",
    )
    watch.add_argument("folder", type=Path, metavar="FOLDER", help="phase maps, new ones as well")
    watch.add_argument(
        "--output", type=Path, metavar="DIR", help="catalogue (FOLDER/detections by default)"
    )
    watch.add_argument("--model", default="default", help="as for detect")
    watch.add_argument("--width", type=_width, default=120, help="columns of the window (120)")
    watch.add_argument("--device", default="auto", help="as for detect")
    watch.set_defaults(run=_watch)

    track = commands.add_parser(
        "track",
        parents=[common],
        help="follow the regions of a catalogue from date to date",
        description="Follow the regions of a catalogue that watch keeps, and time their arrival.",
    )
    track.add_argument("catalogue", type=Path, metavar="DIR", help="the output folder of watch")
    track.add_argument("--method", choices=("network", "standard"), default="network")
    track.add_argument("--all", action="store_true", help="those that are not persistent too")
    track.set_defaults(run=_track)

    compare = commands.add_parser(
        "compare",
        parents=[common],
        help="match a catalogue with JSOC's region lists or NOAA's summaries",
        description="Match the regions of a catalogue that watch keeps with published lists.",
    )
    compare.add_argument("catalogue", type=Path, metavar="DIR", help="the output folder of watch")
    compare.add_argument("lists", type=Path, nargs="*", metavar="LIST", help="AR_LIST_*.txt")
    compare.add_argument(
        "--noaa",
        type=Path,
        nargs="+",
        default=[],
        metavar="SRS",
        help="*SRS.txt: regions due to return or new at the east limb, against earlier detections",
    )
    compare.add_argument("--method", choices=("network", "standard"), default="network")
    compare.add_argument(
        "--distance", type=float, default=10, help="largest distance of a match in degrees (10)"
    )
    compare.set_defaults(run=_compare)

    demo = commands.add_parser(
        "demo",
        parents=[common, network],
        help="detect active regions in simulated maps",
        description="Simulate eleven phase maps, write them as JSOC would, and detect in them.",
    )
    demo.add_argument("--output", type=Path, metavar="DIR", default=Path("farside_demo"))
    demo.set_defaults(run=_demo)

    simulate = commands.add_parser(
        "simulate",
        parents=[common],
        help="write simulated phase maps with known regions",
        description="Write simulated phase maps and, in truth.ecsv, the regions behind them.",
    )
    simulate.add_argument("start", type=_time, help="date of the first map")
    simulate.add_argument("number", type=_positive, help="number of maps, 12 hours apart")
    simulate.add_argument("--output", type=Path, metavar="DIR", required=True)
    simulate.add_argument("--seed", type=int, default=1)
    simulate.add_argument(
        "--activity", type=float, default=0.6, help="0 for a quiet Sun, 1 for a strong maximum"
    )
    simulate.set_defaults(run=_simulate)

    train = commands.add_parser(
        "train",
        parents=[common],
        help="train a network on simulated maps",
        description="Train a network. A run that was interrupted goes on where it was.",
    )
    train.add_argument("--recipe", default="default", help="default, or a TOML file")
    train.add_argument("--output", type=Path, metavar="DIR", required=True)
    train.add_argument(
        "--data", type=Path, metavar="DIR", help="of build-dataset (simulated maps by default)"
    )
    train.add_argument(
        "--start", metavar="MODEL", help="begin with the weights of a model, named as for detect"
    )
    train.add_argument("--workers", type=_positive, default=1, help="processes that simulate")
    train.add_argument("--accelerator", default="auto", help="passed to Lightning")
    train.set_defaults(run=_train)

    evaluate = commands.add_parser(
        "evaluate",
        parents=[common],
        help="hold networks and the standard method against known regions",
        description="Count true and false detections in a fixed set of simulated sequences.",
    )
    evaluate.add_argument(
        "--model", action="append", metavar="MODEL", help="as for detect; several may be given"
    )
    evaluate.add_argument("--output", type=Path, metavar="DIR", required=True)
    evaluate.add_argument(
        "--data", type=Path, metavar="DIR", help="of build-dataset: its test split, not simulated"
    )
    evaluate.add_argument("--number", type=_positive, default=1000, help="sequences (1000)")
    evaluate.add_argument("--set", choices=("test", "noise"), default="test")
    evaluate.add_argument("--width", type=_width, default=120, help="columns of the window (120)")
    evaluate.add_argument("--workers", type=_positive, default=1, help="processes")
    evaluate.set_defaults(run=_evaluate)

    build = commands.add_parser(
        "build-dataset",
        parents=[common, archive],
        help="make a training set of the real Sun",
        description="Fetch phase maps, magnetograms and region lists, and make a training set.",
    )
    build.add_argument("--start", type=_time, required=True, help="first day of the magnetograms")
    build.add_argument("--end", type=_time, required=True, help="last day of the magnetograms")
    build.add_argument("--output", type=Path, metavar="DIR", required=True)
    build.add_argument("--email", help="address that is registered for exports of JSOC")
    build.add_argument("--offline", action="store_true", help="make do with what is in DIR")
    for name in ("validation", "test"):
        build.add_argument(
            f"--{name}", type=_time, nargs=2, metavar=("FIRST", "LAST"), help="dates (by share)"
        )
    build.add_argument(
        "--gap", type=float, default=27.3, help="days between the splits (27.3, a rotation)"
    )
    build.set_defaults(run=_build_dataset)

    info = commands.add_parser("info", parents=[common], help="versions, device, models, cache")
    info.set_defaults(run=_info)
    return parser


def _width(text):
    width = int(text)
    if not 16 <= width <= 180 or width % 2:
        msg = f"expected an even width from 16 to 180, found {text}"
        raise argparse.ArgumentTypeError(msg)
    return width


def _positive(text):
    number = int(text)
    if number < 1:
        msg = f"expected 1 or more, found {text}"
        raise argparse.ArgumentTypeError(msg)
    return number


def _time(text):
    from sunpy.time import parse_time

    try:
        return parse_time(text)
    except ValueError as error:
        msg = f"expected a time such as 2022-05-05T12:00, found {text}"
        raise argparse.ArgumentTypeError(msg) from error


def _detect(options):
    if bool(options.paths) + bool(options.time) + options.latest != 1:
        msg = "Expected one of: paths of maps, --time or --latest."
        raise _UsageError(msg)
    if options.output:
        _check_writable(options.output)
    if not options.paths:
        from sunpy_farside.net.archive import fetch_sequence

        options.paths = fetch_sequence(
            "latest" if options.latest else options.time,
            url=options.url,
            progress=sys.stderr.isatty(),
        )
    _report(_sequences(options), options)


def _sequences(options):
    from sunpy_farside.sequence import N_MAPS, FarsideSequence, find_sequences

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
        raise _UsageError(msg)
    if date is None:
        msg = f"{stacks[0]}: stacks hold no dates. Give that of the middle map with --date."
        raise _UsageError(msg)
    stack = sunpy_farside.read_stack(stacks[0])
    if len(stack) > 1:
        msg = (
            f"{stacks[0]}: expected one sequence, found {len(stack)}. Choose one in Python: "
            "FarsideSequence.from_array(read_stack(path)[0], date)."
        )
        raise _UsageError(msg)
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


def _check_writable(folder):
    # Before the work rather than after it.
    with whole_files(folder):
        pass


def _report(sequences, options):
    from sunpy_farside.detection import detect_farside
    from sunpy_farside.detection.export import to_csv, to_json, to_text
    from sunpy_farside.network import choose_device, load_model

    try:
        device = choose_device(options.device)
    except ValueError as error:
        raise _UsageError(error) from error
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
        detection.plot(figure.add_subplot(projection=detection.probability))
        figure.savefig(partial / "detection.png", dpi=110)


def _fetch(options):
    from sunpy_farside.net.archive import fetch_files

    if options.end < options.start:
        msg = f"Expected an end after the start, found {options.start.isot} to {options.end.isot}."
        raise _UsageError(msg)
    files = fetch_files(
        options.start,
        options.end,
        product=options.product,
        folder=options.output,
        url=options.url,
        progress=sys.stderr.isatty(),
    )
    for path in files:
        print(path)
    if files.errors:
        number = len(files) + len(files.errors)
        msg = f"Could not fetch {len(files.errors)} of {number} files. {files.errors[0].exception}"
        raise ConnectionError(msg)
    if not files:
        period = f"{options.start.isot} to {options.end.isot}"
        msg = f"The archive has no {options.product} from {period}."
        raise FileNotFoundError(msg)


def _watch(options):
    from sunpy_farside.watch import watch_folder

    output = options.output or options.folder / "detections"
    dates = watch_folder(
        options.folder, output, model=options.model, width=options.width, device=options.device
    )
    print(f"{len(dates)} new dates: {output}")
    for date in dates:
        print(f"  {date.isot[:16]}")


def _track(options):
    from sunpy_farside.watch import update_tracks

    tracks = update_tracks(options.catalogue)[options.method].tracks
    shown = tracks if options.all else tracks[tracks["persistent"]]
    print(f"{len(shown)} of {len(tracks)} tracks by the {options.method} method:")
    if len(shown):
        print("\n".join(_track_table(shown).pformat(max_lines=-1, max_width=-1)))


def _track_table(tracks):
    from astropy.table import Table

    table = Table()
    table["designation"] = tracks["designation"]
    for name, column in (("first", "first_date"), ("last", "last_date")):
        table[name] = [text[:16] for text in tracks[column].isot]
    table["seen"] = [f"{row['n_detections']} of {row['n_possible']}" for row in tracks]
    table["lon [deg]"] = tracks["latest_position"].lon.deg.round(1)
    table["lat [deg]"] = tracks["latest_position"].lat.deg.round(1)
    table[f"strength [{tracks['latest_strength'].unit}]"] = tracks["latest_strength"].value.round(1)
    table["east limb"] = [text[:16] for text in tracks["east_limb_arrival"].isot]
    table["+- [d]"] = tracks["arrival_uncertainty"].to_value("d").round(2)
    return table


def _compare(options):
    import astropy.units as u

    from sunpy_farside.catalogue import read_ar_list, read_noaa_summary
    from sunpy_farside.evaluation import match_dates
    from sunpy_farside.summaries import match_summaries
    from sunpy_farside.watch import read_catalogue

    if not options.lists and not options.noaa:
        msg = "Expected region lists, or NOAA's summaries after --noaa, found neither."
        raise _UsageError(msg)
    detected = read_catalogue(options.catalogue, options.method)
    distance = options.distance * u.deg
    if options.lists:
        matches = match_dates(detected, read_ar_list(options.lists), distance=distance)
        _print_matches(matches, f"{len(matches.meta['dates'])} dates")
    if options.noaa:
        summaries = [read_noaa_summary(path) for path in options.noaa]
        matches = match_summaries(detected, summaries, distance=distance)
        used = f"{len(matches.meta['summaries'])} of {len(summaries)} summaries"
        _print_matches(matches, f"{used}, {matches.meta['outside']} regions outside of the window")


def _print_matches(matches, heading):
    from sunpy_farside.evaluation import OUTCOMES

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
    table["ours"] = matches["detected_strength"].value.round(1)
    table["listed"] = matches["reference_strength"].value.round(0)
    return table


def _demo(options):
    simulated = sunpy_farside.simulate_sequence(_DEMO_DATE, seed=_DEMO_SEED, width=options.width)
    maps = options.output / "maps"
    _save_maps(simulated.sequence.maps, maps)
    print(f"Eleven simulated phase maps: {maps}\n")
    from sunpy_farside.sequence import FarsideSequence

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
    strong = regions[inside & (regions["flux"].value > 3e21)]
    return "\n".join(
        f"  lon {region['centroid'].lon.deg:5.1f}  lat {region['centroid'].lat.deg:5.1f} deg   "
        f"flux {region['flux'].value:.1e} Mx"
        for region in strong
    )


def _simulate(options):
    simulated = sunpy_farside.simulate_maps(
        options.start, options.number, seed=options.seed, activity=options.activity
    )
    _save_maps(simulated.maps, options.output)
    middle = simulated.maps[len(simulated.maps) // 2].date
    with whole_files(options.output) as partial:
        simulated.regions(middle).write(partial / "truth.ecsv")
    print(
        f"{options.number} simulated phase maps and truth.ecsv ({middle.isot[:16]}): "
        f"{options.output}"
    )


def _save_maps(maps, folder):
    with whole_files(folder) as partial:
        for item in maps:
            # Colons, as in JSOC's own names, are not legal everywhere.
            item.save(partial / item.date.strftime("PHASE_MAP_%Y.%m.%d_%H_%M_%S.fits"))


def _train(options):
    try:
        from sunpy_farside.training.fit import fit, trained_model
    except ImportError as error:
        msg = "Training needs Lightning. Install it with: pip install 'sunpy_farside[train]'"
        raise ImportError(msg) from error
    from sunpy_farside.evaluation.threshold import choose_threshold
    from sunpy_farside.network import load_model, save_model
    from sunpy_farside.training.recipe import load_recipe
    from sunpy_farside.training.store import store_path

    recipe = load_recipe(options.recipe)
    data = store_path(options.data) if options.data else None
    start = load_model(options.start, device="cpu") if options.start else None
    _check_writable(options.output)
    module = fit(
        recipe,
        options.output,
        data=data,
        start=start,
        workers=options.workers,
        accelerator=options.accelerator,
    )
    path = options.output / "weights.safetensors"
    notes = {"recipe": recipe.to_text(), "data": "simulated maps"}
    if data:
        notes["data"] = f"{data.name}, {data.stat().st_size} bytes"
    if start:
        notes["start"] = start.name
    model = trained_model(module, name="weights", threshold=100.0)
    save_model(model, path, **notes)
    model.threshold = choose_threshold(path, data=data, workers=options.workers)
    save_model(model, path, **notes)
    print(f"Weights: {path}, significant from {model.threshold:g} deg2")


def _evaluate(options):
    from sunpy_farside.evaluation.report import write_report

    _check_writable(options.output)
    models = {Path(model).stem: model for model in options.model or ["default"]}
    if len(models) < len(options.model or [""]):
        msg = "Expected models of different names, found one twice."
        raise _UsageError(msg)
    if options.data:
        from sunpy_farside.evaluation.masks import evaluate_stored
        from sunpy_farside.training.store import store_path

        judged = evaluate_stored(models, store_path(options.data), width=options.width)
    else:
        from sunpy_farside.evaluation.simulated import evaluate_simulated

        judged = evaluate_simulated(
            models, options.number, kind=options.set, width=options.width, workers=options.workers
        )
    write_report(judged, options.output)
    print((options.output / "report.md").read_text())


def _build_dataset(options):
    import astropy.units as u

    from sunpy_farside.training.build import build_dataset

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


def _info(_options):
    import torch

    from sunpy_farside.cache import cache_folder
    from sunpy_farside.network import choose_device, load_model

    print(f"sunpy_farside {sunpy_farside.__version__}, Python {platform.python_version()}")
    for name in ("sunpy", "astropy", "torch", "photutils", "reproject", "numpy", "scipy"):
        print(f"  {name} {version(name)}")
    print(f"device: {choose_device()} ({torch.get_num_threads()} threads)")
    models = cache_folder("models")
    fetched = (models / "felipe2019.safetensors").exists()
    print(
        f"models: default ({load_model().metadata.get('data', 'shipped')}), "
        f"felipe2019 ({'in the cache' if fetched else 'not downloaded yet'})"
    )
    print(f"cache: {models.parent}")
