"""Comparison with the true volume, voxel by voxel, in the filled layers only."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError
from fibgap.on_disk import on_disk
from fibgap.stack import require_binary


def voxel_error(filled: ArrayLike, truth: ArrayLike, missing_layers: ArrayLike) -> float:
    """Return the fraction of misclassified voxels in the layers that were filled.

    Parameters
    ----------
    filled : (Z, Y, X) bool
        Rebuilt volume, solid = True.
    truth : (Z, Y, X) bool
        True volume on the same grid.
    missing_layers : (M,) int
        Indices of the layers that were missing and have been filled.

    Returns
    -------
    float
        From 0, none misclassified, to 1, all of them; NaN if no layer was missing.

    Raises
    ------
    InputError
        If the shapes do not fit together or a volume is not binary.

    Notes
    -----
    Known layers are copied through unchanged; counting them would flatter volumes with few gaps.

    Examples
    --------
    >>> filled = np.array([1, 1, 0, 0]).reshape(4, 1, 1)
    >>> truth = np.array([0, 1, 1, 0]).reshape(4, 1, 1)
    >>> voxel_error(filled, truth, [1, 2])
    0.5
    """
    ours, true = _filled_layers(filled, truth, missing_layers)
    return float(np.count_nonzero(ours != true)) / ours.size if ours.size else float("nan")


def dice(filled: ArrayLike, truth: ArrayLike, missing_layers: ArrayLike) -> float:
    """Return the Dice overlap of the solid in the layers that were filled.

    Parameters
    ----------
    filled : (Z, Y, X) bool
        Rebuilt volume, solid = True.
    truth : (Z, Y, X) bool
        True volume on the same grid.
    missing_layers : (M,) int
        Indices of the layers that were missing and have been filled.

    Returns
    -------
    float
        From 0, nothing in common, to 1, the same solid; NaN if no layer was missing or neither
        volume is solid anywhere in these layers.

    Raises
    ------
    InputError
        If the shapes do not fit together or a volume is not binary.

    Notes
    -----
    ``2 |A and B| / (|A| + |B|)`` (Dice, Ecology 26, 297, 1945).

    Examples
    --------
    >>> filled = np.array([1, 1, 0, 0]).reshape(4, 1, 1)
    >>> truth = np.array([0, 1, 1, 0]).reshape(4, 1, 1)
    >>> dice(filled, truth, [1, 2, 3])
    0.666666...
    """
    ours, true = _filled_layers(filled, truth, missing_layers)
    solid = int(np.count_nonzero(ours)) + int(np.count_nonzero(true))
    return 2 * int(np.count_nonzero(ours & true)) / solid if solid else float("nan")


def solid_fraction(volume: ArrayLike) -> float:
    """Return the fraction of voxels that are solid.

    Parameters
    ----------
    volume : (Z, Y, X) bool
        Solid = True.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    InputError
        If the volume is not binary or has no voxels.

    Examples
    --------
    >>> solid_fraction([[[1, 0], [0, 0]]])
    0.25
    """
    solid = require_binary(volume, "volume")
    if not solid.size:
        raise InputError(f"volume has no voxels: its shape is {solid.shape}.")
    if on_disk(solid):
        return float(solid.mean())
    return int(np.count_nonzero(solid)) / solid.size


def _filled_layers(
    filled: ArrayLike, truth: ArrayLike, missing_layers: ArrayLike
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the layers of both volumes that were missing."""
    ours, true = require_binary(filled, "filled"), require_binary(truth, "truth")
    if ours.ndim != 3 or ours.shape != true.shape:
        raise InputError(
            f"filled and truth must be volumes of one shape, but have {ours.shape} and "
            f"{true.shape}."
        )
    missing = np.asarray(missing_layers)
    if missing.size == 0:
        return ours[:0], true[:0]
    if missing.ndim != 1 or missing.dtype.kind not in "iu":
        raise InputError(
            f"missing_layers must be indices of layers, but is {missing.dtype} of shape "
            f"{missing.shape}."
        )
    if missing.min() < 0 or missing.max() >= len(ours) or len(np.unique(missing)) < len(missing):
        raise InputError(
            f"missing_layers must be different indices from 0 to {len(ours) - 1}, but is "
            f"{missing.tolist()}."
        )
    return ours[missing], true[missing]
