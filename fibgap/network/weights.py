"""Weights on disk: safetensors with everything that is needed to use them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from fibgap import __version__
from fibgap.errors import InputError
from fibgap.io.digests import file_sha256
from fibgap.io.files import write_aside
from fibgap.network.architecture import Architecture, Network

FORMAT = "fibgap-network-1"


@dataclass(frozen=True)
class LoadedNetwork:
    """A network with trained weights.

    Attributes
    ----------
    network : Network
        In evaluation mode, on the CPU.
    training : dict
        What the file says of its training: configuration digest, losses, steps, wall time.
    sha256 : str
        Checksum of the file.
    """

    network: Network
    training: dict[str, Any]
    sha256: str


def save_weights(path: Path | str, network: Network, training: dict[str, Any]) -> None:
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
    tensors = {
        name: tensor.detach().float().cpu().contiguous()
        for name, tensor in network.state_dict().items()
    }
    metadata = {
        "format": FORMAT,
        "version": __version__,
        "architecture": json.dumps(network.architecture.to_dict(), sort_keys=True),
        "training": json.dumps(training, sort_keys=True),
    }
    with write_aside(path) as aside:
        save_file(tensors, aside, metadata)
        aside.chmod(0o644)  # safetensors gives the owner alone the right to read


def load_weights(path: Path | str) -> LoadedNetwork:
    """Read weights and build their network.

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
        with safe_open(path, framework="pt") as stream:
            metadata = stream.metadata() or {}
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"weights file {path} is damaged or no safetensors file: {error}"
        ) from None
    if metadata.get("format") != FORMAT:
        raise InputError(
            f"weights file {path} has format '{metadata.get('format')}', not '{FORMAT}'."
        )
    try:
        architecture = Architecture.from_dict(json.loads(metadata["architecture"]))
        training = json.loads(metadata["training"])
    except (KeyError, ValueError, TypeError) as error:
        raise InputError(f"weights file {path} has no readable architecture: {error}") from None
    try:
        with torch.device("meta"):  # shapes alone: a stranger's file must not fill the memory
            blueprint = Network(architecture).state_dict()
    except RuntimeError as error:
        raise InputError(f"weights file {path} has no possible architecture: {error}") from None
    expected = {name: tuple(tensor.shape) for name, tensor in blueprint.items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if expected != found:
        name = sorted(k for k in expected.keys() | found.keys() if expected.get(k) != found.get(k))[
            0
        ]
        raise InputError(
            f"weights file {path} does not fit its architecture: '{name}' has shape "
            f"{found.get(name)}, but {expected.get(name)} is needed."
        )
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise InputError(f"weights file {path} holds NaN or infinity in '{name}'.")
    network = Network(architecture)
    network.load_state_dict(tensors)
    return LoadedNetwork(network.eval(), training, file_sha256(path))
