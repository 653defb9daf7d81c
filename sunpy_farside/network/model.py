"""
A network ready for use: weights, normalisation and device.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch.nn import functional

from sunpy_farside.network.normalisation import Normalisation

__all__ = ["FarsideModel", "choose_device"]

# Rows of the window that the networks are trained on.
_ROWS = 144
_FRAMES = ("own", "middle")
# Degrees; a single meridian without data, as at the seam of some maps, hides nothing.
_AROUND = 9


@dataclass
class FarsideModel:
    """
    A network that turns stacks of phase maps into maps of probability.

    Attributes
    ----------
    network : `~sunpy_farside.network.unet.UNet` or `~sunpy_farside.network.coarse.CoarseUNet`
    name : `str`
    frames : {"own", "middle"}
        How the maps of a stack are cut: each at its own window, as published, or all at the
        window of the middle map.
    normalisation : `~sunpy_farside.network.normalisation.Normalisation`
    threshold : `float`
        Integrated probability in square degrees from which a region is significant.
    device : `torch.device`
    target : `dict`
        What the probability is of: by default, as published, that the unsigned field, smoothed
        with a Gaussian of 3 degrees, is above 30 G
        (`sunpy_farside.simulation.regions.active_mask`).
    level : `float`
        Smoothed probability above which pixels belong to a region.
    deblend : `bool`
        Whether regions that touch are parted at the saddle between their peaks.
    licence : `str`
        Licence of the weights.
    metadata : `dict`
        What is recorded with the weights.
    """

    network: torch.nn.Module
    name: str
    frames: str
    normalisation: Normalisation
    threshold: float
    device: torch.device
    target: dict = field(default_factory=lambda: {"kind": "field", "level": 30.0})
    level: float = 0.01
    deblend: bool = False
    licence: str = "BSD-3-Clause"
    metadata: dict = field(default_factory=dict)

    def __post_init__(self):
        if self.frames not in _FRAMES:
            msg = f"Expected frames 'own' or 'middle', found {self.frames!r}."
            raise ValueError(msg)
        self.network = self.network.eval().to(self.device, memory_format=torch.channels_last)

    def predict(self, stack, *, batch=8):
        """
        Probability that a pixel belongs to an active region.

        Parameters
        ----------
        stack : array, shape (n, 11, 144, width) or (11, 144, width)
            Phases in rad, NaN where there are no data, cut as `frames` says:
            `~sunpy_farside.sequence.FarsideSequence.data` for ``"own"``,
            `~sunpy_farside.sequence.FarsideSequence.comoving_data` for ``"middle"``.
        batch : `int`, optional
            Sequences that go through the network together.

        Returns
        -------
        array of `numpy.float32`, shape (n, 144, width)
            Zero where, in the middle map's window, more than half of the data around are missing.

        Raises
        ------
        ValueError
            The stack has another shape.

        Examples
        --------
        >>> import numpy as np
        >>> import sunpy_farside
        >>> model = sunpy_farside.load_model(device="cpu")
        >>> model.predict(np.zeros((2, 11, 144, 120))).shape
        (2, 144, 120)
        """
        stack = np.asarray(stack)
        if stack.ndim == 3:
            stack = stack[np.newaxis]
        n_maps = self.network.n_maps
        if stack.ndim != 4 or stack.shape[1:3] != (n_maps, _ROWS) or stack.shape[3] < 16:
            msg = (
                f"Expected a stack of shape (n, {n_maps}, {_ROWS}, width) with 16 columns or more, "
                f"found {stack.shape}. FarsideSequence cuts maps to this shape."
            )
            raise ValueError(msg)
        probability = np.empty((len(stack), *stack.shape[2:]), np.float32)
        for first in range(0, len(stack), batch):
            part = slice(first, first + batch)
            probability[part] = self._predict_batch(stack[part])
        return probability

    @torch.inference_mode()
    def _predict_batch(self, stack):
        # MPS has no double precision: the cast comes before the move.
        phases = torch.from_numpy(stack.astype(np.float32, copy=True)).to(self.device)
        maps = self.normalisation(phases).contiguous(memory_format=torch.channels_last)
        missing = phases.isnan()
        probability = self.network(maps, missing).sigmoid()
        if self.frames == "middle" and missing.any():
            # There the edges of the window lack the maps of other dates.
            probability = probability.masked_fill(_blind(missing), 0)
        return probability.cpu().numpy()


def _blind(missing):
    """
    Where around a pixel more than half of the data are missing: too little to tell anything.
    """
    share = missing.float().mean(1, keepdim=True)
    around = functional.avg_pool2d(
        share, _AROUND, stride=1, padding=_AROUND // 2, count_include_pad=False
    )
    return around[:, 0] > 0.5


def choose_device(device="auto"):
    """
    The device that networks run on.

    Parameters
    ----------
    device : `str` or `torch.device`
        ``"auto"`` takes CUDA where there is one, then MPS, then the CPU.

    Returns
    -------
    `torch.device`

    Raises
    ------
    ValueError
        There is no such device here.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if device == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    available = ["cpu", *(["cuda"] if cuda else []), *(["mps"] if mps else [])]
    try:
        chosen = torch.device(device)
        known = chosen.type in available and (
            chosen.index is None
            or chosen.type != "cuda"
            or chosen.index < torch.cuda.device_count()
        )
    except RuntimeError:
        known = False
    if not known:
        msg = f"Expected a device out of auto, {', '.join(available)}, found {str(device)!r}."
        raise ValueError(msg)
    return chosen
