"""The same experiment gives the same bits on a CPU, and the same voxels but for a few on a GPU."""

import copy
from collections.abc import Iterable, Iterator

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from fibgap import seeds
from fibgap.fillers.interpolation import threshold
from fibgap.network.engines import Engine, make_engine
from fibgap.network.inference import PlaneFiller, predict
from fibgap.network.module import Network
from fibgap.network.quantisation import quantised_path
from fibgap.network.shipped import resolve_weights
from fibgap.network.weights import LoadedNetwork, load_weights
from fibgap.placement import place_slices
from fibgap.stack import GappedVolume
from fibgap.synthetic.milling import cut_slices
from fibgap.synthetic.structure import Level, generate_volume

#: Share of voxels that a GPU may decide otherwise than a CPU; docs/running.md states it. cuDNN
#: multiplies fp32 in TF32, with 10 bits, which shifts an output by some 2e-4; of the outputs, 5 %
#: lie within 0.1 of one half, a quarter a unit, so that a quarter of 2e-4 flips. Twice that.
GPU_VOXELS = 1e-4


@pytest.fixture(scope="module")
def gapped() -> GappedVolume:
    """Return slices of 2 to 5 voxels of a volume of two levels."""
    volume = generate_volume(
        (40, 40, 40),
        [Level(0.5, 80), Level(0.5, 22.5)],
        voxel_nm=2.5,
        box_factor=1,
        seed=seeds.sequence(1, "evaluation_volumes"),
    )
    increments = np.random.default_rng(4).choice([5.0, 7.5, 10.0, 12.5], size=10)
    depths = np.concatenate([[0.0], np.cumsum(increments)])
    stack = cut_slices(volume, depths[depths <= 39 * 2.5], 2.5)
    return place_slices(stack, "repositioned", nominal_nm=10)


def shipped(name: str) -> LoadedNetwork:
    """Return a network that is shipped."""
    return load_weights(resolve_weights(f"shipped:{name}"))


def flipped(values: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    """Return the share of voxels that two outputs decide differently."""
    return float((threshold(values) != threshold(others)).mean())


@pytest.mark.parametrize("name", ["compact_any", "compact_neighbours", "table_s1"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_a_network_gives_the_same_bits_on_one_and_two_cores(
    gapped: GappedVolume, name: str, precision: str
) -> None:
    """The output for a volume, before its threshold, does not depend on threads or repetition."""
    if precision == "int8" and not quantised_path(shipped(name).path).exists():
        pytest.skip("this network has no eight-bit form")
    first, again, two = (
        predict(make_engine(shipped(name), precision=precision, threads=threads), gapped)
        for threads in (1, 1, 2)
    )
    assert np.array_equal(first, two)
    assert np.array_equal(first, again)
    # It is no constant, for which all this would hold anyway.
    assert 0.2 < threshold(first).mean() < 0.8


@pytest.mark.parametrize("name", ["compact_any", "compact_neighbours", "table_s1"])
def test_the_size_of_batches_changes_no_bit(gapped: GappedVolume, name: str) -> None:
    """How many planes go through a network at once, whole or in tiles, is not seen."""
    network = shipped(name)
    whole = predict(network, gapped)
    for batch_pixels in (2**13, 40 * 20):
        assert np.array_equal(whole, predict(network, gapped, batch_pixels=batch_pixels))


def rounded(values: torch.Tensor, bits: int) -> torch.Tensor:
    """Return values rounded to so many bits behind the leading one, as a GPU's units do."""
    drop = 23 - bits
    whole = values.contiguous().view(torch.int32)
    return ((whole + (1 << (drop - 1))) & -(1 << drop)).view(torch.float32)


def with_bits(network: Network, bits: int) -> Network:
    """Return a network that multiplies with so many bits and adds in fp32."""
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.weight.data = rounded(module.weight.data, bits)
            module.register_forward_pre_hook(lambda _, inputs: (rounded(inputs[0], bits),))
    return network


class Imitated:
    """An engine that computes as a module of torch does."""

    name, device, precision, requests = "imitated", "cpu", "fp32", 1

    def __init__(self, network: Network, dtype: torch.dtype = torch.float32) -> None:
        self.network, self.dtype = network, dtype
        self.architecture = network.architecture
        self.weights = LoadedNetwork.of(network)

    @torch.inference_mode()
    def __call__(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        given = torch.from_numpy(planes).to(self.dtype)
        return self.network(given[:, :-1], given[:, -1:]).float().numpy()

    def results(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        return map(self, blocks)

    def bytes_a_pixel(self) -> int:
        return 0


def one_family(engine: Engine | LoadedNetwork, gapped: GappedVolume) -> NDArray[np.float32]:
    """Return the zx-planes that an engine gives."""
    n_z, n_y, n_x = gapped.shape
    out = np.zeros((n_y, n_z, n_x), np.float32)
    PlaneFiller(engine, gapped).family(gapped.slices, out)
    return out


@pytest.mark.parametrize("name", ["compact_any", "table_s1"])
def test_rounding_stays_within_the_tolerance_for_gpus(gapped: GappedVolume, name: str) -> None:
    """TF32 as a GPU has it, imitated here, and float64 stay within what is promised of a GPU."""
    network = shipped(name)
    plain = one_family(network, gapped)
    double = one_family(Imitated(copy.deepcopy(network.network).double(), torch.float64), gapped)
    tf32 = one_family(Imitated(with_bits(network.network, bits=10)), gapped)
    assert flipped(plain, double) <= GPU_VOXELS / 10
    assert 0 < np.abs(plain - tf32).max() < 0.05
    assert flipped(plain, tf32) <= GPU_VOXELS


def test_the_tolerance_for_gpus_can_be_missed(gapped: GappedVolume) -> None:
    """With 4 bits, as in 8-bit numbers, more voxels flip than are allowed: the bound binds."""
    network = shipped("compact_any")
    plain = one_family(network, gapped)
    few = one_family(Imitated(with_bits(network.network, bits=4)), gapped)
    assert flipped(plain, few) > GPU_VOXELS


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA")
@pytest.mark.parametrize("name", ["compact_any", "table_s1"])
def test_a_gpu_agrees_with_the_cpu(gapped: GappedVolume, name: str) -> None:
    """A GPU flips at most 1 voxel in 10,000."""
    network = shipped(name)
    on_gpu = predict(make_engine(network, device="cuda"), gapped)
    assert flipped(predict(network, gapped), on_gpu) <= GPU_VOXELS
