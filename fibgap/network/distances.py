"""What a network that corrects distances sees of a stack, and where it is not asked."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import FibgapWarning
from fibgap.fillers.distance import SATURATION, TIE, signed_distance
from fibgap.fillers.interpolation import well_apart
from fibgap.stack import GappedVolume

#: Distance in voxels at which the input of a network begins to saturate: it is ``tanh(d / 4)``.
SCALE = 4.0
#: Largest distance in voxels that counts in the logit to which a network adds its correction.
BASE = 8.0
#: Distances in the slices are interpolated where they are smaller than `SATURATION` mean gaps. The
#: spline of values at that limit stays within 4 % of it where a network is to be left out.
_DECIDED = 0.96


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
    """Return the interpolated distance in voxels beyond which its sign decides, for each row.

    It is the gap between the slices beside a row. A gap far wider than the mean has less: beyond
    `largest_distance` there is nothing to be seen.

    Parameters
    ----------
    known : (R,) bool
        Known rows, the first and the last among them.
    widest : float
        Gap in voxels beyond which a network knows nothing.

    Returns
    -------
    (R,) float64
        0 in known rows, and in gaps that are too wide: there the sign decides everywhere.

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
    return np.where(too_wide, 0.0, np.minimum(gaps, _DECIDED * largest_distance(known)))


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
    limit = largest_distance(gapped.known)
    distances = np.empty((len(kept), *slices.shape[1:]), dtype=np.float32)
    for row, index in enumerate(kept):
        np.clip(signed_distance(slices[index]), -limit, limit, out=distances[row])
    return positions[kept], distances


def seen(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return interpolated distances as a network sees them."""
    return np.asarray(np.tanh(distances / SCALE), dtype=np.float32)


def base(distances: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the logit to which a network adds its correction."""
    return np.clip(distances, -BASE, BASE)


def probability(
    logits: NDArray[np.float32], distances: NDArray[np.float32], reaches: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the probability of solid, which is that of a network near the interface alone.

    Parameters
    ----------
    logits, distances : (B, Z, W) float32
        Output of the network, and interpolated distances in voxels.
    reaches : (Z,) float64
        From `reach`: beyond, the sign of the distance decides.

    Returns
    -------
    (B, Z, W) float32
        0 or 1 where the sign decides.

    Examples
    --------
    >>> logits, distances = np.zeros((2, 1, 1, 3), np.float32)
    >>> distances[...] = [-2, 1, 3]
    >>> probability(logits, distances, np.array([1.5])).tolist()
    [[[0.0, 0.5, 1.0]]]
    """
    # A logit of 30 is 1 in single precision; larger ones would overflow on the other side.
    values = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    far = np.abs(distances) > reaches[None, :, None]
    return np.where(far, distances >= -TIE, values).astype(np.float32)
