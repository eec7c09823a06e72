"""Fillers that look at the two neighbouring slices, voxel by voxel."""

import numpy as np
from numpy.typing import NDArray

from fibgap.fillers import register
from fibgap.fillers.interpolation import apply_weights, linear_weights, threshold
from fibgap.stack import GappedVolume


@register("nearest")
def fill_nearest(gapped: GappedVolume) -> NDArray[np.bool_]:
    """Copy the nearest known layer; a tie goes to the lower layer (NN).

    Returns
    -------
    (M, Y, X) bool
        The missing layers.

    Notes
    -----
    ASSUME: of two equally near layers the one with the lower index is copied.
    """
    missing = gapped.missing_layers
    above = np.searchsorted(gapped.layers, missing)
    below = above - 1
    take_lower = missing - gapped.layers[below] <= gapped.layers[above] - missing
    return gapped.slices[np.where(take_lower, below, above)]


@register("linear")
def fill_linear(gapped: GappedVolume) -> NDArray[np.bool_]:
    """Interpolate linearly between the two neighbouring slices and threshold at one half.

    Returns
    -------
    (M, Y, X) bool
        The missing layers.
    """
    weights = linear_weights(gapped.layers, gapped.missing_layers)
    return threshold(apply_weights(weights, gapped.slices))
