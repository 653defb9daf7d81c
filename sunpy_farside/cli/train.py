"""
The commands ``train``, ``calibrate`` and ``evaluate`` for networks.
"""

import logging
import warnings
from dataclasses import replace
from pathlib import Path

from sunpy_farside.cli import arguments, values
from sunpy_farside.cli.output import check_writable
from sunpy_farside.utils.content import user_path

__all__ = ["add_calibrate", "add_evaluate", "add_train"]


# Metadata of weights in addition to their settings.
_NOTES = ("recipe", "data", "start", "source", "git_blob")


def add_train(commands):
    """
    Add the command ``train``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "train",
        parents=[arguments.common()],
        help="train a network on simulated maps",
        description="Train a network. An interrupted run continues where it ended.",
    )
    parser.add_argument(
        "--recipe",
        type=values.named_or_path,
        default="default",
        help="default, measured, felipe2019, or a TOML file (default)",
    )
    parser.add_argument(
        "--examples", type=values.positive, help="number of examples (that of the recipe)"
    )
    parser.add_argument(
        "--output", type=user_path, metavar="DIR", required=True, help="folder of the weights"
    )
    parser.add_argument(
        "--data", type=user_path, metavar="DIR", help="output of build-dataset (simulated maps)"
    )
    parser.add_argument(
        "--start",
        type=values.named_or_path,
        metavar="MODEL",
        help=f"start with the weights of a {arguments.MODELS}",
    )
    parser.add_argument(
        "--workers", type=values.positive, default=1, help="number of simulating processes"
    )
    parser.add_argument("--accelerator", default="auto", help="passed to Lightning")
    arguments.add_sun(parser)
    parser.set_defaults(run=_train)


def _train(options):
    try:
        from lightning.fabric.utilities.exceptions import MisconfigurationException

        from sunpy_farside.training.fit import fit, trained_model
    except ImportError as error:
        msg = "Training needs Lightning. Install it with: pip install 'sunpy_farside[train]'"
        raise ImportError(msg) from error
    from sunpy_farside.datasets.store import store_path
    from sunpy_farside.evaluation.calibration import calibrate_network
    from sunpy_farside.network import load_model, save_model
    from sunpy_farside.training.recipe import load_recipe

    recipe = load_recipe(options.recipe)
    if options.examples:
        recipe = replace(recipe, examples=options.examples)
    sun = arguments.sun_settings(options)
    if sun:
        recipe = replace(recipe, sun=sun)
    data = store_path(options.data) if options.data else None
    start = load_model(options.start, device="cpu") if options.start else None
    check_writable(options.output)
    _quieten()
    try:
        module = fit(
            recipe,
            options.output,
            data=data,
            start=start,
            workers=options.workers,
            accelerator=options.accelerator,
        )
    except MisconfigurationException as error:
        msg = (
            f"Expected an accelerator of this machine, found {options.accelerator!r} ({error}). "
            "Choose auto or cpu."
        )
        raise arguments.UsageError(msg) from error
    path = options.output / "weights.safetensors"
    notes = {"recipe": recipe.to_text(), "data": "simulated maps"}
    if data:
        notes["data"] = f"{data.name}, {data.stat().st_size} bytes"
    if start:
        notes["start"] = start.name
    save_model(trained_model(module, name="weights", threshold=100.0), path, **notes)
    model = calibrate_network(path, data=data, sun=recipe.sun, workers=options.workers)
    save_model(model, path, **notes)
    print(f"Weights: {path}, {_significance(model)}")


def _quieten():
    """
    Suppress the messages of Lightning for developers.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    # A run continues in the folder of its start, by design.
    warnings.filterwarnings("ignore", "Checkpoint directory .* is not empty")
    warnings.filterwarnings("ignore", ".*LeafSpec")


def _significance(model):
    from sunpy_farside.detection.neural import network_settings

    return f"significant: {network_settings(model).significance}"


