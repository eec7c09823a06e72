"""The distance to the interfaces in a slice, which fillers interpolate along z."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

#: An interpolated distance of 0 is solid. The margin makes a tie a tie in both directions along z,
#: in spite of rounding.
TIE = 1e-4
#: Largest distance that counts, in mean gaps between known layers.
SATURATION = 1.25
#: Limit whose squares are whole numbers of 16 bits.
_LONGEST = 100


def signed_distance(image: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance to the outline of the solid in one slice, positive inside.

    Parameters
    ----------
    image : (Y, X) bool
        Solid = True.

    Returns
    -------
    (Y, X) float32
        Euclidean distance in voxels to the pixel edge between solid and pore; a slice with only
        one phase is as far from an outline as its own diagonal.

    Examples
    --------
    >>> signed_distance(np.array([[1, 1, 0, 0]], dtype=bool)).tolist()
    [[1.5, 0.5, -0.5, -1.5]]
    """
    if image.all() or not image.any():
        reach = float(np.hypot(*image.shape))
        return np.full(image.shape, reach if image.all() else -reach, dtype=np.float32)
    inside = distance_transform_edt(image)
    outside = distance_transform_edt(~image)
    return np.where(image, inside - 0.5, 0.5 - outside).astype(np.float32)


def _squared(near: NDArray[np.bool_], reach: int) -> NDArray[np.uint16]:
    """Return the squared distance to the nearest pixel that is near, exact up to a reach."""
    along = np.where(near, 0, reach + 1).astype(np.uint16)
    step = 1
    while step <= reach:  # so far all distances below `step` are found
        before = along.copy()
        np.minimum(along[:, step:], before[:, :-step] + step, out=along[:, step:])
        np.minimum(along[:, :-step], before[:, step:] + step, out=along[:, :-step])
        step *= 2
    along *= along
    squared = along.copy()
    for step in range(1, min(reach + 1, len(along))):
        np.minimum(squared[step:], along[:-step] + step**2, out=squared[step:])
        np.minimum(squared[:-step], along[step:] + step**2, out=squared[:-step])
    return squared


def clipped_distance(image: NDArray[np.bool_], limit: float) -> NDArray[np.float32]:
    """Return `signed_distance` as far as a limit, to the same bit, which is found sooner.

    Parameters
    ----------
    image : (Y, X) bool
        Solid = True.
    limit : float
        Largest distance in voxels that counts.

    Returns
    -------
    (Y, X) float32
        Distances in voxels, from -limit to limit.

    Examples
    --------
    >>> clipped_distance(np.array([[1, 1, 1, 0, 0]], dtype=bool), 2).tolist()
    [[2.0, 1.5, 0.5, -0.5, -1.5]]
    """
    if image.all() or not image.any() or limit > _LONGEST:
        return np.clip(signed_distance(image), -limit, limit)
    reach = int(np.ceil(limit + 0.5))
    squared = _squared(~image, reach) + _squared(image, reach)
    # Beyond the reach squares are of what was found so far; all of them lie above the limit.
    table = np.minimum(np.sqrt(np.arange(int(squared.max()) + 1)) - 0.5, limit).astype(np.float32)
    distance = table[squared]
    return np.where(image, distance, -distance)
