"""What the network of gaps sees of the slices around a gap, and what becomes of what it says."""

import numpy as np
from numpy.typing import NDArray

from fibgap.fillers.interpolation import spline_weights
from fibgap.network import distances
from fibgap.network.gaps.architecture import ANCHORS, BESIDE, PLACES

#: Slices on each side of a gap from which the distances in it are interpolated.
WINDOW = 7
#: Largest distance in voxels that the network sees of a slice.
FARTHEST = 16.0
#: Distance in voxels between slices at which what it sees of that begins to saturate.
SPACING = 8.0
#: The channels of what is seen, in the order in which they are seen from behind.
FROM_BEHIND = np.concatenate(
    [
        np.arange(2 * BESIDE)[::-1],
        2 * BESIDE + np.arange(len(PLACES))[::-1],
        [2 * BESIDE + len(PLACES)],
        2 * BESIDE + len(PLACES) + 1 + np.arange(2 * BESIDE - 1)[::-1],
    ]
)


def window(lower: int, count: int) -> slice:
    """Return the slices from which a gap is interpolated.

    Parameters
    ----------
    lower : int
        The slice below the gap, of so many slices.
    count : int
        How many there are.

    Examples
    --------
    >>> window(2, 40), window(20, 40)
    (slice(0, 10, None), slice(14, 28, None))
    """
    return slice(max(0, lower - WINDOW + 1), min(count, lower + WINDOW + 1))


def beside(lower: int, count: int) -> NDArray[np.int64]:
    """Return the slices that are seen of a gap; beyond the first and the last one, that one again.

    Examples
    --------
    >>> beside(0, 9).tolist(), beside(4, 9).tolist()
    ([0, 0, 0, 1, 2, 3], [2, 3, 4, 5, 6, 7])
    """
    return np.clip(np.arange(lower - BESIDE + 1, lower + BESIDE + 1), 0, count - 1)


def interpolation(
    positions: NDArray[np.float64], lower: int, places: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the weights of slices at places in a gap.

    Parameters
    ----------
    positions : (K,) float64
        Where the slices of its window lie, in voxels.
    lower : int
        Which of these lies below the gap.
    places : (N,) float64
        Where distances are wanted, in voxels.

    Returns
    -------
    (len(PLACES) + N, K) float32
        Those of `PLACES` first.
    """
    gap = positions[lower + 1] - positions[lower]
    wanted = np.concatenate([positions[lower] + gap * np.array(PLACES), places])
    return spline_weights(positions, wanted)


def seen(
    slices: NDArray[np.float32], middle: NDArray[np.float32], positions: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return what the network sees of a gap.

    Parameters
    ----------
    slices : (2 BESIDE, Y, X) float32
        Distances in the slices `beside` the gap, in voxels.
    middle : (len(PLACES), Y, X) float32
        Interpolated ones at `PLACES`.
    positions : (2 BESIDE,) float64
        Where the slices lie, in voxels.

    Returns
    -------
    (C, Y, X) float32
        The input channels, see `fibgap.network.gaps.architecture.GapArchitecture`.
    """
    apart = np.tanh(np.diff(positions) / SPACING).astype(np.float32)
    parts = [
        distances.seen(slices),
        distances.seen(middle),
        np.tanh(middle[[len(middle) // 2]]),
        np.broadcast_to(apart[:, None, None], (len(apart), *slices.shape[1:])),
    ]
    return np.concatenate(parts)


def hats(places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return how much the correction at each anchor counts at places in a gap.

    Parameters
    ----------
    places : (N,) float64
        From 0, the slice below, to 1, the slice above. There nothing is corrected.

    Returns
    -------
    (N, ANCHORS) float32

    Examples
    --------
    >>> hats(np.array([0.0, 0.0625, 0.5]))[:, [0, 1, 3]].tolist()
    [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    anchors = np.arange(1, ANCHORS + 1)
    return np.maximum(0, 1 - np.abs((ANCHORS + 1) * places[:, None] - anchors)).astype(np.float32)
