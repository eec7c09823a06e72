"""Fillers that look at the two neighbouring slices, voxel by voxel."""

import numpy as np
from numpy.typing import NDArray

from fibgap.fillers import register
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
    positions, slices = gapped.samples()
    missing = gapped.missing_layers
    above = np.searchsorted(positions, missing)
    below = above - 1
    # A part in 10^9 of a voxel makes a tie in decimals a tie.
    take_lower = missing - positions[below] <= positions[above] - missing + 1e-9
    return slices[np.where(take_lower, below, above)]


@register("linear")
def fill_linear(gapped: GappedVolume) -> NDArray[np.bool_]:
    """Interpolate linearly between the two neighbouring slices and threshold at one half.

    Returns
    -------
    (M, Y, X) bool
        The missing layers.
    """
    positions, slices = gapped.samples()
    weights = linear_weights(positions, gapped.missing_layers)
    return threshold(apply_weights(weights, slices))
