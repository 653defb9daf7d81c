"""
The command ``info``: versions, models, cache and device.
"""

import platform
from importlib import resources
from importlib.metadata import version

import sunpy_farside
from sunpy_farside.cli import arguments

__all__ = ["add_info"]


def add_info(commands):
    """
    Add the command ``info``.

    Parameters
    ----------
    commands : subparsers of `argparse.ArgumentParser`
    """
    parser = commands.add_parser(
        "info", parents=[arguments.common()], help="show versions, models, cache and device"
    )
    parser.add_argument(
        "--device", help="also load PyTorch and show the device that auto, cpu, cuda or mps chooses"
    )
    parser.set_defaults(run=_info)


def _info(options):
    from sunpy_farside.utils.cache import cache_folder

    print(f"sunpy_farside {sunpy_farside.__version__}, Python {platform.python_version()}")
    for name in ("sunpy", "astropy", "torch", "photutils", "reproject", "numpy", "scipy"):
        print(f"  {name} {version(name)}")
    if options.device:
        print(f"device: {_device(options.device)}")
    models = cache_folder("models")
    fetched = (models / "felipe2019.safetensors").exists()
    print(
        f"models: default, measured ({_default_metadata().get('data', 'shipped')}), "
        f"felipe2019 ({'in the cache' if fetched else 'not downloaded yet'})"
    )
    print(f"cache: {models.parent}")


def _device(name):
    import torch

    from sunpy_farside.network import choose_device

    try:
        return f"{choose_device(name)} ({torch.get_num_threads()} threads)"
    except ValueError as error:
        raise arguments.UsageError(error) from error


def _default_metadata():
    """
    Return the metadata of the shipped weights, without loading PyTorch.
    """
    from safetensors import safe_open

    with (
        resources.as_file(resources.files("sunpy_farside.data") / "default.safetensors") as path,
        safe_open(path, framework="numpy") as file,
    ):
        return file.metadata()
