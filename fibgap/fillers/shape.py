"""The shape-based filler: linear interpolation of signed distances."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from fibgap.fillers import register
from fibgap.fillers.interpolation import apply_weights, linear_weights
from fibgap.stack import GappedVolume


def signed_distance(image: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance to the outline of the gold in one slice, positive inside.

    Parameters
    ----------
    image : (Y, X) bool
        Gold = True.

    Returns
    -------
    (Y, X) float32
        Euclidean distance in voxels to the pixel edge between gold and pore; a slice with only
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


@register("shape_based")
def fill_shape_based(gapped: GappedVolume) -> NDArray[np.bool_]:
    """Interpolate signed distances linearly between the two neighbouring slices.

    Returns
    -------
    (M, Y, X) bool
        The missing layers, gold where the distance is not negative.

    Notes
    -----
    Raya and Udupa, IEEE Trans. Med. Imaging 9, 32, 1990.
    """
    positions, slices = gapped.samples()
    missing = gapped.missing_layers
    filled = np.empty((len(missing), *gapped.shape[1:]), dtype=np.bool_)
    lower = signed_distance(slices[0])
    for index in range(1, len(positions)):
        upper = signed_distance(slices[index])
        pair = positions[index - 1 : index + 1]
        part = slice(*np.searchsorted(missing, pair))
        distances = apply_weights(linear_weights(pair, missing[part]), np.stack([lower, upper]))
        # The margin makes a tie a tie in both directions along z, in spite of rounding.
        filled[part] = distances >= -1e-4
        lower = upper
    return filled
