"""
The commands ``train`` and ``evaluate``: networks, made and judged.
"""

import logging
import warnings
from dataclasses import replace
from pathlib import Path

from sunpy_farside.cli import arguments
from sunpy_farside.cli.output import check_writable

__all__ = ["add_evaluate", "add_train"]


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
        description="Train a network. A run that was interrupted goes on where it was.",
    )
    parser.add_argument("--recipe", default="default", help="default, felipe2019, or a TOML file")
    parser.add_argument(
        "--examples", type=arguments.positive, help="see so many, not the recipe's number"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", required=True)
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="of build-dataset (simulated maps by default)"
    )
    parser.add_argument(
        "--start", metavar="MODEL", help="begin with the weights of a model, named as for detect"
    )
    parser.add_argument(
        "--workers", type=arguments.positive, default=1, help="processes that simulate"
    )
    parser.add_argument("--accelerator", default="auto", help="passed to Lightning")
    parser.set_defaults(run=_train)


def _train(options):
    try:
        from sunpy_farside.training.fit import fit, trained_model
    except ImportError as error:
        msg = "Training needs Lightning. Install it with: pip install 'sunpy_farside[train]'"
        raise ImportError(msg) from error
    from sunpy_farside.datasets.store import store_path
    from sunpy_farside.evaluation.threshold import choose_threshold
    from sunpy_farside.network import load_model, save_model
    from sunpy_farside.training.recipe import load_recipe

    recipe = load_recipe(options.recipe)
    if options.examples:
        recipe = replace(recipe, examples=options.examples)
    data = store_path(options.data) if options.data else None
    start = load_model(options.start, device="cpu") if options.start else None
    check_writable(options.output)
    _quieten()
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


def _quieten():
    """
    Leave out what Lightning says to developers.
    """
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    # A run goes on in the folder that it began in, by design.
    warnings.filterwarnings("ignore", "Checkpoint directory .* is not empty")
    warnings.filterwarnings("ignore", ".*LeafSpec")


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
        help="hold networks and the standard method against known regions",
        description="Count true and false detections in a fixed set of simulated sequences.",
    )
    parser.add_argument(
        "--model", action="append", metavar="MODEL", help="as for detect; several may be given"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", required=True)
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="of build-dataset: its test split, not simulated"
    )
    parser.add_argument("--number", type=arguments.positive, default=1000, help="sequences (1000)")
    parser.add_argument("--set", choices=("test", "noise"), default="test")
    arguments.add_width(parser)
    parser.add_argument("--workers", type=arguments.positive, default=1, help="processes")
    parser.set_defaults(run=_evaluate)


def _evaluate(options):
    from sunpy_farside.evaluation.report import write_report

    check_writable(options.output)
    models = {Path(model).stem: model for model in options.model or ["default"]}
    if len(models) < len(options.model or [""]):
        msg = "Expected models of different names, found one twice."
        raise arguments.UsageError(msg)
    if options.data:
        from sunpy_farside.datasets.store import store_path
        from sunpy_farside.evaluation.stored import evaluate_stored

        judged = evaluate_stored(models, store_path(options.data), width=options.width)
    else:
        from sunpy_farside.evaluation.simulated import evaluate_simulated

        judged = evaluate_simulated(
            models, options.number, kind=options.set, width=options.width, workers=options.workers
        )
    write_report(judged, options.output)
    print((options.output / "report.md").read_text())
