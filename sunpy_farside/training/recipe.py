"""
Recipes: what decides the weights that a training run ends with.
"""

import tomllib
from dataclasses import asdict, dataclass, fields
from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from sunpy.util.exceptions import warn_deprecated

from sunpy_farside.errors import FileFormatError
from sunpy_farside.network.schemas import (
    FORMER_ALIGNMENTS,
    Alignment,
    Columns,
    NetworkSettings,
    NormalisationSettings,
    RegionSettings,
    Settings,
    TargetSettings,
    explain,
)
from sunpy_farside.utils.content import read_content, user_path

__all__ = ["Recipe", "load_recipe"]

# Recipes have some 500 bytes, and a long name with dots takes its time.
_MOST_BYTES = 20_000
_Batch = Annotated[int, Field(ge=1, le=10_000)]


class _Settings(Settings):
    """
    Schema of a recipe.
    """

    network: NetworkSettings
    normalisation: NormalisationSettings
    target: TargetSettings
    alignment: Alignment
    width: Columns
    regions: RegionSettings
    examples: Annotated[int, Field(ge=1, le=1_000_000_000)]
    batch: _Batch
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    schedule: Literal["constant", "one_cycle"]
    validation: _Batch
    patience: Annotated[int, Field(ge=1, le=1_000_000)]
    # The validation set has the seed a million further on.
    seed: Annotated[int, Field(ge=0, lt=4_000_000_000)]


@dataclass(frozen=True)
class Recipe:
    """
    Settings of a training run.

    Attributes
    ----------
    network : `dict`
        ``architecture`` (one of `sunpy_farside.network.layouts.NETWORKS`) and its settings.
    normalisation : `dict`
        Settings of `~sunpy_farside.network.normalisation.Normalisation`.
    target : `dict`
        Where the Sun is active (`~sunpy_farside.simulation.active_regions.target_mask`).
    alignment : {"per_map", "common"}
        Cut each map to its own window, or all to the window of the middle map.
    width : `int`
        Columns that the network sees.
    regions : `dict`
        How regions are cut out of a map of probability: ``level`` and ``deblend`` of
        `~sunpy_farside.network.model.FarsideModel`.
    examples : `int`
        Examples seen: simulated ones, none of them twice, or stored ones over and over.
    batch : `int`
        Examples in a batch; of simulated ones a multiple of eight.
    learning_rate : `float`
        Adam's; the largest of a schedule.
    schedule : {"constant", "one_cycle"}
        The second rises over the first tenth of the run and falls to zero along a cosine.
    validation : `int`
        Simulated examples of the fixed validation set, a multiple of eight.
    patience : `int`
        Validations, of which a run has twenty, without progress after which it ends.
    seed : `int`

    Raises
    ------
    ValueError
        A value is of another type, or beyond what the recipe can be run with.
    """

    network: dict
    normalisation: dict
    target: dict
    alignment: str
    width: int
    regions: dict
    examples: int
    batch: int
    learning_rate: float
    schedule: str
    validation: int
    patience: int
    seed: int

    def __post_init__(self):
        try:
            _Settings.model_validate(asdict(self))
        except ValidationError as error:
            msg = f"Expected a recipe that can be run, found {explain(error)}."
            raise ValueError(msg) from error

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
        ``"default"``, what the weights of the package are made by; ``"felipe2019"``, the loss,
        optimiser, batch and number of epochs of the paper [Felipe & Asensio Ramos 2019, section
        2.4]; another file of the package's ``training/recipes``; or the path of a TOML file with
        the same keys. A recipe with the key ``base`` takes what it does not say from the recipe
        of that name.

    Returns
    -------
    `Recipe`

    Raises
    ------
    FileNotFoundError
        There is no such recipe.
    FileFormatError
        The file is no TOML, a key is missing or unknown, a value cannot be, or recipes are each
        other's base.

    Examples
    --------
    >>> from sunpy_farside.training.recipe import load_recipe
    >>> load_recipe("felipe2019").batch
    32
    """
    settings, source = _settings(name)
    expected = {field.name for field in fields(Recipe)}
    if set(settings) != expected:
        missing, unknown = sorted(expected - set(settings)), sorted(set(settings) - expected)
        msg = (
            f"{source}: expected the keys {', '.join(sorted(expected))}; "
            f"missing {', '.join(missing) or 'none'}, unknown {', '.join(unknown) or 'none'}."
        )
        raise FileFormatError(msg)
    try:
        return Recipe(**settings)
    except ValueError as error:
        msg = f"{source}: {error}"
        raise FileFormatError(msg) from error


def _settings(name, above=()):
    folder = resources.files("sunpy_farside.training") / "recipes"
    source = folder / f"{name}.toml"
    if source.is_file():
        content = source.read_bytes()
    else:
        source = user_path(name)
        if not source.exists():
            names = ", ".join(sorted(item.name.removesuffix(".toml") for item in folder.iterdir()))
            msg = f"No recipe {str(name)!r}. Expected {names}, or the path of a TOML file."
            raise FileNotFoundError(msg)
        content = read_content(source, _MOST_BYTES, "a recipe")
    try:
        settings = tomllib.loads(content.decode())
    # Brackets in brackets in brackets.
    except (ValueError, RecursionError) as error:
        msg = f"{source}: expected a recipe in TOML, found other text ({error})."
        raise FileFormatError(msg) from error
    if "frames" in settings:
        settings = _with_alignment(settings, source)
    base = settings.pop("base", None)
    if base is None:
        return settings, source
    if not isinstance(base, str) or base in above:
        msg = f"{source}: expected a base that is not made from this recipe, found {base!r}."
        raise FileFormatError(msg)
    return _settings(base, (*above, base))[0] | settings, source


def _with_alignment(settings, source):
    """
    Rename the key ``frames`` of earlier releases, and its values.
    """
    warn_deprecated(
        f'{source}: the key frames ("own", "middle") is deprecated. '
        'Use alignment ("per_map", "common").'
    )
    former = settings.pop("frames")
    known = isinstance(former, str)
    return {"alignment": FORMER_ALIGNMENTS.get(former, former) if known else former} | settings
