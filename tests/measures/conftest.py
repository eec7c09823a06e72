"""Oracles that the ordinary tests and the mutation tests share."""

from collections.abc import Callable
from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spsolve

Curve = Callable[..., NDArray[np.float64]]


def count_by_hand(volume, *, axis, max_lag, connected, boundary="open"):
    """Look at every pair (or segment) of voxels, one after the other."""
    lines = np.moveaxis(np.asarray(volume, bool), axis, 0)
    side = len(lines)
    curve = []
    for lag in range(max_lag + 1):
        hits = placements = 0
        for place in np.ndindex(*lines.shape[1:]):
            line = [bool(lines[(i, *place)]) for i in range(side)]
            for start in range(side if boundary == "periodic" else side - lag):
                inner = range(start, start + lag + 1) if connected else (start, start + lag)
                hits += all(line[i % side] for i in inner)
                placements += 1
        curve.append(hits / placements)
    return np.array(curve)


def solve_directly(conducting):
    """Return D along axis 0 from one balance of fluxes a voxel and a direct sparse solution.

    The face before the first layer is held at 1, the face behind the last one at 0.
    """
    shape = conducting.shape
    number = np.arange(conducting.size).reshape(shape)
    rows, columns, values = [], [], []
    right = np.zeros(conducting.size)
    for voxel in np.ndindex(*shape):
        here = number[voxel]
        total = 0.0
        if conducting[voxel]:
            for axis in range(3):
                for step in (-1, 1):
                    other = list(voxel)
                    other[axis] += step
                    if 0 <= other[axis] < shape[axis]:
                        if conducting[tuple(other)]:
                            rows.append(here)
                            columns.append(number[tuple(other)])
                            values.append(-1.0)
                            total += 1
                    elif axis == 0:
                        total += 2  # half a voxel to the face
                        right[here] += 2 if step == -1 else 0  # times the concentration there
        rows.append(here)
        columns.append(here)
        # Voxels cut off from both faces have no unique concentration: a leak of 1e-9 picks one.
        values.append(total + 1e-9)
    matrix = sparse.csr_array((values, (rows, columns)), shape=(conducting.size,) * 2)
    concentration = spsolve(matrix, right).reshape(shape)
    inflow = np.sum(2 * (1 - concentration[0])[conducting[0]])
    return float(inflow * shape[0] / (shape[1] * shape[2]))


def asymmetric_volume() -> NDArray[np.bool_]:
    """Return random voxels with a different trend along every axis; 67 voxels fill no word."""
    z, y, x = np.ogrid[:9, :7, :67]
    chance = 0.35 + 0.04 * z + 0.03 * np.cos(2 * y) - 0.25 * (x % 5 == 0)
    return np.random.default_rng(8).random((9, 7, 67)) < chance


@cache
def hand_curve(axis: int, phase: bool, boundary: str, connected: bool) -> NDArray[np.float64]:
    """Return the enumerated curve of the asymmetric volume at lags 0 to 5."""
    return count_by_hand(
        asymmetric_volume() == phase, axis=axis, max_lag=5, connected=connected, boundary=boundary
    )


def curve_holds(function: Curve, connected: bool) -> bool:
    """Tell whether a curve agrees with enumeration, exactly, on all axes, phases, boundaries."""
    volume = asymmetric_volume()
    for axis, phase, boundary in product(range(3), (True, False), ("open", "periodic")):
        ours = function(volume, axis=axis, max_lag=5, phase=phase, boundary=boundary)
        if not np.array_equal(ours, hand_curve(axis, phase, boundary, connected)):
            return False
    return True


@pytest.fixture(scope="session")
def enumerate_curve():
    """Enumeration of pairs and segments."""
    return count_by_hand


@pytest.fixture(scope="session")
def two_point_holds():
    """The oracle of the two-point correlation."""
    return lambda function: curve_holds(function, connected=False)


@pytest.fixture(scope="session")
def lineal_path_holds():
    """The oracle of the lineal path."""
    return lambda function: curve_holds(function, connected=True)


@pytest.fixture(scope="session")
def anisotropic_pores():
    """A small volume whose pores are long along z, shorter along y, shortest along x."""
    noise = np.random.default_rng(3).standard_normal((24, 20, 16))
    for axis, width in ((0, 9), (1, 5), (2, 3)):
        kernel = np.ones(width) / width
        noise = np.apply_along_axis(np.convolve, axis, noise, kernel, mode="same")
    return noise > np.quantile(noise, 0.6)


@pytest.fixture(scope="session")
def direct_solution():
    """D along axis 0 of conducting voxels by a direct solution."""
    return solve_directly


@pytest.fixture(scope="session")
def direct_diffusivity(anisotropic_pores):
    """D of its pores along z, y, x by a direct solution."""
    return np.array([solve_directly(np.moveaxis(~anisotropic_pores, axis, 0)) for axis in range(3)])


@pytest.fixture(scope="session")
def diffusivity_holds(anisotropic_pores, direct_diffusivity):
    """The oracle of the diffusivity: a blocked laminate, and the direct solution within 2e-4."""
    layer = np.zeros((6, 6, 6), bool)
    layer[2] = True

    def holds(function):
        blocked, pores = function(layer), function(anisotropic_pores)
        return bool(
            blocked[0] == 0
            and np.allclose(blocked[1:], 5 / 6, rtol=0, atol=1e-5)
            and np.allclose(pores, direct_diffusivity, rtol=2e-4, atol=0)
        )

    return holds
