"""Fillers between slices that lie where they were milled, not at the centres of layers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibgap.fillers import fill
from fibgap.fillers.interpolation import linear_weights, spline_weights
from fibgap.placement import place_slices
from fibgap.stack import SliceStack

FLOAT32 = np.finfo(np.float32).eps

FILLERS = ("nearest", "linear", "cubic_spline", "shape_based", "signed_distance_spline")

#: Increments of slices in tenths of a voxel.
tenths_of = st.lists(st.integers(1, 70), min_size=2, max_size=12)


def stack_at(positions):
    """Return a stack each of whose slices says its own number, in binary; voxels of 1 nm."""
    bits = (np.arange(len(positions))[:, None] >> np.arange(4)) & 1
    slices = np.concatenate([bits, 1 - bits], axis=1).astype(bool)
    return SliceStack(slices.reshape(-1, 2, 4), np.array(positions, float), 1.0)


def placed(positions):
    """Place numbered slices at their true positions, however odd these are."""
    return place_slices(stack_at(positions), positions="true", check=False)


def numbers_of(volume):
    """Return which slice every layer shows."""
    return (volume.reshape(-1, 8)[:, :4] @ (1 << np.arange(4))).tolist()


def test_regularize_z_spacing():
    """Ten sections at 0 to 34 resampled to steps of 3 show the sections that DREAM.3D names.

    The example of the documentation of its filter "Regularize Z Spacing".
    """
    depths = np.array([0, 3, 7, 12, 14, 19, 24, 25, 30, 34], float)
    used = [0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 9]
    stack = stack_at(depths)
    stack = SliceStack(stack.slices, depths, 3.0)
    gapped = place_slices(stack, "repositioned", positions="true")
    assert numbers_of(fill(gapped, "nearest")) == used
    # The layer at 27 needs the section at 25, which rounds to the layer of the one at 24.
    rounded = place_slices(stack, "repositioned", check=False)
    assert numbers_of(fill(rounded, "nearest")) != used


@given(tenths_of)
def test_every_missing_layer_shows_its_nearest_slice(steps):
    """No slice lies nearer to a missing layer than the one shown, in exact fractions."""
    tenths = np.cumsum([0, *steps]).tolist()
    if tenths[-1] < 5:
        return
    gapped = placed(np.array(tenths) / 10)
    shown = numbers_of(fill(gapped, "nearest"))
    for layer in gapped.missing_layers.tolist():
        distances = [abs(Fraction(tenth, 10) - layer) for tenth in tenths]
        assert shown[layer] == distances.index(min(distances))


@given(tenths_of)
def test_known_layers_show_a_slice_that_rounds_to_them(steps):
    """A layer is known if a slice lies within half a voxel of it, and shows it, whatever fills."""
    tenths = np.cumsum([0, *steps])
    if tenths[-1] < 5:
        return
    gapped = placed(tenths / 10)
    near = {int(np.floor(tenth / 10 + 0.5)) for tenth in tenths.tolist()}
    assert set(gapped.layers.tolist()) == near
    for filler in FILLERS:
        np.testing.assert_array_equal(fill(gapped, filler)[gapped.layers], gapped.slices)


@pytest.mark.parametrize("filler", FILLERS)
def test_slices_at_whole_voxels_are_filled_alike(filler):
    """Where every slice lies at a layer's centre, true and rounded positions are the same."""
    rng = np.random.default_rng(3)
    depths = 2.5 * np.cumsum([0, 3, 1, 4, 6, 2, 5])
    stack = SliceStack(rng.random((7, 9, 8)) < 0.5, depths, 2.5)
    volumes = [
        fill(place_slices(stack, "repositioned", positions=positions), filler)
        for positions in ("rounded", "true")
    ]
    np.testing.assert_array_equal(*volumes)


