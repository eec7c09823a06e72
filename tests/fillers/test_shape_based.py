"""The shape-based filler against discs, whose signed distance is known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fibgap.fillers import fill
from fibgap.fillers.distance import signed_distance
from fibgap.stack import GappedVolume

SIDE = 41
# On pixels, the distance of a pixel inside a disc is measured to the nearest pore pixel's centre,
# less one half. That centre lies beyond the outline, by at most a pixel's diagonal: the error
# lies between -1/2 and sqrt(2) - 1/2; outside it is the other way round.
PIXELS = np.sqrt(2) - 0.5


def disc_depth(radius, centre=(20.0, 20.0)):
    """Return how deep every pixel lies inside a disc; outside it is negative."""
    y, x = np.indices((SIDE, SIDE))
    return radius - np.hypot(y - centre[0], x - centre[1])


def filled_between(lower, upper, missing):
    """Return the layers between two slices."""
    slices = np.stack([lower, upper])
    gapped = GappedVolume(slices, np.array([0, missing + 1]), 2.5, 0, 2.5, 2)
    return fill(gapped, "shape_based")[1:-1]


def assert_is_shape(layer, depth):
    """Compare a layer with a shape given by its depth, but for the pixels near its outline."""
    assert layer[depth > PIXELS].all()
    assert not layer[depth < -PIXELS].any()


@pytest.mark.parametrize("radius", [3, 8.5, 14])
def test_signed_distance_of_a_disc(radius):
    """The distance to a disc's outline is its radius less the distance to its centre."""
    depth = disc_depth(radius)
    error = np.abs(signed_distance(depth > 0) - depth)
    assert error.max() <= PIXELS


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=7)))
def test_signed_distance_is_the_nearest_other_phase(image):
    """Every pixel's distance is that to the nearest pixel of the other phase, less one half."""
    distance = signed_distance(image)
    assert distance.dtype == np.float32
    for place in np.ndindex(*image.shape):
        others = np.argwhere(image != image[place])
        if len(others):
            expected = np.sqrt(((others - place) ** 2).sum(axis=1)).min() - 0.5
        else:
            expected = np.hypot(*image.shape)
        sign = 1 if image[place] else -1
        assert distance[place] == pytest.approx(sign * expected, rel=1e-6)


def test_growing_disc_grows_evenly():
    """Between concentric discs of radius 6 and 15 the radius grows by 3 a layer."""
    layers = filled_between(disc_depth(6) > 0, disc_depth(15) > 0, missing=2)
    for layer, radius in zip(layers, (9, 12), strict=True):
        assert_is_shape(layer, disc_depth(radius))
        # Sharp: a disc of the neighbouring layer is another shape.
        with pytest.raises(AssertionError):
            assert_is_shape(layer, disc_depth(radius + 3))
        with pytest.raises(AssertionError):
            assert_is_shape(layer, disc_depth(radius - 3))


@pytest.mark.parametrize("shift", [(6, 0), (0, 6), (4, -4)])
def test_moving_disc_is_half_way_in_the_middle(shift):
    """Between a disc and the same disc moved lies, in the middle, the disc moved half-way."""
    start, end = (
        np.array([20.0, 20.0]) - np.array(shift) / 2,
        np.array([20.0, 20.0]) + np.array(shift) / 2,
    )
    (layer,) = filled_between(disc_depth(12, start) > 0, disc_depth(12, end) > 0, missing=1)
    # The mean of both depths is not negative on an ellipse with the centres as foci: half axes
    # 12 and sqrt(12² - 3²) = 11.6, within half a pixel of the disc.
    assert_is_shape(layer, (disc_depth(12, start) + disc_depth(12, end)) / 2)
    half_way = disc_depth(12) > 0
    assert np.mean(layer != half_way) < np.mean((disc_depth(12, start) > 0) != half_way) / 3
    # And it stays in the middle: the layer is its own mirror image through the centre.
    np.testing.assert_array_equal(layer, layer[::-1, ::-1])


@given(st.integers(0, 14), st.integers(0, 14), st.integers(0, 20))
def test_straight_edge_moves_evenly(lower, upper, missing):
    """Gold up to one column below a gap and up to another one above it ends evenly in between."""
    columns = np.arange(16)
    rows = [np.broadcast_to(columns <= last, (3, 16)) for last in (lower, upper)]
    layers = filled_between(*rows, missing=missing)
    steps = missing + 1
    for step, layer in enumerate(layers, start=1):
        # Twice the depth of a column is 2 (last - column) + 1: whole numbers, so ties are exact.
        depth = (steps - step) * (2 * (lower - columns) + 1) + step * (2 * (upper - columns) + 1)
        np.testing.assert_array_equal(layer, np.broadcast_to(depth >= 0, (3, 16)))


