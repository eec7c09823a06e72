"""Bounds of the effective diffusivity: they hold where a tolerance does not."""

import numpy as np
import pytest

from fibgap.errors import InputError
from fibgap.measures.bounds import diffusivity_bounds
from fibgap.measures.diffusivity import effective_diffusivity


def coil(layers: int, rows: int, length: int) -> np.ndarray:
    """Return one channel of one voxel that winds through a block: row by row, layer by layer."""
    pores = np.zeros((2 * layers - 1, 2 * rows - 1, length), bool)
    row, end, step = 0, 0, 1
    for layer in range(layers):
        for index in range(rows):
            pores[2 * layer, 2 * row] = True
            end = length - 1 - end
            if index < rows - 1:
                pores[2 * layer, 2 * row + step, end] = True
                row += step
        if layer < layers - 1:
            pores[2 * layer + 1, 2 * row, end] = True
        step = -step
    channel = np.zeros((len(pores) + 4, *pores.shape[1:]), bool)
    channel[2:-2] = pores
    channel[:2, 0, 0] = channel[-2:, 2 * row, end] = True
    return channel


@pytest.mark.parametrize("tolerance", [1e-2, 1e-5])
def test_a_coiled_channel_is_enclosed(tolerance):
    """A channel of n voxels conducts 1/n exactly, between bounds that are not equal."""
    pores = coil(5, 12, 24)
    exact = len(pores) / np.prod(pores.shape[1:]) / pores.sum()
    lower, upper = diffusivity_bounds(~pores, tolerance=tolerance)[0]
    # In a channel any balanced flux is the solution's: the lower bound is exact but for sums of
    # 1,500 numbers in double precision.
    assert lower == pytest.approx(exact, rel=1e-12)
    assert upper > exact * (1 + 1e-7)


@pytest.mark.parametrize("tolerance", [1e-1, 1e-3, 1e-6])
def test_random_pores_are_enclosed(anisotropic_pores, direct_diffusivity, tolerance):
    """However early the solver stops, the direct solution lies between the bounds."""
    bounds = diffusivity_bounds(anisotropic_pores, tolerance=tolerance)
    # The direct solution leaks 1e-9 from every voxel: 1e-5 of the flux at most.
    assert (bounds[:, 0] <= direct_diffusivity * (1 + 1e-5)).all()
    assert (bounds[:, 1] >= direct_diffusivity * (1 - 1e-5)).all()
    assert (bounds[:, 0] < bounds[:, 1]).all()


def test_bounds_close_with_the_tolerance(anisotropic_pores):
    """The gap falls with the tolerance, and D of the solver lies at its upper end."""
    gaps = [
        float(np.ptp(diffusivity_bounds(anisotropic_pores, tolerance=tolerance), axis=1).max())
        for tolerance in (1e-2, 1e-4, 1e-8)
    ]
    assert gaps[0] > gaps[1] > gaps[2]
    lower, upper = diffusivity_bounds(anisotropic_pores, tolerance=1e-8).T
    # The gap is of the order of the squared error of the field, times what balancing it costs.
    assert (upper / lower - 1).max() < 1e-6
    # Single precision: sums of 10^4 terms, each rounded to 6e-8.
    assert np.allclose(effective_diffusivity(anisotropic_pores), upper, rtol=3e-5)


def test_percolation_near_its_threshold_is_enclosed(direct_solution):
    """Pores that hardly connect, where D was 10 times the tolerance too large."""
    # 12^3 voxels for a direct solution in a second; the seed is one whose pores connect.
    pores = np.random.default_rng(3).random((12, 12, 12)) < 0.4
    exact = direct_solution(pores)
    assert exact > 0
    lower, upper = diffusivity_bounds(~pores)[0]
    assert lower * (1 - 1e-5) <= exact <= upper * (1 + 1e-5)
    assert upper / lower - 1 < 1e-3


def test_bounds_for_the_solid_and_for_other_voxels():
    """Exchanged phases change nothing; a plain channel has equal bounds whatever its voxels."""
    volume = np.random.default_rng(4).random((8, 8, 8)) < 0.6
    assert np.array_equal(diffusivity_bounds(volume, phase=True), diffusivity_bounds(~volume))
    channel = np.ones((6, 6, 6), bool)
    channel[:, 1:3, 2:5] = False
    bounds = diffusivity_bounds(channel, spacing=(4, 1, 2))
    assert np.allclose(bounds, [[1 / 6, 1 / 6], [0, 0], [0, 0]], rtol=0, atol=1e-12)


def test_bad_options_are_named():
    """What the solver refuses, the bounds refuse as well."""
    with pytest.raises(InputError, match=r"tolerance .* 0"):
        diffusivity_bounds(np.zeros((4, 4, 4), bool), tolerance=0)
