"""Weights on disk: safetensors with everything that is needed to use them."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from fibgap import __version__
from fibgap.errors import InputError
from fibgap.io.digests import file_sha256
from fibgap.io.files import write_aside
from fibgap.network.architecture import Architecture
from fibgap.network.gaps.architecture import GapArchitecture
from fibgap.network.quantisation import Quantisation, load_quantisation, quantised_path

if TYPE_CHECKING:
    from fibgap.network.module import AnyNetwork

FORMAT = "fibgap-network-1"
#: Numbers that a file may hold.
KINDS = ("F32", "F16")
AnyArchitecture = Architecture | GapArchitecture


def read_architecture(values: dict[str, Any]) -> AnyArchitecture:
    """Return the architecture that a weights file describes."""
    if isinstance(values, dict) and values.get("kind") == GapArchitecture.kind:
        return GapArchitecture.from_dict(values)
    return Architecture.from_dict(values)


@dataclass(frozen=True)
class LoadedNetwork:
    """Trained weights.

    Attributes
    ----------
    architecture : Architecture or GapArchitecture
        What they are the weights of.
    tensors : dict of str to array
        float32, by the names of `Architecture.parameter_shapes`.
    training : dict
        What the file says of its training: configuration digest, losses, steps, wall time.
    sha256 : str
        Checksum of the file, empty for weights that were never in one.
    path : Path or None
        The file.
    """

    architecture: AnyArchitecture
    tensors: dict[str, NDArray[np.float32]]
    training: dict[str, Any]
    sha256: str
    path: Path | None = None

    @classmethod
    def of(cls, network: "AnyNetwork") -> "LoadedNetwork":
        """Return a copy of the weights of a module of torch."""
        return cls(network.architecture, arrays_of(network), {}, "")

    def quantised(self) -> Quantisation:
        """Return what makes these weights a network of eight-bit numbers.

        Raises
        ------
        InputError
            If they have no such form, or a file beside them that belongs to other weights.
        """
        if self.path is None:
            raise InputError("weights that were never in a file have no eight-bit form.")
        return load_quantisation(quantised_path(self.path), self)

    @cached_property
    def network(self) -> "AnyNetwork":
        """The module of torch with these weights, in evaluation mode, on the CPU."""
        import torch

        from fibgap.network.module import make_network

        network = make_network(self.architecture)
        network.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in self.tensors.items()})
        return network.eval()


def arrays_of(network: "AnyNetwork") -> dict[str, NDArray[np.float32]]:
    """Return a copy of the weights of a module of torch as arrays by name."""
    return {
        name: np.array(tensor.detach().float().cpu().numpy(), order="C")
        for name, tensor in network.state_dict().items()
    }


def save_weights(path: Path | str, network: "AnyNetwork", training: dict[str, Any]) -> None:
    """Write weights with their architecture, written aside and moved into place.

    Parameters
    ----------
    path : path
        A ``.safetensors`` file.
    network : Network
        The trained network.
    training : dict
        What is to be remembered of the training; must fit into JSON.
    """
    arrays = arrays_of(network)
    if network.architecture.half_precision:
        arrays = {name: values.astype(np.float16) for name, values in arrays.items()}
    metadata = {
        "format": FORMAT,
        "version": __version__,
        "architecture": json.dumps(network.architecture.to_dict(), sort_keys=True),
        "training": json.dumps(training, sort_keys=True),
    }
    with write_aside(path) as aside:
        save_file(arrays, aside, metadata)
        aside.chmod(0o644)  # safetensors gives the owner alone the right to read


def load_weights(path: Path | str) -> LoadedNetwork:
    """Read trained weights; torch is not needed.

    The format holds numbers and text only: reading a file from a stranger runs no code.

    Raises
    ------
    InputError
        If the file is missing, damaged, of another format, does not fit its architecture, or
        holds numbers that are none.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"weights file {path} does not exist.")
    try:
        with safe_open(path, framework="np") as stream:
            metadata = stream.metadata() or {}
            names = list(stream.keys())
            found = {name: tuple(stream.get_slice(name).get_shape()) for name in names}
            kinds = {name: stream.get_slice(name).get_dtype() for name in names}
            tensors = {
                name: stream.get_tensor(name).astype(np.float32, copy=False)
                for name in names
                if kinds[name] in KINDS
            }
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"weights file {path} is damaged or no safetensors file: {error}"
        ) from None
    if metadata.get("format") != FORMAT:
        raise InputError(
            f"weights file {path} has format '{metadata.get('format')}', not '{FORMAT}'."
        )
    try:
        architecture = read_architecture(json.loads(metadata["architecture"]))
        training = json.loads(metadata["training"])
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"weights file {path} has no readable architecture: {error}") from None
    expected = architecture.parameter_shapes()
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise InputError(
                f"weights file {path} does not fit its architecture: '{name}' has shape "
                f"{found.get(name)}, but {expected.get(name)} is needed."
            )
        if kinds[name] not in KINDS:
            raise InputError(
                f"weights file {path} holds '{name}' as {kinds[name]}; only {' and '.join(KINDS)} "
                "are read."
            )
        if not np.isfinite(tensors[name]).all():
            raise InputError(f"weights file {path} holds NaN or infinity in '{name}'.")
    return LoadedNetwork(architecture, tensors, training, file_sha256(path), path)
