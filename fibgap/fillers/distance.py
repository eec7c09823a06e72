"""The distance to the interfaces in a slice, which fillers interpolate along z."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

#: An interpolated distance of 0 is solid. The margin makes a tie a tie in both directions along z,
#: in spite of rounding.
TIE = 1e-4
#: Largest distance that counts, in mean gaps between known layers.
SATURATION = 1.25


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
