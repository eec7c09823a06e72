"""The engine "openvino": the graph of a network, built from its weights, computed on the CPU."""

import os
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as opset

from fibgap.errors import InputError
from fibgap.network.architecture import Architecture
from fibgap.network.blocks import requests_at_once
from fibgap.network.gaps.architecture import BLOCK, GapArchitecture
from fibgap.network.quantisation import LEVELS, Quantisation
from fibgap.network.weights import LoadedNetwork

#: Arithmetic by its name in OpenVINO.
_HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}
#: Bytes of a number in memory.
_BYTES = {"fp32": 4, "bf16": 2, "int8": 1}
#: How many shapes of blocks are kept ready: whole ones, those of the last planes and of tiles.
_KEPT = 8


@cache
def core() -> ov.Core:
    """Return OpenVINO's entry, one for the process."""
    return ov.Core()


def cpu_threads() -> int:
    """Return how many threads compute where nobody says."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if asked.isdigit() and int(asked):
        return int(asked)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Graph:
    """Layers of a network as nodes, with the network's own names."""

    def __init__(
        self, tensors: dict[str, NDArray[np.float32]], quantised: Quantisation | None
    ) -> None:
        self.tensors = tensors
        self.arrays = {} if quantised is None else quantised.arrays

    def rounded(self, values: ov.Node, name: str) -> ov.Node:
        """Return values in eight bits, where a layer has a range for them."""
        ends = self.arrays.get(f"{name}.range")
        if ends is None:
            return values
        low, high = (opset.constant(np.float32(end)) for end in ends)
        return opset.fake_quantize(values, low, high, low, high, LEVELS)

    def kernel(self, name: str) -> ov.Node:
        """Return the weights of a layer."""
        weight = self.tensors[f"{name}.weight"]
        if f"{name}.scale" not in self.arrays:
            return opset.constant(weight, name=f"{name}.weight")
        steps = self.arrays[f"{name}.scale"].reshape(-1, 1, 1, 1)
        whole = np.clip(np.rint(weight / steps), -LEVELS // 2, LEVELS // 2 - 1).astype(np.int8)
        return opset.multiply(opset.convert(opset.constant(whole), "f32"), opset.constant(steps))

    def convolution(self, values: ov.Node, name: str, step: int = 1) -> ov.Node:
        """Return a convolution with its bias; zeros around it, unless it takes steps."""
        around = [self.tensors[f"{name}.weight"].shape[2] // 2 if step == 1 else 0] * 2
        result = opset.convolution(
            values, self.kernel(name), [step, step], around, around, [1, 1], name=name
        )
        bias = self.arrays.get(f"{name}.bias", self.tensors[f"{name}.bias"]).reshape(1, -1, 1, 1)
        return opset.add(result, opset.constant(bias, name=f"{name}.bias"))

    def block(self, values: ov.Node, name: str) -> ov.Node:
        """Return a convolution and its PReLU."""
        slope = opset.constant(self.tensors[f"{name}.1.weight"])
        result = opset.prelu(self.convolution(values, f"{name}.0"), slope, name=name)
        return self.rounded(result, name)

    def both(self, values: ov.Node, names: list[str]) -> list[ov.Output]:
        """Return blocks of 1x1 over the same values, computed as one: they are read once."""
        bias, slope, weight = (
            np.concatenate([self.tensors[f"{name}.{part}"] for name in names])
            for part in ("0.bias", "1.weight", "0.weight")
        )
        result = opset.convolution(
            values, opset.constant(weight), [1, 1], [0, 0], [0, 0], [1, 1], name="+".join(names)
        )
        result = opset.add(result, opset.constant(bias.reshape(1, -1, 1, 1)))
        result = opset.prelu(result, opset.constant(slope))
        sizes = [len(self.tensors[f"{name}.0.bias"]) for name in names]
        outputs: list[ov.Output] = opset.variadic_split(result, 1, sizes).outputs()
        return outputs


def build_gaps(
    architecture: GapArchitecture, tensors: dict[str, NDArray[np.float32]], shape: tuple[int, ...]
) -> ov.Model:
    """Return the graph of a network of gaps for images of one shape (N, C, Y, X).

    Notes
    -----
    The same layers as `fibgap.network.gaps.module.GapNetwork`.
    """
    given = opset.parameter(shape, np.float32, name="images")
    graph = _Graph(tensors, None)

    def stage(values: ov.Node, name: str, blocks: int) -> ov.Node:
        for block in range(blocks):
            inner = graph.convolution(opset.relu(values), f"{name}.{block}.first")
            changed = graph.convolution(opset.relu(inner), f"{name}.{block}.second")
            values = opset.add(values, changed)
        return values

    current = graph.convolution(opset.space_to_depth(given, "depth_first", BLOCK), "stem")
    above = []
    last = len(architecture.widths) - 1
    for level, blocks in enumerate(architecture.blocks):
        current = stage(current, f"down_blocks.{level}", blocks)
        if level < last:
            above.append(current)
            current = graph.convolution(current, f"down.{level}", step=2)
    for level in reversed(range(last)):
        finer = opset.depth_to_space(graph.convolution(current, f"up.{level}"), "depth_first", 2)
        current = opset.add(finer, above[level])
        current = stage(current, f"up_blocks.{level}", architecture.blocks[level])
    result = opset.depth_to_space(
        graph.convolution(opset.relu(current), "tail"), "depth_first", BLOCK
    )
    return ov.Model([result], [given], "fibgap")


def build(
    architecture: Architecture,
    tensors: dict[str, NDArray[np.float32]],
    shape: tuple[int, ...],
    *,
    quantised: Quantisation | None = None,
    apart: bool = False,
) -> ov.Model:
    """Return the graph of a network for planes of one shape.

    Parameters
    ----------
    architecture : Architecture
        Numbers of filters and options.
    tensors : dict of str to array
        Weights, see `fibgap.network.weights.LoadedNetwork`.
    shape : (4,) int
        Shape (N, C, Z, X) of the planes.
    quantised : Quantisation, optional
        Makes it a network of eight-bit numbers.
    apart : bool
        Whether the interpolated plane is an input of its own.

    Notes
    -----
    The same layers as `fibgap.network.module.Network`.
    """
    count, channels, *plane = shape
    if apart:
        given = [
            opset.parameter([count, channels - 1, *plane], np.float32, name="image"),
            opset.parameter([count, 1, *plane], np.float32, name="bicubic"),
        ]
        image, bicubic = given
    else:
        given = [opset.parameter(shape, np.float32, name="planes")]
        image, bicubic = opset.variadic_split(given[0], 1, [channels - 1, 1]).outputs()
    graph = _Graph(tensors, quantised)
    outputs, current = [], graph.rounded(image, "image")
    for index in range(len(architecture.features)):
        current = graph.block(current, f"features.{index}")
        outputs.append(current)
    together = opset.concat(outputs, 1) if len(outputs) > 1 else outputs[0]
    if apart or quantised is not None:  # NNCF rounds each block by itself
        a1, b1 = graph.block(together, "a1"), graph.block(together, "b1")
    else:
        a1, b1 = graph.both(together, ["a1", "b1"])
    parts = [a1, graph.block(graph.block(b1, "b2"), "b3")]
    if architecture.bicubic == "concatenate":
        parts.append(graph.rounded(bicubic, "bicubic"))
    result = graph.convolution(graph.block(opset.concat(parts, 1), "l1"), "l2")
    if architecture.bicubic == "add":
        result = opset.add(result, bicubic, name="sum")
    return ov.Model([result], given, "fibgap")


class OpenvinoEngine:
    """A network on the CPU, see `fibgap.network.engines.Engine`.

    Notes
    -----
    Every shape of planes is compiled once, which takes less than 0.1 s. Requests compute side by
    side, each on its share of the threads: they wait for each other less than the threads of one
    request would. One more is ready to start while the next planes are made. The result is the
    same to the bit for every number of threads, batch and tile.
    """

    name = "openvino"
    device = "cpu"

    def __init__(self, weights: LoadedNetwork, precision: str, threads: int | None) -> None:
        if precision not in _HINTS:
            raise InputError(f"engine 'openvino' has no precision '{precision}'.")
        self.weights, self.precision = weights, precision
        self.architecture = weights.architecture
        self.quantised = weights.quantised() if precision == "int8" else None
        self.threads = threads or cpu_threads()
        self.requests = requests_at_once(self.threads)
        self._compiled: OrderedDict[tuple[int, ...], ov.CompiledModel] = OrderedDict()
        self._idle: dict[tuple[int, ...], list[ov.InferRequest]] = {}

    def _request(self, shape: tuple[int, ...]) -> ov.InferRequest:
        """Return what computes planes of one shape, and is idle."""
        if shape not in self._compiled:
            while len(self._compiled) >= _KEPT:
                old, _ = self._compiled.popitem(last=False)
                self._idle.pop(old)
            options = {
                "INFERENCE_PRECISION_HINT": _HINTS[self.precision],
                "INFERENCE_NUM_THREADS": self.threads,
                "NUM_STREAMS": self.requests,
                # Jobs side by side must not all be bound to the first cores.
                "ENABLE_CPU_PINNING": False,
            }
            if isinstance(self.architecture, GapArchitecture):
                model = build_gaps(self.architecture, self.weights.tensors, shape)
            else:
                model = build(
                    self.architecture, self.weights.tensors, shape, quantised=self.quantised
                )
            self._compiled[shape] = core().compile_model(model, "CPU", options)
            self._idle[shape] = []
        self._compiled.move_to_end(shape)
        idle = self._idle[shape]
        return idle.pop() if idle else self._compiled[shape].create_infer_request()

    def results(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Inpaint blocks of planes one after the other; some are asked for in advance."""
        running: deque[tuple[ov.InferRequest, NDArray[np.float32]]] = deque()

        def first() -> NDArray[np.float32]:
            request, given = running.popleft()
            request.wait()
            result = np.array(request.get_output_tensor().data)
            if given.shape in self._idle:
                self._idle[given.shape].append(request)
            return result

        try:
            for planes in blocks:
                if len(running) > self.requests:
                    yield first()
                request = self._request(planes.shape)
                # OpenVINO reads the planes where they lie, so they are kept until it is done.
                given = np.ascontiguousarray(planes)
                request.start_async([given], share_inputs=True)
                running.append((request, given))
            while running:
                yield first()
        finally:
            for request, _ in running:
                request.wait()

    def __call__(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Inpaint planes."""
        return next(iter(self.results([planes])))

    def bytes_a_pixel(self) -> int:
        """Return the memory for one pixel of a call, in bytes, at most."""
        own = self.architecture
        size = _BYTES[self.precision]
        if isinstance(own, GapArchitecture):
            return own.bytes_a_pixel(size)
        # All features and once more side by side, a layer at work, and what comes in; measured
        # are 80 to 97 % of it.
        return size * (2 * sum(own.features) + max(own.features)) + 4 * (own.engine_channels + 1)


def make(
    weights: LoadedNetwork, device: str, precision: str, threads: int | None
) -> OpenvinoEngine:
    """Return the engine for a network."""
    return OpenvinoEngine(weights, precision, threads)
