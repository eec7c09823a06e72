"""The filler that interpolates signed distances by a cubic spline."""

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.fillers import register
from fibgap.fillers.distance import SATURATION, TIE, signed_distance
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
    if not saturation > 0:
        raise InputError(f"saturation must be positive, but is {saturation}.")
    limit = saturation * (gapped.n_layers - 1) / (len(gapped.layers) - 1)
    positions, slices = gapped.samples()
    kept = well_apart(positions)
    missing = gapped.missing_layers
    weights = spline_weights(positions[kept], missing)
    weights[np.abs(weights) < _NEGLIGIBLE] = 0
    _, n_y, n_x = gapped.shape
    at_once = max(_LEAST_LAYERS, block_voxels // (n_y * n_x))
    filled = np.empty((len(missing), n_y, n_x), dtype=np.bool_)
    distances: dict[int, NDArray[np.float32]] = {}
    for start in range(0, len(missing), at_once):
        block = weights[start : start + at_once]
        used = np.flatnonzero(block.any(axis=0))
        window = range(int(used[0]), int(used[-1]) + 1)
        distances = {
            index: distances[index]
            if index in distances
            else np.clip(signed_distance(slices[kept[index]]), -limit, limit)
            for index in window
        }
        rows = max(1, block_voxels // (n_x * (len(window) + len(block))))
        for first in range(0, n_y, rows):
            part = slice(first, first + rows)
            columns = np.stack([distances[index][part] for index in window])
            values = apply_weights(block[:, window.start : window.stop], columns)
            filled[start : start + at_once, part] = values >= -TIE
    return filled
