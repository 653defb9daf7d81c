"""
Independent computation of the published network, and networks with random weights.
"""

import pytest
import torch
from torch.nn import functional

from sunpy_farside.network import FarsideModel, Normalization, UNet


def random_network(seed=0, **kwargs):
    """
    Return a U-Net with random weights and batch-norm statistics.
    """
    torch.manual_seed(seed)
    return randomize(UNet(**kwargs))


def randomize(network):
    """
    Give a network random batch-norm statistics, and put it into evaluation mode.
    """
    for name, value in network.state_dict().items():
        if name.endswith("running_mean"):
            value.normal_(0, 0.1)
        elif name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    return network.eval()


def small_model(name="small", seed=1, threshold=100.0):
    """
    Return a model of a small network with random weights.
    """
    torch.manual_seed(seed)
    return FarsideModel(
        UNet(hidden=2), name, "common", Normalization("sequence"), threshold, torch.device("cpu")
    )


class Intruder:
    """
    Object that fails the test when it is unpickled.
    """

    def __reduce__(self):
        return (pytest.fail, ("the checkpoint ran code",))


def functional_unet(state, x):
    """
    Compute the published network with plain functions.
    """

    def block(x, prefix):
        for conv, norm in ((0, 1), (3, 4)):
            x = functional.conv2d(
                x, state[f"{prefix}.{conv}.weight"], state[f"{prefix}.{conv}.bias"], padding=1
            )
            mean, var = (state[f"{prefix}.{norm}.running_{name}"] for name in ("mean", "var"))
            weight, bias = (state[f"{prefix}.{norm}.{name}"] for name in ("weight", "bias"))
            shape = (1, -1, 1, 1)
            x = (x - mean.reshape(shape)) / torch.sqrt(var.reshape(shape) + 1e-5)
            x = torch.relu(x * weight.reshape(shape) + bias.reshape(shape))
        return x

    levels = [block(x, "inc.conv.conv")]
    for level in range(1, 5):
        pooled = functional.max_pool2d(levels[-1], 2)
        levels.append(block(pooled, f"down{level}.mpconv.1.conv"))
    x = levels.pop()
    for level in range(1, 5):
        skip = levels.pop()
        x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        rows, columns = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
        x = functional.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        x = block(torch.cat([skip, x], dim=1), f"up{level}.conv.conv")
    x = functional.conv2d(x, state["outc.conv.weight"], state["outc.conv.bias"])
    return torch.sigmoid(x)[:, 0]
