"""
Networks with their weights, normalization and device.
"""

from contextlib import nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch

from sunpy_farside.errors import FarsideError
from sunpy_farside.network.folding import fold_batch_norms
from sunpy_farside.network.normalization import Normalization
from sunpy_farside.utils.text import counted, described

__all__ = ["FarsideModel", "choose_device"]

# Sequences that CUDA computes together: its computations are shorter than the time to begin them.
GPU_BATCH = 32
_CPU_BATCH = 8
# Rows of the window that the networks are trained on.
_ROWS = 144
_ALIGNMENTS = ("per_map", "common")
_DEVICES = "a device: auto, cuda, mps or cpu"


@dataclass(frozen=True)
class FarsideModel:
    """
    Network from stacks of phase maps to probability maps, with its settings.

    Attributes
    ----------
    network : `~sunpy_farside.network.unet.UNet` or `~sunpy_farside.network.coarse_unet.CoarseUNet`
    name : `str`
    alignment : {"per_map", "common"}
        Windows of the maps in a stack: each map in the window around its own far-side central
        meridian, as published, or all in the window of the middle map.
    normalization : `~sunpy_farside.network.normalization.Normalization`
    threshold : `float`
        Significance threshold of the integrated probability in square degrees.
    device : `torch.device` or `str`
    target : `dict`
        Definition of active pixels: by default, as published, an unsigned field above 30 G after
        smoothing with a Gaussian of 3 degrees
        (`sunpy_farside.simulation.active_regions.target_mask`).
    columns : `int` or None
        Number of columns in the training. A narrower stack is padded with missing data; in a wider
        one, the probability is zero in the other columns. None for a network of any width.
    level : `float`
        Segmentation threshold: smoothed probability above which pixels belong to a region.
    deblend : `bool`
        If True, deblend touching regions at the saddle between their peaks.
    reliability : `dict` or None
        Calibrated `~sunpy_farside.detection.reliability.Reliability` of the network's regions, as a
        `dict`, or None.
    flux : `dict` or None
        Relation between the features of the network's regions and their magnetic flux, a
        `~sunpy_farside.detection.flux.FluxRelation` as a `dict`, or None.
    license : `str`
        License of the weights.
    metadata : `dict`
        Metadata of the weights.
    """

    network: torch.nn.Module
    name: str
    alignment: str
    normalization: Normalization
    threshold: float
    device: torch.device
    target: dict = field(default_factory=lambda: {"kind": "field", "level": 30.0})
    columns: int | None = None
    level: float = 0.01
    deblend: bool = False
    reliability: dict | None = None
    flux: dict | None = None
    license: str = "BSD-3-Clause"
    metadata: dict = field(default_factory=dict)

    def __repr__(self):
        return (
            f"<FarsideModel {self.name!r}: {type(self.network).__name__}, alignment "
            f"{self.alignment!r}, significant from {self.threshold:g} deg2, on {self.device}>"
        )

    def __post_init__(self):
        if self.alignment not in _ALIGNMENTS:
            msg = f"Expected alignment 'per_map' or 'common', found {self.alignment!r}."
            raise ValueError(msg)
        # A name is a device, too.
        object.__setattr__(self, "device", torch.device(self.device))
        network = self.network.eval().to(self.device, memory_format=torch.channels_last)
        object.__setattr__(self, "network", network)
        # Weights are saved and compared as they are, and computed with as is fastest.
        object.__setattr__(self, "_folded", fold_batch_norms(network))

    def predict(
        self, stack: np.ndarray, *, batch: int | None = None, together: bool = False
    ) -> np.ndarray:
        """
        Compute the probability that a pixel belongs to an active region.

        Parameters
        ----------
        stack : array, shape (n, 11, 144, width) or (11, 144, width)
            Phase shifts in rad, NaN where data are missing, cut according to `alignment`:
            `~sunpy_farside.sequence.FarsideSequence.data` for ``"per_map"``,
            `~sunpy_farside.sequence.FarsideSequence.comoving` for ``"common"``, best with as
            many columns as in the training.
        batch : `int`, optional
            Number of sequences that are processed together: by default 32 on CUDA, 8 elsewhere.
            On CUDA, the rounding depends on this number, and fewer sequences are filled up to it.
        together : `bool`, optional
            If True, scale all sequences by one mean and standard deviation, as the published code
            does with the cases of a file, instead of each by its own. The result of one sequence
            then depends on the others.

        Returns
        -------
        array of `numpy.float32`, shape (n, 144, width)
            Zero outside the columns of the network.

        Raises
        ------
        ValueError
            The stack has another shape.
        FarsideError
            The GPU has too little memory left.

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
        width = stack.shape[3]
        probability = np.zeros((len(stack), *stack.shape[2:]), np.float32)
        own, known = _overlap(width, self.columns or width)
        statistics = None
        if together:
            phases = torch.from_numpy(np.array(stack, np.float64, order="C"))
            statistics = tuple(float(item) for item in self.normalization.statistics(phases))
        if batch is None:
            batch = GPU_BATCH if self.device.type == "cuda" else _CPU_BATCH
        for first in range(0, len(stack), batch):
            part = slice(first, first + batch)
            here = stack[part, ..., own]
            if self.columns not in (None, width):
                here = np.full((*here.shape[:3], self.columns), np.nan, np.float32)
                here[..., known] = stack[part, ..., own]
            try:
                found = self._predict_batch(here, statistics, batch)
            except torch.OutOfMemoryError as error:
                msg = (
                    f"Expected memory for {counted(batch, 'sequence')} on {self.device}, found too "
                    "little left. Choose the device cpu, or end other programs on the GPU."
                )
                raise FarsideError(msg) from error
            probability[part, :, own] = found[..., known]
        return probability

    @torch.inference_mode()
    def _predict_batch(self, stack, statistics, batch):
        # MPS has no double precision: the cast comes before the move. The memory order is fixed,
        # because the rounding of sums depends on their order.
        number = len(stack)
        # PyTorch convolves a single small image by another method, and cuDNN chooses its methods by
        # the number of images. They round differently: the result of a sequence must not depend on
        # the others.
        least = batch if self.device.type == "cuda" else 2 // self.network.views
        if number < least:
            stack = np.concatenate([stack, np.repeat(stack[-1:], least - number, axis=0)])
        phases = torch.from_numpy(np.array(stack, np.float32, order="C")).to(self.device)
        maps = self.normalization(phases, statistics)
        with _single_precision(self.device):
            logits = self._folded(maps, phases.isnan())[:number]
        # One by one: a large array is divided among threads anywhere, and pixels at the ends of the
        # parts round differently.
        return torch.stack([image.sigmoid() for image in logits.cpu()]).numpy()


def _single_precision(device):
    """
    Return a context in which CUDA convolves in single precision, and always by the same methods.
    """
    if device.type != "cuda":
        return nullcontext()
    # PyTorch's default is TF32, of eleven bits.
    return torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)


def _overlap(width, columns):
    """
    Return the columns that two windows of one central meridian share, as slices of each.
    """
    # Column width // 2 is the central meridian.
    west = width // 2 - columns // 2
    first, last = max(west, 0), min(width, west + columns)
    return slice(first, last), slice(first - west, last - west)


def choose_device(device: str | torch.device = "auto") -> torch.device:
    """
    Choose the device on which networks run.

    Parameters
    ----------
    device : `str` or `torch.device`
        ``"auto"`` chooses CUDA if available, then MPS, then the CPU.

    Returns
    -------
    `torch.device`

    Raises
    ------
    TypeError, FarsideError
        There is no such device, or it is not available.
    """
    if not isinstance(device, str | torch.device):
        msg = f"Expected {_DEVICES}, found {described(device)}. Choose auto."
        raise TypeError(msg)
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        return torch.device(next(name for name in there if there[name]))
    try:
        chosen = torch.device(device)
    except RuntimeError:
        chosen = None
    if chosen is None or chosen.type not in there:
        msg = f"Expected {_DEVICES}, found {str(device)!r}. Choose auto."
        raise FarsideError(msg)
    number = torch.cuda.device_count() if chosen.type == "cuda" else 1
    if not there[chosen.type] or (chosen.index or 0) >= number:
        here = ", ".join(name for name in there if there[name])
        msg = (
            f"Expected a device of this machine ({here}), found {str(device)!r}, which is not "
            "available here. Choose auto."
        )
        raise FarsideError(msg)
    return chosen
