"""What holds for every filler that looks at slices alone."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fibgap.errors import InputError
from fibgap.fillers import FILLER_HOMES, fill, filler_names
from fibgap.stack import GappedVolume

FILLERS = ("nearest", "linear", "cubic_spline", "shape_based", "signed_distance_spline")
VOXELWISE = ("nearest", "linear", "cubic_spline")
MIRRORED = ("linear", "cubic_spline", "shape_based", "signed_distance_spline")

every_filler = pytest.mark.parametrize("filler", FILLERS)


def gap(slices, layers):
    """Return a gapped volume from slices and their layers."""
    return GappedVolume(np.asarray(slices, bool), np.asarray(layers), 2.5, 0, 2.5, len(slices))


@st.composite
def gapped_volumes(draw):
    """Draw two to seven slices of random size, gold and gaps."""
    steps = draw(st.lists(st.integers(1, 6), min_size=1, max_size=6))
    shape = (len(steps) + 1, draw(st.integers(1, 5)), draw(st.integers(1, 5)))
    return gap(draw(hnp.arrays(bool, shape)), np.cumsum([0, *steps]))


def reversed_in_z(gapped):
    """Return the stack milled from its other end."""
    return gap(gapped.slices[::-1], gapped.layers[-1] - gapped.layers[::-1])


def with_slices(gapped, slices):
    """Return other slices on the same layers."""
    return gap(slices, gapped.layers)


@every_filler
@settings(max_examples=50)  # times the number of fillers
@given(gapped_volumes())
def test_known_layers_pass_through(filler, gapped):
    """Measured slices stay what they are, bit for bit, and the filler leaves its input alone."""
    slices, layers = gapped.slices.copy(), gapped.layers.copy()
    volume = fill(gapped, filler)
    assert volume.shape == gapped.shape
    assert volume.dtype == np.bool_
    np.testing.assert_array_equal(volume[layers], slices)
    np.testing.assert_array_equal(gapped.slices, slices)
    np.testing.assert_array_equal(gapped.layers, layers)


@every_filler
@settings(max_examples=50)  # times the number of fillers
@given(gapped_volumes())
def test_unchanging_structure_is_continued(filler, gapped):
    """Between equal slices every layer is equal to them: gold fibres along z stay fibres."""
    same = with_slices(gapped, np.repeat(gapped.slices[:1], len(gapped.slices), axis=0))
    volume = fill(same, filler)
    np.testing.assert_array_equal(volume, np.broadcast_to(gapped.slices[0], volume.shape))


@pytest.mark.parametrize("filler", MIRRORED)
@settings(max_examples=50)  # times the number of fillers
@given(gapped_volumes())
def test_milling_from_the_other_end_gives_the_mirror_image(filler, gapped):
    """Reversing the stack along z reverses the filled volume, ties included."""
    np.testing.assert_array_equal(fill(reversed_in_z(gapped), filler), fill(gapped, filler)[::-1])


@pytest.mark.parametrize("filler", VOXELWISE)
@settings(max_examples=50)  # times the number of fillers
@given(gapped_volumes(), st.randoms(use_true_random=False))
def test_voxel_columns_are_independent(filler, gapped, random):
    """Exchanging pixels of every slice exchanges the voxel columns of the result."""
    count = gapped.shape[1] * gapped.shape[2]
    order = random.sample(range(count), count)

    def exchange(layers):
        return layers.reshape(-1, count)[:, order].reshape(layers.shape)

    np.testing.assert_array_equal(
        fill(with_slices(gapped, exchange(gapped.slices)), filler),
        exchange(fill(gapped, filler)),
    )


@every_filler
@settings(max_examples=50)  # times the number of fillers
@given(gapped_volumes())
def test_turned_slices_give_the_turned_volume(filler, gapped):
    """Mirroring the slices, and exchanging x and y, does the same to the result."""
    volume = fill(gapped, filler)
    for turn in (
        lambda layers: layers[:, ::-1],
        lambda layers: layers[:, :, ::-1],
        lambda layers: layers.transpose(0, 2, 1),
    ):
        np.testing.assert_array_equal(
            fill(with_slices(gapped, turn(gapped.slices)), filler), turn(volume)
        )


@every_filler
@settings(max_examples=50)  # times the number of fillers
@given(gapped_volumes())
def test_phases_are_equal_but_for_ties(filler, gapped):
    """With gold and pore exchanged, the result is exchanged too; ties are gold both times."""
    plain = fill(gapped, filler)
    exchanged = fill(with_slices(gapped, ~gapped.slices), filler)
    assert (plain | exchanged).all()
    ties = plain & exchanged
    assert not ties[gapped.layers].any()
    if filler == "nearest":
        assert not ties.any()


@pytest.mark.parametrize("filler", ["nearest", "linear", "shape_based"])
@settings(max_examples=50)  # times the number of fillers
@given(gapped_volumes())
def test_layers_lie_between_their_neighbours(filler, gapped):
    """Gold in both neighbouring slices is gold between them, and pore in both is pore."""
    volume = fill(gapped, filler)
    for lower, upper in zip(gapped.layers[:-1], gapped.layers[1:], strict=True):
        between = volume[lower : upper + 1]
        both, neither = volume[lower] & volume[upper], ~volume[lower] & ~volume[upper]
        assert between[:, both].all()
        assert not between[:, neither].any()


@every_filler
def test_two_adjacent_slices_leave_nothing_to_fill(filler):
    """Slices on neighbouring layers are the volume."""
    slices = np.array([[[0, 1], [1, 1]], [[1, 1], [0, 0]]], bool)
    np.testing.assert_array_equal(fill(gap(slices, [0, 1]), filler), slices)


@every_filler
def test_gap_beside_adjacent_slices(filler):
    """A stack with neighbours at both ends of its only gap is filled there and nowhere else."""
    slices = np.array([[[1, 0, 0]], [[1, 1, 0]], [[1, 1, 0]], [[0, 1, 0]]], bool)
    volume = fill(gap(slices, [0, 1, 4, 5]), filler)
    np.testing.assert_array_equal(volume[[0, 1, 4, 5]], slices)
    np.testing.assert_array_equal(volume[2:4, 0], [[1, 1, 0]] * 2)


@every_filler
@pytest.mark.parametrize("gold", [False, True])
def test_empty_and_full_stacks_stay_so(filler, gold):
    """No gold comes from slices without gold, and no pore from slices without pores."""
    volume = fill(gap(np.full((3, 2, 4), gold), [0, 3, 4]), filler)
    assert (volume == gold).all()


@every_filler
def test_one_pixel_is_a_slice(filler):
    """A stack of single pixels is filled like any other."""
    volume = fill(gap([[[1]], [[1]], [[0]]], [0, 2, 3]), filler)
    assert volume.ravel().tolist() == [True, True, True, False]


def test_names_are_those_of_the_homes():
    """Every registered filler is known by name before its module is imported."""
    assert filler_names() == sorted(FILLER_HOMES)
    assert set(FILLERS) | {"network"} == set(FILLER_HOMES)


def test_unknown_filler_fails_by_name():
    """A filler that does not exist is refused, with the names of those that do."""
    with pytest.raises(InputError, match="'magic' is unknown; choose one of cubic_spline, linear"):
        fill(gap([[[0]], [[1]]], [0, 2]), "magic")


def test_slices_are_filled_without_torch():
    """Only the network needs torch: no other filler imports it."""
    lines = [
        "import sys, numpy, fibgap.fillers, fibgap.stack",
        "slices = numpy.eye(2, dtype=bool)[:, None]",
        "gapped = fibgap.stack.GappedVolume(slices, numpy.array([0, 2]), 2.5, 0, 2.5, 2)",
        f"for name in {FILLERS}: fibgap.fillers.fill(gapped, name)",
        "sys.exit('torch' in sys.modules)",
    ]
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True, cwd=root)
