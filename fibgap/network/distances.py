"""What a network that corrects distances sees of a stack, and where it is not asked."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import FibgapWarning
from fibgap.fillers.distance import SATURATION, TIE, clipped_distance
from fibgap.fillers.interpolation import well_apart
from fibgap.stack import GappedVolume

#: Distance in voxels at which the input of a network begins to saturate: it is ``tanh(d / 4)``.
SCALE = 4.0
#: Largest distance in voxels that counts in the logit to which a network adds its correction.
BASE = 8.0
#: Distances are compared with room for their rounding.
_ROUNDING = 1e-3


def row_gaps(known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how far the two known rows around each missing row are apart, 0 in known rows.

    Parameters
    ----------
    known : (..., R) bool
        Known rows, the first and the last among them.

    Examples
    --------
    >>> row_gaps(np.array([True, False, True, False, False, True])).tolist()
    [0, 2, 0, 3, 3, 0]
    """
    place = np.broadcast_to(np.arange(known.shape[-1]), known.shape)
    below = np.maximum.accumulate(np.where(known, place, 0), axis=-1)
    beyond = np.where(known, place, known.shape[-1])[..., ::-1]
    above = np.minimum.accumulate(beyond, axis=-1)[..., ::-1]
    return np.asarray(above - below)


def largest_distance(known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the distance in voxels that counts at most, by the known rows (..., R).

    Examples
    --------
    >>> float(largest_distance(np.array([True, False, False, False, True])))
    5.0
    """
    return np.asarray(SATURATION * (known.shape[-1] - 1) / (known.sum(axis=-1) - 1))


def widest_gap(training: Mapping[str, Any]) -> float:
    """Return the widest gap in voxels that a training had much of.

    Parameters
    ----------
    training : mapping
        What weights remember, see `fibgap.network.weights`. Weights that remember nothing have
        no such limit.

    Returns
    -------
    float
        The largest mean of its millings and twice their largest standard deviation.

    Examples
    --------
    >>> millings = {"mean_nm": [2.5, 25], "relative_sd": [0, 0.5]}
    >>> widest_gap({"millings": millings, "voxel_nm": 2.5}), widest_gap({})
    (20.0, inf)
    """
    if not {"millings", "voxel_nm"} <= training.keys():
        return float("inf")
    millings = training["millings"]
    mean = millings["mean_nm"][1] / training["voxel_nm"]
    return float(mean * (1 + 2 * millings["relative_sd"][1]))


def reach(known: NDArray[np.bool_], widest: float = np.inf) -> NDArray[np.float64]:
    """Return from which distance on two slices decide about a row between them, if they agree.

    It is the gap between the two, less half a pixel from an outline to the next pixel. A gap far
    wider than the mean has less: beyond `largest_distance` there is nothing to be seen.

    Parameters
    ----------
    known : (R,) bool
        Known rows, the first and the last among them.
    widest : float
        Gap in voxels beyond which a network knows nothing.

    Returns
    -------
    (R,) float64
        Distances in voxels, 0 in gaps that are too wide: there slices decide everywhere.

    Warns
    -----
    FibgapWarning
        If there is such a gap.
    """
    gaps = row_gaps(known)
    too_wide = gaps > widest
    if too_wide.any():
        warnings.warn(
            f"gaps of up to {gaps.max()} voxels are wider than the {widest:g} that this network "
            "was trained on: there the interpolated distance decides alone.",
            FibgapWarning,
            stacklevel=2,
        )
    return np.where(too_wide, 0.0, np.minimum(gaps - 0.5, largest_distance(known)) - _ROUNDING)


def rows_beside(
    positions: NDArray[np.float64] | NDArray[np.int64], rows: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which slice lies at or below each of so many rows, and which at or above.

    Examples
    --------
    >>> below, above = rows_beside(np.array([0.0, 2.2, 4.0]), 5)
    >>> below.tolist(), above.tolist()
    ([0, 0, 0, 1, 2], [0, 1, 1, 2, 2])
    """
    row = np.arange(rows)
    above = np.minimum(np.searchsorted(positions, row), len(positions) - 1)
    return np.where(positions[above] > row, np.maximum(above - 1, 0), above), above


def slice_distances(
    gapped: GappedVolume,
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the distances that are interpolated between the slices of a gapped volume.

    Parameters
    ----------
    gapped : GappedVolume
        Known layers and their places.

    Returns
    -------
    positions : (K,) float64
        Where the slices lie, in voxels from layer 0.
    distances : (K, Y, X) float32
        Distance in voxels to the outline of the solid in each slice, positive inside, as far as
        it counts, see `largest_distance`.
    """
    positions, slices = gapped.samples()
    kept = well_apart(positions)
    limit = float(largest_distance(gapped.known))
    distances = np.empty((len(kept), *slices.shape[1:]), dtype=np.float32)
    for row, index in enumerate(kept):
        distances[row] = clipped_distance(slices[index], limit)
    return positions[kept], distances


def seen(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return interpolated distances as a network sees them."""
    return np.asarray(np.tanh(distances / SCALE), dtype=np.float32)


def base(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the logit to which a network adds its correction."""
    return np.clip(distances, -BASE, BASE)


def probability(
    logits: NDArray[np.float32],
    distances: NDArray[np.float32],
    below: NDArray[np.float32],
    above: NDArray[np.float32],
    reaches: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Return the probability of solid, which is that of a network near the interface alone.

    Parameters
    ----------
    logits, distances : (B, Z, W) float32
        Output of the network, and interpolated distances in voxels.
    below, above : (B, Z, W) float32
        The distances in the slices beside each row.
    reaches : (Z,) float64
        From `reach`.

    Returns
    -------
    (B, Z, W) float32
        0 or 1 where the slices decide: where both are as far from their outlines as `reaches`
        says, on the same side.

    Examples
    --------
    >>> logits, distances = np.zeros((2, 1, 1, 3), np.float32)
    >>> below = np.array([[[-2, 1, 3]]], np.float32)
    >>> probability(logits, distances, below, below + 1, np.array([1.5])).tolist()
    [[[0.5, 0.5, 1.0]]]
    """
    # A logit of 30 is 1 in single precision; larger ones would overflow on the other side.
    values = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    both = np.maximum(np.minimum(below, above), 0) + np.minimum(np.maximum(below, above), 0)
    decided = np.abs(both) >= reaches[None, :, None]
    solid = np.where(both == 0, distances >= -TIE, both > 0)
    return np.where(decided, solid, values).astype(np.float32)
