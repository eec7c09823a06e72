"""Fillers that look at the two neighbouring slices, voxel by voxel."""

import numpy as np
from numpy.typing import NDArray

from fibgap.fillers import register
from fibgap.fillers.blocks import BLOCK_VOXELS, Blocks, layer_blocks, register_blocks, window
from fibgap.fillers.interpolation import apply_weights, linear_weights, threshold
from fibgap.stack import GappedVolume


@register("nearest")
def fill_nearest(gapped: GappedVolume) -> NDArray[np.bool_]:
    """Copy the nearest slice; a tie goes to the one that lies lower (NN).

    Returns
    -------
    (M, Y, X) bool
        The missing layers.

    Notes
    -----
    ASSUME: of two equally near slices the one at the lower depth is copied.
    """
    return nearest_blocks(gapped).all()


@register_blocks("nearest")
def nearest_blocks(gapped: GappedVolume, block_voxels: int = BLOCK_VOXELS) -> Blocks:
    """Return the blocks of `fill_nearest`."""
    positions, slices = gapped.samples()
    missing = gapped.missing_layers
    above = np.searchsorted(positions, missing)
    below = above - 1
    # A part in 10^9 of a voxel makes a tie in decimals a tie.
    take_lower = missing - positions[below] <= positions[above] - missing + 1e-9
    nearest = np.where(take_lower, below, above)

    def fill(layers: slice) -> NDArray[np.bool_]:
        return np.stack([slices[index] for index in nearest[layers]])

    return layer_blocks(gapped, fill, block_voxels)


@register("linear")
def fill_linear(gapped: GappedVolume) -> NDArray[np.bool_]:
    """Interpolate linearly between the two neighbouring slices and threshold at one half.

    Returns
    -------
    (M, Y, X) bool
        The missing layers.
    """
    return linear_blocks(gapped).all()


@register_blocks("linear")
def linear_blocks(gapped: GappedVolume, block_voxels: int = BLOCK_VOXELS) -> Blocks:
    """Return the blocks of `fill_linear`."""
    positions, slices = gapped.samples()
    weights = linear_weights(positions, gapped.missing_layers)

    def fill(layers: slice) -> NDArray[np.bool_]:
        # Every layer has two slices: leaving the others out of the sum changes no bit of it.
        near = window(weights[layers])
        block = np.stack([slices[index] for index in range(near.start, near.stop)])
        return threshold(apply_weights(weights[layers, near], block))

    return layer_blocks(gapped, fill, block_voxels)
