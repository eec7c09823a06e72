"""Engines: what computes a network, chosen by name.

An engine takes planes and gives planes. "openvino" computes on the CPU and needs no torch. "torch"
is the reference; it trains, and it computes on CUDA.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from fibgap.errors import InputError, has
from fibgap.network.choices import ENGINES
from fibgap.network.weights import AnyArchitecture, LoadedNetwork

if TYPE_CHECKING:
    from fibgap.network.module import Network

#: Where each engine lies, and what has to be installed for it.
_HOMES = {
    "openvino": ("fibgap.network.engines.openvino", "openvino"),
    "torch": ("fibgap.network.engines.torch", "fibgap[train]"),
}


class Engine(Protocol):
    """A network that is ready to compute.

    Attributes
    ----------
    name : str
        Of the engine.
    architecture : Architecture or GapArchitecture
        Of the network.
    precision : str
        "fp32" or "bf16".
    device : str
        "cpu" or "cuda", with an index or without.
    weights : LoadedNetwork
        What the network was made from.
    requests : int
        How many blocks of planes it computes side by side.
    """

    name: str
    architecture: AnyArchitecture
    precision: str
    device: str
    weights: LoadedNetwork
    requests: int

    def __call__(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Inpaint planes.

        Parameters
        ----------
        planes : (N, C, Z, X) float32
            The input channels of the network and, last, the interpolated plane, see
            `Architecture.engine_channels`. Or what a network of gaps sees of these, see
            `fibgap.network.gaps.sight.seen`.

        Returns
        -------
        (N, 1, Z, X) float32
            About 1 in the solid; or (N, ANCHORS, Y, X), what a network of gaps adds to distances.
        """

    def results(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """Inpaint blocks of planes one after the other; some may be asked for in advance."""

    def bytes_a_pixel(self) -> int:
        """Return the memory for one pixel of a call, in bytes, at most."""


def choose_engine(name: str = "auto", device: str = "cpu") -> str:
    """Return which engine computes.

    Parameters
    ----------
    name : str
        "openvino", "torch", or "auto": torch on CUDA; on the CPU openvino where it is installed,
        else torch.
    device : str
        Where the network computes.

    Raises
    ------
    InputError
        If the name is unknown, or the engine is not installed or cannot use the device.
    """
    if name not in ENGINES:
        raise InputError(f"engine '{name}' is unknown; choose one of {', '.join(ENGINES)}.")
    on_cpu = device == "cpu"
    if name == "auto":
        without_torch = on_cpu and (has("openvino") or not has("torch"))
        name = "openvino" if without_torch else "torch"
    if name == "openvino" and not on_cpu:
        raise InputError("engine 'openvino' computes on the CPU, but a GPU was asked for.")
    if not has(name):
        raise InputError(
            f"engine '{name}' is not installed: pip install '{_HOMES[name][1]}' installs it."
        )
    return name


def make_engine(
    network: "Engine | LoadedNetwork | Network",
    *,
    engine: str = "auto",
    device: str = "cpu",
    precision: str = "fp32",
    threads: int | None = None,
) -> Engine:
    """Make a network ready to compute.

    Parameters
    ----------
    network : Engine, LoadedNetwork or Network
        An engine, which is given back as it is; trained weights; or a module of torch, of which a
        copy is taken.
    engine, device
        See `choose_engine`.
    precision : str
        "fp32" or "bf16".
    threads : int, optional
        Threads of the CPU. By default the environment variable OMP_NUM_THREADS says, else as many
        as the process has cores.
    """
    if callable(getattr(network, "bytes_a_pixel", None)):
        return network  # type: ignore[return-value]
    weights = network if isinstance(network, LoadedNetwork) else LoadedNetwork.of(network)  # type: ignore[arg-type]
    home, _ = _HOMES[choose_engine(engine, device)]
    made: Engine = import_module(home).make(weights, device, precision, threads)
    return made
