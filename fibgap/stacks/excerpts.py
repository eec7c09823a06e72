"""Parts of a stack or volume larger than memory that fit into it: to compare fillers, to show."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fibgap.stack import GappedVolume, SliceStack

if TYPE_CHECKING:
    from fibgap.stacks.filling import FilledStack


def for_page(filled: "FilledStack") -> "FilledStack":
    """Return a filled stack with a box of its volume in memory instead of all of it on disk."""
    volume, gapped = box_around_widest_gap(filled.volume, filled.gapped)
    return replace(filled, volume=volume, gapped=gapped)


def centre(stack: SliceStack, memory: int) -> SliceStack:
    """Return the middle of a stack in memory, all slices of it, as large as there is room for.

    Examples
    --------
    >>> stack = SliceStack(np.eye(6, dtype=bool)[None].repeat(2, 0), np.array([0.0, 3]), 1.0)
    >>> centre(stack, 32).slices.shape, centre(stack, 100).slices.shape
    ((2, 4, 4), (2, 6, 6))
    """
    n, y, x = stack.slices.shape
    if n * y * x <= memory:
        return stack
    side = max(2, int((memory / n) ** 0.5))
    rows, columns = (_middle(size, side) for size in (y, x))
    part = np.stack([np.asarray(image[rows, columns]) for image in stack.slices])
    return SliceStack(part, stack.depths_nm, stack.voxel_nm)


def box_around_widest_gap(
    volume: NDArray[np.bool_], gapped: GappedVolume, side: int = 320
) -> tuple[NDArray[np.bool_], GappedVolume]:
    """Return a box of a volume in memory, about the middle of an image and its widest gap."""
    gap = int(np.diff(gapped.layers).argmax())
    first, last = gap, gap + 1
    while gapped.layers[last] - gapped.layers[first] < side and (
        first > 0 or last < len(gapped.layers) - 1
    ):
        first, last = max(0, first - 1), min(len(gapped.layers) - 1, last + 1)
    rows, columns = (_middle(size, side) for size in gapped.shape[1:])
    low, high = int(gapped.layers[first]), int(gapped.layers[last]) + 1
    box = np.stack([volume[z][rows, columns] for z in range(low, high)])
    layers = gapped.layers[first : last + 1] - low
    known = GappedVolume(
        slices=box[layers],
        layers=layers,
        voxel_nm=gapped.voxel_nm,
        origin_layer=None,
        effective_voxel_nm=gapped.effective_voxel_nm,
        n_given=len(layers),
    )
    return box, known


def _middle(size: int, side: int) -> slice:
    """Return the middle of an axis."""
    start = max(0, (size - side) // 2)
    return slice(start, min(size, start + side))