def test_disc_does_not_jump():
    """From the smaller to the larger disc every layer holds the one before."""
    layers = filled_between(disc_depth(4) > 0, disc_depth(16) > 0, missing=8)
    areas = [layer.sum() for layer in layers]
    for before, after in pairwise(layers):
        assert not (before & ~after).any()
    assert np.all(np.diff(areas) > 0)


@pytest.mark.parametrize("radius", [1, 3, 8])
def test_solid_that_ends_tapers_to_a_point_half_way(radius):
    """Towards an empty slice a disc of any size shrinks as a cone whose tip lies half-way."""
    disc = disc_depth(radius) > 0
    layers = filled_between(disc, np.zeros((SIDE, SIDE), bool), missing=9)
    deepest = signed_distance(disc).max()
    for step, layer in enumerate(layers, start=1):
        # After `step` of 10 steps solid is where (10 - step) times its depth reaches step times
        # the deepest one, by the depth on pixels.
        wanted = (10 - step) * signed_distance(disc) >= step * deepest * (1 - 1e-6)
        np.testing.assert_array_equal(layer, wanted & disc)
    assert layers[4].any()
    assert not layers[5:].any()


def test_two_discs_apart_end_half_way():
    """Of two discs that share no pixel, each tapers and reaches its half of the gap."""
    lower, upper = disc_depth(7, (10.0, 10.0)) > 0, disc_depth(7, (30.0, 30.0)) > 0
    layers = filled_between(lower, upper, missing=5)
    areas = [(layer & lower).sum() for layer in layers]
    assert areas[:3] == sorted(areas[:3], reverse=True)
    assert areas[2] > 0
    assert areas[3:] == [0, 0]
    # From the other end the other one does the same.
    np.testing.assert_array_equal(layers[::-1], layers[:, ::-1, ::-1])


def test_only_objects_that_end_are_treated_so():
    """Beside a disc that ends, one that grows does so as if it were alone."""
    growing = [disc_depth(radius, (12.0, 12.0)) > 0 for radius in (4, 7)]
    ending = disc_depth(5, (31.0, 31.0)) > 0
    both = filled_between(growing[0] | ending, growing[1], missing=2)
    alone = filled_between(*growing, missing=2)
    corner = np.s_[:, :20, :20]
    np.testing.assert_array_equal(both[corner], alone[corner])
    assert (both[:, 21:, 21:].any(axis=(1, 2))).tolist() == [True, False]


def test_pores_that_end_shrink_like_gold():
    """Towards a slice without pores a pore vanishes as gold does towards one without gold."""
    disc = disc_depth(9) > 0
    nothing = np.zeros((SIDE, SIDE), bool)
    gold = filled_between(disc, nothing, missing=9)
    pores = filled_between(~disc, ~nothing, missing=9)
    # Ties are gold both times.
    assert (gold | pores).all()
    assert np.mean(gold & pores) < 0.01


@pytest.mark.parametrize("gold", [False, True])
def test_slices_of_one_phase(gold):
    """Between two slices of one phase lies that phase; between two phases the tie is gold."""
    slice_ = np.full((5, 6), gold)
    assert (filled_between(slice_, slice_, missing=3) == gold).all()
    layers = filled_between(slice_, ~slice_, missing=3)
    assert layers.all(axis=(1, 2)).tolist() == (
        [True, True, False] if gold else [False, True, True]
    )
    assert layers.any(axis=(1, 2)).tolist() == layers.all(axis=(1, 2)).tolist()


def test_gaps_use_their_own_two_slices():
    """Each gap is filled from the slices at its ends, and no other slice has a say."""
    discs = [disc_depth(radius) > 0 for radius in (5, 13, 7)]
    gapped = GappedVolume(np.stack(discs), np.array([0, 3, 5]), 2.5, 0, 2.5, 3)
    volume = fill(gapped, "shape_based")
    np.testing.assert_array_equal(volume[1:3], filled_between(discs[0], discs[1], missing=2))
    np.testing.assert_array_equal(volume[4:5], filled_between(discs[1], discs[2], missing=1))
