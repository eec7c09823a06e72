"""Comparison with the true volume in the filled layers, counted by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fibgap.errors import InputError
from fibgap.measures.voxelwise import dice, solid_fraction, voxel_error

TRUTH = np.array([[[1, 1, 0, 0]], [[1, 1, 0, 0]], [[1, 1, 1, 0]]], bool)
FILLED = np.array([[[0, 0, 1, 1]], [[1, 0, 1, 0]], [[1, 1, 0, 0]]], bool)


def test_only_filled_layers_count():
    """Layers 1 and 2 differ in 3 of 8 voxels; layer 0, wrong everywhere, was not filled."""
    assert voxel_error(FILLED, TRUTH, [1, 2]) == 3 / 8


def test_dice_of_the_filled_layers():
    """Gold: 4 voxels against 5, of which 3 are common."""
    assert dice(FILLED, TRUTH, [1, 2]) == 2 * 3 / (4 + 5)


def test_layer_order_matters():
    """Layers lie along z: another layer, another error."""
    assert voxel_error(FILLED, TRUTH, [0]) == 1
    assert dice(FILLED, TRUTH, [0]) == 0
    assert voxel_error(FILLED, TRUTH, [2]) == 1 / 4


@given(st.integers(0, 2**32 - 1))
def test_error_and_overlap_of_any_two_volumes(seed):
    """Error 0 and overlap 1 with itself; both measures are symmetric; the complement errs 1."""
    rng = np.random.default_rng(seed)
    first, second = rng.random((2, 4, 3, 5)) < 0.5
    missing = np.array([0, 2, 3])
    first[0, 0, 0] = True
    assert voxel_error(first, first, missing) == 0
    assert dice(first, first, missing) == 1
    assert voxel_error(first, ~first, missing) == 1
    assert dice(first, ~first, missing) == 0
    assert voxel_error(first, second, missing) == voxel_error(second, first, missing)
    assert dice(first, second, missing) == dice(second, first, missing)
    # Exact but for one rounding.
    assert voxel_error(first, ~second, missing) == pytest.approx(
        1 - voxel_error(first, second, missing), rel=1e-15, abs=1e-15
    )


def test_nothing_to_compare_is_nan():
    """Without a filled layer, and for Dice without gold, there is nothing to divide by."""
    none, every = np.array([], np.int64), np.arange(3)
    assert math.isnan(voxel_error(FILLED, TRUTH, none))
    assert math.isnan(dice(FILLED, TRUTH, none))
    empty = np.zeros_like(TRUTH)
    assert math.isnan(dice(empty, empty, every))
    assert voxel_error(empty, empty, every) == 0


def test_solid_fraction_counts_gold():
    """7 of 12 voxels are gold."""
    assert solid_fraction(TRUTH) == 7 / 12


@pytest.mark.parametrize("function", [voxel_error, dice])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((FILLED[:2], TRUTH, [0, 1]), r"\(2, 1, 4\) and \(3, 1, 4\)"),
        ((FILLED[0], TRUTH[0], [0]), r"volumes of one shape, but have \(1, 4\)"),
        ((FILLED, TRUTH, [False, True, True]), r"indices of layers, but is bool of shape \(3,\)"),
        ((FILLED, TRUTH, [1, 3]), r"from 0 to 2, but is \[1, 3\]"),
        ((FILLED, TRUTH, [-1]), r"from 0 to 2, but is \[-1\]"),
        ((FILLED, TRUTH, [1, 1]), r"different indices .* \[1, 1\]"),
        ((FILLED * 2, TRUTH, [1]), r"filled must be binary .* holds the value 2"),
        ((FILLED, TRUTH * np.nan, [1]), "truth holds NaN in 12 places"),
    ],
)
def test_bad_input_is_named(function, arguments, words):
    """Volumes and masks that do not fit are refused with a sentence that says why."""
    with pytest.raises(InputError, match=words):
        function(*arguments)


def test_solid_fraction_of_nothing():
    """No voxels, no fraction."""
    with pytest.raises(InputError, match="no voxels"):
        solid_fraction(np.zeros((0, 3, 3), bool))
