"""What a volume must be before it is measured."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError
from fibgap.stack import require_binary


def as_volume(volume: ArrayLike) -> NDArray[np.bool_]:
    """Return a volume as bool after checking that it can be measured.

    Parameters
    ----------
    volume : (Z, Y, X) array_like
        Bool, or numbers that are all 0 or 1.

    Returns
    -------
    (Z, Y, X) bool
        Solid = True.

    Raises
    ------
    InputError
        If the array is not binary, not three-dimensional, or without voxels.
    """
    solid = require_binary(volume, "volume")
    if solid.ndim != 3:
        raise InputError(f"volume must be three-dimensional, but its shape is {solid.shape}.")
    if not solid.size:
        raise InputError(f"volume has no voxels: its shape is {solid.shape}.")
    return solid
