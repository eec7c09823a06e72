"""The network laid out for a CPU: the same sums, in fewer and wider steps."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F

from fibgap.network.architecture import Network

#: Parameters of glibc's mallopt: see its manual page.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_KEEP_ALL = 2**31 - 1
_USUAL_TRIM_THRESHOLD, _USUAL_MMAP_MAX = 128 * 1024, 65536


@contextmanager
def kept_memory() -> Iterator[None]:
    """Let freed memory stay with the process while the block runs, where the C library is glibc.

    Notes
    -----
    Activations are tens of MB. By default each is mapped anew and given back when it is freed, and
    the system clears every page of it again: that costs about as much as the arithmetic.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    library = ctypes.CDLL(None)
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, _KEEP_ALL)
    try:
        yield
    finally:
        library.mallopt(_MMAP_MAX, _USUAL_MMAP_MAX)
        library.mallopt(_TRIM_THRESHOLD, _USUAL_TRIM_THRESHOLD)
        library.malloc_trim(0)


def _padded(channels: int, multiple: int) -> int:
    """Return the next multiple."""
    return -(-channels // multiple) * multiple


class _Layer:
    """A convolution and its PReLU, with channels that are always zero added.

    Parameters
    ----------
    block : torch.nn.Sequential
        Convolution and PReLU.
    places : list of int
        Where the inputs of the convolution lie among the channels that it will be given.
    inputs, outputs : int
        Number of channels with the added ones.
    precision : torch.dtype
        Of weights and arithmetic.
    """

    def __init__(
        self,
        block: Any,
        places: list[int],
        inputs: int,
        outputs: int,
        precision: torch.dtype,
    ) -> None:
        convolution: Any = block[0]
        activation: Any = block[1]
        given: torch.Tensor = convolution.weight.detach()
        weight = torch.zeros(outputs, inputs, *given.shape[2:])
        weight[: len(given), places] = given
        self.weight = weight.to(precision).contiguous(memory_format=torch.channels_last)
        self.bias = torch.zeros(outputs)
        self.bias[: len(given)] = convolution.bias.detach()
        self.slope = torch.zeros(outputs)
        self.slope[: len(given)] = activation.weight.detach()
        self.bias, self.slope = self.bias.to(precision), self.slope.to(precision)
        self.outputs = outputs

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        """Return the activations, (B, outputs, Z, X) in channels-last order."""
        size = self.weight.shape[2]
        return F.prelu(F.conv2d(values, self.weight, self.bias, padding=size // 2), self.slope)


class PackedNetwork:
    """A trained network for inference on a CPU.

    Parameters
    ----------
    network : Network
        With trained weights, in fp32 on the CPU.
    precision : torch.dtype
        torch.float32 or torch.bfloat16, for all but the last two layers, which are fp32.

    Notes
    -----
    What is done otherwise than in `Network.forward`, none of which changes the sums but for their
    order: channels are filled up to whole vectors of bf16 by zeros (the activations' loops fall
    back to one number at a time otherwise); the features are written side by side into one array
    that is used again for every block; A1 and B1 are one matrix product over it; L2, which has one
    output, is a product with nine columns whose results are shifted and added.
    """

    def __init__(self, network: Network, precision: torch.dtype) -> None:
        architecture = network.architecture
        self.precision = precision
        self.add = architecture.bicubic == "add"
        multiple = 32 if precision == torch.bfloat16 else 1
        #: One channel alone makes the order of axes ambiguous, which costs a copy.
        self.inputs = max(2, architecture.input_channels)
        channels, places = self.inputs, list(range(architecture.input_channels))
        self.features: list[_Layer] = []
        together: list[int] = []
        self.total = 0
        for block, filters in zip(network.features, architecture.features, strict=True):
            outputs = _padded(filters, multiple)
            self.features.append(_Layer(block, places, channels, outputs, precision))
            channels, places = outputs, list(range(filters))
            together += range(self.total, self.total + filters)
            self.total += outputs
        self.b1_channels = _padded(architecture.b1, multiple)
        a1_channels = _padded(architecture.a1, multiple)
        first = _Layer(network.b1, together, self.total, self.b1_channels, precision)
        beside = _Layer(network.a1, together, self.total, a1_channels, precision)
        # B1 and A1 in one: the same input, side by side in the output.
        self.weight = torch.cat([first.weight, beside.weight])[:, :, 0, 0].contiguous()
        self.bias = torch.cat([first.bias, beside.bias])
        self.slope = torch.cat([first.slope, beside.slope])
        b2_channels = _padded(architecture.b2, multiple)
        self.b2 = _Layer(
            network.b2, list(range(architecture.b1)), len(self.bias), b2_channels, precision
        )
        self.b3 = _Layer(
            network.b3,
            list(range(architecture.b2)),
            b2_channels,
            _padded(architecture.b3, multiple),
            precision,
        )
        self.a1, self.b3_filters = architecture.a1, architecture.b3
        self.joined = architecture.a1 + architecture.b3 + (0 if self.add else 1)
        self.l1 = _Layer(
            network.l1, list(range(self.joined)), self.joined, architecture.l1, torch.float32
        )
        self.l2 = network.l2.weight.detach()[0].permute(1, 2, 0).reshape(9, -1).contiguous()
        self.l2_bias = float(network.l2.bias.detach())  # type: ignore[union-attr]
        self._arrays: dict[tuple[int, torch.dtype], torch.Tensor] = {}

    def bytes_a_pixel(self) -> int:
        """Return the memory for one pixel of a block, in bytes, at most."""
        size = torch.finfo(self.precision).bits // 8
        widest = max([layer.outputs for layer in self.features] + [2 * len(self.bias)])
        # The nine taps are there twice, in one order and in the other.
        fine = self.joined + 2 * self.l1.outputs + 2 * 9 + 8
        return size * (self.inputs + self.total + 3 * widest) + 4 * (self.inputs + fine)

    def _array(self, like: torch.Tensor, channels: int, dtype: torch.dtype) -> torch.Tensor:
        """Return an array in channels-last order that is used again for blocks of one shape."""
        shape = (len(like), channels, *like.shape[2:])
        kept = self._arrays.get((channels, dtype))
        if kept is None or kept.shape != shape:
            # The old one goes first: its room is the new one's.
            kept = None
            self._arrays.pop((channels, dtype), None)
            kept = torch.empty(shape, dtype=dtype, memory_format=torch.channels_last)
            self._arrays[channels, dtype] = kept
        return kept

    def __call__(self, image: torch.Tensor, bicubic: torch.Tensor) -> torch.Tensor:
        """Inpaint planes, see `fibgap.network.architecture.Network.forward`."""
        current = self._array(image, self.inputs, self.precision)
        current[:, image.shape[1] :] = 0
        current[:, : image.shape[1]] = image
        together = self._array(image, self.total, self.precision)
        done = 0
        for layer in self.features:
            current = layer(current)
            together[:, done : done + layer.outputs] = current
            done += layer.outputs
        del current
        count, _, rows, width = image.shape
        flat = together.permute(0, 2, 3, 1).reshape(-1, self.total)
        beside = F.prelu(F.linear(flat, self.weight, self.bias), self.slope)
        side_by_side = beside.reshape(count, rows, width, -1).permute(0, 3, 1, 2)
        joined = self._array(image, self.joined, torch.float32)
        first = self.b1_channels
        joined[:, : self.a1] = side_by_side[:, first : first + self.a1]
        end = self.a1 + self.b3_filters
        joined[:, self.a1 : end] = self.b3(self.b2(side_by_side))[:, : self.b3_filters]
        if not self.add:
            joined[:, end:] = bicubic
        result = self._last(self.l1(joined))
        return result + bicubic if self.add else result

    def _last(self, values: torch.Tensor) -> torch.Tensor:
        """Return the 3x3 convolution L2 to one channel."""
        count, channels, rows, width = values.shape
        flat = values.permute(0, 2, 3, 1).reshape(-1, channels)
        # (9, pixels): each of the nine taps is one image. With the pixels first in the product, its
        # sums do not depend on the number of threads.
        taps = (flat @ self.l2.T).T.contiguous().reshape(3, 3, count, rows, width)
        result = torch.full((count, 1, rows, width), self.l2_bias)
        for down in range(3):
            for right in range(3):
                z, x = down - 1, right - 1
                result[:, 0, max(0, -z) : rows - max(0, z), max(0, -x) : width - max(0, x)] += taps[
                    down, right, :, max(0, z) : rows + min(0, z), max(0, x) : width + min(0, x)
                ]
        return result
