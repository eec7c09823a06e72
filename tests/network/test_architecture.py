"""The network of Table S1: its layers, what each pixel depends on, and its variants."""

import pytest
import torch
from torch.nn import functional

from fibgap.errors import InputError
from fibgap.network.architecture import Architecture, feature_filters
from fibgap.network.module import Network, count_parameters

#: Table S1, once its columns are read aright.
FEATURES = (96, 81, 70, 60, 50, 41, 32)


def block_parameters(inputs: int, outputs: int, side: int) -> int:
    """Return the weights, biases and PReLU slopes of a block."""
    return inputs * outputs * side**2 + outputs + outputs


def test_filter_decay_gives_table_s1():
    """Seven numbers from 96 to 32 by the filter decay are those of the table."""
    assert feature_filters(96, 32) == FEATURES
    assert Architecture().features == FEATURES
    assert Architecture.from_width(1) == Architecture()


def test_layers_are_those_of_table_s1():
    """Every convolution has the filters of the table, and takes what the figure feeds it."""
    shapes = {
        name.removesuffix(".weight"): tuple(values.shape)
        for name, values in Network(Architecture()).state_dict().items()
        if values.ndim == 4
    }
    inputs = (1, *FEATURES[:-1])
    expected = {
        f"features.{index}.0": (filters, before, 3, 3)
        for index, (before, filters) in enumerate(zip(inputs, FEATURES, strict=True))
    }
    expected |= {
        "a1.0": (16, 430, 1, 1),
        "b1.0": (96, 430, 1, 1),
        "b2.0": (64, 96, 3, 3),
        "b3.0": (48, 64, 3, 3),
        "l1.0": (32, 16 + 48 + 1, 3, 3),
        "l2": (1, 32, 3, 3),
    }
    assert shapes == expected
    assert sum(FEATURES) == 430


def test_table_s1_has_368421_parameters():
    """Weights, biases and slopes of all blocks add up to 368,421."""
    total = sum(
        block_parameters(before, filters, 3)
        for before, filters in zip((1, *FEATURES[:-1]), FEATURES, strict=True)
    )
    total += block_parameters(430, 16, 1) + block_parameters(430, 96, 1)
    total += block_parameters(96, 64, 3) + block_parameters(64, 48, 3)
    total += block_parameters(65, 32, 3) + (32 * 9 + 1)
    assert total == 368_421
    assert count_parameters(Network(Architecture())) == total


def test_variants_differ_by_one_channel():
    """A mask adds 96 filters of 3 x 3; adding the spline takes 32 of them away."""
    assert count_parameters(Network(Architecture(mask_channel=True))) == 368_421 + 96 * 9
    assert count_parameters(Network(Architecture(bicubic="add"))) == 368_421 - 32 * 9


@pytest.mark.parametrize("mask_channel", [False, True])
@pytest.mark.parametrize("bicubic", ["concatenate", "add"])
@pytest.mark.parametrize("size", [(24, 24), (17, 40)])
def test_output_is_a_plane_of_the_same_size(make_network, mask_channel, bicubic, size):
    """A plane of any size comes out as one channel of the same size."""
    network = make_network(mask_channel=mask_channel, bicubic=bicubic)
    image = torch.rand(3, 2 if mask_channel else 1, *size)
    with torch.inference_mode():
        assert network(image, torch.rand(3, 1, *size)).shape == (3, 1, *size)


