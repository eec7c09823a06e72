"""Where the depths of a stack come from, when nobody says it and when somebody does."""

import numpy as np
import pytest

from fibgap.depths import Depths
from fibgap.errors import FibgapWarning, InputError
from fibgap.io.images import ImageStack
from fibgap.stacks.depth_sources import find_depths

IMAGES = np.zeros((3, 2, 2), dtype=np.uint8)
NAMES = ("a_z=10nm.tif", "a_z=12nm.tif", "a_z=19nm.tif")


def stack(**known) -> ImageStack:
    """Return three slices of which some things are known."""
    return ImageStack(IMAGES, **known)


def test_the_file_comes_before_the_names_and_both_before_a_spacing():
    """What was measured of every slice counts for more than one number for all."""
    everything = {"depths_nm": np.array([0.0, 3.0, 4.0]), "names": NAMES, "spacing_nm": 7.0}
    assert find_depths(stack(**everything)).depths_nm.tolist() == [0, 3, 4]
    del everything["depths_nm"]
    assert find_depths(stack(**everything)).depths_nm.tolist() == [10, 12, 19]
    everything["names"] = ("a1.tif", "a2.tif", "a3.tif")
    found = find_depths(stack(**everything))
    assert found.depths_nm.tolist() == [0, 7, 14]
    assert found.source == "nominal"


def test_what_is_asked_for_counts():
    """A source that is named is taken though the file has depths of its own."""
    both = stack(depths_nm=np.array([0.0, 3.0, 4.0]), names=NAMES)
    assert find_depths(both, depths="names").depths_nm.tolist() == [10, 12, 19]
    given = Depths(np.array([1.0, 2.0, 4.0]), "images")
    assert find_depths(both, depths=given) is given


def test_a_pixel_size_in_the_names_is_no_depth():
    """A length that is the same in all names says nothing of where a slice lies."""
    named = stack(names=("a_5nm_1.tif", "a_5nm_2.tif", "a_5nm_3.tif"))
    with pytest.raises(InputError, match="where the slices lie is not known"):
        find_depths(named)


def test_a_name_without_its_depth_is_told():
    """Where other names hold a depth, one that holds none is an error and no nominal spacing."""
    with pytest.raises(InputError, match="'a\\.tif' holds no depth"):
        find_depths(stack(names=("a_z=1nm.tif", "a.tif", "a_z=3nm.tif"), spacing_nm=2.0))


def test_falling_depths_turn_the_stack():
    """A stack that was delivered from its deepest slice upwards is turned, and said to be."""
    found = find_depths(stack(depths_nm=np.array([9.0, 5.0, 0.0])))
    assert found.depths_nm.tolist() == [0, 5, 9]
    assert found.turned
    assert any("turned round" in note for note in found.notes)


def test_two_answers_are_refused():
    """Depths and a spacing cannot both say where slices lie."""
    with pytest.raises(InputError, match=r"depths \(d\.csv\) and a spacing \(10nm\)"):
        find_depths(stack(), depths="d.csv", spacing="10nm")


@pytest.mark.parametrize("depths", [None, "names", "file"])
def test_a_column_needs_a_table(depths):
    """A column that is named without a table is a table that was forgotten."""
    with pytest.raises(InputError, match="depth_column 'z' is given, but no table"):
        find_depths(stack(names=NAMES), depths=depths, depth_column="z")


@pytest.mark.parametrize(
    ("depths", "message"),
    [("names", "no names to read depths from"), ("file", "the image file has no depths")],
)
def test_a_source_that_is_not_there_is_refused(depths, message):
    """Nothing takes the place of the depths that were asked for."""
    with pytest.raises(InputError, match=message):
        find_depths(stack(spacing_nm=2.0), depths=depths)


def test_a_spacing_that_contradicts_the_file_is_told():
    """The given spacing counts, and the other one is named; the same one is no news."""
    with pytest.warns(FibgapWarning, match="distance between slices, 10 nm, was not used"):
        found = find_depths(stack(spacing_nm=10.0), spacing="20 nm")
    assert found.thickness_nm.tolist() == [20, 20]
    assert find_depths(stack(spacing_nm=10.0), spacing="0.01um").thickness_nm.tolist() == [10, 10]
    with pytest.warns(FibgapWarning, match="the file's own depths were not used"):
        find_depths(stack(depths_nm=np.array([0.0, 3.0, 4.0])), spacing="20 nm")


def test_a_spacing_needs_a_unit():
    """A bare number may be nm, voxels or µm."""
    with pytest.raises(InputError, match="spacing '10' has no unit"):
        find_depths(stack(), spacing="10")
