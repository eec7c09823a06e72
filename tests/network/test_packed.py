"""The layout for a CPU gives what the network gives."""

import ctypes
import platform

import numpy as np
import pytest
import torch

from fibgap.fillers import fill
from fibgap.network.architecture import Architecture, Network
from fibgap.network.packed import PackedNetwork, kept_memory
from fibgap.network.shipped import resolve_weights
from fibgap.network.weights import load_weights
from fibgap.stack import GappedVolume, nearest_layer
from fibgap.synthetic.milling import Milling, draw_depths
from fibgap.synthetic.structure import Level, generate_volume


def planes(channels: int, seed: int = 0, shape=(3, 29, 37)) -> tuple[torch.Tensor, torch.Tensor]:
    """Return random binary planes and a random smooth channel beside them."""
    generator = torch.Generator().manual_seed(seed)
    count, rows, width = shape
    image = (torch.rand((count, channels, rows, width), generator=generator) > 0.6).float()
    return image, torch.rand((count, 1, rows, width), generator=generator)


@pytest.mark.parametrize("width_factor", [0.05, 0.2, 1 / 3])
@pytest.mark.parametrize("bicubic", ["concatenate", "add"])
@pytest.mark.parametrize(("mask_channel", "neighbours"), [(False, 0), (True, 0), (True, 3)])
@torch.inference_mode()
def test_packed_in_single_precision_is_the_network(
    make_network, width_factor, bicubic, mask_channel, neighbours
):
    """In fp32 the two differ by the rounding of sums taken in another order."""
    inputs = {"mask_channel": mask_channel, "neighbours": neighbours}
    network = make_network(1, width_factor=width_factor, bicubic=bicubic, **inputs)
    image, spline = planes(network.architecture.input_channels)
    expected = network(image, spline)
    found = PackedNetwork(network, torch.float32)(image, spline)
    assert found.shape == expected.shape
    # Eleven layers of sums of at most 1,300 terms in single precision, taken in another order.
    assert torch.allclose(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))
    assert float(expected.std()) > 1e-3 * float(expected.abs().max())


@torch.inference_mode()
def test_blocks_of_other_shapes_follow_each_other(make_network):
    """The arrays that are used again hold nothing of the block before."""
    network = make_network(2, mask_channel=True)
    packed = PackedNetwork(network, torch.float32)
    for seed, shape in enumerate([(3, 29, 37), (3, 29, 37), (1, 29, 37), (2, 31, 24)]):
        image, spline = planes(2, seed, shape)
        expected = network(image, spline)
        found = packed(image, spline)
        assert torch.allclose(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


@torch.inference_mode()
def test_added_channels_hold_zeros(make_network):
    """In bf16 the added channels add nothing: the result is near that of fp32."""
    network = make_network(3, width_factor=0.11)
    image, spline = planes(1)
    exact = network(image, spline)
    packed = PackedNetwork(network, torch.bfloat16)
    assert {layer.outputs for layer in packed.features} == {32}
    found = packed(image, spline)
    assert found.dtype == torch.float32
    # Nine layers round inputs, weights and outputs to 8 bits: 27 errors of 2**-9 at most.
    assert float((found - exact).norm() / exact.norm()) < 27 * 2**-9
    assert not torch.equal(found, exact)


@pytest.mark.parametrize(
    ("name", "most"),
    # Fewer channels average fewer rounding errors. Counted over three volumes: 0.6 and 1.7; of
    # 20 or 34 expected in this one, chance adds at most 3 standard deviations of a Poisson count.
    [("table_s1", 1.0), ("compact_any", 2.6)],
)
def test_reduced_precision_changes_hardly_a_voxel(name, most):
    """With the shipped weights of Table S1, bf16 changes at most 1 filled voxel in 10,000."""
    levels = [Level(0.35, 150), Level(0.35, 22.5)]
    seed = np.random.SeedSequence(5)
    volume = generate_volume((64, 64, 64), levels, voxel_nm=2.5, seed=seed)
    depths = draw_depths(Milling("normal", 10, 3, 2.5), 63 * 2.5, np.random.default_rng(6))
    layers = np.unique(np.append(nearest_layer(depths, 2.5).clip(max=63), 63))
    gapped = GappedVolume(volume[layers], layers - layers[0], 2.5, 0, 2.5, len(layers))
    network = load_weights(resolve_weights(f"shipped:{name}")).network
    exact = fill(gapped, "network", network=network)
    found = fill(gapped, "network", network=network, precision=torch.bfloat16)
    changed = int((exact != found).sum())
    assert changed <= most / 10_000 * len(gapped.missing_layers) * 64 * 64
    assert (exact != volume[layers[0] :]).any()


def test_memory_is_kept_only_for_a_while():
    """Afterwards large arrays are mapped by themselves again, and are given back when freed."""
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("only glibc is told to keep memory")
    library = ctypes.CDLL(None)

    class Information(ctypes.Structure):
        _fields_ = [(name, ctypes.c_int) for name in ("arena", "free", "small", "maps", "mapped")]
        _fields_ += [(name, ctypes.c_int) for name in "abcde"]

    library.mallinfo.restype = Information

    def maps(megabytes: int) -> int:
        before = library.mallinfo().maps
        array = torch.empty(megabytes * 2**18)  # touched by nobody, so it takes no memory
        return library.mallinfo().maps - before + 0 * len(array)

    # Larger than any hole that earlier tests can have left.
    assert maps(1024) == 1
    with kept_memory():
        assert maps(1024) == 0
    assert maps(1024) == 1


def test_full_size_network_is_packed():
    """Table S1 in bf16: 512 channels side by side, and 128 for B1 and A1."""
    packed = PackedNetwork(Network(Architecture()), torch.bfloat16)
    assert packed.total == 96 + 96 + 96 + 64 + 64 + 64 + 32
    assert tuple(packed.weight.shape) == (128, 512)
