"""
The U-Net of this package, on pixels of two degrees.

Far-side maps have no structure below four degrees, so that a network can use pixels twice as wide
as those of the maps, at a quarter of the cost.
"""

import math
from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

__all__ = ["CoarseUNet"]


class CoarseUNet(nn.Module):
    """
    U-Net from a stack of phase maps to a probability map, on pixels of two degrees.

    Before the convolutions, each map is weighted by its noise and its share of data, because maps
    of a low duty cycle are less reliable. If whole maps are missing, the weights of the others
    increase by the square root of eleven over their number, which preserves the noise of the sum.
    Three images are added to the stack: the share of maps without data, and the squared distances
    from the equator and from the middle of the window.

    Parameters
    ----------
    n_maps : `int`
        Number of input maps.
    hidden : `int`
        Number of channels of the first level.
    attention : `bool`
        If True, also process each map separately, and weight the maps at each pixel by attention.

    Attributes
    ----------
    views : `int`
        Number of images of a sequence that are convolved together.
    """

    views: ClassVar[int] = 2

    def __init__(self, n_maps: int = 11, hidden: int = 16, attention: bool = False) -> None:
        super().__init__()
        self.n_maps = n_maps
        self.hidden = hidden
        self.attend = _Attention(n_maps, hidden // 2) if attention else None
        self.weigh = _Weights(n_maps)
        # Four pixels become one: twice the channels preserve positions within it.
        stem = 2 * hidden
        self.stem = nn.Sequential(
            nn.Conv2d(n_maps + _N_EXTRA, stem, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(inplace=True),
        )
        widths = [hidden * 2**level for level in range(4)]
        self.inlet = _double_convolution(stem + (hidden // 2 if attention else 0), hidden)
        self.down = nn.ModuleList(_double_convolution(*pair) for pair in pairwise(widths))
        self.up = nn.ModuleList()
        below = widths[-1]
        for width in reversed(widths[:-1]):
            above = max(width // 2, hidden)
            self.up.append(_double_convolution(below + width, above))
            below = above
        self.outlet = nn.Conv2d(below, 1, 1)

    @property
    def settings(self) -> dict:
        """
        Settings of the layout, as a `dict` of keyword arguments.
        """
        attention = self.attend is not None
        return {"n_maps": self.n_maps, "hidden": self.hidden, "attention": attention}

    def forward(self, maps: torch.Tensor, missing: torch.Tensor) -> torch.Tensor:
        """
        Compute the logits of the probability that a pixel is active.

        Outside training, they are the mean of two views, north up and south up.

        Parameters
        ----------
        maps : `torch.Tensor`, shape (n, n_maps, latitudes, longitudes)
            Normalized phase shifts, zero where data are missing.
        missing : `torch.Tensor` of `bool`, of the same shape
            True where data are missing.

        Returns
        -------
        `torch.Tensor`, shape (n, latitudes, longitudes)
        """
        rows, columns = maps.shape[2:]
        if self.training:
            return self._logits(*self._inputs(maps, missing))[:, :rows, :columns]
        # North and south are equivalent in the maps, and the pairing of pixels is arbitrary:
        # compute a second view, upside down, with rows and columns paired the other way.
        north = (..., slice(1, None), slice(None))
        other = self._inputs(maps[north].flip(-2), missing[north].flip(-2), first=1)
        logits, other = self._logits_of_views(self._inputs(maps, missing), other)
        logits, other = logits[:, :rows, :columns], other[:, 1:rows, 1 : 1 + columns]
        # The southernmost row has no partner, and pixels at the sides lack half of their data.
        inside = (..., slice(1, None), slice(1, -1))
        logits[inside] = (logits[inside] + other[..., 1:-1].flip(-2)) / 2
        return logits

    def _logits_of_views(self, *views):
        """
        Compute the logits of two views, of a single sequence together in one batch.

        PyTorch convolves a single small image by another method, which rounds differently.
        """
        if len(views[0][0]) > 1:
            return [self._logits(*view) for view in views]
        if views[0][0].shape == views[1][0].shape:
            return self._logits(*map(torch.cat, zip(*views, strict=True))).chunk(2)
        return [self._logits(*(torch.cat([item, item]) for item in view))[:1] for view in views]

    def _inputs(self, maps, missing, first=0):
        """
        Return the input of maps that begin at a row and column of the network's images.

        Those are the images of the stem and, with attention, the maps and their missing data.
        """
        rows, columns = maps.shape[2:]
        missing = missing.to(maps.dtype)
        images = self._images(maps, missing, first)
        if self.attend is None:
            return (images,)
        height, width = images.shape[2:]
        edges = (first, width - columns - first, first, height - rows - first)
        return images, functional.pad(maps, edges), functional.pad(missing, edges, value=1.0)

    def _logits(self, images, *single):
        """
        Compute the logits of images of the network.
        """
        features = self.stem(images)
        if self.attend is not None:
            features = torch.cat([features, self.attend(*single)], dim=1)
        levels = [self.inlet(features)]
        for block in self.down:
            levels.append(block(functional.avg_pool2d(levels[-1], 2)))
        features = levels.pop()
        for block in self.up:
            features = block(torch.cat([levels.pop(), _double(features)], dim=1))
        return _double(self.outlet(features))[:, 0]

    def _images(self, maps, missing, first):
        """
        Return the input of the stem: the weighted maps and the extra images, missing at the edges.
        """
        rows, columns = maps.shape[2:]
        # The stem and three poolings require sizes that are multiples of 16.
        shape = [size + -size % 16 for size in (first + rows, first + columns)]
        images = torch.empty(
            (len(maps), self.n_maps + _N_EXTRA, *shape),
            dtype=maps.dtype,
            device=maps.device,
            # Convolutions are fastest with the channels of a pixel side by side.
            memory_format=torch.channels_last,
        ).zero_()
        place = (..., slice(first, first + rows), slice(first, first + columns))
        images[:, : self.n_maps][place] = self.weigh(maps, missing, shape)
        images[:, self.n_maps] = 1
        images[:, self.n_maps][place] = missing.mean(1)
        images[:, -2:] = _squared_distances(images, (first + rows) // 2, first + columns // 2)
        return images


# Number of images that are added to the stack.
_N_EXTRA = 3


class _Weights(nn.Module):
    """
    Weights of the maps, from their noise and their share of data.

    A map without any data has neither. It gets the means of the others, so that it does not change
    their weights, which then grow so that the noise of the weighted sum stays the same.
    """

    def __init__(self, n_maps):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * n_maps, 32), nn.ReLU(inplace=True), nn.Linear(32, n_maps)
        )
        # Equal weights at first.
        nn.init.zeros_(self.layers[2].weight)
        nn.init.zeros_(self.layers[2].bias)

    def forward(self, maps, missing, shape):
        # Shares of the images that the maps become a part of.
        number = math.prod(shape)
        lacking = missing.sum((2, 3))
        share = (maps[0, 0].numel() - lacking) / number
        squares = maps.square().sum((2, 3)) / number
        noise = (squares / share.clamp(min=0.05)).sqrt().clamp(min=0.1)
        there = lacking < maps[0, 0].numel()
        n_there = there.sum(1, keepdim=True).clamp(min=1)

        def filled(values):
            mean = (values * there).sum(1, keepdim=True) / n_there
            return values.where(there, mean)

        features = torch.cat([filled(noise.log()), filled(share)], dim=1)
        if self.training or features.is_cuda:
            weights = self.layers(features).exp()
        else:
            # One sequence after the other: products of matrices round by the number of rows. On
            # CUDA, where batches have one size, this would take half of the time.
            weights = torch.stack([self.layers(row) for row in features]).exp()
        weights = weights * (there.shape[1] / n_there).sqrt()
        return maps * weights[:, :, None, None]


class _Attention(nn.Module):
    """
    Features of single maps, summed with attention weights at each pixel.
    """

    def __init__(self, n_maps, channels):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, channels, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        self.score = nn.Conv2d(channels, 1, 1)
        # Score of the position of a map in time.
        self.when = nn.Parameter(torch.zeros(n_maps, 1, 1, 1))

    def forward(self, maps, missing):
        single = torch.stack([maps, missing], dim=2).flatten(0, 1)
        features = self.features(single.contiguous(memory_format=torch.channels_last))
        features = features.unflatten(0, maps.shape[:2])
        score = self.score(features.flatten(0, 1)).unflatten(0, maps.shape[:2])
        return ((score + self.when).softmax(dim=1) * features).sum(dim=1)


def _squared_distances(images, equator, meridian):
    """
    Return two images, the squared distances from equator and meridian.
    """
    latitude = (torch.arange(images.shape[2], device=images.device) - equator) / 72.0
    longitude = (torch.arange(images.shape[3], device=images.device) - meridian) / 60.0
    return torch.stack(torch.broadcast_tensors(latitude.square()[:, None], longitude.square()))


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
