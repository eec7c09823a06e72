"""What a network that corrects distances sees of a stack, and where it is not asked."""

import numpy as np
from numpy.typing import NDArray

from fibgap.fillers.distance import SATURATION

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


def reach(known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the interpolated distance in voxels beyond which its sign decides, for each row.

    It is the gap between the slices beside a row. A gap far wider than the mean has less: beyond
    `largest_distance` there is nothing to be seen.

    Parameters
    ----------
    known : (R,) bool
        Known rows, the first and the last among them.

    Returns
    -------
    (R,) float64
        0 in known rows.
    """
    return np.minimum(row_gaps(known), _DECIDED * largest_distance(known))
