"""Known slices hidden, filled and counted: what a filler misclassifies where the truth is known."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import FibgapWarning, InputError
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume, SliceStack, nearest_layer
from fibgap.stacks.findings import Progress, silent

#: A gapped volume in, the whole grid out.
Fill = Callable[[GappedVolume], NDArray[np.bool_]]
#: Slices, rows and columns.
Block = tuple[slice, slice, slice]

#: Columns and slices of a block: so many fill the check of a network in seconds to a minute.
BLOCK_SIDE, BLOCK_SLICES = 64, 24
#: Of a stack that is larger than a block two blocks are taken, at these places between its ends.
_PLACES = (0.25, 0.75)
#: Fewer slices than these are too few: no set leaves a spline what it needs.
LEAST_SLICES = 8


@dataclass(frozen=True)
class HiddenSlices:
    """Misclassified pixels of hidden slices.

    Attributes
    ----------
    widths : (H,) float64
        Width in voxels of the gap in which a hidden slice lay: from the slice that was left on its
        one side to that on its other side.
    pixels : (H,) int64
        Its pixels.
    wrong : dict of str to (H,) int64
        By filler, those that differ from the slice.
    refused : dict of str to str
        By filler, why it cannot fill such a stack.
    blocks : tuple of tuple
        Where the stack was looked at: slices, rows and columns, each from and up to.
    """

    widths: NDArray[np.float64]
    pixels: NDArray[np.int64]
    wrong: dict[str, NDArray[np.int64]]
    refused: dict[str, str]
    blocks: tuple[tuple[tuple[int, int], ...], ...]

    def __len__(self) -> int:
        return len(self.widths)


def hidden_sets(count: int) -> list[NDArray[np.int64]]:
    """Return which slices are hidden at once: single ones, pairs and triples, never an outer one.

    Notes
    -----
    Two sets of single slices, one of pairs and one of triples: gaps twice, three and four times as
    wide as those of the stack, so that errors can be followed down to these.

    Examples
    --------
    >>> [each.tolist() for each in hidden_sets(8)]
    [[1, 4], [2, 5], [1, 2], [2, 3, 4]]
    """
    sets = []
    for first, run, period in ((1, 1, 3), (2, 1, 3), (1, 2, 5), (2, 3, 7)):
        starts = np.arange(first, count - run, period)
        sets.append((starts[:, None] + np.arange(run)).ravel())
    return [each for each in sets if len(each)]


def blocks_of(shape: tuple[int, int, int]) -> list[Block]:
    """Return the parts of a stack that are looked at: all of it, or two blocks on its diagonal.

    Parameters
    ----------
    shape : tuple of int
        Slices, rows, columns.

    Examples
    --------
    >>> blocks_of((30, 96, 80))
    [(slice(0, 30, None), slice(0, 96, None), slice(0, 80, None))]
    >>> blocks_of((100, 96, 1096))[1]
    (slice(57, 81, None), slice(0, 96, None), slice(750, 846, None))
    """
    # A little more than a block is not worth a second one.
    sizes = [
        side if side <= 4 * most // 3 else most
        for side, most in zip(shape, (BLOCK_SLICES, BLOCK_SIDE, BLOCK_SIDE), strict=True)
    ]
    blocks = []
    for place in _PLACES:
        starts = [int((side - size) * place) for side, size in zip(shape, sizes, strict=True)]
        first, second, third = (slice(a, a + n) for a, n in zip(starts, sizes, strict=True))
        blocks.append((first, second, third))
    return blocks if tuple(sizes) != shape else blocks[:1]


def gap_widths(gapped: GappedVolume) -> NDArray[np.float64]:
    """Return for every missing layer the width in voxels of its gap, from slice to slice, (M,).

    Examples
    --------
    >>> slices = np.zeros((3, 1, 1), dtype=bool)
    >>> gap_widths(GappedVolume(slices, np.array([0, 3, 5]), 2.5, 0, 2.5, 3)).tolist()
    [3.0, 3.0, 2.0]
    """
    positions, _ = gapped.samples()
    above = np.searchsorted(positions, gapped.missing_layers)
    return positions[above] - positions[above - 1]


def hide_slices(
    stack: SliceStack, fills: Mapping[str, Fill], progress: Progress = silent
) -> HiddenSlices:
    """Hide known slices, fill in their place, and count the pixels that differ.

    Parameters
    ----------
    stack : SliceStack
        Slices and depths.
    fills : mapping of str to callable
        By name, what fills a gapped volume.
    progress : callable, optional
        Called with a stage, how much is done and how much there is.

    Returns
    -------
    HiddenSlices
        Without any slice if there are too few, or none that holds both phases.

    Notes
    -----
    ASSUME: a hidden slice is compared with the layer that it rounds to, up to half a voxel from
    its depth; this is so for every filler.
    """
    blocks = blocks_of(stack.slices.shape) if len(stack.slices) >= LEAST_SLICES else []
    parts = [part for block in blocks for part in _without(stack, block)]
    wrong: dict[str, list[NDArray[np.int64]]] = {name: [] for name in fills}
    refused: dict[str, str] = {}
    for index, (name, fill) in enumerate(fills.items()):
        for done, (gapped, layers, truth) in enumerate(parts):
            progress("comparing fillers", index * len(parts) + done, len(fills) * len(parts))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", FibgapWarning)
                    differs = fill(gapped)[layers] != truth
            except InputError as error:
                refused[name] = str(error)
                break
            wrong[name].append(np.count_nonzero(differs, axis=(1, 2)))
    widths = [
        gap_widths(gapped)[np.searchsorted(gapped.missing_layers, layers)]
        for gapped, layers, _ in parts
    ]
    pixels = [np.full(len(layers), truth[0].size) for _, layers, truth in parts]
    return HiddenSlices(
        widths=np.concatenate([np.empty(0), *widths]),
        pixels=np.concatenate([np.empty(0, dtype=np.int64), *pixels]),
        wrong={
            name: np.concatenate([np.empty(0, dtype=np.int64), *counts])
            for name, counts in wrong.items()
            if name not in refused
        },
        refused=refused,
        blocks=tuple(tuple((part.start, part.stop) for part in block) for block in blocks),
    )


def _without(
    stack: SliceStack, block: Block
) -> Iterator[tuple[GappedVolume, NDArray[np.int64], NDArray[np.bool_]]]:
    """Yield a block without each set: what is left, the layers of the hidden slices, and these."""
    slices, depths = stack.slices[block], stack.depths_nm[block[0]]
    every = np.arange(len(slices))
    # The first slice of a block is never hidden, so the grid begins there.
    layers = nearest_layer(depths - depths[0], stack.voxel_nm)
    for hidden in hidden_sets(len(slices)):
        left = np.setdiff1d(every, hidden)
        if slices[left].all() or not slices[left].any():
            continue
        part = SliceStack(slices[left], depths[left], stack.voxel_nm)
        gapped = place_slices(part, positions="true", check=False)
        # A slice that shares a layer with one that is left has no gap of its own.
        free = hidden[~gapped.known[layers[hidden]]]
        if len(free):
            yield gapped, layers[free], slices[free]
