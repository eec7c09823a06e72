"""Depths from a ruler and from images together."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_banded
from scipy.optimize import lsq_linear

from fibgap.depths.from_images import Thickness
from fibgap.depths.result import Depths
from fibgap.errors import InputError

#: The least distance between slices where order has to be kept, as a share of the mean thickness.
_CLOSEST = 0.01


def fuse_depths(
    readings_nm: ArrayLike, sd_nm: ArrayLike, thickness: Thickness, voxel_nm: float
) -> Depths:
    """Return the depths that agree best with a ruler's readings and with the images.

    Parameters
    ----------
    readings_nm : (N,) float
        Depths as a ruler told them, in the order of the images; see
        `fibgap.depths.ruler.read_ruler`.
    sd_nm : float or (N,) float
        Their standard deviations; infinite where there is no reading, and a reading NaN.
    thickness : Thickness
        What the images say of the N - 1 distances.
    voxel_nm : float
        Pixel size in nm.

    Returns
    -------
    Depths
        Source "fused", with standard deviations.

    Raises
    ------
    InputError
        If numbers of slices differ, a reading is no number, a deviation is not positive, or
        readings run against the order of the slices.

    Notes
    -----
    Minimises ``sum (z_k - r_k)² / sigma_k² + sum (z_k+1 - z_k - f m_k)² / v_k + (f - 1)² / tau²``
    over the depths z and the factor f that all distances from images have in common. The readings
    fix f, so a stretched material does no harm. For a given f the system is tridiagonal; f makes
    one more row and column of it.
    Slices were milled in their order. Where readings err so much that depths would run backwards,
    the minimum is that among depths that keep the order, each at least a hundredth of the mean
    thickness below the one before, and a note says so. Deviations are those without this condition.
    """
    readings = np.asarray(readings_nm, dtype=np.float64)
    count = len(thickness.mean) + 1
    if readings.shape != (count,):
        raise InputError(f"{count} images need as many readings, but {readings.size} came.")
    deviations = np.broadcast_to(np.asarray(sd_nm, dtype=np.float64), readings.shape)
    for name, values, good in (
        ("reading", readings, np.isfinite(readings) | np.isposinf(deviations)),
        ("deviation of reading", deviations, deviations > 0),
    ):
        if not good.all():
            bad = int(np.flatnonzero(~good)[0])
            raise InputError(f"the {name} {bad} is {values[bad]} nm.")
    known = 1 / deviations**2
    if not (known > 0).any():
        raise InputError("a ruler without any reading tells no depth.")
    readings = np.where(known > 0, readings, 0.0)
    mean = voxel_nm * thickness.mean
    weight = 1 / (voxel_nm * thickness.sd) ** 2
    diagonal = known.copy()
    diagonal[:-1] += weight
    diagonal[1:] += weight
    border = np.zeros(count)
    border[:-1] += weight * mean
    border[1:] -= weight * mean
    both = _solve(diagonal, -weight, np.stack([known * readings, border], axis=1))
    variance, step = _inverse_diagonal(diagonal, -weight)
    factor = 1.0
    if thickness.scale_sd > 0:
        stiffness = 1 / thickness.scale_sd**2
        rest = float((weight * mean**2).sum()) + stiffness - float(border @ both[:, 1])
        factor = (stiffness - float(border @ both[:, 0])) / rest
        variance = variance + both[:, 1] ** 2 / rest
        step = step + np.diff(both[:, 1]) ** 2 / rest
    depths = both[:, 0] - factor * both[:, 1]
    notes = []
    backwards = int((np.diff(depths) <= 0).sum())
    if backwards > (count - 1) / 2:
        raise InputError(
            f"{backwards} of {count - 1} slices would lie above the one before: the ruler runs "
            "against the order of the slices, or its reading error is larger than stated."
        )
    if backwards:
        least = _CLOSEST * float(mean.mean())
        depths, factor = _in_order(readings, known, mean, weight, thickness.scale_sd, least)
        notes.append(
            f"{backwards} of {count - 1} slices would lie above the one before; the order of the "
            f"slices is kept, with at least {least:.2g} nm between them."
        )
    notes.insert(
        0, f"a ruler and images are fused; distances from images are multiplied by {factor:.4g}."
    )
    return Depths(
        depths - depths[0],
        "fused",
        np.sqrt(variance),
        tuple(notes),
        thickness_sd_nm=np.sqrt(step),
    )


def _in_order(
    readings: NDArray[np.float64],
    known: NDArray[np.float64],
    mean: NDArray[np.float64],
    weight: NDArray[np.float64],
    scale_sd: float,
    least: float,
) -> tuple[NDArray[np.float64], float]:
    """Return the best depths at least some distance apart, and the factor of the images.

    `known` and `weight` are the inverse variances of readings and of distances from images. The
    unknowns are the first depth, the distances and the factor, so the condition is a bound.
    """
    count = len(readings)
    steps = np.eye(count - 1, count + 1, 1)
    steps[:, -1] = -mean
    depths = np.tri(count, count + 1)
    depths[:, -1] = 0
    last = np.zeros((1, count + 1))
    last[0, -1] = 1 / scale_sd if scale_sd > 0 else 1.0
    rows = np.concatenate(
        [np.sqrt(known)[:, None] * depths, np.sqrt(weight)[:, None] * steps, last]
    )
    right = np.concatenate([np.sqrt(known) * readings, np.zeros(count - 1), last[0, -1:]])
    low, high = np.full(count + 1, -np.inf), np.full(count + 1, np.inf)
    low[1:-1] = least
    if scale_sd == 0:  # the factor is 1
        right, rows = right[:-1] - rows[:-1, -1], rows[:-1, :-1]
        low, high = low[:-1], high[:-1]
    found = lsq_linear(rows, right, (low, high), method="bvls").x
    return np.cumsum(found[:count]), float(found[-1]) if scale_sd > 0 else 1.0


def _solve(
    diagonal: NDArray[np.float64], beside: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Solve a symmetric tridiagonal system for several right sides."""
    bands = np.zeros((3, len(diagonal)))
    bands[0, 1:], bands[1], bands[2, :-1] = beside, diagonal, beside
    solved: NDArray[np.float64] = solve_banded((1, 1), bands, right)
    return solved


def _inverse_diagonal(
    diagonal: NDArray[np.float64], beside: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the variances of all values and of the steps between them from their precisions.

    The matrix of precisions is symmetric and tridiagonal.

    Examples
    --------
    >>> values, steps = _inverse_diagonal(np.array([2.0, 2.0]), np.array([-1.0]))
    >>> values.round(9).tolist(), steps.round(9).tolist()
    ([0.666666667, 0.666666667], [0.666666667])
    """
    downwards, upwards = diagonal.copy(), diagonal.copy()
    for row in range(1, len(diagonal)):
        downwards[row] -= beside[row - 1] ** 2 / downwards[row - 1]
    for row in range(len(diagonal) - 2, -1, -1):
        upwards[row] -= beside[row] ** 2 / upwards[row + 1]
    variance = 1 / (downwards + upwards - diagonal)
    # What is above a value bears on the next one through this value alone.
    shared = -beside / downwards[:-1] * variance[1:]
    return variance, variance[1:] + variance[:-1] - 2 * shared
