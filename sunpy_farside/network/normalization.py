"""
Normalization of phase shifts to the input of a network.
"""

from dataclasses import asdict, dataclass

import torch

__all__ = ["Normalization"]

_KINDS = ("sequence", "valid", "constants")


@dataclass(frozen=True)
class Normalization:
    """
    Scaling of phase maps before they enter a network.

    Finally, positive values become zero, as published, unless ``clip`` is False: active regions
    have only negative phase shifts, but averages of the noise need both signs.

    Attributes
    ----------
    kind : {"sequence", "valid", "constants"}
        ``"sequence"``: missing data become zero, then a sequence is standardized by the mean and
        standard deviation of all its maps. The published code uses one mean and deviation of
        all the sequences of a file [Felipe & Asensio Ramos 2019], as does
        ``FarsideModel.predict(stack, together=True)``.
        ``"valid"``: the same statistics over the pixels with data, so that the share of missing
        data does not change the scale.
        ``"constants"``: a fixed mean and standard deviation, as in FarNet-II
        [Broock et al. 2022, A&A 667, A132].
    mean, standard_deviation : `float`
        The constants in rad, by default those of FarNet-II.
    clip : `bool`
        If True, positive values become zero.
    """

    kind: str = "sequence"
    mean: float = -0.008417484
    standard_deviation: float = 0.052406892
    clip: bool = True

    def __post_init__(self):
        if self.kind not in _KINDS:
            msg = f"Expected a normalization out of {', '.join(_KINDS)}, found {self.kind!r}."
            raise ValueError(msg)

    def to_dict(self) -> dict:
        """
        Return the settings that this kind uses.
        """
        settings = asdict(self)
        return settings if self.kind == "constants" else {k: settings[k] for k in ("kind", "clip")}

    def __call__(self, phases: torch.Tensor, statistics: tuple | None = None) -> torch.Tensor:
        """
        Normalize sequences.

        Parameters
        ----------
        phases : `torch.Tensor`, shape (n, maps, latitudes, longitudes)
            In radian, NaN where data are missing.
        statistics : (`float`, `float`), optional
            Mean and standard deviation in rad; those of each sequence by default (`statistics`).

        Returns
        -------
        `torch.Tensor`
            With the same shape, zero where data are missing.
        """
        missing = torch.isnan(phases)
        phases = phases.masked_fill(missing, 0)
        mean, deviation = statistics or self._statistics(phases, missing, (1, 2, 3))
        # A sequence without contrast has nothing to detect, and no scale.
        deviation = torch.as_tensor(deviation).clamp(min=1e-6)
        scaled = phases.sub_(mean).div_(deviation)
        if self.clip:
            scaled = scaled.clamp_(max=0)
        return scaled if self.kind == "sequence" else scaled.masked_fill_(missing, 0)

    def statistics(self, phases: torch.Tensor, dims: tuple[int, ...] = (0, 1, 2, 3)) -> tuple:
        """
        Return the mean and the standard deviation of the normalization.

        Parameters
        ----------
        phases : `torch.Tensor`, shape (n, maps, latitudes, longitudes)
            In radian, NaN where data are missing.
        dims : `tuple` of `int`, optional
            Axes of the statistics: all of them, as in the published code for the sequences of a
            file, or all but the first for separate statistics of each sequence.

        Returns
        -------
        mean, deviation : `torch.Tensor` or `float`
        """
        missing = torch.isnan(phases)
        return self._statistics(phases.masked_fill(missing, 0), missing, dims)

    def _statistics(self, phases, missing, dims):
        """
        Return the mean and the standard deviation of phases that are zero where missing.
        """
        if self.kind == "constants":
            return self.mean, self.standard_deviation
        if self.kind == "sequence":
            # Missing data are zeros like any others.
            missing = torch.zeros_like(missing)
        number = (~missing).sum(dims, keepdim=True).clamp(min=1)
        mean = _sum(phases, dims) / number
        apart = (phases - mean).masked_fill_(missing, 0)
        return mean, (_sum(apart.square_(), dims) / number).sqrt()


def _sum(values, dims):
    """
    Return sums over axes, the same for a sequence alone and with others.

    Sums of a whole array are divided among the processors, and then round in another way.
    """
    of_maps = values.sum((2, 3), keepdim=True)
    return of_maps.sum([axis for axis in dims if axis < 2], keepdim=True)
