"""Engines give what the reference gives, and say so where they cannot."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from fibgap.errors import InputError
from fibgap.network import engines
from fibgap.network.architecture import Architecture
from fibgap.network.engines import choose_engine, make_engine
from fibgap.network.module import Network

ROOT = Path(__file__).resolve().parents[2]


def planes(channels: int, seed: int = 0, shape=(3, 29, 37)) -> np.ndarray:
    """Return random binary planes and a random smooth channel behind them."""
    rng = np.random.default_rng(seed)
    count, rows, width = shape
    image = (rng.random((count, channels - 1, rows, width)) > 0.6).astype(np.float32)
    return np.concatenate([image, rng.random((count, 1, rows, width), np.float32)], axis=1)


@torch.inference_mode()
def reference(network: Network, given: np.ndarray) -> np.ndarray:
    """Return what the module of torch gives."""
    values = torch.from_numpy(given)
    return network(values[:, :-1], values[:, -1:]).numpy()


@pytest.mark.parametrize("engine", ["openvino", "torch"])
@pytest.mark.parametrize("width_factor", [0.05, 0.2])
@pytest.mark.parametrize("bicubic", ["concatenate", "add"])
@pytest.mark.parametrize(("mask_channel", "neighbours"), [(False, 0), (True, 0), (True, 3)])
def test_in_single_precision_every_engine_is_the_network(
    make_network, engine, width_factor, bicubic, mask_channel, neighbours
):
    """In fp32 they differ by the rounding of sums taken in another order."""
    inputs = {"mask_channel": mask_channel, "neighbours": neighbours}
    network = make_network(1, width_factor=width_factor, bicubic=bicubic, **inputs)
    given = planes(network.architecture.engine_channels)
    expected = reference(network, given)
    found = make_engine(network, engine=engine)(given)
    assert found.shape == expected.shape == (3, 1, 29, 37)
    assert found.dtype == np.float32
    # Eleven layers of sums of at most 1,300 terms in single precision, taken in another order.
    assert np.allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    assert expected.std() > 1e-3 * np.abs(expected).max()


def test_one_layer_is_enough_for_a_graph():
    """A network with one feature block has nothing to lay side by side."""
    torch.manual_seed(0)
    network = Network(Architecture(features=(8,), a1=4, b1=8, b2=8, b3=4, l1=4)).eval()
    given = planes(2)
    expected = reference(network, given)
    found = make_engine(network, engine="openvino")(given)
    # As above.
    assert np.allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_blocks_of_other_shapes_follow_each_other(make_network):
    """What is kept ready for a shape holds nothing of the block before."""
    network = make_network(2, mask_channel=True)
    engine = make_engine(network, engine="openvino")
    shapes = [(3, 29, 37), (3, 29, 37), (1, 29, 37), *((1, 24, 24 + i) for i in range(9))]
    first = engine(planes(3, 0, shapes[0]))
    kept = first.copy()
    for seed, shape in enumerate([*shapes, shapes[0]]):
        given = planes(3, seed, shape)
        expected = reference(network, given)
        found = engine(given)
        assert np.allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    # A result is not written over by a later one.
    assert np.array_equal(first, kept)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_requests_side_by_side_are_not_seen(make_network, precision):
    """Blocks that compute at the same time come back in order, the same to the bit."""
    network = make_network(4)
    shapes = [(1, 29, 37), (2, 24, 25), (1, 29, 37), (1, 29, 37), (2, 24, 25), (1, 40, 24)]
    blocks = [planes(2, seed, shape) for seed, shape in enumerate(shapes)]
    one = make_engine(network, precision=precision, threads=1)
    expected = [one(block) for block in blocks]
    for threads, requests in ((1, 1), (2, 2), (4, 4), (5, 1)):
        engine = make_engine(network, precision=precision, threads=threads)
        assert engine.requests == requests
        found = list(engine.results(block.copy() for block in blocks))
        assert len(found) == len(blocks)
        assert all(map(np.array_equal, found, expected))


def test_a_fault_while_planes_are_made_is_handed_on(make_network):
    """What fails between two blocks fails for the caller, and the engine is fit for the next."""
    engine = make_engine(make_network(), threads=2)
    given = planes(2)
    expected = engine(given)

    def blocks():
        yield given
        yield given
        raise OSError("no such slice")

    with pytest.raises(OSError, match="no such slice"):
        list(engine.results(blocks()))
    assert np.array_equal(engine(given), expected)


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_half_the_bits_are_close(make_network, engine):
    """In bf16 the result is near that of fp32, and not the same."""
    network = make_network(3, width_factor=0.11)
    given = planes(2)
    exact = reference(network, given)
    found = make_engine(network, engine=engine, precision="bf16")(given)
    # Eleven layers round inputs, weights and outputs to 8 bits: 33 errors of 2**-9 at most.
    assert np.linalg.norm(found - exact) < 33 * 2**-9 * np.linalg.norm(exact)
    assert not np.array_equal(found, exact)


def test_weights_are_those_of_the_architecture(make_network):
    """The shapes that a file must have are those of the module."""
    for options in ({}, {"mask_channel": True, "neighbours": 2}, {"bicubic": "add"}):
        network = make_network(**options)
        found = {name: tuple(values.shape) for name, values in network.state_dict().items()}
        assert network.architecture.parameter_shapes() == found


def test_an_engine_is_not_made_twice(make_network):
    """What is ready to compute is given back as it is."""
    engine = make_engine(make_network(), precision="bf16")
    assert make_engine(engine) is engine


@pytest.mark.parametrize(
    ("have", "device", "expected"),
    [
        ({"openvino", "torch"}, "cpu", "openvino"),
        ({"torch"}, "cpu", "torch"),
        ({"openvino", "torch"}, "cuda:1", "torch"),
    ],
)
def test_the_engine_follows_what_is_there(monkeypatch, have, device, expected):
    """On the CPU openvino computes where it is installed; on CUDA torch does."""
    monkeypatch.setattr(engines, "has", have.__contains__)
    assert choose_engine("auto", device) == expected


@pytest.mark.parametrize(
    ("name", "have", "device", "message"),
    [
        ("openvino", {"torch"}, "cpu", "'openvino' is not installed: pip install 'openvino'"),
        ("torch", {"openvino"}, "cpu", r"'torch' is not installed: pip install 'fibgap\[train\]'"),
        ("auto", set(), "cpu", "'openvino' is not installed"),
        ("auto", {"openvino"}, "cuda", "'torch' is not installed"),
        ("openvino", {"openvino"}, "cuda", "'openvino' computes on the CPU, but a GPU was asked"),
        ("onnx", {"openvino"}, "cpu", "engine 'onnx' is unknown; choose one of auto, openvino"),
    ],
)
def test_an_engine_that_cannot_be_had_is_told(monkeypatch, name, have, device, message):
    """Asked for in vain, an engine is an error that says what to install."""
    monkeypatch.setattr(engines, "has", have.__contains__)
    with pytest.raises(InputError, match=message):
        choose_engine(name, device)


@pytest.mark.parametrize("engine", ["openvino", "torch"])
def test_an_unknown_precision_is_told(make_network, engine):
    """An engine names the precision that it does not have."""
    with pytest.raises(InputError, match="has no precision 'fp8'"):
        make_engine(make_network(), engine=engine, precision="fp8")


WORKER = """
import sys
import numpy as np
from fibgap.fillers import fill
from fibgap.network.device import choose_device
from fibgap.network.filler import network_options
from fibgap.network.shipped import resolve_weights
from fibgap.stack import GappedVolume

slices = np.zeros((9, 24, 24), bool)
slices[:, 6:18] = True
options = network_options(
    resolve_weights("shipped:compact"), choose_device(0), precision="fp32", batch_pixels=2**19
)
assert fill(GappedVolume(slices, 3 * np.arange(9), 1, 0, 1, 9), "network", **options).any()
print(options["network"].name, sorted({"torch", "snakemake"} & set(sys.modules)))
"""


def test_a_worker_that_fills_does_not_import_torch():
    """With openvino a stack is filled from weights to voxels without torch."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WORKER],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "openvino []\n", done.stderr
