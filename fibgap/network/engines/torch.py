"""The engine "torch": the reference, and the one for CUDA."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from fibgap.errors import InputError
from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.gaps.module import GapNetwork
from fibgap.network.module import make_network
from fibgap.network.weights import LoadedNetwork

_KINDS = {"fp32": torch.float32, "bf16": torch.bfloat16}


class TorchEngine:
    """A network computed by torch, see `fibgap.network.engines.Engine`."""

    name = "torch"
    requests = 1

    def __init__(
        self, weights: LoadedNetwork, device: str, precision: str, threads: int | None
    ) -> None:
        if precision not in _KINDS:
            raise InputError(f"engine 'torch' has no precision '{precision}'.")
        self.weights, self.device, self.precision = weights, device, precision
        self.architecture = weights.architecture
        if threads:
            torch.set_num_threads(threads)
        own = make_network(weights.architecture)
        own.load_state_dict(weights.network.state_dict())
        own.eval().to(device, _KINDS[precision], memory_format=torch.channels_last)  # type: ignore[call-overload]
        # Rounding hurts most where it comes last: the last layers stay in fp32.
        for layer in own.fine:
            own.get_submodule(layer).float()
        self.network = own

    @torch.inference_mode()
    def __call__(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Inpaint planes."""
        given, kind = torch.from_numpy(planes).to(self.device), _KINDS[self.precision]
        if isinstance(self.network, GapNetwork):
            answer = self.network(given.to(kind))
        else:
            image = given[:, :-1].to(kind, memory_format=torch.channels_last)
            answer = self.network(image, given[:, -1:])
        result: NDArray[np.float32] = answer.float().cpu().numpy()
        return result

    def results(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Inpaint blocks of planes one after the other."""
        return map(self, blocks)

    def bytes_a_pixel(self) -> int:
        """Return the memory for one pixel of a call, in bytes, at most."""
        own = self.architecture
        if self.device != "cpu":
            return 64  # on the side of the host
        size = 2 if self.precision == "bf16" else 4
        if isinstance(own, GapArchitecture):
            return own.bytes_a_pixel(size)
        return size * 2 * sum(own.features) + 4 * 4 * max(*own.features, own.b1, own.l1)


def make(weights: LoadedNetwork, device: str, precision: str, threads: int | None) -> TorchEngine:
    """Return the engine for a network."""
    return TorchEngine(weights, device, precision, threads)
