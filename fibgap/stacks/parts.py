"""Parts of a stack of which something is hidden that is known.

Two things can be hidden. *Slices*: but without one its gap is about twice as wide as the real ones.
And *cuts* across the slices: rows of all slices, which are known wherever a slice lies. Cuts can be
hidden in gaps just as wide as the real ones, in a material that looks alike in all directions.
"""

import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import FibgapWarning
from fibgap.fillers import fill
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume, SliceStack, nearest_layer

#: Slices, rows and columns.
Block = tuple[slice, slice, slice]

#: Rows, columns and slices of a block: a network fills it in a second to a minute.
BLOCK_SIDE, BLOCK_SLICES = 64, 24
#: Of a stack four times as large two blocks are taken, at these places between its ends.
_PLACES = (0.25, 0.75)
#: Fewer cuts than these leave a spline little to go by.
_LEAST_CUTS = 4
#: y or x looks like z if as many pixels change over the same distance, to this factor.
_ALIKE = 1.5


@dataclass(frozen=True)
class Part:
    """A part of a stack of which something is hidden.

    Attributes
    ----------
    along : str
        The direction in which gaps are filled: "z" for hidden slices, "y" or "x" for hidden cuts.
    gapped : GappedVolume
        What was left; its first axis is that direction.
    layers : (H,) int64
        The layers of it that were hidden.
    truth : (H, A, B) bool
        What they show.
    known : (A,) bool
        Where that is a measurement; elsewhere it is filled itself and does not count.
    """

    along: str
    gapped: GappedVolume
    layers: NDArray[np.int64]
    truth: NDArray[np.bool_]
    known: NDArray[np.bool_]

    def wrong(self, filled: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return by hidden layer how many known pixels differ, (H,)."""
        differs = (filled[self.layers] != self.truth)[:, self.known]
        return np.count_nonzero(differs, axis=(1, 2))


def blocks_of(shape: tuple[int, int, int]) -> list[Block]:
    """Return the parts of a stack that are looked at: all of it, a block, or two on its diagonal.

    Parameters
    ----------
    shape : tuple of int
        Slices, rows, columns.

    Examples
    --------
    >>> blocks_of((30, 64, 80))
    [(slice(0, 30, None), slice(0, 64, None), slice(0, 80, None))]
    >>> blocks_of((100, 64, 1064))[1]
    (slice(57, 81, None), slice(0, 64, None), slice(750, 814, None))
    """
    # A little more than a block is not worth a second one.
    sizes = [
        side if side <= 4 * most // 3 else most
        for side, most in zip(shape, (BLOCK_SLICES, BLOCK_SIDE, BLOCK_SIDE), strict=True)
    ]
    blocks = []
    for place in _PLACES if math.prod(shape) >= 4 * math.prod(sizes) else (0.5,):
        starts = [int((side - size) * place) for side, size in zip(shape, sizes, strict=True)]
        first, second, third = (slice(a, a + n) for a, n in zip(starts, sizes, strict=True))
        blocks.append((first, second, third))
    return blocks


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


def slices_hidden(stack: SliceStack, sets: Sequence[NDArray[np.int64]]) -> Iterator[Part]:
    """Yield a stack without each set of its slices, where both phases are left.

    Notes
    -----
    A hidden slice is compared with the layer that it rounds to, up to half a voxel from its depth;
    this is so for every filler.
    """
    every = np.arange(len(stack.slices))
    # The first slice is never hidden, so the grid begins there.
    layers = nearest_layer(stack.depths_nm - stack.depths_nm[0], stack.voxel_nm)
    for hidden in sets:
        gapped = _placed(stack.slices, stack.depths_nm, np.setdiff1d(every, hidden), stack.voxel_nm)
        if gapped is None:
            continue
        # A slice that shares a layer with one that is left has no gap of its own.
        free = hidden[~gapped.known[layers[hidden]]]
        if len(free):
            known = np.ones(stack.slices.shape[1], dtype=np.bool_)
            yield Part("z", gapped, layers[free], stack.slices[free], known)


def cuts_hidden(stack: SliceStack, filler: str) -> Iterator[Part]:
    """Yield a stack on its side, with cuts along y or x left as far apart as its slices are.

    Parameters
    ----------
    stack : SliceStack
        Slices and depths.
    filler : str
        What fills the stack at first: what lies between its slices is seen by fillers, but does
        not count.

    Notes
    -----
    Only of directions that look like z, see `looks_like_z`. Cuts lie in the voxel layers to which
    the depths round, and fillers are told the depths, as of a stack that is placed.
    """
    gapped = place_slices(stack, positions="true", check=False)
    if not len(gapped.missing_layers):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FibgapWarning)
        volume = fill(gapped, filler, refuse=False)
    places, _ = gapped.samples()
    for axis in axes_like_z(stack):
        turned = np.moveaxis(volume, axis, 0)
        inside = nearest_layer(places, 1.0) < len(turned)
        cuts = turned[nearest_layer(places[inside], 1.0)]
        left = _placed(cuts, places[inside], np.arange(len(cuts)), 1.0)
        if left is not None and len(left.layers) >= _LEAST_CUTS and len(left.missing_layers):
            missing = left.missing_layers
            yield Part("zyx"[axis], left, missing, turned[missing], gapped.known)


def axes_like_z(stack: SliceStack) -> list[int]:
    """Return along which axes of the slices a material looks like z, see `looks_like_z`."""
    return [axis for axis in (1, 2) if looks_like_z(stack, axis)]


def looks_like_z(stack: SliceStack, axis: int) -> bool:
    """Say whether a material changes along an axis of the slices as fast as along z.

    Parameters
    ----------
    stack : SliceStack
        Slices and depths.
    axis : int
        1 for y, 2 for x.

    Returns
    -------
    bool
        Whether the share of pixels that differ from slice to slice is that of pixels as far apart
        along the axis, to a factor of 1.5.

    Examples
    --------
    >>> image = np.arange(12) // 3 % 2 == 0
    >>> slices = np.broadcast_to(image, (4, 12, 12))  # the same along z and y
    >>> stack = SliceStack(slices, np.array([0.0, 3.0, 6.0, 9.0]), 1.0)
    >>> looks_like_z(stack, 1), looks_like_z(stack, 2)
    (True, False)
    """
    lags = np.maximum(nearest_layer(np.diff(stack.depths_nm), stack.voxel_nm), 1)
    lags, counts = np.unique(lags[lags < stack.slices.shape[axis]], return_counts=True)
    if not len(lags):
        return False
    turned = np.moveaxis(stack.slices, axis, 0)
    within = [float(np.mean(turned[lag:] != turned[:-lag])) for lag in lags.tolist()]
    plane = float(np.average(within, weights=counts))
    along_z = float(np.mean(stack.slices[1:] != stack.slices[:-1]))
    return plane <= _ALIKE * along_z and along_z <= _ALIKE * plane


def _placed(
    images: NDArray[np.bool_],
    depths: NDArray[np.float64],
    left: NDArray[np.int64],
    voxel_nm: float,
) -> GappedVolume | None:
    """Return the images that are left at their depths; None if they show one phase or are few."""
    shown = images[left]
    if len(left) < 2 or shown.all() or not shown.any():
        return None
    part = SliceStack(shown, depths[left], voxel_nm)
    return place_slices(part, positions="true", check=False)


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
