"""
Layouts of networks, and their weights checked against them.
"""

import torch

from sunpy_farside.errors import WeightsError
from sunpy_farside.network.coarse_unet import CoarseUNet
from sunpy_farside.network.unet import UNet
from sunpy_farside.utils.text import some

__all__ = ["NETWORKS"]

# Squares of larger numbers overflow in single precision. A damaged exponent makes numbers of 1e36.
_LARGEST = 1e18
NETWORKS = {"unet": UNet, "coarse_unet": CoarseUNet}


def load_network(settings, state, path):
    """
    Create the network of given settings with the weights of a matching state.
    """
    given = settings.model_dump(exclude={"architecture"})
    # Shapes without memory, to compare those of the settings with those of the state.
    with torch.device("meta"):
        network = NETWORKS[settings.architecture](**given)
    expected = network.state_dict()
    problems = []
    if missing := sorted(set(expected) - set(state)):
        problems.append(f"missing {some(missing, 3)}")
    if extra := sorted(map(str, set(state) - set(expected))):
        problems.append(f"unexpected {some(extra, 3)}")
    wrong = [
        f"{key} {_kind(state[key])} instead of {_kind(expected[key])}"
        for key in sorted(set(expected) & set(state))
        if _kind(state[key]) != _kind(expected[key])
    ]
    if wrong:
        problems.append(f"misshapen {some(wrong, 3)}")
    empty = sorted(key for key in expected if getattr(state.get(key), "is_meta", False))
    if empty:
        problems.append(f"no values in {some(empty, 3)}")
    if problems:
        msg = (
            f"{path}: expected the {len(expected)} entries of a network {network.hidden} wide, "
            f"found {'; '.join(problems)}. Is it a checkpoint of another network?"
        )
        raise WeightsError(msg)
    # NaN is not below the limit.
    if broken := [key for key in expected if not (state[key].abs() < _LARGEST).all()]:
        msg = (
            f"{path}: expected weights below {_LARGEST:g}, found larger ones, NaN or infinity in "
            f"{some(broken, 3)}."
        )
        raise WeightsError(msg)
    variances = [key for key in expected if key.endswith("running_var")]
    if negative := [key for key in variances if (state[key] < 0).any()]:
        msg = f"{path}: expected variances above zero, found others in {some(negative, 3)}."
        raise WeightsError(msg)
    # Copies, as a tensor of the file may be memory that is mapped to it.
    copies = {key: state[key].to(expected[key].dtype, copy=True) for key in expected}
    network.load_state_dict(copies, assign=True)
    return network


def _kind(entry):
    """
    Return the properties of a tensor that a replacement must share, as text.
    """
    if not isinstance(entry, torch.Tensor):
        return type(entry).__name__
    if entry.layout is not torch.strided or entry.is_quantized or entry.is_complex():
        return f"{entry.layout} of {entry.dtype}"
    shape = str(tuple(entry.shape))
    return shape if entry.is_floating_point() else f"{shape} of whole numbers"
