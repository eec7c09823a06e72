"""The network of gaps as a module of torch: the reference, and what is trained."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

from fibgap.network.gaps.architecture import ANCHORS, BLOCK, GapArchitecture


class _Residual(nn.Module):
    """Two convolutions whose result is added to what they see; it starts as nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        _zero(self.second)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        changed: torch.Tensor = self.second(F.relu(self.first(F.relu(image))))
        return image + changed


def _zero(convolution: nn.Conv2d) -> None:
    """Let a convolution start as nothing."""
    nn.init.zeros_(convolution.weight)
    nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]


class GapNetwork(nn.Module):
    """A U-Net of residual blocks over the images of slices.

    Parameters
    ----------
    architecture : GapArchitecture
        Widths and blocks.

    Notes
    -----
    Blocks of 2 x 2 pixels become channels first, and corrections at the end: what it sees is
    smooth, and so it works on a quarter of the pixels. After Ronneberger et al. (2015) and He et
    al. (2016, residual blocks with the nonlinearity first); Shi et al. (2016) for blocks of pixels.
    """

    #: Its last layers, which are never rounded.
    fine = ("tail",)
    #: Its first and its last layer.
    ends = ("stem", "tail")

    def __init__(self, architecture: GapArchitecture) -> None:
        super().__init__()
        self.architecture = architecture
        widths, blocks, pixels = architecture.widths, architecture.blocks, BLOCK**2

        def stage(level: int) -> nn.Sequential:
            return nn.Sequential(*(_Residual(widths[level]) for _ in range(blocks[level])))

        levels = range(len(widths))
        self.stem = nn.Conv2d(pixels * architecture.input_channels, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(stage(level) for level in levels)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairwise(widths))
        self.up = nn.ModuleList(nn.Conv2d(b, 4 * a, 1) for a, b in pairwise(widths))
        self.up_blocks = nn.ModuleList(stage(level) for level in levels[:-1])
        self.tail = nn.Conv2d(widths[0], pixels * ANCHORS, 3, padding=1)
        _zero(self.tail)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Correct the interpolated distances in gaps.

        Parameters
        ----------
        image : torch.Tensor
            Shape (B, `input_channels`, Y, X), see `fibgap.network.gaps.sight`; Y and X are
            multiples of `GapArchitecture.multiple`.

        Returns
        -------
        torch.Tensor
            Shape (B, `ANCHORS`, Y, X): what is to be added to the distances at places between two
            slices; the sum is the logit of solid.
        """
        image = F.pixel_unshuffle(image, BLOCK)
        current = self.stem(image.contiguous(memory_format=torch.channels_last))
        above = []
        for level, stage in enumerate(self.down_blocks):
            current = stage(current)
            if level < len(self.down):
                above.append(current)
                current = self.down[level](current)
        for level in reversed(range(len(self.up))):
            current = F.pixel_shuffle(self.up[level](current), 2) + above[level]
            current = self.up_blocks[level](current)
        # The last layer may be finer than the rest, see fibgap.network.engines.
        last = self.tail(F.relu(current).to(self.tail.weight.dtype))
        return F.pixel_shuffle(last, BLOCK)
