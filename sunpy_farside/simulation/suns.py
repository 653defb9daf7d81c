"""
Models of the Sun: noise of the maps, source of active regions, and phase shift of their field.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sunpy_farside.io.synoptic_maps import read_synoptic_maps
from sunpy_farside.simulation.active_regions import sample_regions
from sunpy_farside.simulation.magnetograms import Film
from sunpy_farside.simulation.measured_noise import MeasuredNoise
from sunpy_farside.simulation.noise import NoiseModel
from sunpy_farside.simulation.signature import CALIBRATED, FORMER, Signature
from sunpy_farside.utils.content import user_path

__all__ = ["DRAWN", "MOST_ACTIVE", "SUNS", "SunModel", "load_sun"]

SUNS = "drawn", "measured"
# The last Carrington rotation before 2022, whose far-side maps are for evaluation.
_LAST_ROTATION = 2251
# Share of the realizations with regions from magnetograms, where there are magnetograms.
_OBSERVED = 0.7
# Largest activity, that of the rotation with the largest flux (`sample_regions`): a fifth above the
# maximum of a strong cycle.
MOST_ACTIVE = 1.2


@dataclass(frozen=True, eq=False)
class SunModel:
    """
    Model of the Sun for simulations.

    Attributes
    ----------
    noise : `type`
        Class of the noise model, with a method ``sample``.
    signature : `~sunpy_farside.simulation.signature.Signature`
        Relation between magnetic field and phase shift.
    film : `~sunpy_farside.simulation.magnetograms.Film`, optional
        Source of active regions in addition to bipoles at random.
    published_windows : `float`, optional
        Share of the training examples that are cut to the 120 columns of published windows. By
        default, a quarter is cut to windows of random width.
    """

    noise: type[NoiseModel] | type[MeasuredNoise] = NoiseModel
    signature: Signature = FORMER
    film: Film | None = None
    published_windows: float | None = None

    def sample_regions(self, rng, activity, days):
        """
        Sample the active regions of the whole Sun.

        Parameters
        ----------
        rng : `numpy.random.Generator`
        activity : `float`
            Level of activity: 0 for no regions, 1 for the maximum of a strong cycle. Of a film, the
            rotations with less flux have the share ``activity / 1.2``.
        days : (`float`, `float`)
            First and last day of the series; day 0 is the reference date.

        Returns
        -------
        `~sunpy_farside.simulation.active_regions.Regions`
            Or `~sunpy_farside.simulation.magnetograms.MagneticRegions`, of a film.
        """
        scatter = self.signature.scatter
        if self.film is None or not activity or rng.random() >= _OBSERVED:
            return sample_regions(rng, activity, days, scatter=scatter)
        rotations = self.film.by_activity
        place = np.clip(activity / MOST_ACTIVE + rng.normal(0, 0.03), 0, 1)
        rotation = rotations[round(place * (len(rotations) - 1))]
        turned = rng.uniform(0, 360)
        return self.film.regions(rng, rotation + rng.random(), days, scatter=scatter, offset=turned)


# The model that the weights of the package were trained with.
DRAWN = SunModel()


def load_sun(kind="drawn", magnetograms=None):
    """
    Return a model of the Sun.

    Parameters
    ----------
    kind : {"drawn", "measured"}
        ``"drawn"``: grains of noise and bipolar regions at random, the model that the weights of
        the package were trained with. ``"measured"``: noise with the measured statistics, and a
        phase shift calibrated with the published lists of strong active regions.
    magnetograms : path-like, optional
        Folder of synoptic magnetograms (`~sunpy_farside.io.synoptic_maps.read_synoptic_maps`), from
        which 70 % of the realizations of a measured Sun take their regions.

    Returns
    -------
    `SunModel`

    Raises
    ------
    ValueError
        There is no such model, or it uses no magnetograms.
    FileNotFoundError, FileFormatError
        The folder holds no magnetograms, or damaged ones.

    Examples
    --------
    >>> from sunpy_farside.simulation.suns import load_sun
    >>> load_sun("measured").noise.__name__
    'MeasuredNoise'
    """
    if kind not in SUNS:
        msg = f"Expected one of the models {', '.join(SUNS)}, found {kind!r}."
        raise ValueError(msg)
    if kind == "drawn":
        if magnetograms is not None:
            msg = "Expected no magnetograms for the drawn Sun, found a folder. Choose 'measured'."
            raise ValueError(msg)
        return DRAWN
    film = None if magnetograms is None else _film(str(user_path(magnetograms)))
    return SunModel(MeasuredNoise, CALIBRATED, film, published_windows=0.5)


@lru_cache(maxsize=1)
def _film(folder):
    # A film takes some seconds.
    return Film(read_synoptic_maps(folder), _LAST_ROTATION)
