"""
Networks for inference alone, without batch norms.
"""

from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

__all__ = ["fold_batch_norms"]


def fold_batch_norms(network: nn.Module) -> nn.Module:
    """
    Return a copy of a network with its batch norms folded into its convolutions.

    Outside training, a batch norm multiplies each channel by a number and adds another, which the
    weights of the convolution before it can do at no cost.

    Parameters
    ----------
    network : `torch.nn.Module`
        In evaluation mode, and with its batch norms after convolutions in `torch.nn.Sequential`.

    Returns
    -------
    `torch.nn.Module`
        On the same device and with channels last in memory. The outputs are equal up to rounding:
        probabilities within 1e-6. They do not depend on the number of threads of PyTorch.

    Examples
    --------
    >>> from sunpy_farside.network import UNet, fold_batch_norms
    >>> network = UNet().eval()
    >>> sum("BatchNorm" in type(module).__name__ for module in network.modules())
    18
    >>> folded = fold_batch_norms(network)
    >>> sum("BatchNorm" in type(module).__name__ for module in folded.modules())
    0
    """
    device = next(network.parameters()).device
    # Weights are rounded once, after a computation in double precision, which MPS does not have.
    copy = deepcopy(network).cpu().double()
    blocks = [module for module in copy.modules() if isinstance(module, nn.Sequential)]
    for block in blocks:
        layers: list[Any] = []
        for layer in block:
            if isinstance(layer, nn.BatchNorm2d):
                layer = fuse_conv_bn_eval(layers.pop(), layer)
            layers.append(layer)
        del block[:]
        block.extend(layers)
    for module in copy.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1):
            # With a single thread, PyTorch has another method for kernels of one pixel, which
            # rounds differently, but not with a dilation, which does not change such a kernel.
            module.dilation = (2, 2)
    # PyTorch's annotations lack this form of the method.
    return copy.float().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
