"""The filler that interpolates signed distances by a cubic spline."""

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers import register
from fibgap.fillers.blocks import Blocks, layer_blocks, register_blocks, window
from fibgap.fillers.distance import SATURATION, TIE, clipped_distance
from fibgap.fillers.interpolation import apply_weights, spline_weights, well_apart
from fibgap.stack import GappedVolume

#: Weights of slices that are left out. They fall by a factor of about 0.27 from slice to slice, so
#: all of them together move a distance by less than 10^-6 voxels: far less than `TIE`.
_NEGLIGIBLE = 1e-8
#: Layers that are filled at once, so that distances are not read anew for each of them.
_LEAST_LAYERS = 8


@register("signed_distance_spline")
def fill_signed_distance_spline(
    gapped: GappedVolume, saturation: float = SATURATION, block_voxels: int = 2**22
) -> NDArray[np.bool_]:
    """Interpolate the distance to the interface in each slice by a cubic spline along z.

    Parameters
    ----------
    gapped : GappedVolume
        Known layers and their places.
    saturation : float
        Largest distance that counts, in mean gaps between known layers; ``numpy.inf`` for none.
    block_voxels : int
        How many values are held at once, besides the distances of some 30 slices.

    Returns
    -------
    (M, Y, X) bool
        The missing layers, solid where the distance is not negative.

    Raises
    ------
    InputError
        If `saturation` is not positive.

    Notes
    -----
    Distances are those of `fibgap.fillers.distance.signed_distance`; the spline is not-a-knot
    through all slices. Far from its interfaces a slice knows nothing about the layers beside it,
    so distances are cut at `saturation`. An object that a slice shows and the next one does not
    has that distance in the next one: it tapers, and ends half-way where it is as deep as that,
    earlier where it is smaller. docs/method.md has the comparison behind the default.

    Examples
    --------
    >>> slices = np.array([[[1, 1, 0, 0, 0]], [[1, 1, 1, 1, 0]]], dtype=bool)
    >>> gapped = GappedVolume(slices, np.array([0, 2]), 2.5, 0, 2.5, 2)
    >>> fill_signed_distance_spline(gapped).astype(int).tolist()
    [[[1, 1, 1, 0, 0]]]
    """
    return distance_spline_blocks(gapped, saturation, block_voxels).all()


@register_blocks("signed_distance_spline")
def distance_spline_blocks(
    gapped: GappedVolume, saturation: float = 1.25, block_voxels: int = 2**22
) -> Blocks:
    """Return the blocks of `fill_signed_distance_spline`, which keep distances they share."""
    if not saturation > 0:
        raise InputError(f"saturation must be positive, but is {saturation}.")
    limit = saturation * (gapped.n_layers - 1) / (len(gapped.layers) - 1)
    positions, slices = gapped.samples()
    kept = well_apart(positions)
    weights = spline_weights(positions[kept], gapped.missing_layers)
    weights[np.abs(weights) < _NEGLIGIBLE] = 0
    _, n_y, n_x = gapped.shape
    distances: dict[int, NDArray[np.float32]] = {}

    def fill(layers: slice) -> NDArray[np.bool_]:
        near = window(weights[layers])
        for old in [each for each in distances if not near.start <= each < near.stop]:
            del distances[old]
        for index in range(near.start, near.stop):
            if index not in distances:
                distances[index] = clipped_distance(slices[kept[index]], limit)
        block = weights[layers, near]
        filled = np.empty((len(block), n_y, n_x), dtype=np.bool_)
        rows = max(1, block_voxels // (n_x * (block.shape[0] + block.shape[1])))
        for first in range(0, n_y, rows):
            part = slice(first, first + rows)
            columns = np.stack([distances[index][part] for index in range(near.start, near.stop)])
            filled[:, part] = apply_weights(block, columns) >= -TIE
        return filled

    return layer_blocks(gapped, fill, block_voxels, least=_LEAST_LAYERS)
