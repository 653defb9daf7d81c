"""
A U-Net on pixels of two degrees, our own.

Nothing in far-side maps is finer than four degrees, so that a network may work on pixels twice as
wide as those of the maps, at a quarter of the cost.
"""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

__all__ = ["CoarseUNet"]


class CoarseUNet(nn.Module):
    """
    U-Net from a stack of phase maps to a map of probabilities, by way of two-degree pixels.

    Before the convolutions each map is weighted by its own noise and its share of data, for maps
    of a low duty cycle say less; and three images are added to the stack: the share of maps
    without data, and the squares of the distances from the equator and from the window's middle.

    Parameters
    ----------
    n_maps : `int`
        Number of input maps.
    hidden : `int`
        Width of the first level.
    """

    def __init__(self, n_maps=11, hidden=16):
        super().__init__()
        self.n_maps = n_maps
        self.hidden = hidden
        self.weigh = _Weights(n_maps)
        self.stem = nn.Sequential(
            nn.Conv2d(n_maps + _N_EXTRA, hidden, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(inplace=True),
        )
        widths = [hidden * 2**level for level in range(4)]
        self.inlet = _double_convolution(hidden, hidden)
        self.down = nn.ModuleList(_double_convolution(*pair) for pair in pairwise(widths))
        self.up = nn.ModuleList()
        below = widths[-1]
        for width in reversed(widths[:-1]):
            above = max(width // 2, hidden)
            self.up.append(_double_convolution(below + width, above))
            below = above
        self.outlet = nn.Conv2d(below, 1, 1)

    @property
    def settings(self):
        """
        What makes a network of the same layout.
        """
        return {"n_maps": self.n_maps, "hidden": self.hidden}

    def forward(self, maps, missing):
        """
        Logits of the probability that a pixel is active.

        Parameters
        ----------
        maps : `torch.Tensor`, shape (n, n_maps, latitudes, longitudes)
            Normalised phases, zero where there are no data.
        missing : `torch.Tensor` of `bool`, of the same shape
            Where there are no data.

        Returns
        -------
        `torch.Tensor`, shape (n, latitudes, longitudes)
        """
        rows, columns = maps.shape[2:]
        # Three poolings after the stem leave whole pixels of multiples of 16 alone.
        edges = (0, -columns % 16, 0, -rows % 16)
        maps, missing = functional.pad(maps, edges), functional.pad(missing, edges, value=True)
        extra = _extra_images(missing, rows, columns)
        images = torch.cat([self.weigh(maps, missing), extra], dim=1)
        levels = [self.inlet(self.stem(images.contiguous(memory_format=torch.channels_last)))]
        for block in self.down:
            levels.append(block(functional.max_pool2d(levels[-1], 2)))
        features = levels.pop()
        for block in self.up:
            features = block(torch.cat([levels.pop(), _double(features)], dim=1))
        return _double(self.outlet(features))[:, 0, :rows, :columns]


# Images that are added to the stack.
_N_EXTRA = 3


class _Weights(nn.Module):
    """
    Weigh every map by its noise and its share of data.
    """

    def __init__(self, n_maps):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * n_maps, 32), nn.ReLU(inplace=True), nn.Linear(32, n_maps)
        )
        # All maps alike at first.
        nn.init.zeros_(self.layers[2].weight)
        nn.init.zeros_(self.layers[2].bias)

    def forward(self, maps, missing):
        share = 1 - missing.float().mean((2, 3))
        noise = (maps.square().mean((2, 3)) / share.clamp(min=0.05)).sqrt().clamp(min=0.1)
        weights = self.layers(torch.cat([noise.log(), share], dim=1)).exp()
        return maps * weights[:, :, None, None]


def _extra_images(missing, rows, columns):
    """
    Share of maps without data, and squared distances from the equator and the central meridian.
    """
    latitude = (torch.arange(missing.shape[2], device=missing.device) - rows // 2) / 72.0
    longitude = (torch.arange(missing.shape[3], device=missing.device) - columns // 2) / 60.0
    squares = torch.broadcast_tensors(latitude.square()[:, None], longitude.square())
    share = missing.float().mean(1, keepdim=True)
    return torch.cat([share, torch.stack(squares).expand(len(missing), -1, -1, -1)], dim=1)


def _double(images):
    return functional.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)


def _double_convolution(channels_in, channels_out):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )
