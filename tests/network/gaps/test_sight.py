"""What the network of gaps sees is known where the shape is."""

import numpy as np
import pytest

from fibgap.network.gaps import sight
from fibgap.network.gaps.architecture import ANCHORS, BESIDE, PLACES, GapArchitecture


def test_between_anchors_corrections_are_a_straight_line():
    """At an anchor its own correction counts, at the slices none, and between two both."""
    anchors = np.arange(1, ANCHORS + 1) / (ANCHORS + 1)
    assert np.array_equal(sight.hats(anchors), np.eye(ANCHORS, dtype=np.float32))
    assert not sight.hats(np.array([0.0, 1.0])).any()
    inside = np.linspace(anchors[0], anchors[-1], 31)
    values = sight.hats(inside) @ (3 * anchors - 1)
    assert np.allclose(values, 3 * inside - 1, atol=1e-6)


@pytest.mark.parametrize(("lower", "count"), [(0, 2), (0, 30), (14, 30), (28, 30)])
def test_windows_hold_what_is_seen(lower, count):
    """The slices beside a gap lie in its window, in order, those around it in the middle."""
    around, chosen = sight.window(lower, count), sight.beside(lower, count)
    assert around.start >= 0
    assert around.stop <= count
    assert len(chosen) == 2 * BESIDE
    assert (np.diff(chosen) >= 0).all()
    assert chosen[BESIDE - 1 : BESIDE + 1].tolist() == [lower, lower + 1]
    assert around.start <= chosen[0]
    assert chosen[-1] < around.stop


def test_distances_that_grow_evenly_are_interpolated_exactly():
    """A spline through a straight line is that line: at the places seen, and in every layer."""
    positions = np.array([0.0, 3.2, 4.9, 9.0, 11.0, 16.0])
    layers = np.array([5.0, 7.0, 8.0])
    weights = sight.interpolation(positions, 2, layers)
    gap = positions[2] + 4.1 * np.array(PLACES)
    assert np.allclose(weights @ (2 * positions - 5), 2 * np.concatenate([gap, layers]) - 5)


def test_channels_are_slices_middle_and_spacing():
    """Each channel is what it should be, and no two of them change places."""
    rng = np.random.default_rng(0)
    slices = rng.normal(0, 5, (2 * BESIDE, 4, 6)).astype(np.float32)
    middle = rng.normal(0, 5, (len(PLACES), 4, 6)).astype(np.float32)
    positions = np.array([0.0, 0.0, 4.0, 12.0, 13.0, 29.0])
    image = sight.seen(slices, middle, positions)
    assert image.shape == (GapArchitecture().input_channels, 4, 6)
    assert np.allclose(image[:6], np.tanh(slices / 4))
    assert np.allclose(image[6:9], np.tanh(middle / 4))
    assert np.allclose(image[9], np.tanh(middle[1]))
    assert np.allclose(image[10:, 2, 3], np.tanh(np.array([0, 4, 8, 1, 16]) / 8))


def test_from_behind_a_gap_is_seen_as_if_the_stack_were_turned():
    """The same slices in the opposite order, at opposite places, give the same channels anew."""
    rng = np.random.default_rng(1)
    slices = rng.normal(0, 5, (2 * BESIDE, 4, 6)).astype(np.float32)
    middle = rng.normal(0, 5, (len(PLACES), 4, 6)).astype(np.float32)
    positions = np.array([0.0, 2.0, 4.5, 12.0, 13.0, 29.0])
    image = sight.seen(slices, middle, positions)
    turned = sight.seen(slices[::-1], middle[::-1], 29.0 - positions[::-1])
    assert np.array_equal(image[sight.FROM_BEHIND], turned)
    assert not np.array_equal(image, turned)
