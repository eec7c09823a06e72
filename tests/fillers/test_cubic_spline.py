"""The cubic-spline filler against polynomials and a spline in another basis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from fibgap.fillers import fill
from fibgap.fillers.interpolation import apply_weights, spline_weights, threshold
from fibgap.fillers.spline import fill_cubic_spline
from fibgap.stack import GappedVolume

FLOAT32 = np.finfo(np.float32).eps

steps_of = st.lists(st.integers(1, 6), min_size=1, max_size=7)


def gap(slices, layers):
    """Return a gapped volume from slices and their layers."""
    return GappedVolume(np.asarray(slices, bool), np.asarray(layers), 2.5, 0, 2.5, len(slices))


def random_gap(seed, steps=(2, 5, 1, 3, 4, 6), shape=(7, 11)):
    """Return random slices with these steps between them."""
    layers = np.cumsum([0, *steps])
    slices = np.random.default_rng(seed).random((len(layers), *shape)) < 0.5
    return gap(slices, layers)


def spline_by_truncated_powers(known, values, wanted):
    """Interpolate by the not-a-knot spline in the basis 1, x, x², x³, (x - knot)³ beyond a knot.

    Not-a-knot: the second and the last but one known layer are no knots. With two known layers
    the spline is a line, with three a parabola.
    """
    knots = known[2:-2]

    def basis(x):
        x = np.asarray(x, float)[:, None] / known[-1]
        powers = x ** np.arange(min(4, len(known)))
        return np.hstack([powers, np.clip(x - knots / known[-1], 0, None) ** 3])

    return basis(wanted) @ np.linalg.solve(basis(known), values)


def magnitudes(known):
    """Return the sum of the weights' magnitudes for every layer: how much rounding grows."""
    return np.abs(spline_weights(known, np.arange(known[-1] + 1))).sum(axis=1)


@given(steps_of)
def test_known_layers_are_exact(steps):
    """On a known layer the spline is that layer's value and nothing else."""
    known = np.cumsum([0, *steps])
    np.testing.assert_array_equal(spline_weights(known, known), np.eye(len(known)))


@given(steps_of, st.lists(st.integers(-3, 3), min_size=4, max_size=4))
def test_cubics_are_exact(steps, coefficients):
    """Values on a cubic are met on every layer; two slices carry a line, three a parabola."""
    known = np.cumsum([0, *steps])
    everywhere = np.arange(known[-1] + 1)
    degree = min(3, len(known) - 1)
    polynomial = np.polynomial.Polynomial(coefficients[: degree + 1], domain=[0, known[-1]])
    # Weights of single precision, values of double: one rounding a weight.
    values = spline_weights(known, everywhere).astype(float) @ polynomial(known)
    allowed = FLOAT32 * magnitudes(known) * max(1e-9, np.abs(polynomial(known)).max())
    assert np.all(np.abs(values - polynomial(everywhere)) <= allowed)


@given(steps_of)
def test_weights_are_those_of_two_other_constructions(steps):
    """The weights agree with scipy's spline and with truncated powers, for every single slice."""
    known = np.cumsum([0, *steps])
    everywhere = np.arange(known[-1] + 1)
    weights = spline_weights(known, everywhere)
    allowed = FLOAT32 * magnitudes(known)[:, None]
    for values in (
        CubicSpline(known, np.eye(len(known)), bc_type="not-a-knot")(everywhere),
        spline_by_truncated_powers(known, np.eye(len(known)), everywhere),
    ):
        assert np.all(np.abs(weights - values) <= allowed)
    # A constant stays a constant: rows sum to 1.
    assert np.all(np.abs(weights.sum(axis=1) - 1) <= len(known) * allowed[:, 0])


@given(steps_of)
def test_weights_are_mirror_images(steps):
    """Reversing the known layers along z reverses the weights."""
    known = np.cumsum([0, *steps])
    everywhere = np.arange(known[-1] + 1)
    mirrored = spline_weights(known[-1] - known[::-1], everywhere)[::-1, ::-1]
    difference = np.abs(spline_weights(known, everywhere) - mirrored)
    assert np.all(difference <= 2 * FLOAT32 * magnitudes(known)[:, None])


@pytest.mark.parametrize("seed", range(4))
def test_gold_is_where_the_spline_reaches_one_half(seed):
    """Filled voxels are gold where the spline through their column is at least one half."""
    gapped = random_gap(seed)
    columns = gapped.slices.reshape(len(gapped.slices), -1).astype(float)
    values = spline_by_truncated_powers(gapped.layers, columns, np.arange(gapped.n_layers))
    volume = fill(gapped, "cubic_spline").reshape(gapped.n_layers, -1)
    clear = np.abs(values - 0.5) > 1e-4
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(volume[clear], values[clear] > 0.5)


def test_spline_overshoots_and_the_line_does_not():
    """Through 0, 1, 1, 0 the spline rises above 1 between the two gold slices."""
    # Four slices carry one cubic, here by symmetry the parabola 1 + (x - 2) (4 - x) / 8.
    weights = spline_weights(np.array([0, 2, 4, 6]), np.array([1, 3, 5]))
    values = weights @ np.array([0, 1, 1, 0], np.float32)
    assert values.tolist() == [0.625, 1.125, 0.625]
    assert weights[1].tolist() == [-0.0625, 0.5625, 0.5625, -0.0625]


@pytest.mark.parametrize("block_voxels", [1, 100, 27 * 11, 27 * 11 * 3, 2**27])
def test_blocks_change_nothing(block_voxels):
    """However few values are held at once, the result is the same."""
    gapped = random_gap(9)
    assert gapped.n_layers == 22
    np.testing.assert_array_equal(
        fill_cubic_spline(gapped, block_voxels=block_voxels), fill_cubic_spline(gapped)
    )


def test_one_half_is_gold():
    """A tie is gold on both sides of rounding, and the next value of a weight is not."""
    half = np.float32(0.5)
    values = np.array([half - 2e-6, half, half + 2e-6, half - 1e-4], np.float32)
    assert threshold(values).tolist() == [True, True, True, False]


@pytest.mark.parametrize(("values", "gold"), [([0, 1], True), ([1, 0], True), ([0, 0], False)])
def test_two_slices_are_joined_by_a_line(values, gold):
    """Half-way between a gold and a pore voxel of only two slices lies a tie: gold."""
    slices = np.array(values, bool).reshape(2, 1, 1)
    assert fill(gap(slices, [0, 2]), "cubic_spline")[1, 0, 0] == gold


def test_sums_stay_within_the_margin_of_a_tie():
    """With 40 slices the rounding of a column's sum is far below the margin that ties have."""
    rng = np.random.default_rng(1)
    known = np.cumsum([0, *rng.integers(1, 7, 39)])
    wanted = np.arange(known[-1] + 1)
    slices = rng.random((40, 30, 30)) < 0.5
    sums = apply_weights(spline_weights(known, wanted), slices)
    exact = CubicSpline(known, slices.reshape(40, -1).astype(float))(wanted)
    assert np.abs(sums.reshape(len(wanted), -1) - exact).max() < 2e-6
