"""Interpolation across layers as a matrix: weights of the known layers for each wanted one."""

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

#: ASSUME: an interpolated value of one half is solid. The margin is far above rounding in float32
#: and far below any other value that weights of small integer distances give, so that a tie is a
#: tie on every machine and in both directions along z.
GOLD_FROM = 0.5 - 1e-5


def linear_weights(
    known: NDArray[np.int64] | NDArray[np.float64], wanted: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the weights of linear interpolation.

    Parameters
    ----------
    known : (N,) int or float
        Increasing positions with values, in voxels from layer 0.
    wanted : (M,) int
        Layer indices between the first and the last known one.

    Returns
    -------
    (M, N) float32
        Rows sum to 1.

    Examples
    --------
    >>> linear_weights(np.array([0, 4]), np.array([1, 4])).tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    identity = np.eye(len(known))
    rows = [np.interp(wanted, known, column) for column in identity]
    return np.stack(rows, axis=1).astype(np.float32)


def well_apart(positions: NDArray[np.float64], least: float = 0.1) -> NDArray[np.int64]:
    """Return which positions lie at least so many voxels after the one kept before.

    Notes
    -----
    Two slices that nearly coincide but differ in a voxel give a spline a slope without bound, and
    weights whose rounding shows. A tenth of a voxel is far below what a depth can be known to.

    Examples
    --------
    >>> well_apart(np.array([0.0, 3.0, 3.02, 3.1, 7.0])).tolist()
    [0, 1, 3, 4]
    """
    kept = [0]
    for index in range(1, len(positions)):
        # A part in 10^9 of a voxel keeps 3.1 - 3.0 at a tenth.
        if positions[index] - positions[kept[-1]] >= least - 1e-9:
            kept.append(index)
    return np.array(kept)


def spline_weights(
    known: NDArray[np.int64] | NDArray[np.float64], wanted: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the weights of the not-a-knot cubic spline through all known layers.

    Parameters
    ----------
    known : (N,) int or float
        Increasing positions with values, in voxels from layer 0, at least 2 (a line, 3: a
        parabola).
    wanted : (M,) int
        Layer indices between the first and the last known one.

    Returns
    -------
    (M, N) float32
        Rows sum to 1; the row of a known layer is a unit vector.

    Notes
    -----
    A spline is linear in its values, so the spline of every voxel column at once is one product
    of this matrix with the stack.

    Examples
    --------
    >>> spline_weights(np.array([0, 2, 4, 6]), np.array([1])).tolist()
    [[0.3125, 0.9375, -0.3125, 0.0625]]
    """
    spline = CubicSpline(known, np.eye(len(known)), bc_type="not-a-knot")
    weights = spline(wanted)
    exact = np.searchsorted(known, wanted)
    hit = (exact < len(known)) & (known[np.minimum(exact, len(known) - 1)] == wanted)
    weights[hit] = np.eye(len(known))[exact[hit]]
    return np.asarray(weights, dtype=np.float32)


def apply_weights(
    weights: NDArray[np.float32], slices: NDArray[np.bool_] | NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return weighted sums of slices, shape (M, Y, X) float32, as one matrix product."""
    flat = slices.reshape(len(slices), -1).astype(np.float32)
    with np.errstate(invalid="ignore"):  # BLAS may look at what lies beside small matrices
        return (weights @ flat).reshape(len(weights), *slices.shape[1:])


def threshold(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where interpolated values are solid: at one half and above, see `GOLD_FROM`."""
    return values >= np.float32(GOLD_FROM)
