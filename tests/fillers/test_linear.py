"""The linear filler and its weights against straight lines."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fibgap.fillers import fill
from fibgap.fillers.interpolation import apply_weights, linear_weights
from fibgap.stack import GappedVolume

FLOAT32 = np.finfo(np.float32).eps

steps_of = st.lists(st.integers(1, 7), min_size=1, max_size=8)


@given(steps_of, st.integers(-50, 50), st.integers(-20, 20))
def test_straight_lines_are_exact(steps, start, slope):
    """Values on a straight line are met on every layer."""
    known = np.cumsum([0, *steps])
    everywhere = np.arange(known[-1] + 1)
    values = linear_weights(known, everywhere) @ (start + slope * known).astype(np.float32)
    expected = start + slope * everywhere
    # Two weights, rounded once each, on values up to the largest magnitude, and one sum.
    allowed = 4 * FLOAT32 * max(1, np.abs(expected).max())
    np.testing.assert_allclose(values, expected, rtol=0, atol=allowed)


@given(steps_of)
def test_weights_look_at_the_two_neighbours(steps):
    """Weights are those of the lever: two slices, sum 1, the nearer one heavier."""
    known = np.cumsum([0, *steps])
    for layer, row in enumerate(linear_weights(known, np.arange(known[-1] + 1))):
        upper = int(np.searchsorted(known, layer))
        expected = np.zeros(len(known))
        if known[upper] == layer:
            expected[upper] = 1
        else:
            low, high = known[upper - 1], known[upper]
            expected[upper - 1 : upper + 1] = (high - layer, layer - low)
            expected /= high - low
        np.testing.assert_allclose(row, expected, rtol=FLOAT32, atol=0)


def test_gap_by_hand():
    """A pixel that turns to gold over a gap of three layers is gold from its middle on."""
    slices = np.array([[[0, 1, 0]], [[1, 0, 0]]], bool)
    volume = fill(GappedVolume(slices, np.array([0, 4]), 2.5, 0, 2.5, 2), "linear")
    # The tie in the middle is gold, for a pixel that appears and for one that vanishes.
    assert volume[:, 0, 0].tolist() == [False, False, True, True, True]
    assert volume[:, 0, 1].tolist() == [True, True, True, False, False]
    assert not volume[:, 0, 2].any()


def test_weights_are_applied_pixel_by_pixel():
    """The weighted sum of slices keeps every pixel in its place."""
    slices = np.zeros((2, 2, 3), bool)
    slices[0, 0, 2] = slices[1, 1, 0] = slices[1, 0, 2] = True
    sums = apply_weights(np.array([[0.75, 0.25], [0.5, 0.5]], np.float32), slices)
    assert sums.tolist() == [[[0, 0, 1], [0.25, 0, 0]], [[0, 0, 1], [0.5, 0, 0]]]
