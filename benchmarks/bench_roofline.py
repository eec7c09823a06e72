"""Hold what a network's layers take against what one core can do: arithmetic and memory.

Measures the core's fastest product of matrices in fp32, bf16 and int8, by the library that computes
the networks, and its bandwidth of memory. Operations and bytes of each layer are counted from the
graph. No layer can be faster than its operations by the first, or its bytes by the second; the
table says how far the measured times are from that.

    python benchmarks/bench_roofline.py [--side 512] [--layers]
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import openvino as ov
from bench_fillers import row
from openvino import opset13 as opset

from fibgap.network.engines.openvino import build, core
from fibgap.network.precision import hardware_has
from fibgap.network.quantisation import quantised_path
from fibgap.network.shipped import resolve_weights
from fibgap.network.weights import LoadedNetwork, load_weights

NETWORKS = ("table_s1", "general_large", "general_small", "compact_neighbours")
HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}
BYTES = {"fp32": 4, "bf16": 2, "int8": 1}
#: Side of the matrices, and pixels beside them: enough to be fast, few enough to be quick.
FILTERS, PIXELS = 512, 96
REPEATS = 8


@dataclass
class Layer:
    """A layer of a graph: 10^9 operations, 10^6 bytes that go in and out, and seconds."""

    name: str
    operations: float
    megabytes: float
    seconds: float = 0.0


def shortest(function: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the shortest of several runs in seconds."""
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - begin)
    return best


def request(model: ov.Model, precision: str) -> ov.InferRequest:
    """Return what computes a graph on one thread, and keeps the time of each layer."""
    options = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
        "PERF_COUNT": True,
    }
    return core().compile_model(model, "CPU", options).create_infer_request()


def peak(precision: str) -> float:
    """Return the operations of a core in a second, 10^9, in a product of large matrices."""
    rng = np.random.default_rng(0)
    shape = (1, FILTERS, PIXELS, PIXELS)
    given = opset.parameter(shape, np.float32)
    weight = rng.normal(size=(FILTERS, FILTERS, 1, 1)).astype(np.float32)
    values: ov.Node = given
    kernel: ov.Node = opset.constant(weight)
    if precision == "int8":
        ends = [opset.constant(np.float32(end)) for end in (-1, 127 / 128)]
        values = opset.fake_quantize(given, *ends, *ends, 256)
        whole = opset.constant(np.clip(np.rint(40 * weight), -127, 127).astype(np.int8))
        kernel = opset.multiply(opset.convert(whole, "f32"), opset.constant(np.float32(1 / 40)))
    result = opset.convolution(values, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    ready = request(ov.Model([result], [given], "peak"), precision)
    planes = rng.uniform(-1, 1, shape).astype(np.float32)
    found = min(max(times_of(ready, planes).values()) for _ in range(REPEATS))
    return 2e-9 * FILTERS**2 * PIXELS**2 / found


def times_of(ready: ov.InferRequest, planes: np.ndarray) -> dict[str, float]:
    """Compute once; return the seconds of each layer."""
    ready.infer([planes], share_inputs=True)
    return {each.node_name: each.cpu_time.total_seconds() for each in ready.profiling_info}


def bandwidth() -> float:
    """Return the 10^9 bytes that a core reads and writes in a second, in a copy beyond caches."""
    source = np.ones(2**26, np.float32)
    target = np.empty_like(source)
    return 2e-9 * source.nbytes / shortest(lambda: np.copyto(target, source))


def layers(model: ov.Model, precision: str) -> Iterator[Layer]:
    """Yield the convolutions and concatenations of a graph."""
    for node in model.get_ordered_ops():
        if node.get_type_name() not in ("Convolution", "Concat"):
            continue
        inputs = [list(each.get_shape()) for each in node.input_values()]
        _, filters, height, width = out = list(node.get_output_shape(0))
        moved = BYTES[precision] * (sum(map(np.prod, inputs)) + np.prod(out))
        operations = 0.0
        if node.get_type_name() == "Convolution":
            operations = 2e-9 * height * width * filters * np.prod(inputs[1][1:])
        yield Layer(node.get_friendly_name(), operations, 1e-6 * moved)


def measured(weights: LoadedNetwork, precision: str, side: int) -> tuple[list[Layer], float]:
    """Return the layers of a network for one plane, with their times, and the time of all."""
    channels = weights.architecture.engine_channels
    quantised = weights.quantised() if precision == "int8" else None
    model = build(
        weights.architecture, weights.tensors, (1, channels, side, side), quantised=quantised
    )
    found = list(layers(model, precision))
    ready = request(model, precision)
    rng = np.random.default_rng(0)
    planes = (rng.random((1, channels, side, side)) < 0.35).astype(np.float32)
    runs = [times_of(ready, planes) for _ in range(REPEATS)]
    best = min(runs, key=lambda run: sum(run.values()))
    for layer in found:
        layer.seconds = best.get(layer.name, 0.0)
    return found, sum(best.values())


def main() -> None:
    """Parse the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--side", type=int, default=512, help="of a plane, in pixels")
    parser.add_argument("--layers", action="store_true", help="every layer, too")
    arguments = parser.parse_args()
    precisions = [each for each in HINTS if hardware_has(each)]
    memory = bandwidth()
    fastest = {each: peak(each) for each in precisions}
    print(f"One core copies {memory:.3g} GB/s. Its fastest products, 10^9 operations a second:")
    print(", ".join(f"{rate:.3g} in {name}" for name, rate in fastest.items()) + ".\n")
    row(
        "network",
        "precision",
        "10^9 operations",
        "MB",
        "arithmetic, ms",
        "memory, ms",
        "measured, ms",
    )
    row(*["---"] * 2, *["---:"] * 5)
    details = []
    for name in NETWORKS:
        weights = load_weights(resolve_weights(f"shipped:{name}"))
        for precision in precisions:
            if precision == "int8" and not quantised_path(weights.path).exists():
                continue
            found, whole = measured(weights, precision, arguments.side)
            operations = sum(layer.operations for layer in found)
            moved = sum(layer.megabytes for layer in found)
            rate = fastest[precision]
            row(
                name,
                precision,
                operations,
                moved,
                1e3 * operations / rate,
                moved / memory,
                1e3 * whole,
            )
            details += [(name, precision, layer) for layer in found]
    if arguments.layers:
        print()
        row("network", "precision", "layer", "10^9 operations", "MB", "ms", "of the peak, %")
        row(*["---"] * 3, *["---:"] * 4)
        for name, precision, layer in details:
            share = 100 * layer.operations / fastest[precision] / max(layer.seconds, 1e-9)
            row(
                name,
                precision,
                layer.name,
                layer.operations,
                layer.megabytes,
                1e3 * layer.seconds,
                share,
            )


if __name__ == "__main__":
    main()
