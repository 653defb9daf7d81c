"""
The command ``info``: versions, device, models and cache.
"""

import platform
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
        "info", parents=[arguments.common()], help="show versions, device, models and cache"
    )
    parser.set_defaults(run=_info)


def _info(_options):
    import torch

    from sunpy_farside.network import choose_device, load_model
    from sunpy_farside.utils.cache import cache_folder

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