@pytest.mark.parametrize("bicubic", ["concatenate", "add"])
def test_wiring_is_that_of_the_figure(make_network, bicubic):
    """All features are joined; A1 stands beside B1, B2, B3; the spline joins before L1."""
    network = make_network(bicubic=bicubic)
    weights = network.state_dict()

    def convolve(values, name):
        kernel = weights[f"{name}.weight"]
        return functional.conv2d(
            values, kernel, weights[f"{name}.bias"], padding=kernel.shape[-1] // 2
        )

    def block(values, name):
        convolved = convolve(values, f"{name}.0")
        slope = weights[f"{name}.1.weight"][:, None, None]
        return torch.where(convolved >= 0, convolved, slope * convolved)

    generator = torch.Generator().manual_seed(1)
    image = torch.rand(2, 1, 13, 15, generator=generator)
    spline = torch.rand(2, 1, 13, 15, generator=generator)
    outputs = [block(image, "features.0")]
    for index in range(1, 7):
        outputs.append(block(outputs[-1], f"features.{index}"))
    joined = torch.cat(outputs, 1)
    parts = [block(joined, "a1"), block(block(block(joined, "b1"), "b2"), "b3")]
    if bicubic == "concatenate":
        parts.append(spline)
    expected = convolve(block(torch.cat(parts, 1), "l1"), "l2")
    if bicubic == "add":
        expected = expected + spline
    with torch.inference_mode():
        found = network(image, spline)
    # The same sums of at most a few hundred terms in single precision, in another order.
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def positive_network(**options):
    """Return a network in double precision in which every influence adds up."""
    network = Network(Architecture.from_width(0.05, **options)).double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(0.1)
    return network


def changed(network, image, spline, *, where, what):
    """Return which output pixels change when one pixel of an input does."""
    other = [image.clone(), spline.clone()]
    other[what][0, 0, where[0], where[1]] += 1
    with torch.inference_mode():
        return (network(*other) != network(image, spline))[0, 0]


def square(side, centre, reach):
    """Return the pixels within a number of rows and columns of one."""
    index = torch.arange(side)
    rows, columns = ((index - place).abs() <= reach for place in centre)
    return rows[:, None] & columns[None, :]


@pytest.mark.parametrize(("mask_channel", "bicubic"), [(False, "concatenate"), (True, "add")])
def test_a_pixel_is_seen_as_far_as_the_receptive_field_reaches(mask_channel, bicubic):
    """A changed pixel changes all pixels up to 11 rows and columns away, and no other bit."""
    network = positive_network(mask_channel=mask_channel, bicubic=bicubic)
    assert network.architecture.receptive_reach == 11
    generator = torch.Generator().manual_seed(2)
    image = torch.rand(
        1, 2 if mask_channel else 1, 31, 31, generator=generator, dtype=torch.float64
    )
    spline = torch.rand(1, 1, 31, 31, generator=generator, dtype=torch.float64)
    for where in ((15, 15), (4, 20)):
        found = changed(network, image, spline, where=where, what=0)
        assert torch.equal(found, square(31, where, 11))


@pytest.mark.parametrize("seed", [0, 1])
def test_nothing_is_seen_beyond_the_receptive_field(make_network, seed):
    """With random weights, too, no bit changes beyond 11 rows and columns."""
    network = make_network(seed, width_factor=0.1)
    generator = torch.Generator().manual_seed(seed)
    image, spline = torch.rand(2, 1, 1, 31, 31, generator=generator)
    found = changed(network, image, spline, where=(15, 15), what=0)
    assert found[15, 15]
    assert not (found & ~square(31, (15, 15), 11)).any()


@pytest.mark.parametrize(("bicubic", "reach"), [("concatenate", 2), ("add", 0)])
def test_the_spline_joins_late(bicubic, reach):
    """A pixel of the spline passes through L1 and L2 where it is concatenated, or through none."""
    network = positive_network(bicubic=bicubic)
    image, spline = torch.rand(2, 1, 1, 15, 15, dtype=torch.float64)
    found = changed(network, image, spline, where=(7, 7), what=1)
    assert torch.equal(found, square(15, (7, 7), reach))


def test_the_spline_can_pass_through_unchanged():
    """With one filter of L1 and L2 open, the output is the concatenated spline itself."""
    network = Network(Architecture.from_width(0.05)).eval()
    image, spline = torch.rand(2, 3, 1, 12, 12)
    with torch.no_grad():
        for layer in (network.l1[0], network.l2):
            layer.weight.zero_()
            layer.bias.zero_()
        network.l1[0].weight[0, -1, 1, 1] = 1
        network.l2.weight[0, 0, 1, 1] = 1
        assert torch.equal(network(image, spline), spline)


def test_added_to_the_spline_it_starts_as_the_spline():
    """Before training, the network that learns a residual gives the spline bit for bit."""
    network = Network(Architecture.from_width(0.1, bicubic="add"))
    image, spline = torch.rand(2, 3, 1, 12, 12)
    with torch.no_grad():
        assert torch.equal(network(image, spline), spline)


