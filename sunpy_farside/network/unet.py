"""
The U-Net of Felipe & Asensio Ramos (2019, A&A 632, A82).

The names of the modules are those of the published checkpoint, so that its
``state_dict`` loads strictly.
"""

from typing import ClassVar

import torch
from torch import nn
from torch.nn import functional

__all__ = ["UNet"]


class UNet(nn.Module):
    """
    U-Net from a stack of phase maps to a probability map.

    Parameters
    ----------
    n_maps : `int`
        Number of input maps.
    hidden : `int`
        Number of channels of the first level: 16 as published (840,929 parameters).
    upsampling : {"nearest", "bilinear"}
        Method of upsampling: nearest neighbor in the published code (bilinear in the paper).

    Attributes
    ----------
    views : `int`
        Number of images of a sequence that are convolved together.
    """

    views: ClassVar[int] = 1

    down1: nn.Module
    down2: nn.Module
    down3: nn.Module
    down4: nn.Module
    up1: nn.Module
    up2: nn.Module
    up3: nn.Module
    up4: nn.Module

    def __init__(self, n_maps: int = 11, hidden: int = 16, upsampling: str = "nearest") -> None:
        super().__init__()
        self.n_maps = n_maps
        self.hidden = hidden
        self.upsampling = upsampling
        down = [hidden, 2 * hidden, 4 * hidden, 8 * hidden, 8 * hidden]
        up = [4 * hidden, 2 * hidden, hidden, hidden]
        self.inc = _Inlet(n_maps, down[0])
        for level in range(4):
            setattr(self, f"down{level + 1}", _Down(down[level], down[level + 1]))
        below = down[4]
        for level, channels in enumerate(up):
            step = _Up(below + down[3 - level], channels, upsampling)
            setattr(self, f"up{level + 1}", step)
            below = channels
        self.outc = _Outlet(up[3], 1)

    @property
    def settings(self) -> dict:
        """
        Settings of the layout, as a `dict` of keyword arguments.
        """
        return {"n_maps": self.n_maps, "hidden": self.hidden, "upsampling": self.upsampling}

    def forward(self, maps: torch.Tensor, missing: torch.Tensor | None = None) -> torch.Tensor:
        """
        Compute the logits of the probability that a pixel is active.

        Parameters
        ----------
        maps : `torch.Tensor`, shape (n, n_maps, latitudes, longitudes)
            Normalized phase shifts.
        missing : `torch.Tensor` of `bool`, of the same shape, optional
            True where data are missing. Not used by this network.

        Returns
        -------
        `torch.Tensor`, shape (n, latitudes, longitudes)
        """
        if not self.training:
            # Convolutions are fastest with the channels of a pixel side by side.
            maps = maps.contiguous(memory_format=torch.channels_last)
        level1 = self.inc(maps)
        level2 = self.down1(level1)
        level3 = self.down2(level2)
        level4 = self.down3(level3)
        maps = self.down4(level4)
        maps = self.up1(maps, level4)
        maps = self.up2(maps, level3)
        maps = self.up3(maps, level2)
        maps = self.up4(maps, level1)
        return self.outc(maps).squeeze(1)


class _DoubleConvolution(nn.Module):
    def __init__(self, channels_in, channels_out):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(channels_in, channels_out, 3, padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels_out, channels_out, 3, padding=1),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        )

    def forward(self, maps):
        return self.conv(maps)


class _Inlet(nn.Module):
    def __init__(self, channels_in, channels_out):
        super().__init__()
        self.conv = _DoubleConvolution(channels_in, channels_out)

    def forward(self, maps):
        return self.conv(maps)


class _Down(nn.Module):
    def __init__(self, channels_in, channels_out):
        super().__init__()
        self.mpconv = nn.Sequential(nn.MaxPool2d(2), _DoubleConvolution(channels_in, channels_out))

    def forward(self, maps):
        return self.mpconv(maps)


class _Up(nn.Module):
    def __init__(self, channels_in, channels_out, upsampling):
        super().__init__()
        self.upsampling = upsampling
        self.conv = _DoubleConvolution(channels_in, channels_out)

    def forward(self, maps, skipped):
        smooth = {} if self.upsampling == "nearest" else {"align_corners": False}
        maps = functional.interpolate(maps, scale_factor=2, mode=self.upsampling, **smooth)
        rows = skipped.shape[2] - maps.shape[2]
        columns = skipped.shape[3] - maps.shape[3]
        # Sizes that are not multiples of 16 lose a row or column on the way down.
        padding = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
        maps = functional.pad(maps, padding)
        return self.conv(torch.cat([skipped, maps], dim=1))


class _Outlet(nn.Module):
    def __init__(self, channels_in, channels_out):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, maps):
        return self.conv(maps)
