"""What a slice stack and a gapped volume must be, and what they say of themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fibgap.errors import InputError
from fibgap.stack import GappedVolume, SliceStack, require_binary

SLICES = np.array([[[0, 1]], [[1, 1]], [[1, 0]]], dtype=bool)
DEPTHS = np.array([0.0, 5.0, 12.5])


def gapped(layers=(0, 1, 5), slices=SLICES):
    """Return a gapped volume from its layer indices."""
    return GappedVolume(np.asarray(slices), np.array(layers), 2.5, 0, 2.5, len(slices))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_binary_images_of_any_type_are_gold_and_pore(dtype):
    """Zeros and ones mean the same in whatever type they are stored."""
    binary = require_binary(SLICES.astype(dtype), "the stack")
    assert binary.dtype == np.bool_
    np.testing.assert_array_equal(binary, SLICES)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 255], r"binary \(0 or 1\), but holds the value 255: its two values are 0 and 255"),
        ([0, 255], r"pass `== 255` if 255 is solid"),
        ([1, 2], r"the stack must .* holds the value 2: .* are 1 and 2, pass `== 2`"),
        ([0, 1, 2], r"its values are 0, 1, 2, pass `==` the label that is solid"),
        (np.arange(40), r"segment it first \(fibgap\.io\.segmentation\)"),
        ([[0, 1], [1]], r"the stack needs parts of one size, but part 1 has shape \(1,\)"),
        ([0.5, 1.0], r"holds the value 0\.5"),
        ([-1, 0], r"holds the value -1"),
        ([0.0, np.inf], r"holds the value inf"),
        ([np.nan, 1.0, np.nan], r"the stack holds NaN in 2 places"),
        (["0", "1"], r"the stack must be numbers or booleans, but is of type <U1"),
        ([1 + 0j, 0], r"but is of type complex128"),
    ],
)
def test_grey_values_are_not_binary(values, message):
    """Grey values, NaN and text are no segmentation, and the message says which value is not."""
    with pytest.raises(InputError, match=message):
        require_binary(values, "the stack")


def test_stack_keeps_what_it_is_given():
    """A stack of 8-bit slices and integer depths becomes booleans and lengths in nm."""
    stack = SliceStack(SLICES.astype(np.uint8), [0, 5, 12], 2.5)
    assert stack.slices.dtype == np.bool_
    assert stack.depths_nm.dtype == np.float64
    np.testing.assert_array_equal(stack.slices, SLICES)
    np.testing.assert_array_equal(stack.depths_nm, [0, 5, 12])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"slices": SLICES[:, 0]}, r"three axes, but shape \(3, 2\) was given"),
        ({"slices": SLICES[:2]}, "2 slices need as many depths, but 3 came"),
        ({"depths_nm": DEPTHS[None]}, "3 slices need as many depths"),
        ({"slices": SLICES[:1], "depths_nm": DEPTHS[:1]}, "at least 2 slices, but has 1"),
        ({"slices": SLICES[:0], "depths_nm": DEPTHS[:0]}, "at least 2 slices, but has 0"),
        ({"voxel_nm": 0}, "voxel_nm must be positive, but is 0"),
        ({"voxel_nm": -2.5}, r"voxel_nm must be positive, but is -2\.5"),
        ({"voxel_nm": np.nan}, "voxel_nm must be positive, but is nan"),
        ({"depths_nm": [0, np.nan, 9]}, "depth of slice 1 is nan"),
        ({"depths_nm": [0, 3, np.inf]}, "depth of slice 2 is inf"),
        ({"depths_nm": [0, 5, 5]}, r"slice 2 lies at 5\.0 nm after slice 1 at 5\.0 nm"),
        ({"depths_nm": [0, 5, 3]}, r"slice 2 lies at 3\.0 nm after slice 1 at 5\.0 nm"),
        ({"slices": np.zeros((3, 2, 2), bool)}, "all pore"),
        ({"slices": np.ones((3, 2, 2), bool)}, r"all solid: .*\(labels that start at 1"),
        ({"slices": [SLICES[0], SLICES[1, :, :1], SLICES[2]]}, r"part 1 has shape \(1, 1\)"),
        ({"voxel_nm": (10, 3.17, 2.5)}, r"one length, .* but is \(10, 3\.17, 2\.5\)"),
        ({"slices": SLICES * 255}, "the slice stack must be binary .* 255"),
    ],
)
def test_impossible_stack_fails_by_name(changes, message):
    """Slices without depths, depths that do not increase and stacks of one phase are refused."""
    with pytest.raises(InputError, match=message):
        SliceStack(**{"slices": SLICES, "depths_nm": DEPTHS, "voxel_nm": 2.5, **changes})


def test_gapped_volume_by_hand():
    """Slices on layers 0, 1 and 5 leave the three layers 2, 3 and 4 to be filled."""
    volume = gapped()
    assert volume.n_layers == 6
    assert volume.shape == (6, 1, 2)
    assert volume.known.tolist() == [True, True, False, False, False, True]
    assert volume.missing_layers.tolist() == [2, 3, 4]
    assert volume.largest_gap == 3
    grid = volume.volume()
    assert grid.astype(int)[:, 0].tolist() == [[0, 1], [1, 1], [0, 0], [0, 0], [0, 0], [1, 0]]


def test_gap_between_neighbours_is_zero():
    """Slices on every layer leave nothing to fill."""
    volume = gapped((0, 1, 2))
    assert volume.largest_gap == 0
    assert len(volume.missing_layers) == 0
    np.testing.assert_array_equal(volume.volume(), SLICES)


@given(
    st.lists(st.integers(1, 7), min_size=1, max_size=8),
    st.integers(0, 2**32 - 1),
)
def test_layers_are_known_or_missing(steps, seed):
    """Every layer is either known, with its slice, or missing, and the gaps lie between them."""
    layers = np.cumsum([0, *steps])
    slices = np.random.default_rng(seed).random((len(layers), 3, 2)) < 0.5
    volume = gapped(layers, slices)
    both = np.concatenate([layers, volume.missing_layers])
    assert sorted(both.tolist()) == list(range(sum(steps) + 1))
    assert volume.largest_gap == max(steps) - 1
    np.testing.assert_array_equal(volume.volume()[layers], slices)
    assert not volume.volume()[volume.missing_layers].any()


@given(hnp.arrays(bool, (2, 2, 2)))
def test_grid_is_a_copy(slices):
    """Filling the grid of a gapped volume leaves its measured slices alone."""
    kept = slices.copy()
    gapped((0, 1), slices).volume()[:] = True
    np.testing.assert_array_equal(slices, kept)


@pytest.mark.parametrize(
    ("layers", "slices", "message"),
    [
        ((0, 2, 4), SLICES[:, 0], "three axes"),
        ((0, 2, 4), SLICES.astype(np.uint8), "boolean array"),
        ((0, 2), SLICES, "3 known layers need as many indices, but 2 came"),
        ((0,), SLICES[:1], "placement left 1 known layer: at least 2"),
        ((), SLICES[:0], "placement left 0 known layer"),
        ((1, 2, 4), SLICES, "start at 0 and increase"),
        ((0, 2, 2), SLICES, "start at 0 and increase"),
        ((0, 4, 2), SLICES, "start at 0 and increase"),
    ],
)
def test_impossible_gapped_volume_fails(layers, slices, message):
    """A grid begins and ends at known layers, and holds one slice on each of them."""
    with pytest.raises(InputError, match=message):
        gapped(layers, slices)


def placed(**changes):
    """Return a gapped volume with positions and a further slice."""
    given = {
        "slices": SLICES,
        "layers": np.array([0, 2, 5]),
        "voxel_nm": 2.5,
        "origin_layer": 3,
        "effective_voxel_nm": 2.5,
        "n_given": 4,
        "positions": np.array([0.0, 2.2, 4.6]),
        "spare_slices": ~SLICES[:1],
        "spare_positions": np.array([2.4]),
    }
    return GappedVolume(**{**given, **changes})


def test_slices_lie_at_their_layers_unless_it_is_said():
    """Without positions a slice lies at the centre of its layer, and there are no further ones."""
    volume = gapped()
    assert volume.positions.tolist() == [0, 1, 5]
    positions, slices = volume.samples()
    assert positions is volume.positions
    assert slices is volume.slices


def test_all_slices_in_the_order_of_depth():
    """A further slice at 2.4 voxels comes between those at 2.2 and at 4.6."""
    positions, slices = placed().samples()
    assert positions.tolist() == [0, 2.2, 2.4, 4.6]
    np.testing.assert_array_equal(slices, [SLICES[0], SLICES[1], ~SLICES[0], SLICES[2]])


def test_a_part_of_a_stack_keeps_its_positions():
    """From the second known layer on, layers count anew and slices stay where they are."""
    part = placed().between(1, 2)
    assert part.layers.tolist() == [0, 3]
    np.testing.assert_allclose(part.positions, [0.2, 2.6], rtol=1e-14)
    np.testing.assert_allclose(part.spare_positions, [0.4], rtol=1e-14)
    assert part.origin_layer == 5
    np.testing.assert_array_equal(part.slices, SLICES[1:])
    part = placed(origin_layer=None).between(0, 1)
    assert part.layers.tolist() == [0, 2]
    assert part.origin_layer is None
    assert len(part.spare_slices) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positions": np.array([0.0, 2.6, 4.6])}, "within half a voxel of their layers"),
        ({"positions": np.array([0.0, 2.0])}, "within half a voxel of their layers"),
        ({"positions": np.array([0.0, np.nan, 5.0])}, "within half a voxel of their layers"),
        ({"spare_positions": np.array([2.2])}, "1 further slices need as many positions of their"),
        ({"spare_positions": np.array([2.3, 2.4])}, "1 further slices need as many positions"),
        ({"spare_positions": np.array([np.inf])}, "1 further slices need as many positions"),
        ({"spare_slices": np.zeros((1, 2, 2), bool)}, r"have the shape \(2, 2\), but the others"),
        (
            {"layers": np.array([0, 2, 3]), "positions": np.array([0.0, 2.5, 2.5])},
            "must increase",
        ),
    ],
)
def test_positions_that_fit_no_layer_fail(changes, message):
    """A slice lies within half a voxel of its layer, and no two slices lie at one depth."""
    with pytest.raises(InputError, match=message):
        placed(**changes)