def test_the_mask_tells_missing_from_empty(make_network):
    """With a mask channel an empty known row and a missing row are not the same."""
    network = make_network(mask_channel=True)
    image = torch.rand(1, 2, 12, 12)
    other = image.clone()
    other[:, 1] = 1 - other[:, 1]
    spline = torch.rand(1, 1, 12, 12)
    with torch.inference_mode():
        assert not torch.equal(network(image, spline), network(other, spline))


def test_the_output_is_not_bounded(make_network):
    """There is no activation behind the last convolution: outputs of both signs pass alike."""
    network = make_network()
    image, spline = torch.rand(2, 1, 1, 12, 12)
    with torch.no_grad():
        plain = network(image, spline)
        network.l2.weight.mul_(-1)
        network.l2.bias.mul_(-1)
        assert torch.equal(network(image, spline), -plain)
        network.l2.weight.mul_(-1)
        network.l2.bias.mul_(-1)


@pytest.mark.parametrize(
    ("mask_channel", "neighbours", "channels"),
    [(False, 0, 1), (True, 0, 2), (False, 3, 7), (True, 2, 6)],
)
def test_neighbours_and_mask_are_input_channels(make_network, mask_channel, neighbours, channels):
    """Each adds its weights to the first layer and nothing else, and the output sees it."""
    made = Architecture(mask_channel=mask_channel, neighbours=neighbours)
    assert made.input_channels == channels
    assert count_parameters(Network(made)) == 368_421 + (channels - 1) * 96 * 9
    network = make_network(mask_channel=mask_channel, neighbours=neighbours)
    image, spline = torch.rand(1, channels, 12, 12), torch.rand(1, 1, 12, 12)
    with torch.inference_mode():
        before = network(image, spline)
        for channel in range(channels):
            other = image.clone()
            other[:, channel] = 1 - other[:, channel]
            assert not torch.equal(network(other, spline), before)


@pytest.mark.parametrize("neighbours", [-1, 1.5])
def test_a_number_of_neighbours_is_a_count(neighbours):
    """A network sees a whole number of planes."""
    with pytest.raises(InputError, match=f"neighbours must be 0 or more, but is {neighbours}"):
        Architecture(neighbours=neighbours)


@pytest.mark.parametrize("factor", [0.001, 0.1, 0.35, 0.5, 2])
def test_a_width_factor_scales_every_layer(factor):
    """Every number of filters is scaled and rounded, none below one."""
    made = Architecture.from_width(factor, mask_channel=True)
    for name, full in (("a1", 16), ("b1", 96), ("b2", 64), ("b3", 48), ("l1", 32)):
        assert getattr(made, name) == max(1, round(factor * full))
    assert made.features[0] == max(1, round(factor * 96))
    assert made.features[-1] == max(1, round(factor * 32))
    assert list(made.features) == sorted(made.features, reverse=True)
    assert made.mask_channel
    assert made.receptive_reach == 11


@pytest.mark.parametrize("factor", [0, -1, 4.1, float("nan")])
def test_a_width_factor_has_bounds(factor):
    """A width of nothing, or beyond four times the table, is told by its value."""
    with pytest.raises(InputError, match=rf"width_factor must lie in \(0, 4\], but is {factor}"):
        Architecture.from_width(factor)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"a1": 0}, "at least 1 filter"),
        ({"features": ()}, "at least 1 filter"),
        ({"features": (3, 2.5)}, "at least 1 filter"),
        ({"b2": "64"}, "at least 1 filter"),
        ({"bicubic": "multiply"}, "'concatenate' or 'add', but is 'multiply'"),
    ],
)
def test_impossible_architectures_are_refused(changes, words):
    """Layers without filters and unknown ways to join are told by their values."""
    with pytest.raises(InputError, match=words):
        Architecture(**changes)


def test_an_architecture_goes_through_plain_values():
    """An architecture comes back from a dictionary; a key that it does not know is named."""
    made = Architecture.from_width(0.4, mask_channel=True, bicubic="add")
    assert Architecture.from_dict(made.to_dict()) == made
    with pytest.raises(InputError, match="unknown key 'depth'"):
        Architecture.from_dict({**made.to_dict(), "depth": 7})
