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
        mean, deviation = statistics or self.statistics(phases, (1, 2, 3))
        # A sequence without contrast has nothing to detect, and no scale.
        deviation = torch.as_tensor(deviation).clamp(min=1e-6)
        scaled = (phases.nan_to_num(0) - mean) / deviation
        if self.clip:
            scaled = scaled.clamp(max=0)
        return scaled if self.kind == "sequence" else scaled.masked_fill(missing, 0)

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
        if self.kind == "constants":
            return self.mean, self.standard_deviation
        missing = torch.isnan(phases)
        phases = phases.nan_to_num(0)
        if self.kind == "sequence":
            return phases.mean(dims, keepdim=True), phases.std(dims, correction=0, keepdim=True)
        number = (~missing).sum(dims, keepdim=True).clamp(min=1)
        mean = phases.sum(dims, keepdim=True) / number
        variance = ((phases - mean) ** 2).masked_fill(missing, 0).sum(dims, keepdim=True)
        return mean, (variance / number).sqrt()
