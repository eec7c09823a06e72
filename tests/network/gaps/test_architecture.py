"""The network of gaps in numbers is what its module is."""

import pytest
import torch

from fibgap.errors import InputError
from fibgap.network.gaps.architecture import ANCHORS, GapArchitecture
from fibgap.network.gaps.module import GapNetwork
from fibgap.network.training.recipe import architecture_of
from fibgap.network.weights import read_architecture

SMALL = GapArchitecture(widths=(6, 8, 4), blocks=(1, 2, 1))


@pytest.mark.parametrize("architecture", [SMALL, GapArchitecture(widths=(4,), blocks=(1,))])
def test_its_shapes_are_those_of_the_module(architecture):
    """Every array that a weights file has to hold is there, in the module's own shape."""
    module = GapNetwork(architecture)
    shapes = {name: tuple(values.shape) for name, values in module.state_dict().items()}
    assert architecture.parameter_shapes() == shapes


def test_a_file_gives_it_back():
    """What is written of it is enough to make it again."""
    assert read_architecture(SMALL.to_dict()) == SMALL
    with pytest.raises(InputError, match="an unknown key 'filters'"):
        read_architecture({**SMALL.to_dict(), "filters": 3})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"widths": (4, 0)}, "at least 1 filter"),
        ({"widths": (), "blocks": ()}, "at least 1 filter"),
        ({"widths": (4, 4), "blocks": (1,)}, "one of each for every level"),
    ],
)
def test_impossible_numbers_are_refused(values, message):
    """Levels without filters, or without blocks, cannot be built."""
    with pytest.raises(InputError, match=message):
        GapArchitecture(**values)


def test_it_starts_as_the_spline_of_distances():
    """Before any training nothing is corrected, whatever is seen."""
    torch.manual_seed(0)
    with torch.inference_mode():
        said = GapNetwork(SMALL)(torch.randn(2, SMALL.input_channels, 16, 24))
    assert said.shape == (2, ANCHORS, 16, 24)
    assert not said.any()


@torch.inference_mode()
@pytest.mark.parametrize("architecture", [SMALL, GapArchitecture(widths=(4, 4), blocks=(2, 1))])
def test_a_pixel_depends_on_nothing_beyond_its_reach(architecture):
    """A change of one pixel changes no pixel farther away, and some that are half as far."""
    torch.manual_seed(1)
    network = GapNetwork(architecture)
    for values in network.parameters():
        torch.nn.init.normal_(values, 0.0, 0.2)
    side, reach = 10 * architecture.multiple, architecture.receptive_reach
    image = torch.rand(1, architecture.input_channels, 16 * architecture.multiple, side).double()
    network.double()
    other = image.clone()
    other[..., 3] += 1
    changed = (network(image) != network(other)).any(1)[0].any(0)
    assert not changed[3 + reach + 1 :].any()
    assert changed[3 + reach // 2 :].any()


def test_a_row_of_a_configuration_makes_it():
    """`sees: gaps` and a width are enough."""
    row = {"sees": "gaps", "width_factor": 0.5}
    assert architecture_of(row) == GapArchitecture(widths=(32, 64, 64))
    with pytest.raises(InputError, match="width_factor must lie in"):
        architecture_of({**row, "width_factor": 5})
