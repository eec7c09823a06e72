"""The cubic-spline filler (CS)."""

import numpy as np
from numpy.typing import NDArray

from fibgap.fillers import register
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
    missing = gapped.missing_layers
    positions, slices = gapped.samples()
    kept = well_apart(positions)
    if len(kept) < len(positions):
        positions, slices = positions[kept], slices[kept]
    weights = spline_weights(positions, missing)
    _, n_y, n_x = gapped.shape
    rows = max(1, block_voxels // (gapped.n_layers * n_x))
    filled = np.empty((len(missing), n_y, n_x), dtype=np.bool_)
    for start in range(0, n_y, rows):
        part = slice(start, start + rows)
        filled[:, part] = threshold(apply_weights(weights, slices[:, part]))
    return filled