def add_calibrate(commands):
    """
    Add the command ``calibrate``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "calibrate",
        parents=[arguments.common()],
        help="calibrate the reliability and the flux of a network's regions",
        description=(
            "Calibrate the reliability, the significance threshold and the flux of a network's "
            "regions on simulated validation sequences, and write its weights with them. Or "
            "calibrate the SAR method."
        ),
    )
    parser.add_argument(
        "model",
        type=values.named_or_path,
        metavar="MODEL",
        help=f"{arguments.MODELS}; sar for the SAR method",
    )
    parser.add_argument(
        "--number", type=values.positive, default=1000, help="sequences with regions (1000)"
    )
    parser.add_argument("--workers", type=values.positive, default=1, help="processes")
    arguments.add_sun(parser)
    parser.add_argument(
        "--output",
        type=user_path,
        metavar="FILE",
        help="MODEL_calibrated.safetensors by default, seismic_strength.json for sar",
    )
    parser.set_defaults(run=_calibrate)


def _calibrate(options):
    from sunpy_farside.detection.methods import SAR
    from sunpy_farside.detection.sar_calibration import calibration_text
    from sunpy_farside.detection.seismic_strength import METHOD
    from sunpy_farside.evaluation.calibration import calibrate_network, calibrate_sar
    from sunpy_farside.network import save_model
    from sunpy_farside.utils.files import whole_files

    sar = options.model in (SAR.name, METHOD)
    suffix = ".json" if sar else ".safetensors"
    name = METHOD if sar else f"{Path(options.model).stem}_calibrated"
    output = options.output or Path(name + suffix)
    if output.suffix != suffix:
        msg = f"Expected an output file that ends in {suffix}, found {output}."
        raise arguments.UsageError(msg)
    check_writable(output.parent)
    simulation = {"sun": arguments.sun_settings(options), "workers": options.workers}
    if sar:
        reliability, flux = calibrate_sar(options.number, **simulation)
        if reliability is None:
            msg = "Expected detections to calibrate with, found too few. Give a larger --number."
            raise ValueError(msg)
        with whole_files(output.parent) as partial:
            (partial / output.name).write_text(calibration_text(reliability, flux))
        print(f"Reliability and flux of the SAR method: {output}")
    else:
        model = calibrate_network(options.model, options.number, **simulation)
        notes = {key: model.metadata[key] for key in _NOTES if key in model.metadata}
        save_model(model, output, **notes)
        print(f"Weights: {output}, {_significance(model)}")


def add_evaluate(commands):
    """
    Add the command ``evaluate``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "evaluate",
        parents=[arguments.common()],
        help="compare networks and the SAR method with known regions",
        description=(
            "Count true and false detections in a fixed set of simulated sequences, or in observed "
            "ones."
        ),
    )
    parser.add_argument(
        "--model",
        type=values.named_or_path,
        action="append",
        metavar="MODEL",
        help=f"{arguments.MODELS}; may be given several times (default)",
    )
    parser.add_argument(
        "--output", type=user_path, metavar="DIR", required=True, help="folder of the report"
    )
    parser.add_argument(
        "--data",
        type=user_path,
        metavar="DIR",
        help="output of build-dataset: use its test split",
    )
    parser.add_argument(
        "--real",
        type=user_path,
        metavar="FOLDER",
        help="observed phase maps, JSOC's AR_LIST_*.txt and NOAA's *SRS.txt, not simulated",
    )
    parser.add_argument("--number", type=values.positive, default=1000, help="sequences (1000)")
    parser.add_argument(
        "--set",
        choices=("test", "noise"),
        default="test",
        help="simulated sequences: test with active regions, noise without any (test)",
    )
    arguments.add_missing(parser, "evaluate up to N maps removed from every sequence (0)")
    arguments.add_width(parser)
    parser.add_argument("--workers", type=values.positive, default=1, help="processes")
    arguments.add_scheduler(parser)
    arguments.add_sun(parser)
    parser.set_defaults(run=_evaluate)


def _evaluate(options):
    from sunpy_farside.evaluation.report import write_report

    check_writable(options.output)
    models = {Path(model).stem: model for model in options.model or ["default"]}
    if len(models) < len(options.model or [""]):
        msg = "Expected models of different names, found one twice."
        raise arguments.UsageError(msg)
    if options.scheduler:
        models = _make_absolute(models, options)
    if options.data and options.real:
        msg = "Expected --data or --real, found both."
        raise arguments.UsageError(msg)
    common = {"width": options.width, "scheduler": options.scheduler}
    if options.missing:
        _evaluate_gaps(models, options, common)
        return
    if options.real:
        from sunpy_farside.evaluation.real import evaluate_real
        from sunpy_farside.evaluation.real_report import write_real_report

        result = evaluate_real(models, options.real, **common)
        write_real_report(result, options.output)
        print((options.output / "report.md").read_text())
        return
    if options.data:
        from sunpy_farside.datasets.store import store_path
        from sunpy_farside.evaluation.stored import evaluate_stored

        result = evaluate_stored(models, store_path(options.data), **common)
    else:
        from sunpy_farside.evaluation.simulated import evaluate_simulated

        result = evaluate_simulated(
            models,
            options.number,
            kind=options.set,
            sun=arguments.sun_settings(options),
            workers=options.workers,
            **common,
        )
    write_report(result, options.output)
    print((options.output / "report.md").read_text())


def _make_absolute(models, options):
    """
    Return models, and change the paths in options, for processes that work in other folders.
    """
    from sunpy_farside.network.weights import absolute_name

    for name in ("data", "real", "magnetograms"):
        if path := getattr(options, name):
            setattr(options, name, path.absolute())
    return {name: absolute_name(model) for name, model in models.items()}


def _evaluate_gaps(models, options, common):
    from sunpy_farside.evaluation.gaps import evaluate_gaps, evaluate_real_gaps, write_gaps_report

    common = common | {"most": options.missing}
    if options.data:
        msg = "Expected simulated maps or --real with --missing, found --data."
        raise arguments.UsageError(msg)
    if options.real:
        summary = evaluate_real_gaps(models, options.real, **common)
    else:
        summary = evaluate_gaps(models, options.number, kind=options.set, **common)
    write_gaps_report(summary, options.output)
    print((options.output / "report.md").read_text())