@given(tenths_of, st.integers(-50, 50), st.integers(-20, 20))
def test_straight_lines_between_true_positions_are_exact(steps, start, slope):
    """Values on a straight line, known at tenths of a voxel, are met on every layer."""
    known = np.cumsum([0, *steps]) / 10
    wanted = np.arange(int(known[-1]) + 1)
    values = linear_weights(known, wanted) @ (start + slope * known)
    expected = start + slope * wanted
    # Two weights, rounded once each to single precision, on values of this magnitude.
    allowed = 2 * FLOAT32 * max(1, np.abs(start + slope * known).max())
    np.testing.assert_allclose(values, expected, rtol=0, atol=allowed)


@given(tenths_of, st.lists(st.integers(-3, 3), min_size=4, max_size=4))
def test_cubics_between_true_positions_are_exact(steps, coefficients):
    """Values on a cubic, known at tenths of a voxel, are met on every layer."""
    known = np.cumsum([0, *steps]) / 10
    wanted = np.arange(int(known[-1]) + 1)
    degree = min(3, len(known) - 1)
    cubic = np.polynomial.Polynomial(coefficients[: degree + 1], domain=[0, known[-1]])
    weights = spline_weights(known, wanted).astype(float)
    # One rounding a weight; the sum of magnitudes says how much that grows. The equations of the
    # spline itself are solved in double precision, with a condition far below 1e6 here.
    allowed = FLOAT32 * np.abs(weights).sum(axis=1) * max(1e-9, np.abs(cubic(known)).max())
    assert np.all(np.abs(weights @ cubic(known) - cubic(wanted)) <= 2 * allowed)


def half_space(edges, width=24):
    """Return slices that are solid to the left of an edge."""
    return np.arange(width)[None, None, :] < np.array(edges)[:, None, None] + np.zeros((1, 3, 1))


def test_a_tilted_interface_is_exact():
    """An interface that moves two pixels per voxel of depth is met on every missing layer."""
    positions = np.array([0, 1.5, 4, 8.5])
    stack = SliceStack(half_space(3 + 2 * positions), positions * 2.5, 2.5)
    gapped = place_slices(stack, "repositioned", positions="true")
    assert gapped.missing_layers.tolist() == [1, 3, 5, 6, 7, 8]
    expected = half_space(3 + 2 * np.arange(gapped.n_layers))
    volume = fill(gapped, "shape_based")
    np.testing.assert_array_equal(volume[gapped.missing_layers], expected[gapped.missing_layers])
    # With rounded positions the interface has steps: layers 2, 4 and 9 hold edges 6, 11 and 20.
    rounded = place_slices(stack, "repositioned")
    volume = fill(rounded, "shape_based")
    assert (volume[rounded.missing_layers] != expected[rounded.missing_layers]).any()


def test_linear_changes_phase_half_way_between_true_positions():
    """Between slices at 0.4 and 4.6 voxels a pixel changes at 2.5: layers 1, 2 and 3, 4 differ."""
    positions = np.array([0, 0.4, 4.6])
    slices = np.array([[[1, 0]], [[1, 0]], [[0, 1]]], bool)
    gapped = place_slices(SliceStack(slices, positions, 1.0), "repositioned", positions="true")
    assert gapped.layers.tolist() == [0, 5]
    for filler in ("linear", "shape_based"):
        assert fill(gapped, filler)[1:5, 0, 0].tolist() == [True, True, False, False]


def test_slices_that_nearly_coincide_do_not_swing_the_spline():
    """A slice 10^-4 voxels after another one, with a flipped pixel, changes nothing beside it."""
    # Through 0 at 1.4 and 1 at 1.4001 a spline would rise by 10^4 per voxel.
    slices = np.zeros((5, 1, 3), bool)
    slices[3:, 0, 1] = True
    slices[2, 0, 2] = True
    positions = np.array([0, 1.4, 1.4001, 5, 8])
    gapped = place_slices(SliceStack(slices, positions, 1.0), "repositioned", positions="true")
    volume = fill(gapped, "cubic_spline")
    assert not volume[3:, 0, ::2].any()
    without = np.delete(np.arange(5), 2)
    gapped = place_slices(
        SliceStack(slices[without], positions[without], 1.0), "repositioned", positions="true"
    )
    np.testing.assert_array_equal(fill(gapped, "cubic_spline"), volume)
