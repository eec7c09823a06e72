"""The options of loading, checking, filling and of the command are the same."""

import pytest

from fibgap.cli import check, fill
from fibgap.stacks import check_stack
from fibgap.stacks.options import How, command

_OWN = {"quiet", "as_json", "stack", "output", "force", "filler", "weights", "gpu", "fill_holes"}
#: Of single commands: how to fill, and whether to judge fillers as well.
_OWN |= {"memory", "draw", "learn", "judge"}


@pytest.mark.parametrize("one", [check, fill], ids=["check", "fill"])
def test_the_command_has_every_option_of_the_library(one):
    """No way to read a stack is reserved for those who write Python, or for those who do not."""
    names = {parameter.name for parameter in one.params} - _OWN
    assert names == How.__annotations__.keys()


def test_every_option_is_documented():
    """The documentation of `How` says what every option means."""
    for name in How.__annotations__:
        assert f"\n    {name} : " in How.__doc__


def test_a_misspelt_option_is_refused():
    """A typing error in a notebook is not taken for an option that was not given."""
    with pytest.raises(TypeError, match="'voxels'"):
        check_stack("x.tif", voxels="2nm")


def test_a_command_says_no_crop():
    """Only the options that say something are written, and a no is written as one."""
    options = {"crop": False, "otsu": False, "mask": None, "tilt": 52.0}
    assert command("check", ["s"], options) == "fibgap check s --no-crop --tilt 52"
