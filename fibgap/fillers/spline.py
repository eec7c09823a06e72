"""The cubic-spline filler (CS)."""

import numpy as np
from numpy.typing import NDArray

from fibgap.fillers import register
from fibgap.fillers.blocks import Blocks, register_blocks
from fibgap.fillers.interpolation import apply_weights, spline_weights, threshold, well_apart
from fibgap.stack import GappedVolume


@register("cubic_spline")
def fill_cubic_spline(gapped: GappedVolume, block_voxels: int = 2**27) -> NDArray[np.bool_]:
    """Interpolate every voxel column by a cubic spline and threshold at one half.

    Parameters
    ----------
    gapped : GappedVolume
        Known layers and their places.
    block_voxels : int
        How many values are held at once; blocks are cut along y and change no result.

    Returns
    -------
    (M, Y, X) bool
        The missing layers.

    Notes
    -----
    ASSUME: not-a-knot ends, through all slices; the supplement says "cubic splines". Of slices
    less than a tenth of a voxel apart one is used, see `well_apart`.
    """
    return cubic_spline_blocks(gapped, block_voxels).all()


@register_blocks("cubic_spline")
def cubic_spline_blocks(gapped: GappedVolume, block_voxels: int = 2**27) -> Blocks:
    """Return the blocks of `fill_cubic_spline`: some rows of all layers."""
    missing = gapped.missing_layers
    positions, slices = gapped.samples()
    kept = well_apart(positions)
    if len(kept) < len(positions):
        positions, slices = positions[kept], slices.take(kept, axis=0)
    weights = spline_weights(positions, missing)
    _, n_y, n_x = gapped.shape
    rows = max(1, block_voxels // (gapped.n_layers * n_x))

    def fill(_: slice, part: slice) -> NDArray[np.bool_]:
        return threshold(apply_weights(weights, slices[:, part]))

    every = slice(0, len(missing))
    parts = [(every, slice(start, min(start + rows, n_y))) for start in range(0, n_y, rows)]
    return Blocks((len(missing), n_y, n_x), tuple(parts), fill)
