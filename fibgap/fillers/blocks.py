"""Fillers that go by blocks: what a volume larger than memory is filled by, part after part."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.stack import GappedVolume

#: Voxels of missing layers that make a block, unless a filler has reasons for another number.
BLOCK_VOXELS = 2**26


@dataclass(frozen=True)
class Blocks:
    """The missing layers of a gapped volume, cut into blocks that can be filled one by one.

    Attributes
    ----------
    shape : (int, int, int)
        (M, Y, X) of all missing layers.
    parts : tuple of (slice, slice)
        Every block: a range of the missing layers, and the rows (y) of them.
    fill : callable
        Returns the block of one part, (layers, rows, X) bool. Whatever was filled before, it is
        the same.
    """

    shape: tuple[int, int, int]
    parts: tuple[tuple[slice, slice], ...]
    fill: Callable[[slice, slice], NDArray[np.bool_]]

    def all(self) -> NDArray[np.bool_]:
        """Return all missing layers, (M, Y, X)."""
        filled = np.empty(self.shape, dtype=np.bool_)
        for layers, rows in self.parts:
            filled[layers, rows] = self.fill(layers, rows)
        return filled


#: Fillers that go by blocks, by name: a function of what the filler itself is a function of.
_BY_BLOCKS: dict[str, Callable[..., Blocks]] = {}


def register_blocks(name: str) -> Callable[[Callable[..., Blocks]], Callable[..., Blocks]]:
    """Register how a filler goes by blocks, under the name of the filler."""

    def keep(function: Callable[..., Blocks]) -> Callable[..., Blocks]:
        _BY_BLOCKS[name] = function
        return function

    return keep


def find_blocks(name: str) -> Callable[..., Blocks] | None:
    """Return how a filler goes by blocks, or None; its module has been imported before."""
    return _BY_BLOCKS.get(name)


def layer_blocks(
    gapped: GappedVolume,
    fill: Callable[[slice], NDArray[np.bool_]],
    block_voxels: int = BLOCK_VOXELS,
    least: int = 1,
) -> Blocks:
    """Return blocks of whole layers, so many voxels each, and at least so many layers."""
    count, (_, n_y, n_x) = len(gapped.missing_layers), gapped.shape
    at_once = max(least, block_voxels // (n_y * n_x))
    every = slice(0, n_y)
    parts = [(slice(i, min(i + at_once, count)), every) for i in range(0, count, at_once)]
    return Blocks((count, n_y, n_x), tuple(parts), lambda layers, _: fill(layers))


def window(weights: NDArray[Any]) -> slice:
    """Return the columns from the first to the last that is not 0 throughout."""
    used = np.flatnonzero(weights.any(axis=0))
    return slice(int(used[0]), int(used[-1]) + 1)
