"""
Recipes of training runs.
"""

import tomllib
from dataclasses import MISSING, asdict, dataclass, field, fields
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
    NormalizationSettings,
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


class _SunSettings(Settings):
    """
    Settings of `~sunpy_farside.simulation.suns.load_sun`.
    """

    kind: Literal["drawn", "measured"]
    magnetograms: str | None = None


class _Settings(Settings):
    """
    Schema of a recipe.
    """

    network: NetworkSettings
    normalization: NormalizationSettings
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
    sun: _SunSettings
    # The validation set has the seed a million further on.
    seed: Annotated[int, Field(ge=0, lt=4_000_000_000)]


@dataclass(frozen=True)
class Recipe:
    """
    Settings of a training run.

    Attributes
    ----------
    network : `dict`
        ``architecture`` (one of ``sunpy_farside.network.layouts.NETWORKS``) and its settings.
    normalization : `dict`
        Settings of `~sunpy_farside.network.normalization.Normalization`.
    target : `dict`
        Definition of active pixels (`~sunpy_farside.simulation.active_regions.target_mask`).
    alignment : {"per_map", "common"}
        Windows of the maps (`~sunpy_farside.network.model.FarsideModel`).
    width : `int`
        Number of columns of the windows.
    regions : `dict`
        Segmentation of the probability map: ``level`` and ``deblend`` of
        `~sunpy_farside.network.model.FarsideModel`.
    examples : `int`
        Number of training examples in the run. Each simulated example is used once, stored
        examples are used repeatedly.
    batch : `int`
        Number of examples in a batch, a multiple of eight for simulated examples.
    learning_rate : `float`
        Learning rate of the Adam optimizer, or its maximum in a schedule.
    schedule : {"constant", "one_cycle"}
        Schedule of the learning rate. ``"one_cycle"`` rises over the first tenth of the run and
        falls to zero along a cosine.
    validation : `int`
        Number of simulated examples in the fixed validation set, a multiple of eight.
    patience : `int`
        Number of validations without a smaller loss after which the run ends. A complete run has
        twenty validations.
    seed : `int`
        Seed of the random numbers.
    sun : `dict`, optional
        Model of the Sun for simulated examples: arguments of
        `~sunpy_farside.simulation.suns.load_sun`. The drawn Sun by default.

    Raises
    ------
    ValueError
        A value has another type or is out of range.
    """

    network: dict
    normalization: dict
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
    sun: dict = field(default_factory=lambda: {"kind": "drawn"})

    def __post_init__(self):
        try:
            _Settings.model_validate(asdict(self))
        except ValidationError as error:
            msg = f"Expected a recipe that can be run, found {explain(error)}."
            raise ValueError(msg) from error

    def to_text(self):
        """
        Return the recipe in one line, for the metadata of the weights.
        """
        settings = asdict(self)
        if settings["sun"].get("magnetograms"):
            # Not the folder, which depends on the computer.
            settings["sun"]["magnetograms"] = "yes"
        return ", ".join(f"{key} = {value}" for key, value in settings.items())


def load_recipe(name="default"):
    """
    Load a recipe.

    Parameters
    ----------
    name : `str` or path-like
        ``"default"`` and ``"measured"``: recipes of the weights of the package. ``"felipe2019"``:
        loss, optimizer, batch and number of epochs of the paper [Felipe & Asensio Ramos 2019,
        section 2.4]. Other values: path of a TOML file with the same keys. Keys that a recipe lacks
        come from the recipe in its key ``base``.

    Returns
    -------
    `Recipe`

    Raises
    ------
    FileNotFoundError
        The recipe does not exist.
    FileFormatError
        The file is not valid TOML, a key is missing or unknown, a value is invalid, or two recipes
        are the base of each other.

    Examples
    --------
    >>> from sunpy_farside.training.recipe import load_recipe
    >>> load_recipe("felipe2019").batch
    32
    """
    settings, source = _settings(name)
    expected = {item.name for item in fields(Recipe)}
    required = {item.name for item in fields(Recipe) if item.default_factory is MISSING}
    missing, unknown = sorted(required - set(settings)), sorted(set(settings) - expected)
    if missing or unknown:
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
    settings = _with_present_keys(settings, source)
    base = settings.pop("base", None)
    if base is None:
        return settings, source
    if not isinstance(base, str) or base in above:
        msg = f"{source}: expected a base that is not made from this recipe, found {base!r}."
        raise FileFormatError(msg)
    return _settings(base, (*above, base))[0] | settings, source


def _with_present_keys(settings, source):
    """
    Rename the keys ``frames`` and ``normalisation`` of earlier releases, and the values of frames.
    """
    settings = dict(settings)
    if "normalisation" in settings:
        warn_deprecated(f"{source}: the key normalisation is deprecated. Use normalization.")
        settings["normalization"] = settings.pop("normalisation")
    if "frames" in settings:
        warn_deprecated(
            f'{source}: the key frames ("own", "middle") is deprecated. '
            'Use alignment ("per_map", "common").'
        )
        former = settings.pop("frames")
        known = isinstance(former, str)
        settings["alignment"] = FORMER_ALIGNMENTS.get(former, former) if known else former
    return settings
