"""A stack on disk is read as an array is, and never as a whole."""

import gc

import numpy as np
import pytest

from fibgap.holes import fill_holes
from fibgap.on_disk import OnDisk, joined, map_slices, new_on_disk
from fibgap.stack import GappedVolume, SliceStack, require_binary


@pytest.fixture
def array():
    """Return 5 slices of 4 x 3 pixels, no two values alike."""
    return np.arange(60, dtype=np.int16).reshape(5, 4, 3)


@pytest.fixture
def stack(array, tmp_path):
    """Return the same on disk."""
    result = new_on_disk(tmp_path / "room", array.shape, array.dtype)
    result[:] = array
    return result


@pytest.mark.parametrize(
    "key",
    [
        3,
        -1,
        slice(1, 3),
        slice(None, None, 2),
        [4, 0],
        np.array([True, False, True, False, False]),
        (slice(None), slice(1, 3)),
        (slice(1, 4), slice(2, 4), slice(0, 1)),
        (2, slice(None), 1),
        (slice(None), [0, -1], [0, -1]),
    ],
    ids=str,
)
def test_parts_are_those_of_an_array(stack, array, key):
    """Slices, ranges, rows, boxes and corners come as they do from an array in memory."""
    part = stack[key]
    assert type(part) is np.ndarray
    np.testing.assert_array_equal(part, array[key])
    assert part.dtype == array.dtype


def test_views_read_in_their_own_order(stack, array):
    """Turned round, taken and joined stacks are read, with no copy, from the same file."""
    turned = stack[::-1]
    np.testing.assert_array_equal(turned[0], array[4])
    np.testing.assert_array_equal(turned[1:3, 2:], array[::-1][1:3, 2:])
    chosen = turned.take([0, 3], axis=0)
    np.testing.assert_array_equal(np.stack([*chosen]), array[[4, 1]])
    order = np.array([2, 0, 1])
    both = joined(chosen, stack.take([2]), order)
    np.testing.assert_array_equal(np.stack([*both]), array[[2, 4, 1]])
    assert len([*stack.path.parent.iterdir()]) == 1
    with pytest.raises(IndexError, match="slice 2 is out of the range of 2"):
        chosen[2]


def test_parts_are_set_where_they_belong(stack, array):
    """One slice, some slices, and rows of some slices."""
    stack[1] = array[1] + 100
    stack[[4, 2]] = array[[4, 2]] + 200
    stack[np.array([0, 3]), 1:3] = 7
    expected = array.copy()
    expected[1] += 100
    expected[[4, 2]] += 200
    expected[[0, 3], 1:3] = 7
    np.testing.assert_array_equal(np.stack([*stack]), expected)


def test_it_is_never_read_as_a_whole(stack):
    """What would need all values at once fails loudly instead of filling the memory."""
    with pytest.raises(TypeError, match="read in parts, never as a whole"):
        np.asarray(stack)
    with pytest.raises(TypeError):
        np.count_nonzero(stack)


def test_numbers_over_all_values(stack, array, tmp_path):
    """Mean, any and all are those of an array."""
    assert stack.mean() == array.mean()
    assert (stack.any(), stack.all()) == (True, False)
    assert not new_on_disk(tmp_path, (2, 2, 2), bool).any()
    assert (stack.size, stack.nbytes, stack.ndim, len(stack)) == (60, 120, 3, 5)


def test_the_file_goes_with_its_last_view(array, tmp_path):
    """A view keeps the file; when nobody holds it any more, file and folder are gone."""
    stack = new_on_disk(tmp_path / "room", array.shape, array.dtype)
    view = stack[::-1]
    del stack
    gc.collect()
    assert (tmp_path / "room").exists()
    assert not view[0].any()
    del view
    gc.collect()
    assert not (tmp_path / "room").exists()


def test_a_kept_file_is_found_again(array, tmp_path):
    """What is kept has its values when it is opened again, and goes once it is released."""
    path = tmp_path / "room" / "volume"
    path.parent.mkdir()
    stack = OnDisk(path, array.shape, array.dtype, keep=True)
    stack[:] = array
    del stack
    gc.collect()
    again = OnDisk(path, array.shape, array.dtype, keep=True)
    np.testing.assert_array_equal(again[2], array[2])
    again.release()
    assert not path.exists()
    np.testing.assert_array_equal(again[2], array[2])
    del again
    gc.collect()
    assert not path.parent.exists()


def test_what_is_made_of_slices_lies_where_they_lie(stack, array):
    """The same function gives the same images, of another size and type, in memory or on disk."""

    def corner(z, image):
        return image[:2, :2] > 10 * z

    on_disk = map_slices(stack, corner, np.bool_, (2, 2))
    in_memory = map_slices(array, corner, np.bool_, (2, 2))
    assert (type(on_disk), type(in_memory)) == (OnDisk, np.ndarray)
    np.testing.assert_array_equal(np.stack([*on_disk]), in_memory)


def test_stacks_and_volumes_take_it(tmp_path):
    """Slice stacks, gapped volumes and hole filling work on it as on an array."""
    slices = np.ones((3, 5, 5), dtype=bool)
    slices[:, 2, 2] = False
    stack = new_on_disk(tmp_path / "room", slices.shape, bool)
    stack[:] = slices
    assert require_binary(stack, "stack") is stack
    assert SliceStack(stack, np.array([0.0, 5, 9]), 2.5).slices is stack
    one, two = stack.take([0, 2]), stack.take([1])
    spare = {"spare_slices": two, "spare_positions": np.array([1.4])}
    gapped = GappedVolume(one, np.array([0, 4]), 2.5, 0, 2.5, 3, np.array([0.0, 3.8]), **spare)
    positions, samples = gapped.samples()
    assert positions.tolist() == [0, 1.4, 3.8]
    np.testing.assert_array_equal(np.stack([*samples]), slices)
    closed, found = fill_holes(stack, np.array([0, 2]))
    expected, the_same = fill_holes(slices, np.array([0, 2]))
    assert found == the_same
    np.testing.assert_array_equal(np.stack([*closed]), expected)
