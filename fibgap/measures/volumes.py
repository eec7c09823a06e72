"""What a volume must be before it is measured."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fibgap.errors import InputError


def as_binary(volume: ArrayLike, name: str = "volume") -> NDArray[np.bool_]:
    """Return an array of 0 and 1 as bool, without a copy where it is bool already.

    Parameters
    ----------
    volume : array_like
        Bool, or numbers that are all 0 or 1; any shape.
    name : str
        How error messages call the array.

    Returns
    -------
    ndarray of bool
        Same shape, solid = True.

    Raises
    ------
    InputError
        If the array holds NaN, another value than 0 and 1, or no numbers at all.

    Examples
    --------
    >>> as_binary([0, 1, 1]).tolist()
    [False, True, True]
    """
    array = np.asarray(volume)
    if array.dtype == np.bool_:
        return array
    if array.dtype.kind not in "iuf":
        raise InputError(f"{name} must be bool or hold 0 and 1, but its type is {array.dtype}.")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise InputError(f"{name} holds {np.count_nonzero(np.isnan(array))} NaN voxels.")
    solid = array == 1
    strange = array[~solid & (array != 0)]
    if strange.size:
        raise InputError(f"{name} must hold 0 and 1 only, but holds {strange[0]}.")
    return solid


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
    solid = as_binary(volume)
    if solid.ndim != 3:
        raise InputError(f"volume must be three-dimensional, but its shape is {solid.shape}.")
    if not solid.size:
        raise InputError(f"volume has no voxels: its shape is {solid.shape}.")
    return solid
