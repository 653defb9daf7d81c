"""
Recipes: what decides the weights that a training run ends with.
"""

import tomllib
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path

__all__ = ["Recipe", "load_recipe"]


@dataclass(frozen=True)
class Recipe:
    """
    Settings of a training run.

    Attributes
    ----------
    examples : `int`
        Simulated sequences seen, none of them twice.
    batch : `int`
        Sequences in a batch, even.
    learning_rate : `float`
        Adam's largest; it rises over the first tenth of the run and falls to zero along
        a cosine.
    hidden : `int`
        Width of the U-Net.
    upsampling : {"bilinear", "nearest"}
    normalisation : {"valid", "sequence", "constants"}
    width : `int`
        Columns of the window.
    validation : `int`
        Simulated sequences of the fixed validation set.
    seed : `int`
    """

    examples: int
    batch: int
    learning_rate: float
    hidden: int
    upsampling: str
    normalisation: str
    width: int
    validation: int
    seed: int

    def to_text(self):
        """
        The recipe in one line, to be kept with the weights.
        """
        return ", ".join(f"{key} = {value}" for key, value in asdict(self).items())


def load_recipe(name="default"):
    """
    Load a recipe.

    Parameters
    ----------
    name : `str` or path-like
        ``"default"``, or the path of a TOML file with the same keys.

    Returns
    -------
    `Recipe`

    Raises
    ------
    FileNotFoundError
        There is no such recipe.
    ValueError
        A key is missing or unknown.

    Examples
    --------
    >>> from sunpy_farside.training.recipe import load_recipe
    >>> load_recipe("default").hidden
    16
    """
    shipped = resources.files("sunpy_farside.training") / "recipes" / f"{name}.toml"
    source = shipped if shipped.is_file() else Path(name)
    if not source.is_file():
        msg = f"No recipe {str(name)!r}. Expected 'default' or the path of a TOML file."
        raise FileNotFoundError(msg)
    settings = tomllib.loads(source.read_text())
    expected = {field.name for field in fields(Recipe)}
    if set(settings) != expected:
        missing, unknown = sorted(expected - set(settings)), sorted(set(settings) - expected)
        msg = (
            f"{source}: expected the keys {', '.join(sorted(expected))}; "
            f"missing {', '.join(missing) or 'none'}, unknown {', '.join(unknown) or 'none'}."
        )
        raise ValueError(msg)
    return Recipe(**settings)
